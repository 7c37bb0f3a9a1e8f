"""Links that let somebody in once, and the sessions of those who signed in. Only hashes of both are kept."""

import hashlib
import secrets
import time
from collections.abc import Callable

import msgspec

from headwater.model.errors import VersionConflict
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.web.access import Access, Means, Role
from headwater.web.problems import Refused

LINK = "sign_in_link"
SESSION = "session"
#: Seconds for which a link can be used.
LINK_SECONDS = 15 * 60.0
#: Seconds for which somebody stays signed in.
SESSION_SECONDS = 14 * 86400.0
#: A session that was ended is refused after so many seconds at the latest.
FRESH_SECONDS = 0.5


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
    v: int = 1


def make_link(ledger: Ledger, user: str, roles: dict[str, Role], now: float) -> str:
    """Make a code that lets its bearer in once, as this user with these roles; whoever has the store may."""
    code = secrets.token_urlsafe(32)
    body = msgspec.json.encode(Link(user, roles, now))
    ledger.write_records([Record(LINK, _digest(code), 1, now, msgspec.Raw(body))])
    return code


def use_link(ledger: Ledger, code: str, now: float, client: str) -> tuple[str, Session]:
    """Let the bearer of a code in; gives what the cookie holds.

    Raises:
        Refused: it is none, was used up, or is too old.
    """
    kept = ledger.record(LINK, _digest(code))
    link = None if kept is None else msgspec.json.decode(kept.body, type=Link)
    if kept is None or link is None or link.used_at is not None or now > link.at + LINK_SECONDS:
        raise Refused(401, "this link lets nobody in any more", hint="headwater up --link prints a new one")
    used = msgspec.json.encode(msgspec.structs.replace(link, used_at=now))
    try:
        ledger.write_records([Record(LINK, kept.key, kept.version + 1, now, msgspec.Raw(used))])
    except VersionConflict:
        raise Refused(401, "this link was used just now", hint="headwater up --link prints a new one") from None
    return start_session(ledger, link.user, "link", now, roles=link.roles, client=client)


def start_session(
    ledger: Ledger, user: str, means: Means, now: float, *, roles: dict[str, Role] | None = None, client: str = ""
) -> tuple[str, Session]:
    """Let somebody in who proved who they are; gives what the cookie holds."""
    secret = secrets.token_urlsafe(32)
    session = Session(user, now, now + SESSION_SECONDS, means, roles or {}, client)
    ledger.write_records([Record(SESSION, _digest(secret), 1, now, msgspec.Raw(msgspec.json.encode(session)))])
    return secret, session


def end_session(ledger: Ledger, key: str, now: float) -> None:
    """Sign somebody out; silent when they are out."""
    kept = ledger.record(SESSION, key)
    if kept is None:
        return
    session = msgspec.json.decode(kept.body, type=Session)
    if session.ended_at is None:
        ended = msgspec.json.encode(msgspec.structs.replace(session, ended_at=now))
        ledger.write_records([Record(SESSION, key, kept.version + 1, now, msgspec.Raw(ended))])


class KnownSessions:
    """Finds who has a session; reads each one anew when it may have ended."""

    def __init__(
        self, ledger: Ledger, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what it needs.

        Args:
            ledger: where they are kept.
            clock: Unix time, for their ends.
            steady: seconds that never go back, for how old what was read is.
        """
        self._ledger = ledger
        self._clock = clock
        self._steady = steady
        self._read: dict[str, tuple[float, Session]] = {}

    def find(self, digest: str) -> Access | None:
        """Give who has the session with this SHA-256 (hexadecimal); None when it is unknown, ended or expired."""
        now = self._steady()
        read_at, session = self._read.get(digest, (float("-inf"), None))
        if session is None or now - read_at > FRESH_SECONDS:
            kept = self._ledger.record(SESSION, digest)
            if kept is None:
                return None
            session = msgspec.json.decode(kept.body, type=Session)
            self._read[digest] = (now, session)
        if session.ended_at is not None or self._clock() >= session.expires_at:
            return None
        return Access(session.user, session.roles, session.means, digest)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
