"""Asks the operating system about processes: who descends from whom, how to die together, how to end a family.

Linux answers through `/proc` and `prctl`; elsewhere the answers are empty and the process groups must do.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable

IS_LINUX = sys.platform == "linux"

#: Environment variable that marks a zygote and all its descendants; `/proc/<pid>/environ` shows it even of
#: those that forked, left the session and changed their own environment.
FAMILY_VARIABLE = "HEADWATER_FAMILY"

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when the parent's thread that started it ends.

    Exits at once when the parent was gone before that could be arranged.
    """
    if IS_LINUX:
        _libc.prctl(_PR_SET_PDEATHSIG, by, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Make this process the parent of every descendant that loses its own."""
    if IS_LINUX:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def flush_c_streams() -> None:
    """Write out what C code of this process has printed but not flushed."""
    _libc.fflush(None)


def children_of(pid: int) -> list[int]:
    """List the processes whose parent it is; empty when it is gone."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            descriptor = os.open(f"/proc/{pid}/task/{thread}/children", os.O_RDONLY)
        except OSError:
            continue
        try:
            found += [int(child) for child in _read_all(descriptor).split()]
        except OSError:
            pass
        finally:
            os.close(descriptor)
    return found


class OwnChildren:
    """Lists the children of this process over and over, at one system call each time."""

    def __init__(self) -> None:
        own = os.getpid()
        self._descriptor = os.open(f"/proc/{own}/task/{own}/children", os.O_RDONLY) if IS_LINUX else -1

    def pids(self) -> list[int]:
        """Give them; whatever thread started them, orphans come to the first one."""
        if self._descriptor < 0:
            return []
        listed = os.pread(self._descriptor, 65536, 0)
        return [int(pid) for pid in listed.split()]


def descendants_of(pid: int) -> list[int]:
    """List its children, their children and so on, parents first."""
    found: list[int] = []
    waiting = children_of(pid)
    while waiting:
        child = waiting.pop()
        found.append(child)
        waiting += children_of(child)
    return found


def family(token: str) -> list[int]:
    """List all living processes of this user whose environment carries the family's token."""
    marker = f"{FAMILY_VARIABLE}={token}".encode()
    found = []
    for name in os.listdir("/proc") if IS_LINUX else []:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            descriptor = os.open(f"/proc/{name}/environ", os.O_RDONLY)
        except OSError:
            continue
        try:
            if marker in _read_all(descriptor).split(b"\0"):
                found.append(int(name))
        except OSError:
            pass
        finally:
            os.close(descriptor)
    return found


def kill(pids: Iterable[int]) -> None:
    """SIGKILL each; silent about those that are gone."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        except PermissionError:
            # A set-user-id program: not ours to end.
            continue


def kill_family(token: str, patience_seconds: float = 5.0) -> None:
    """SIGKILL the family and wait until it is dead; forks that race with it are found in the next round."""
    until = time.monotonic() + patience_seconds
    killed: set[int] = set()
    while time.monotonic() < until:
        members = family(token)
        kill(members)
        killed.update(members)
        killed = {pid for pid in killed if is_alive(pid)}
        if not members and not killed:
            return
        os.sched_yield()


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be noted by its parent does not."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return False
    try:
        state = _read_all(descriptor).rpartition(b") ")[2][:1]
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return state not in (b"Z", b"X")


def _read_all(descriptor: int) -> bytes:
    read = b""
    while chunk := os.read(descriptor, 65536):
        read += chunk
    return read
