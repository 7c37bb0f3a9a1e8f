"""Makes prediction ids: ULIDs, as everywhere, for a process that needs ten thousand of them a second."""

import os
import time
from collections.abc import Callable

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: Gives a digit for a random byte: all 32 are equally likely.
_DIGIT_BY_BYTE = bytes(ord(_CROCKFORD[byte & 31]) for byte in range(256))
#: Digits that are drawn at once: asking the kernel costs as much as all the rest.
_DRAWN = 16 * 256


class PredictionIds:
    """Ids in order of time to the millisecond; nobody can guess one. For one process, which does not fork."""

    def __init__(
        self, clock: Callable[[], float] = time.time, draw_random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._clock = clock
        self._draw_random = draw_random
        self._digits = ""
        self._place = 0
        self._milliseconds = -1
        self._time = ""

    def next(self) -> str:
        """Give an id that nobody was given before."""
        milliseconds = int(self._clock() * 1000)
        if milliseconds != self._milliseconds:
            self._milliseconds = milliseconds
            self._time = "".join(_CROCKFORD[(milliseconds >> shift) & 31] for shift in range(45, -5, -5))
        place = self._place
        if place >= len(self._digits):
            self._digits = self._draw_random(_DRAWN).translate(_DIGIT_BY_BYTE).decode()
            place = 0
        self._place = place + 16
        return self._time + self._digits[place : place + 16]
