"""Starts, finds and stops the daemon of a store, from outside of it."""

import os
import signal
import time
from collections.abc import Callable

from headwater.ledger.locks import FileLocks
from headwater.model.errors import HeadwaterError, UserMistake
from headwater.production.asked import Asked
from headwater.production.supervisor import DAEMON_LOCK, PATIENCE_SECONDS

_LOOK_SECONDS = 0.02
#: Seconds after which a daemon that has not come up is given up.
_UP_SECONDS = 30.0
#: Last lines of the log that are shown of one that has not come up.
_SHOWN = 12


class DaemonFailed(HeadwaterError):
    """The daemon did not come up, or does not go."""


def find_daemon(home: str) -> int | None:
    """Give the process of the store's daemon; None when none runs, 0 when it is in another process namespace."""
    return FileLocks(os.path.join(home, "locks")).holder(DAEMON_LOCK)


def refuse_second(home: str) -> None:
    """Raise when the store has a daemon.

    Raises:
        UserMistake: names its process.
    """
    pid = find_daemon(home)
    if pid is not None:
        raise UserMistake(
            f"the store at {home} has its daemon: process {pid}",
            hint="`headwater up --link` prints a link to its page, `--status` shows what it does, `--stop` stops it",
        )


def start_daemon(asked: Asked, is_up: Callable[[], bool]) -> int:
    """Start the daemon in the background, in a session of its own, and wait until it is up; gives its process.

    Args:
        asked: what it is asked.
        is_up: tells whether it fires.

    Raises:
        UserMistake: the store has one.
        DaemonFailed: it ended, or did not come up in time; shows its last lines.
    """
    refuse_second(asked.home)
    log = asked.log
    assert log is not None
    command = asked.command("supervisor", has_parent=False)
    null, out = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    began = os.fstat(out).st_size
    actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsid=True, setsigmask=())
    os.close(null)
    os.close(out)
    until = time.monotonic() + _UP_SECONDS
    while not (find_daemon(asked.home) == pid and is_up()):
        if os.waitpid(pid, os.WNOHANG)[0] or time.monotonic() > until:
            if find_daemon(asked.home) not in (None, pid):
                refuse_second(asked.home)  # somebody else started one at this moment
            raise DaemonFailed(f"the daemon did not come up\n\n{_tail(log, began)}", hint=f"its log is {log}")
        time.sleep(_LOOK_SECONDS)
    return pid


def stop_daemon(home: str) -> int | None:
    """Ask the daemon to stop and wait until it is gone; gives its process, None when none ran.

    Raises:
        DaemonFailed: it cannot be reached from here, or does not go.
    """
    pid = find_daemon(home)
    if pid is None:
        return None
    if not pid:
        raise DaemonFailed("the daemon runs in another process namespace", hint="stop it where it was started")
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + PATIENCE_SECONDS + 10
    while find_daemon(home) == pid:
        if time.monotonic() > until:
            raise DaemonFailed(f"the daemon, process {pid}, was asked to stop and is still there")
        time.sleep(_LOOK_SECONDS)
    return pid


def _tail(log: str, began: int) -> str:
    with open(log, "rb") as file:
        file.seek(began)
        return b"".join(file.readlines()[-_SHOWN:]).decode(errors="replace").rstrip()
