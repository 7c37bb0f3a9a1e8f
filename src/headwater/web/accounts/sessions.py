"""Links that let somebody in once, and the sessions of those who signed in. Only hashes of both are kept."""

import secrets
from collections.abc import Callable

import msgspec

from headwater.model.errors import VersionConflict
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.secret_digest import secret_digest
from headwater.web.access import Means, Role
from headwater.web.problems import Refused

LINK = "sign_in_link"
SESSION = "session"
#: Seconds for which a link can be used.
LINK_SECONDS = 15 * 60.0
#: Seconds for which somebody stays signed in who does not come again.
SESSION_SECONDS = 14 * 86400.0
#: Seconds of use after which a session is given its whole time again.
_EXTEND_AFTER_SECONDS = 86400.0
_PAGE = 500


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """A link that lets somebody in once; record kind `sign_in_link`, key = SHA-256 of its code."""

    user: str
    roles: dict[str, Role]
    at: float
    used_at: float | None = None
    v: int = 1


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who signed in; record kind `session`, key = SHA-256 of what their cookie holds."""

    user: str
    at: float
    expires_at: float
    means: Means
    #: Roles that came with a link; a person with a password has those of their account.
    roles: dict[str, Role] = {}
    #: Address from which they signed in.
    client: str = ""
    ended_at: float | None = None
    #: What `sessions_since` of their account was when they proved who they are: it changes with the password.
    since: float = 0.0
    v: int = 1


def make_link(ledger: Ledger, user: str, roles: dict[str, Role], now: float) -> str:
    """Make a code that lets its bearer in once, as this user with these roles; whoever has the store may."""
    code = secrets.token_urlsafe(32)
    body = msgspec.json.encode(Link(user, roles, now))
    ledger.write_records([Record(LINK, secret_digest(code), 1, now, msgspec.Raw(body))])
    return code


def use_link(ledger: Ledger, code: str, now: float) -> Link:
    """Use up a link, and give it.

    Raises:
        Refused: it is none, was used, or is too old.
    """
    kept = ledger.record(LINK, secret_digest(code))
    link = None if kept is None else msgspec.json.decode(kept.body, type=Link)
    if kept is None or link is None or link.used_at is not None or now > link.at + LINK_SECONDS:
        raise Refused(401, "this link lets nobody in any more", hint="headwater up --link prints a new one")
    used = msgspec.json.encode(msgspec.structs.replace(link, used_at=now))
    try:
        ledger.write_records([Record(LINK, kept.key, kept.version + 1, now, msgspec.Raw(used))])
    except VersionConflict:
        raise Refused(401, "this link was used just now", hint="headwater up --link prints a new one") from None
    return link


def start_session(ledger: Ledger, session: Session) -> str:
    """Let somebody in who proved who they are; gives what the cookie holds."""
    secret = secrets.token_urlsafe(32)
    body = msgspec.Raw(msgspec.json.encode(session))
    ledger.write_records([Record(SESSION, secret_digest(secret), 1, session.at, body)])
    return secret


def extend_session(ledger: Ledger, key: str, now: float) -> None:
    """Let a session that is used go on: it ends so long after its last use, give or take a day."""
    _change(ledger, key, now, lambda session: _later(session, now))


def had_session(ledger: Ledger, key: str, user: str) -> bool:
    """Whether somebody signed in by password in this session, which may be over."""
    kept = ledger.record(SESSION, key) if key else None
    session = None if kept is None else msgspec.json.decode(kept.body, type=Session)
    return session is not None and (session.user, session.means) == (user, "password")


def end_session(ledger: Ledger, key: str, now: float) -> None:
    """Sign somebody out; silent when they are out."""
    _change(ledger, key, now, lambda session: _ended(session, now))


def end_sessions(ledger: Ledger, user: str, now: float, *, but: str = "") -> int:
    """Sign a user out everywhere; gives how many sessions ended.

    Args:
        ledger: where they are kept.
        user: whose.
        now: Unix time.
        but: key of one that goes on.
    """
    count, after = 0, ""
    while page := ledger.records(SESSION, after=after, limit=_PAGE):
        after = page[-1].key
        for record in page:
            session = msgspec.json.decode(record.body, type=Session)
            if session.user == user and record.key != but and session.ended_at is None and now < session.expires_at:
                end_session(ledger, record.key, now)
                count += 1
    return count


def _later(session: Session, now: float) -> Session:
    is_worth_it = session.expires_at - now < SESSION_SECONDS - _EXTEND_AFTER_SECONDS
    if session.ended_at is not None or now >= session.expires_at or not is_worth_it:
        return session
    return msgspec.structs.replace(session, expires_at=now + SESSION_SECONDS)


def _ended(session: Session, now: float) -> Session:
    return session if session.ended_at is not None else msgspec.structs.replace(session, ended_at=now)


def _change(ledger: Ledger, key: str, now: float, change: Callable[[Session], Session]) -> None:
    while True:
        kept = ledger.record(SESSION, key)
        if kept is None:
            return
        before = msgspec.json.decode(kept.body, type=Session)
        after = change(before)
        if after == before:
            return
        try:
            body = msgspec.Raw(msgspec.json.encode(after))
            ledger.write_records([Record(SESSION, key, kept.version + 1, now, body)])
        except VersionConflict:
            continue
        return
