"""The daemon's clock: the time of day, or for tests one that runs faster."""

import time

import msgspec

from headwater.model.errors import UserMistake


class Clock(msgspec.Struct, frozen=True):
    """Gives the time; since some instant it may run faster than the world's, the same in every process that asks."""

    #: Seconds of this clock in a second of the world; only tests use another one than 1.
    rate: float = 1.0
    #: Unix time at which it showed the world's time.
    since: float = 0.0

    def now(self) -> float:
        """Give the Unix time that it shows."""
        wall = time.time()
        return wall if self.rate == 1 else self.since + (wall - self.since) * self.rate

    def seconds_until(self, instant: float) -> float:
        """Give the seconds of the world that pass until it shows this time; 0 when it is over."""
        return max(0.0, (instant - self.now()) / self.rate)

    def __str__(self) -> str:
        return f"{self.rate}@{self.since}"


def read_clock(text: str) -> Clock:
    """Read `RATE@INSTANT`; empty = the time of day.

    Raises:
        UserMistake: the text is something else.
    """
    if not text:
        return Clock()
    rate, _, since = text.partition("@")
    try:
        clock = Clock(float(rate), float(since))
    except ValueError as error:
        raise UserMistake(f"--clock {text!r} is no RATE@INSTANT", hint="such as 60@1750000000") from error
    if clock.rate <= 0:
        raise UserMistake(f"--clock {text!r} would stand still or run backwards", hint="the rate is greater than 0")
    return clock
