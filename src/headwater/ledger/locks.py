"""Who may write: one lock file a driven run, one for all writers to queue on.

POSIX record locks (`fcntl.lockf`): a forked child does not inherit them and the kernel drops them with the process,
whatever kills it. Two traps, both guarded here: they do not exclude two holders of one process, and closing *any*
descriptor of the file drops them. So a process opens a lock file only through its table of held ones.
"""

import errno
import fcntl
import os
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

#: `struct flock` as F_GETLK takes it.
_FLOCK = "hhqqi" if sys.platform.startswith("linux") else "qqihh"


class Locks(Protocol):
    """The locks of one ledger."""

    def take(self, name: str) -> bool:
        """Take a lock without waiting; False when somebody else, in this process or another, has it."""

    def release(self, name: str) -> None:
        """Give it back; silent when it is not held."""

    def forget(self, name: str) -> None:
        """Give it back and remove its file: nobody will want it again."""

    def holder(self, name: str) -> int | None:
        """Process that has it (0 when that is in another process namespace); None when it is free."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Wait for all other writers of the ledger, then write inside the block."""

    def close(self) -> None:
        """Give up the place in the queue; locks that were taken are kept."""


class _Held:
    """The lock files that this process holds; one table a process, because POSIX locks belong to processes."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.mutex = threading.Lock()
        self.descriptors: dict[str, int] = {}
        self.queues: dict[str, _Queue] = {}


class _Queue:
    """A file on which writers queue: other processes at its lock, threads of this one at `turn`."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.turn = threading.Lock()
        #: The descriptor is closed with the last of them: closing it earlier would drop the lock for the others.
        self.users: set[object] = set()


_table = _Held()


def _held() -> _Held:
    """Give the table of this process; a forked child starts with an empty one, as it inherits no lock."""
    global _table
    if _table.pid != os.getpid():
        _table = _Held()
    return _table


class FileLocks:
    """Locks that other processes see; `folder` is HOME/locks."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.realpath(folder)

    def take(self, name: str) -> bool:
        path = os.path.join(self._folder, name)
        held = _held()
        with held.mutex:
            if path in held.descriptors:
                return False
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                if error.errno in (errno.EACCES, errno.EAGAIN):
                    return False
                raise
            held.descriptors[path] = descriptor
            return True

    def release(self, name: str) -> None:
        held = _held()
        with held.mutex:
            descriptor = held.descriptors.pop(os.path.join(self._folder, name), None)
            if descriptor is not None:
                os.close(descriptor)

    def forget(self, name: str) -> None:
        held = _held()
        path = os.path.join(self._folder, name)
        with held.mutex:
            descriptor = held.descriptors.pop(path, None)
            if descriptor is not None:
                os.unlink(path)
                os.close(descriptor)

    def holder(self, name: str) -> int | None:
        path = os.path.join(self._folder, name)
        held = _held()
        with held.mutex:
            if path in held.descriptors:
                return os.getpid()
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            try:
                return _process_that_holds(descriptor)
            finally:
                os.close(descriptor)

    @contextmanager
    def writing(self) -> Iterator[None]:
        queue = self._queue()
        with queue.turn:
            fcntl.lockf(queue.descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(queue.descriptor, fcntl.LOCK_UN)

    def _queue(self) -> _Queue:
        held = _held()
        path = os.path.join(self._folder, "writer")
        with held.mutex:
            queue = held.queues.get(path)
            if queue is None:
                queue = held.queues[path] = _Queue(path)
            queue.users.add(self)
            return queue

    def close(self) -> None:
        held = _held()
        path = os.path.join(self._folder, "writer")
        with held.mutex:
            queue = held.queues.get(path)
            if queue is not None and self in queue.users:
                queue.users.remove(self)
                if not queue.users:
                    os.close(held.queues.pop(path).descriptor)


def _process_that_holds(descriptor: int) -> int | None:
    """Ask the kernel who would keep us from locking, without locking."""
    if _FLOCK[0] == "h":
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    else:
        asked = struct.pack(_FLOCK, 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
        _, _, pid, kind, _ = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else int(pid)


class MemoryLocks:
    """Locks of a ledger that only this process sees."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._turn = threading.Lock()
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        with self._mutex:
            if name in self._held:
                return False
            self._held.add(name)
            return True

    def release(self, name: str) -> None:
        with self._mutex:
            self._held.discard(name)

    def forget(self, name: str) -> None:
        self.release(name)

    def holder(self, name: str) -> int | None:
        with self._mutex:
            return os.getpid() if name in self._held else None

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._turn:
            yield

    def close(self) -> None:
        pass
