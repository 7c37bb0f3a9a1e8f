"""Accounts: people and programs by name, what they may do, and the hash of a password."""

import re
from collections.abc import Iterator

import msgspec

from headwater.model.errors import NotFound, UserMistake, VersionConflict
from headwater.model.nearest import did_you_mean
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.web.access import ALL, ROLES, Role

ACCOUNT = "account"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,99}")
_PROJECT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_PAGE = 500


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who may come in; record kind `account`, key = `name`. Its versions are its history."""

    name: str
    at: float
    #: Who changed it last.
    by: str
    #: Project -> role; `*` = all projects, the empty name = flows without `@project`.
    roles: dict[str, Role] = {}
    #: As argon2 writes it (PHC string); None = they do not sign in with a password.
    password_hash: str | None = None
    #: A program, which has tokens only.
    is_service: bool = False
    #: Sessions that began earlier are over: the password changed, or they signed out everywhere.
    sessions_since: float = 0.0
    #: They are kept out; None = they are let in.
    disabled_at: float | None = None
    #: It is gone; the name may be used anew.
    removed_at: float | None = None
    v: int = 1

    @property
    def is_active(self) -> bool:
        """Whether its sessions and tokens are any good."""
        return self.disabled_at is None and self.removed_at is None


class Users:
    """The accounts of one store."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, name: str) -> Account | None:
        """Give an account; None when there is none, or it was removed."""
        account = self._latest(name)[0]
        return None if account is None or account.removed_at is not None else account

    def require(self, name: str) -> Account:
        """Give an account.

        Raises:
            NotFound: there is none of that name.
        """
        account = self.get(name)
        if account is None:
            known = [each.name for each in self.all()]
            hint = did_you_mean(name, known, what="Users") or "headwater user add NAME makes one"
            raise NotFound(f"there is no user `{name:.200}`", choices=known[:20], hint=hint)
        return account

    def all(self) -> Iterator[Account]:
        """Yield the accounts that were not removed, by name."""
        after = ""
        while page := self._ledger.records(ACCOUNT, after=after, limit=_PAGE):
            for record in page:
                account = _decode(record)
                if account.removed_at is None:
                    yield account
            after = page[-1].key

    def add(
        self,
        name: str,
        *,
        by: str,
        at: float,
        roles: dict[str, Role] | None = None,
        password_hash: str | None = None,
        is_service: bool = False,
    ) -> Account:
        """Make an account; the name of one that was removed may be used anew.

        Raises:
            UserMistake: the name is none, or taken.
        """
        if not _NAME.fullmatch(name):
            hint = "letters, digits and `_ . @ + -`, at most 100, beginning with a letter or digit"
            raise UserMistake(f"{name!r:.200} cannot be a user's name", hint=hint)
        before, version = self._latest(name)
        if before is not None and before.removed_at is None:
            raise UserMistake(f"there is a user `{name}`", hint="headwater user list")
        account = Account(name, at, by, checked_roles(roles or {}), password_hash, is_service, sessions_since=at)
        self._write(account, version + 1)
        return account

    def change(self, name: str, *, by: str, at: float, **fields: object) -> Account:
        """Write what an account is from now on; running servers know within a second.

        Raises:
            NotFound: there is none of that name.
        """
        while True:
            self.require(name)
            before, version = self._latest(name)
            assert before is not None
            account = msgspec.structs.replace(before, **fields, by=by, at=at)
            try:
                self._write(account, version + 1)
            except VersionConflict:
                continue
            return account

    def grant(self, name: str, role: Role, project: str, *, by: str, at: float) -> Account:
        """Give somebody a role in a project, instead of the one that they had there."""
        account = self.require(name)
        return self.change(name, by=by, at=at, roles=checked_roles({**account.roles, project: role}))

    def revoke(self, name: str, project: str, *, by: str, at: float) -> Account:
        """Take somebody's role in a project away.

        Raises:
            NotFound: they have none there.
        """
        account = self.require(name)
        if project not in account.roles:
            there = [each or "''" for each in sorted(account.roles)]
            hint = f"they have one in {', '.join(there)}" if there else "they have none at all"
            raise NotFound(f"{name} has no role in project `{project}`", choices=there, hint=hint)
        left = {of: role for of, role in account.roles.items() if of != project}
        return self.change(name, by=by, at=at, roles=left)

    def _latest(self, name: str) -> tuple[Account | None, int]:
        record = self._ledger.record(ACCOUNT, name)
        return (None, 0) if record is None else (_decode(record), record.version)

    def _write(self, account: Account, version: int) -> None:
        body = msgspec.Raw(msgspec.json.encode(account))
        self._ledger.write_records([Record(ACCOUNT, account.name, version, account.at, body)])


def checked_roles(roles: dict[str, Role]) -> dict[str, Role]:
    """Give roles by project, sorted.

    Raises:
        UserMistake: a role or a project's name that cannot be.
    """
    for project, role in roles.items():
        if role not in ROLES:
            raise UserMistake(f"{role!r:.100} is no role", hint=f"roles are {', '.join(ROLES)}")
        if project not in ("", ALL) and not _PROJECT.fullmatch(project):
            hint = "`*` stands for all projects, the empty name for flows without one"
            raise UserMistake(f"{project!r:.200} cannot be the name of a project", hint=hint)
    return dict(sorted(roles.items()))


def _decode(record: Record) -> Account:
    return msgspec.json.decode(record.body, type=Account)
