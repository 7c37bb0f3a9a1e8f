"""The processes that a supervisor looks after: started, started again when they end, stopped."""

import os
import signal
from collections.abc import Sequence

import msgspec

#: Seconds before a child that ended is started again: none the first time, then more and more.
_PAUSES = (0.0, 0.25, 1.0, 3.0, 10.0, 30.0)
#: A child that lived for so long ended by accident: its count begins anew.
_HEALTHY_SECONDS = 60.0
#: What a new process answers as usual, whatever the supervisor does about it.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE)


class Role(msgspec.Struct, frozen=True):
    """What a child is started as."""

    name: str
    command: tuple[str, ...]


class Child:
    """One role's process: at most one at a time."""

    def __init__(self, role: Role) -> None:
        self.role = role
        #: 0 while none runs.
        self.pid = 0
        #: When the next one may start.
        self.start_at = 0.0
        self._started_at = 0.0
        self._failures = 0

    def start(self, now: float) -> None:
        """Start the process, in a session of its own: what is typed at a terminal goes to the supervisor alone."""
        command = self.role.command
        self.pid = os.posix_spawn(command[0], command, os.environ, setsid=True, setsigmask=(), setsigdef=_SIGNALS)
        self._started_at = now

    def ended(self, now: float) -> float:
        """Take note of its end; gives the seconds before it is started again."""
        if now - self._started_at > _HEALTHY_SECONDS:
            self._failures = 0
        pause = _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1
        self.pid, self.start_at = 0, now + pause
        return pause


def send(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to each; silent about those that are gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
