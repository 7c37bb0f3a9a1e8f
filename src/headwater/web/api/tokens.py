"""Access tokens: one's own, and for admins everybody's; shown once, when they are made."""

from typing import Annotated, Literal

import msgspec

from headwater.web.access import Role
from headwater.web.accounts.tokens import AccessToken, create_token, revoke_token, tokens_of
from headwater.web.accounts.users import Users
from headwater.web.api.users import ProjectName, UserName
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Text
from headwater.web.sorting import SortedQuery, Sorting, page_of

TokenName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class TokenPath(msgspec.Struct, frozen=True):
    """The token `laptop` of `ann`."""

    user: UserName
    name: TokenName


class TokensQuery(SortedQuery, frozen=True):
    """Which tokens; the newest first, unless it says otherwise."""

    #: None = one's own; `*` = everybody's.
    user: UserName | None = None
    #: Part of the name, in upper or lower case.
    search: Text = ""
    #: True: good ones only; False: expired and revoked ones only; None = all.
    valid: bool | None = None
    #: Those that never expire come last.
    sort: Literal[
        "at",
        "-at",
        "name",
        "-name",
        "user",
        "-user",
        "by",
        "-by",
        "expires_at",
        "-expires_at",
        "revoked_at",
        "-revoked_at",
    ] = "-at"


class TokenView(msgspec.Struct, frozen=True):
    """A token, without what it is."""

    name: str
    user: str
    at: float
    by: str
    #: What it may do at most; None = whatever its user may.
    roles: dict[str, Role] | None
    expires_at: float | None
    revoked_at: float | None
    revoked_by: str
    is_valid: bool


class TokensPage(msgspec.Struct, frozen=True):
    """A part of the tokens."""

    rows: tuple[TokenView, ...]
    cursor: str | None


class NewToken(msgspec.Struct, frozen=True):
    """What a token is to be."""

    name: TokenName
    #: Account that it acts for; None = whoever asks. Admins make them for programs.
    user: UserName | None = None
    #: What it may do at most; None = whatever its user may.
    roles: dict[ProjectName, Role] | None = None
    #: Seconds for which it is good; None = until it is revoked.
    seconds: Annotated[float, msgspec.Meta(gt=0, le=3_200_000_000)] | None = None


class MadeToken(msgspec.Struct, frozen=True):
    """A token that was made; the only time that it is told."""

    token: str
    made: TokenView


def list_tokens(asked: Asked, query: TokensQuery) -> TokensPage:
    """List tokens: what they may do, until when; not what they are."""
    user = query.user or asked.access.user
    if user != asked.access.user:
        asked.require("admin", "*")
    wanted = None if user == "*" else user
    found = (
        token
        for _, token in tokens_of(asked.home.ledger, wanted)
        if query.search.casefold() in token.name.casefold() and query.valid in (None, token.is_valid(asked.now))
    )
    page, cursor = page_of(found, _SORTING, query)
    return TokensPage(tuple(_view(token, asked.now) for token in page), cursor)


def make_token(asked: Asked, body: NewToken) -> MadeToken:
    """Make a token; it is told this once."""
    asked.require_no_token("tokens are made by people")
    access = asked.access
    user = body.user or access.user
    users = Users(asked.home.ledger)
    if user != access.user:
        asked.require("admin", "*")
        if not users.require(user).is_service:
            raise Refused(403, f"{user} makes their own tokens", hint="an admin makes them for programs")
    elif users.get(user) is None:
        # Whoever has the store came by link and has no account yet: from now on they have one.
        users.add(user, by=user, at=asked.now, roles=access.roles)
    roles = None if body.roles is None else dict(body.roles)
    token, made = create_token(
        asked.home.ledger, body.name, user, by=access.user, now=asked.now, roles=roles, seconds=body.seconds
    )
    return MadeToken(token, _view(made, asked.now))


def end_token(asked: Asked, at: TokenPath) -> TokenView:
    """Let a token be refused from now on."""
    if at.user != asked.access.user:
        asked.require("admin", "*")
    revoked = revoke_token(asked.home.ledger, at.name, at.user, by=asked.access.user, now=asked.now)
    return _view(revoked, asked.now)


#: In memory: people make each of them. Their names do for cursors, which need not hold hashes of tokens.
_SORTING: Sorting[AccessToken] = Sorting(
    {
        "at": lambda each: each.at,
        "name": lambda each: each.name,
        "user": lambda each: each.user,
        "by": lambda each: each.by,
        "expires_at": lambda each: each.expires_at,
        "revoked_at": lambda each: each.revoked_at,
    },
    lambda each: f"{each.user} {each.name} {each.at!r}",
)


def _view(token: AccessToken, now: float) -> TokenView:
    return TokenView(
        token.name,
        token.user,
        token.at,
        token.by,
        token.roles,
        token.expires_at,
        token.revoked_at,
        token.revoked_by,
        token.is_valid(now),
    )


ROUTES = (
    Route("GET", "/tokens", list_tokens, needs="anybody"),
    Route("POST", "/tokens", make_token, needs="anybody", status=201, body_bytes=65_536),
    Route("DELETE", "/tokens/{user}/{name}", end_token, needs="anybody"),
)
