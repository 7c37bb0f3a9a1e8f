"""Slows down who guesses: so many failures a name and an address, then none is looked at for a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from headwater.hosting.guard import is_loopback
from headwater.web.problems import Refused

#: Seconds that a failure counts.
WINDOW_SECONDS = 300.0
#: Failures within them: for one name, and from one address.
MOST_OF_NAME, MOST_OF_ADDRESS = 10, 40
#: Names and addresses that are remembered; the oldest go first.
_MOST_KEPT = 10_000


class Throttle:
    """Counts failures; its memory is bounded."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def require(self, name: str, address: str, browser: str = "") -> None:
        """Let a try be looked at.

        Of this machine's own address only names count: it is that of a proxy, behind which everybody is. A browser
        that has let this very name in before has tries of its own, so that nobody who guesses locks people out.

        Args:
            name: whose password is tried.
            address: where they are.
            browser: key of the session that this browser had of that name; empty = it had none.

        Raises:
            Refused: 429; there were too many failures.
        """
        with self._lock:
            left = self._left(_whose(name, browser), MOST_OF_NAME)
            if not browser and not is_loopback(address):
                left = max(left, self._left(("address", address), MOST_OF_ADDRESS))
        if left > 0:
            raise Refused(429, f"too many failures: try again in {left:.0f} s", headers={"retry-after": f"{left:.0f}"})

    def failed(self, name: str, address: str, browser: str = "") -> None:
        """Note a failure."""
        now = self._steady()
        with self._lock:
            for key in (_whose(name, browser), ("address", address)):
                self._failures.setdefault(key, []).append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > _MOST_KEPT:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, browser: str = "") -> None:
        """Forget the failures of a name, or of that browser."""
        with self._lock:
            self._failures.pop(_whose(name, browser), None)

    def _left(self, key: tuple[str, str], most: int) -> float:
        """Seconds until a try of this key is looked at again; 0 = now."""
        found = self._failures.get(key)
        if found is None:
            return 0.0
        now = self._steady()
        recent = [at for at in found if now - at < WINDOW_SECONDS][-most:]
        if not recent:
            del self._failures[key]
            return 0.0
        self._failures[key] = recent
        return 0.0 if len(recent) < most else max(1.0, WINDOW_SECONDS - (now - recent[0]))


def _whose(name: str, browser: str) -> tuple[str, str]:
    return ("browser", browser) if browser else ("name", name)
