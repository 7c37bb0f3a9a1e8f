"""Access tokens: made once and shown once, kept as hashes, good for no more than their user may do at that moment."""

import re
import secrets
from collections.abc import Iterator

import msgspec

from headwater.model.errors import NotFound, UserMistake, VersionConflict
from headwater.model.nearest import did_you_mean
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.secret_digest import secret_digest
from headwater.web.access import ALL, ROLES, Role
from headwater.web.accounts.users import checked_roles

ACCESS_TOKEN = "access_token"
#: What a token begins with, so that people and scanners know one when they see it.
PREFIX = "hwt_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_PAGE = 500


class AccessToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a store knows of a token; record kind `access_token`, key = SHA-256 of the token (hexadecimal)."""

    #: For people; one user's tokens have different ones.
    name: str
    #: Account that it acts for.
    user: str
    at: float
    #: Who made it.
    by: str
    #: What it may do at most; None = whatever its user may.
    roles: dict[str, Role] | None = None
    #: Unix time from which on it is refused; None = it does not expire.
    expires_at: float | None = None
    revoked_at: float | None = None
    revoked_by: str = ""
    v: int = 1

    def is_valid(self, now: float) -> bool:
        """It is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create_token(
    ledger: Ledger,
    name: str,
    user: str,
    *,
    by: str,
    now: float,
    roles: dict[str, Role] | None = None,
    seconds: float | None = None,
) -> tuple[str, AccessToken]:
    """Make a token; gives it and what is kept. Nobody can read it again.

    Args:
        ledger: where it is kept.
        name: for people.
        user: account that it acts for.
        by: who makes it.
        now: Unix time.
        roles: what it may do at most; None = whatever its user may.
        seconds: how long it is good for; None = until it is revoked.

    Raises:
        UserMistake: the name is none, or that of another token of this user that is still good.
    """
    if not _NAME.fullmatch(name):
        raise UserMistake(f"{name!r:.200} cannot be a token's name", hint="letters, digits and `_ . -`, at most 100")
    if seconds is not None and not 0 < seconds <= 100 * 366 * 86400:
        raise UserMistake(f"a token cannot expire after {seconds:g} seconds", hint="give 90d or 12h, or nothing")
    if any(each.name == name and each.is_valid(now) for _, each in tokens_of(ledger, user)):
        raise UserMistake(f"{user} has a token `{name}`", hint=f"headwater token revoke {name}")
    secret = PREFIX + secrets.token_urlsafe(32)
    expires_at = None if seconds is None else now + seconds
    token = AccessToken(name, user, now, by, None if roles is None else checked_roles(roles), expires_at)
    _write(ledger, secret_digest(secret), token, 1, now)
    return secret, token


def revoke_token(ledger: Ledger, name: str, user: str, *, by: str, now: float) -> AccessToken:
    """Let a token be refused from now on; running servers know within a second.

    Raises:
        NotFound: the user has no good one of that name.
    """
    good = [(key, each) for key, each in tokens_of(ledger, user) if each.is_valid(now)]
    found = [(key, each) for key, each in good if each.name == name]
    if not found:
        known = [each.name for _, each in good]
        hint = did_you_mean(name, known, what="Tokens") or "headwater token list"
        raise NotFound(f"{user} has no token `{name:.200}`", choices=known, hint=hint)
    key, token = found[0]
    return _revoke(ledger, key, by, now) or token


def revoke_all(ledger: Ledger, user: str, *, by: str, now: float) -> int:
    """Let all tokens of a user be refused from now on; gives how many there were."""
    keys = [key for key, each in tokens_of(ledger, user) if each.is_valid(now)]
    for key in keys:
        _revoke(ledger, key, by, now)
    return len(keys)


def tokens_of(ledger: Ledger, user: str | None = None) -> Iterator[tuple[str, AccessToken]]:
    """Yield the tokens of a user (None: of all), good or not, with the keys of their records."""
    after = ""
    while page := ledger.records(ACCESS_TOKEN, after=after, limit=_PAGE):
        for record in page:
            token = msgspec.json.decode(record.body, type=AccessToken)
            if user is None or token.user == user:
                yield record.key, token
        after = page[-1].key


def find_token(ledger: Ledger, digest: str) -> AccessToken | None:
    """Give the token with this SHA-256, good or not; None when there is none."""
    record = ledger.record(ACCESS_TOKEN, digest)
    return None if record is None else msgspec.json.decode(record.body, type=AccessToken)


def narrowed(roles: dict[str, Role], most: dict[str, Role] | None) -> dict[str, Role]:
    """Give roles that are in no project more than these, nor more than `most` (None = no bound)."""
    if most is None:
        return roles
    found: dict[str, Role] = {}
    for project in {*roles, *most}:
        both = (_in(roles, project), _in(most, project))
        if None not in both:
            found[project] = min((role for role in both if role is not None), key=ROLES.index)
    return found


def _in(roles: dict[str, Role], project: str) -> Role | None:
    """The role in a project, that in all projects counted; for `*` only the latter."""
    found = [roles[name] for name in {project, ALL} if name in roles]
    return max(found, key=ROLES.index, default=None)


def _revoke(ledger: Ledger, key: str, by: str, now: float) -> AccessToken | None:
    while True:
        record = ledger.record(ACCESS_TOKEN, key)
        if record is None:
            return None
        token = msgspec.json.decode(record.body, type=AccessToken)
        if token.revoked_at is not None:
            return token
        revoked = msgspec.structs.replace(token, revoked_at=now, revoked_by=by)
        try:
            _write(ledger, key, revoked, record.version + 1, now)
        except VersionConflict:
            continue
        return revoked


def _write(ledger: Ledger, key: str, token: AccessToken, version: int, at: float) -> None:
    ledger.write_records([Record(ACCESS_TOKEN, key, version, at, msgspec.Raw(msgspec.json.encode(token)))])
