"""Finds who has a session or a token; what was read is read anew within a second, so that ends are felt."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from headwater.model.ports import Ledger
from headwater.web.access import Access
from headwater.web.accounts.sessions import SESSION, Session
from headwater.web.accounts.tokens import find_token, narrowed
from headwater.web.accounts.users import Account, Users

#: What ended, expired or lost a role is refused after so many seconds at the latest.
FRESH_SECONDS = 0.4
#: Sessions, tokens and accounts that are remembered, each.
_MOST_KEPT = 10_000
Found = TypeVar("Found")


class Credentials:
    """The sessions, tokens and accounts of a store, as they are now."""

    def __init__(
        self, ledger: Ledger, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what it needs.

        Args:
            ledger: where they are kept.
            clock: Unix time, for their ends.
            steady: seconds that never go back, for how old what was read is.
        """
        self._clock = clock
        users = Users(ledger)
        self._sessions = _Fresh(lambda key: _session(ledger, key), steady)
        self._tokens = _Fresh(lambda key: find_token(ledger, key), steady)
        self._accounts = _Fresh(users.get, steady)

    def find_session(self, digest: str) -> Access | None:
        """Give who has the session with this SHA-256 (hexadecimal); None when it is unknown, ended or expired."""
        session = self._sessions.get(digest)
        if session is None or session.ended_at is not None or self._clock() >= session.expires_at:
            return None
        account = self._account(session.user)
        if account is not None and not account.is_active:
            return None
        if session.means == "link":
            return Access(session.user, session.roles, session.means, digest)
        if account is None or session.since != account.sessions_since:
            return None
        return Access(session.user, account.roles, session.means, digest)

    def find_token(self, digest: str) -> Access | None:
        """Give who has the token with this SHA-256 (hexadecimal); None when it is unknown, revoked or expired."""
        token = self._tokens.get(digest)
        if token is None or not token.is_valid(self._clock()):
            return None
        account = self._account(token.user)
        if account is None or not account.is_active:
            return None
        return Access(token.user, narrowed(account.roles, token.roles), "token", digest)

    def _account(self, name: str) -> Account | None:
        return self._accounts.get(name)


class _Fresh(Generic[Found]):
    """Remembers what was read for a moment."""

    def __init__(self, read: Callable[[str], Found | None], steady: Callable[[], float]) -> None:
        self._read = read
        self._steady = steady
        self._known: OrderedDict[str, tuple[float, Found]] = OrderedDict()

    def get(self, key: str) -> Found | None:
        now = self._steady()
        known = self._known.get(key)
        if known is not None and now - known[0] <= FRESH_SECONDS:
            return known[1]
        found = self._read(key)
        if found is None:
            self._known.pop(key, None)
            return None
        self._known[key] = (now, found)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return found


def _session(ledger: Ledger, key: str) -> Session | None:
    record = ledger.record(SESSION, key)
    return None if record is None else msgspec.json.decode(record.body, type=Session)
