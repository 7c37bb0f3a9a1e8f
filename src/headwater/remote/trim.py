"""Keeps what this machine has of a server's store within a bound: what was not used for longest goes first.

Everything that goes can be fetched again. What is still to be sent never goes, nothing does while a journal waits to be
delivered, and nothing that was used within the hour: a task may be about to refer to it.
"""

import os
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from headwater.remote.journal import FILE as JOURNAL
from headwater.remote.kept_small import FOLDER as SMALL

#: Where the objects are, and the names of those that are still to be sent; as in `remote/folder.py`.
_OBJECTS = "objects"
_PENDING = "pending"
#: What was used within so many seconds stays.
YOUNG_SECONDS = 3600.0
#: A command looks so many seconds after the last look at the earliest.
_LOOK_SECONDS = 3600.0
#: Once more than the bound is there, it is brought down to this share of it.
_SHARE = 0.8
#: Its time of change says when somebody looked last.
_LOOKED = "trimmed"
_DIGEST_LETTERS = 64


class Trimmed(msgspec.Struct, frozen=True):
    """What was there, and what of it went or would go."""

    objects: int
    bytes: int
    removed: int
    removed_bytes: int
    #: Still to be sent, in use, or used within the hour.
    spared: int


class _Entry(msgspec.Struct, frozen=True, order=True):
    used_at: float
    path: str
    size: int


def trim_sometimes(folder: str, limit_bytes: int, now: float) -> None:
    """Bring it within the bound when nobody looked for an hour; silent about what cannot be read or removed.

    Args:
        folder: stands for the server on this machine.
        limit_bytes: the bound.
        now: Unix time.
    """
    mark = os.path.join(folder, _LOOKED)
    with suppress(OSError):
        if 0 <= now - os.stat(mark).st_mtime < _LOOK_SECONDS:
            return
    with suppress(OSError):
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        os.utime(mark, (now, now))
        trim(folder, limit_bytes, now)


def trim(folder: str, limit_bytes: int, now: float, *, is_dry_run: bool = False) -> Trimmed:
    """Remove what was not used for longest until the rest is well within the bound; arguments as `trim_sometimes`."""
    entries = sorted(_entries(folder))
    total = sum(entry.size for entry in entries)
    left, removed, spared = total, 0, 0
    is_waited_for = _has_journal(folder)
    for entry in entries if total > limit_bytes else ():
        if left <= limit_bytes * _SHARE:
            break
        if is_waited_for or not _may_go(folder, entry.path, now):
            spared += 1
        elif is_dry_run or _remove(entry.path):
            left, removed = left - entry.size, removed + 1
    return Trimmed(len(entries), total, removed, total - left, spared)


def _entries(folder: str) -> Iterator[_Entry]:
    for part in (_OBJECTS, SMALL):
        for path in _files(os.path.join(folder, part)):
            try:
                found = os.stat(path)
            except FileNotFoundError:
                continue
            yield _Entry(_used_at(found), path, found.st_blocks * 512)


def _files(folder: str) -> Iterator[str]:
    try:
        groups = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    for group in groups:
        path = os.path.join(folder, group)
        if len(group) == 2 and os.path.isdir(path):
            yield from (os.path.join(path, name) for name in os.listdir(path) if len(name) == _DIGEST_LETTERS)


def _used_at(found: os.stat_result) -> float:
    """When it was read or written last; reading shows once a day, or not at all, by how the disk is mounted."""
    return max(found.st_atime, found.st_mtime)


def _may_go(folder: str, path: str, now: float) -> bool:
    """Look once more: somebody may have begun to use it."""
    try:
        is_young = now - _used_at(os.stat(path)) < YOUNG_SECONDS
        return not is_young and not os.path.exists(os.path.join(folder, _PENDING, os.path.basename(path)))
    except FileNotFoundError:
        return False


def _has_journal(folder: str) -> bool:
    runs = os.path.join(folder, "runs")
    try:
        return any(os.path.exists(os.path.join(runs, name, JOURNAL)) for name in os.listdir(runs))
    except FileNotFoundError:
        return False


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    with suppress(OSError):
        os.unlink(f"{path}.ok")  # the stamp of a large object
    return True
