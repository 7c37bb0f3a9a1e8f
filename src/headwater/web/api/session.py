"""Signing in and out, and who one is."""

from typing import Annotated

import msgspec

from headwater.web.access import Access, Means, Role
from headwater.web.accounts.account_changes import set_password
from headwater.web.accounts.gate import Admitted
from headwater.web.accounts.sessions import end_session, end_sessions, extend_session
from headwater.web.accounts.sign_in import LinkCode, NamedPassword
from headwater.web.accounts.users import Users
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Raw, Route

#: Seconds that a browser keeps the cookie; the session behind it ends when the server says so.
_COOKIE_SECONDS = 400 * 86400


class Me(msgspec.Struct, frozen=True):
    """Who is signed in."""

    user: str
    #: Project -> role; `*` = all.
    roles: dict[str, Role]
    means: Means
    #: Folder of the store, to tell several apart; empty for those who are no admins of all projects.
    store: str
    #: They have a password here, which they can change.
    has_password: bool = False
    #: This server only shows: whatever changes anything is refused, whoever asks.
    is_read_only: bool = False


class SignInWays(msgspec.Struct, frozen=True):
    """How one can sign in here."""

    #: Links, which are printed where the store is.
    link: bool
    password: bool
    #: What prints one, typed there.
    command: str = "headwater up --link"


class NewPassword(msgspec.Struct, frozen=True):
    """A password in place of the present one."""

    current: Annotated[str, msgspec.Meta(max_length=1000)]
    new: Annotated[str, msgspec.Meta(max_length=1000)]


class EndedSessions(msgspec.Struct, frozen=True):
    """How many sessions ended."""

    ended: int


def show_me(asked: Asked) -> Me:
    """Say who is signed in, and what they may do."""
    access = asked.access
    if access.means != "token":
        extend_session(asked.home.ledger, access.credential, asked.now)
    account = Users(asked.home.ledger).get(access.user)
    has_password = account is not None and account.password_hash is not None
    return Me(access.user, access.roles, access.means, _store(asked, access), has_password, asked.is_read_only)


def show_sign_in(asked: Asked) -> SignInWays:
    """Say how one can sign in."""
    return SignInWays(
        True, asked.gate.takes_passwords(), "headwater ui" if asked.is_read_only else "headwater up --link"
    )


def sign_in_by_link(asked: Asked, body: LinkCode) -> Raw:
    """Sign in with the code of a link; sets the cookie."""
    return _admitted(asked, asked.gate.by_link(body, asked.now, asked.client))


def sign_in_by_password(asked: Asked, body: NamedPassword) -> Raw:
    """Sign in with a name and a password; sets the cookie."""
    return _admitted(asked, asked.gate.by_password(body, asked.now, asked.client, asked.browser))


def sign_out(asked: Asked) -> Raw:
    """End the session, here and wherever its cookie was copied to."""
    if asked.access.means != "token":
        end_session(asked.home.ledger, asked.access.credential, asked.now)
    return Raw("application/json", b"{}", cookies=(cookie(asked, asked.cookie_name, "", 0),))


def sign_out_everywhere(asked: Asked) -> EndedSessions:
    """End all other sessions of whoever asks."""
    own = "" if asked.access.means == "token" else asked.access.credential
    return EndedSessions(end_sessions(asked.home.ledger, asked.access.user, asked.now, but=own))


def change_password(asked: Asked, body: NewPassword) -> Raw:
    """Change one's own password; all sessions end, this one begins anew."""
    name = asked.access.user
    asked.require_no_token("a password is changed by a person")
    # Proves it as a sign-in does, with the same bound on tries; the session that it makes is the new one.
    asked.gate.by_password(NamedPassword(name, body.current), asked.now, asked.client, asked.access.credential)
    hashed = asked.gate.passwords.hash(body.new)
    set_password(asked.home.ledger, name, hashed, by=name, at=asked.now)
    proof = NamedPassword(name, body.new)
    return _admitted(asked, asked.gate.by_password(proof, asked.now, asked.client, asked.access.credential))


def cookie(asked: Asked, name: str, secret: str, seconds: int) -> str:
    """Give the value of `Set-Cookie`: no script reads it, no other site's page sends it."""
    secure = "; Secure" if asked.origin.startswith("https://") else ""
    return f"{name}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"


def _admitted(asked: Asked, admitted: Admitted) -> Raw:
    session = admitted.session
    account = Users(asked.home.ledger).get(session.user)
    if session.means == "password" and account is None:
        raise Refused(401, "this account is gone")
    roles = session.roles if account is None or session.means == "link" else account.roles
    has_password = account is not None and account.password_hash is not None
    store = _store(asked, Access(session.user, roles))
    told = Me(session.user, roles, session.means, store, has_password, asked.is_read_only)
    # The second one stays when the session ends: it lets nobody in, but tells the browser from those of strangers.
    names = [asked.cookie_name, *([asked.browser_cookie_name] if session.means == "password" else [])]
    return Raw(
        "application/json",
        msgspec.json.encode(told),
        {"cache-control": "no-store"},
        cookies=tuple(cookie(asked, name, admitted.secret, _COOKIE_SECONDS) for name in names),
        let_in=(session.user, session.means),
    )


def _store(asked: Asked, access: Access) -> str:
    return asked.home.path if access.is_admin_of_all else ""


ROUTES = (
    Route("GET", "/me", show_me, needs="anybody"),
    Route("GET", "/session/ways", show_sign_in, needs="nobody"),
    Route("POST", "/session/link", sign_in_by_link, needs="nobody"),
    Route("POST", "/session/password", sign_in_by_password, needs="nobody", body_bytes=16_384),
    Route("PUT", "/me/password", change_password, needs="anybody", body_bytes=16_384),
    Route("DELETE", "/session", sign_out, needs="anybody", is_reading=True),
    Route("DELETE", "/sessions", sign_out_everywhere, needs="anybody", is_reading=True),
)
