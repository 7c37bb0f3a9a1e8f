"""Files of the folder of environments: replaced whole, and locks that several processes wait for."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager


def replace_file(path: str, text: bytes) -> None:
    """Write a file so that nobody ever reads half of it; durable on return."""
    staged = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        os.write(descriptor, text)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(staged, path)
    sync_folder(os.path.dirname(path))


def sync_folder(path: str) -> None:
    """Make what was renamed into a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(path: str) -> None:
    """Make everything durable that was written to the file system of a folder: thousands of files, one flush."""
    import ctypes

    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None or syncfs(descriptor):
            os.sync()
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold a lock file alone; waits for whoever has it, and a process that dies gives it up.

    `flock`, which two threads of one process exclude each other with; nothing forks while it is held.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_locked(path: str) -> bool:
    """Say whether somebody holds a lock file now."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
