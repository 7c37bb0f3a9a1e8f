"""Signing in and out, and who one is."""

import msgspec

from headwater.web.access import Means, Role
from headwater.web.asked import Asked
from headwater.web.guard import COOKIE
from headwater.web.routes import Raw, Route
from headwater.web.sessions import SESSION_SECONDS, end_session, use_link


class Me(msgspec.Struct, frozen=True):
    """Who is signed in."""

    user: str
    #: Project -> role; `*` = all.
    roles: dict[str, Role]
    means: Means
    #: Folder of the store, to tell several apart.
    store: str


class LinkCode(msgspec.Struct, frozen=True):
    """The code of a link that lets somebody in once."""

    code: str


def show_me(asked: Asked) -> Me:
    """Say who is signed in, and what they may do."""
    access = asked.access
    return Me(access.user, access.roles, access.means, asked.home.path)


def sign_in_by_link(asked: Asked, body: LinkCode) -> Raw:
    """Sign in with the code of a link; sets the cookie."""
    secret, session = use_link(asked.home.ledger, body.code, asked.now, asked.client)
    told = msgspec.json.encode(Me(session.user, session.roles, session.means, asked.home.path))
    return Raw("application/json", told, {"set-cookie": cookie(secret, SESSION_SECONDS)})


def sign_out(asked: Asked) -> Raw:
    """End the session, here and everywhere that its cookie was copied to."""
    if asked.access.means != "token":
        end_session(asked.home.ledger, asked.access.credential, asked.now)
    return Raw("application/json", b"{}", {"set-cookie": cookie("", 0)})


def cookie(secret: str, seconds: float) -> str:
    """Give the value of `Set-Cookie`: no script reads it, no other site's page sends it."""
    return f"{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={int(seconds)}"


ROUTES = (
    Route("GET", "/me", show_me, needs="anybody"),
    Route("POST", "/session/link", sign_in_by_link, needs="nobody"),
    Route("DELETE", "/session", sign_out, needs="anybody", is_reading=True),
)
