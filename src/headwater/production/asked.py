"""What the command line of a process of the daemon says."""

import os
import signal
import sys
import threading
from collections.abc import Sequence

import msgspec

from headwater.engines.processes import die_with_parent
from headwater.model.errors import UserMistake
from headwater.production.clock import Clock, read_clock

#: In the store's folder: the log of a daemon in the background.
LOG = "daemon.log"


class Asked(msgspec.Struct, frozen=True):
    """What the words after the role say."""

    #: Folder of the store.
    home: str
    #: Write to stderr instead of the log.
    is_foreground: bool = False
    clock: Clock = Clock()
    #: Process whose end is also the end of this one; 0 = none.
    parent: int = 0

    @property
    def log(self) -> str | None:
        """The log's path; None = stderr."""
        return None if self.is_foreground else os.path.join(self.home, LOG)

    def command(self, role: str, *, has_parent: bool = True) -> tuple[str, ...]:
        """Give what starts a child that is asked the same, and ends with this process unless told otherwise."""
        words = ["--home", self.home]
        words += ["--parent", str(os.getpid())] if has_parent else []
        words += ["--foreground"] if self.is_foreground else []
        words += ["--clock", str(self.clock)] if self.clock != Clock() else []
        return (sys.executable, "-P", "-m", "headwater.production", role, *words)

    def stopped(self) -> threading.Event:
        """Give what is set when this process is told to stop (SIGTERM), also by the kernel when its parent dies."""
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.parent:
            die_with_parent(self.parent, signal.SIGTERM)
        return stop


def read_words(words: Sequence[str]) -> Asked:
    """Read the words after the role.

    Raises:
        UserMistake: a word is not understood.
    """
    rest = list(words)
    given: dict[str, str] = {}
    is_foreground = False
    while rest:
        word = rest.pop(0)
        if word == "--foreground":
            is_foreground = True
        elif word in ("--home", "--clock", "--parent") and rest:
            given[word] = rest.pop(0)
        else:
            raise UserMistake(f"the daemon does not understand `{word}`", hint="`headwater up` starts it")
    if "--home" not in given:
        raise UserMistake("--home is missing", hint="`headwater up` starts the daemon")
    clock = read_clock(given.get("--clock", ""))
    return Asked(os.path.abspath(given["--home"]), is_foreground, clock, int(given.get("--parent", "0")))
