"""What attempts leave behind: an attempt is over when everything that it started is gone."""

from collections.abc import Iterable

from headwater.engines.attempts import Attempt
from headwater.engines.processes import OwnChildren, descendants_of, kill

#: Seconds that processes left behind get to end by themselves (resource trackers do, within milliseconds).
_GRACE = 0.2
#: Seconds after which processes that cannot even be killed are given up.
PATIENCE = 5.0
#: Shortest pause between two looks, in seconds.
_SHORTEST_PAUSE = 0.02


class Strays:
    """The attempts whose process is gone, while something that they started is not."""

    def __init__(self) -> None:
        self._children = OwnChildren()
        #: Children that are nobody's: the user's module started them, or they cannot be killed.
        self._residents: set[int] = set()
        self._ended: list[Attempt] = []

    def __bool__(self) -> bool:
        return bool(self._ended)

    def settle(self) -> None:
        """Leave what runs now alone: the user's module started it while it was imported."""
        self._residents = set(self._children.pids())

    def add(self, attempt: Attempt) -> None:
        """Look after what an attempt left, whose process has ended."""
        self._ended.append(attempt)

    def sweep(self, now: float, *at_work: Iterable[int]) -> tuple[list[Attempt], str]:
        """Kill what had time to end by itself; gives the attempts of which nothing is left, and what is to be said.

        Args:
            now: monotonic seconds.
            at_work: processes that are no strays.
        """
        strays = set(self._children.pids())
        if strays:
            strays = strays.difference(*at_work, self._residents)
        if not strays:
            over, self._ended = self._ended, []
            return over, ""
        for attempt in self._ended:
            attempt.left_strays = True
            if not attempt.strays_until:
                attempt.strays_until = now + _GRACE
        first = min(attempt.strays_until for attempt in self._ended)
        if now >= first:
            for stray in strays:
                kill([stray, *descendants_of(stray)])
        if now < first + PATIENCE:
            return [], ""
        self._residents |= strays
        return [], f"processes {sorted(strays)} of ended tasks cannot be killed; left alone"

    def pause(self, now: float, longest: float) -> float:
        """Give the seconds until somebody has to look: killed strays wake us when they end, their grace does not."""
        return min([longest, *(max(attempt.strays_until - now, _SHORTEST_PAUSE) for attempt in self._ended)])
