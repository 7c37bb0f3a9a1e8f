"""Accounts and their roles; for admins, of all projects or of those that are theirs."""

from typing import Annotated, Literal

import msgspec

from headwater.model.errors import UserMistake
from headwater.web.access import ALL, Role
from headwater.web.accounts import account_changes
from headwater.web.accounts.users import Account, Users
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Text
from headwater.web.sorting import SortedQuery, Sorting, page_of

UserName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
ProjectName = Annotated[str, msgspec.Meta(max_length=128)]
Secret = Annotated[str, msgspec.Meta(max_length=1000)]


class UserPath(msgspec.Struct, frozen=True):
    """`ann`."""

    user: UserName


#: `program`: it has tokens only; `disabled`: whoever it is of is kept out.
AccountKind = Literal["person", "program", "disabled"]


class UsersQuery(SortedQuery, frozen=True):
    """Which accounts; by name, unless it says otherwise."""

    #: Part of the name, in upper or lower case.
    search: Text = ""
    #: One of these.
    kind: tuple[AccountKind, ...] = ()
    sort: Literal["name", "-name", "changed_at", "-changed_at", "changed_by", "-changed_by", "kind", "-kind"] = "name"


class UserView(msgspec.Struct, frozen=True):
    """An account, without its password."""

    name: str
    #: Project -> role, of the projects that the caller is an admin of.
    roles: dict[str, Role]
    has_password: bool
    is_service: bool
    changed_at: float
    changed_by: str
    disabled_at: float | None


class UsersPage(msgspec.Struct, frozen=True):
    """A part of the accounts."""

    rows: tuple[UserView, ...]
    cursor: str | None


class NewUser(msgspec.Struct, frozen=True):
    """What an account begins with."""

    roles: dict[ProjectName, Role] = {}
    #: None = they do not sign in with a password.
    password: Secret | None = None
    #: A program, which has tokens only.
    is_service: bool = False


class GivenRole(msgspec.Struct, frozen=True):
    """A role in a project: `*` = all, empty = flows without one."""

    project: ProjectName
    role: Role


class OfProject(msgspec.Struct, frozen=True):
    """A project: `*` = all, empty = flows without one."""

    project: ProjectName


class GivenPassword(msgspec.Struct, frozen=True):
    """A password."""

    password: Secret


def everything(asked: Asked, at: object) -> str:
    """Stand for all projects: what needs a role in it needs it in all."""
    return ALL


def list_users(asked: Asked, query: UsersQuery) -> UsersPage:
    """List accounts, by name; admins of single projects see those who have a role there."""
    seen = (account for account in Users(asked.home.ledger).all() if _is_seen(asked, account))
    page, cursor = page_of((account for account in seen if _is_asked_for(account, query)), _SORTING, query)
    return UsersPage(tuple(_view(asked, each) for each in page), cursor)


def show_user(asked: Asked, at: UserPath) -> UserView:
    """Show an account."""
    return _view(asked, _require_seen(asked, at.user))


def add_user(asked: Asked, at: UserPath, body: NewUser) -> UserView:
    """Make an account."""
    users = Users(asked.home.ledger)
    if users.get(at.user) is not None:
        raise Refused(409, f"there is a user `{at.user}`")
    if body.is_service and body.password is not None:
        raise UserMistake("programs have tokens, no passwords")
    account = users.add(
        at.user,
        by=asked.access.user,
        at=asked.now,
        roles=dict(body.roles),
        password_hash=None if body.password is None else asked.gate.passwords.hash(body.password),
        is_service=body.is_service,
    )
    return _view(asked, account)


def grant_role(asked: Asked, at: UserPath, body: GivenRole) -> UserView:
    """Give somebody a role in a project, instead of the one that they had there."""
    asked.require("admin", body.project)
    users = Users(asked.home.ledger)
    return _view(asked, users.grant(at.user, body.role, body.project, by=asked.access.user, at=asked.now))


def revoke_role(asked: Asked, at: UserPath, body: OfProject) -> UserView:
    """Take somebody's role in a project away."""
    asked.require("admin", body.project)
    _require_seen(asked, at.user)
    users = Users(asked.home.ledger)
    return _view(asked, users.revoke(at.user, body.project, by=asked.access.user, at=asked.now))


def set_password(asked: Asked, at: UserPath, body: GivenPassword) -> None:
    """Give somebody a password; their sessions end."""
    asked.require_no_token("passwords are set by people")
    account_changes.require_person(asked.home.ledger, at.user)
    hashed = asked.gate.passwords.hash(body.password)
    account_changes.set_password(asked.home.ledger, at.user, hashed, by=asked.access.user, at=asked.now)


def disable_user(asked: Asked, at: UserPath) -> UserView:
    """Keep somebody out: sessions and tokens are refused from now on."""
    return _view(asked, account_changes.disable(asked.home.ledger, at.user, by=asked.access.user, at=asked.now))


def enable_user(asked: Asked, at: UserPath) -> UserView:
    """Let somebody in again; sessions from before are over."""
    return _view(asked, account_changes.enable(asked.home.ledger, at.user, by=asked.access.user, at=asked.now))


def remove_user(asked: Asked, at: UserPath) -> None:
    """Remove an account with its roles; its tokens and sessions are over for good."""
    account_changes.remove(asked.home.ledger, at.user, by=asked.access.user, at=asked.now)


def _is_asked_for(account: Account, query: UsersQuery) -> bool:
    is_named = query.search.casefold() in account.name.casefold()
    return is_named and (not query.kind or _kind(account) in query.kind)


def _kind(account: Account) -> AccountKind:
    if account.disabled_at is not None:
        return "disabled"
    return "program" if account.is_service else "person"


#: In memory: as many as there are people and programs.
_SORTING: Sorting[Account] = Sorting(
    {
        "name": lambda account: account.name,
        "changed_at": lambda account: account.at,
        "changed_by": lambda account: account.by,
        "kind": _kind,
    },
    lambda account: account.name,
)


def _is_seen(asked: Asked, account: Account) -> bool:
    return asked.access.is_admin_of_all or any(asked.access.allows("admin", project) for project in account.roles)


def _require_seen(asked: Asked, name: str) -> Account:
    account = Users(asked.home.ledger).get(name)
    if account is None or not _is_seen(asked, account):
        raise Refused(404, f"there is no user `{name}`", error="NotFound")
    return account


def _view(asked: Asked, account: Account) -> UserView:
    roles = {
        project: role
        for project, role in account.roles.items()
        if asked.access.is_admin_of_all or asked.access.allows("admin", project)
    }
    return UserView(
        account.name,
        roles,
        account.password_hash is not None,
        account.is_service,
        account.at,
        account.by,
        account.disabled_at,
    )


ROUTES = (
    Route("GET", "/users", list_users, needs="admin"),
    Route("GET", "/users/{user}", show_user, needs="admin"),
    Route("PUT", "/users/{user}", add_user, needs="admin", of=everything, body_bytes=65_536),
    Route("DELETE", "/users/{user}", remove_user, needs="admin", of=everything),
    Route("POST", "/users/{user}/grant", grant_role, needs="admin", body_bytes=16_384),
    Route("POST", "/users/{user}/revoke", revoke_role, needs="admin", body_bytes=16_384),
    Route("PUT", "/users/{user}/password", set_password, needs="admin", of=everything, body_bytes=16_384),
    Route("POST", "/users/{user}/disable", disable_user, needs="admin", of=everything),
    Route("POST", "/users/{user}/enable", enable_user, needs="admin", of=everything),
)
