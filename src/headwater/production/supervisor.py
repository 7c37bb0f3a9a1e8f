"""The daemon's first process: keeps its children alive and does nothing else, so that there is little that can fail.

It has no database open. The drivers of runs are nobody's children: when the process that started them ends, they
come to the supervisor, which stops them with itself; when it is killed, they finish their runs alone.
"""

import os
import select
import signal
import time
from collections.abc import Sequence

from headwater.engines.processes import adopt_orphans, children_of
from headwater.ledger.locks import FileLocks
from headwater.model.errors import UserMistake
from headwater.production.asked import Asked
from headwater.production.children import Child, Role, send
from headwater.production.journal import Journal, put_aside

#: The lock of the role `daemon`: the ledger's own, taken without opening its database.
DAEMON_LOCK = "role.daemon"
#: What it keeps alive.
CHILDREN = ("scheduler", "alerter", "host", "web")
#: Seconds that children get to stop before they are killed.
PATIENCE_SECONDS = 20.0
#: Seconds between two looks at the size of the log.
_LOG_INTERVAL = 60.0


def be_supervisor(asked: Asked, journal: Journal) -> int:
    """Be the one daemon of the store until told to stop.

    Raises:
        UserMistake: it has one already.
    """
    locks = FileLocks(os.path.join(asked.home, "locks"))
    if not locks.take(DAEMON_LOCK):
        raise UserMistake(f"the store at {asked.home} has its daemon: process {locks.holder(DAEMON_LOCK)}")
    # The folder in which it was started may go; what is relative to it would mean something else in every child.
    os.chdir(asked.home)
    os.environ["HEADWATER_HOME"] = asked.home
    roles = [Role(name, asked.command(name)) for name in CHILDREN]
    Supervisor(roles, journal, asked.log).run()
    return 0


class Supervisor:
    """Starts a process for each role, and another one when it ends."""

    def __init__(self, roles: Sequence[Role], journal: Journal, log: str | None) -> None:
        """Take what it needs.

        Args:
            roles: what to keep alive.
            journal: takes what happens.
            log: file to put aside when it grows; None = there is none.
        """
        self._children = [Child(role) for role in roles]
        self._journal = journal
        self._log = log
        self._is_stopping = False
        self._wakeups, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Keep the children alive until told to stop (SIGTERM, SIGINT), then stop them; nothing is left behind."""
        adopt_orphans()
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._journal.note(f"started, process {os.getpid()}")
        while not self._is_stopping:
            self._bury(time.monotonic())
            self._start(time.monotonic())
            if self._log is not None and put_aside(self._log):
                _write_to(self._log)
            self._sleep(self._pause(time.monotonic()))
        self._journal.note("stopping")
        self._stop_all()
        self._journal.note("stopped")

    def _stop(self, number: int, frame: object) -> None:
        self._is_stopping = True

    def _start(self, now: float) -> None:
        for child in self._children:
            if not child.pid and child.start_at <= now:
                child.start(now)

    def _pause(self, now: float) -> float:
        waiting = [child.start_at - now for child in self._children if not child.pid]
        return max(0.0, min([_LOG_INTERVAL, *waiting]))

    def _sleep(self, seconds: float) -> None:
        if select.select([self._wakeups], [], [], seconds)[0]:
            try:
                os.read(self._wakeups, 4096)
            except BlockingIOError:
                return

    def _bury(self, now: float) -> None:
        """Take note of every process that ended, drivers that came to us included."""
        by_pid = {child.pid: child for child in self._children if child.pid}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            child = by_pid.get(pid)
            if child is not None:
                pause = child.ended(now)
                if not self._is_stopping:
                    after = f"in {pause:g} s" if pause else "at once"
                    self._journal.note(f"{child.role.name} {_how(status)}: started again {after}")

    def _stop_all(self) -> None:
        """Stop the children first, then the drivers that they leave; kill what takes too long."""
        until = time.monotonic() + PATIENCE_SECONDS
        told: set[int] = set()
        roles = {child.pid for child in self._children if child.pid}
        while True:
            self._bury(time.monotonic())
            left = {child.pid for child in self._children if child.pid} | set(children_of(os.getpid()))
            if not left:
                return
            if time.monotonic() > until:
                send(sorted(left), signal.SIGKILL)
            # Drivers come to us when the process that started them is gone.
            news = left - told if not left & roles else (left & roles) - told
            send(sorted(news), signal.SIGTERM)
            told |= news
            self._sleep(0.2)


def _write_to(log: str) -> None:
    """Let what this process and its children print, such as the last words of an interpreter, go to the new log."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
