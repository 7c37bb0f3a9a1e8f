"""What sending an alert may do and take."""

import time

import msgspec

from headwater.production.alerts.addresses import LookUp, look_up


class Limits(msgspec.Struct, frozen=True):
    """What a channel may do and take."""

    #: Longest time for one try.
    seconds: float = 15.0
    #: Channels may be in private networks and on this machine.
    is_private_allowed: bool = False
    #: Resolves the names of machines.
    ask: LookUp = look_up
    #: File of the certificates to trust; None = those of the system.
    certificates: str | None = None
    #: Environment of programs.
    environ: dict[str, str] = {}


class Deadline:
    """The end of one try's time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """No time is left."""
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Give the seconds that are left.

        Raises:
            TimeoutError: there are none.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds
