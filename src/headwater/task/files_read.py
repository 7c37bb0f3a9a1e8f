"""Which data files a step read, so that a failure can say which of them changed since it last went well.

Python tells an audit hook of every file that it opens. A hook cannot be taken back, so there is one a process, which
does nothing while no attempt listens. Files that native code opens by itself (Arrow, DuckDB) are not seen.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from blake3 import blake3

from headwater.model.outcome import FileRead

#: Files of an attempt that are described at most, and the bytes that are hashed for it.
_MOST_FILES = 64
_MOST_BYTES = 128 << 20
_CHUNK = 1 << 20
#: Bytes of a table's first line.
_LONGEST_HEAD = 2000
#: Text tables, whose first line names the columns.
_TABLES = (".csv", ".tsv")
_OF_THE_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/lib/", "/usr/share/zoneinfo/")
_OF_PYTHON = (".py", ".pyc", ".pyi", ".so", ".pth")


class FilesRead:
    """The files that an attempt opens for reading while it listens."""

    def __init__(self, *folders_left_out: str) -> None:
        """Leave out what lies below these folders, and what belongs to Python or the system."""
        self._folders_left_out = folders_left_out
        self._paths: dict[str, None] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take note of what is opened inside the block, by any thread of the process."""
        _hook.listen(self._paths)
        try:
            yield
        finally:
            _hook.listen(None)

    def described(self) -> dict[str, FileRead]:
        """Describe them as they are now, by absolute path; what is gone or no file is left out."""
        if not self._paths:
            return {}
        found: dict[str, FileRead] = {}
        left_out = self._left_out()
        room = _MOST_BYTES
        for path in sorted(self._paths):
            real = os.path.realpath(path)
            if real.endswith(_OF_PYTHON) or real.startswith(left_out) or len(found) == _MOST_FILES:
                continue
            try:
                facts = os.stat(real)
                if stat.S_ISREG(facts.st_mode):
                    found[real] = _describe(real, facts, is_hashed=facts.st_size <= room)
                    room -= min(room, facts.st_size)
            except OSError:
                continue
        return found

    def _left_out(self) -> tuple[str, ...]:
        # This package is below the prefix, unless it is used from its checkout.
        own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        folders = (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), own, *self._folders_left_out)
        return (*_OF_THE_SYSTEM, *(f"{os.path.realpath(folder)}/" for folder in folders if folder))


def _describe(path: str, facts: os.stat_result, *, is_hashed: bool) -> FileRead:
    digest, head = None, ""
    if is_hashed:
        hasher = blake3()
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                if path.endswith(_TABLES) and not head:
                    head = chunk.partition(b"\n")[0][:_LONGEST_HEAD].decode(errors="replace").strip()
                hasher.update(chunk)
        digest = hasher.hexdigest()
    return FileRead(facts.st_size, facts.st_mtime, digest, head)


class _Hook:
    """The process's one audit hook."""

    def __init__(self) -> None:
        self._is_installed = False
        self._paths: dict[str, None] | None = None

    def listen(self, paths: dict[str, None] | None) -> None:
        if not self._is_installed:
            self._is_installed = True
            sys.addaudithook(self._note)
        self._paths = paths

    def _note(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or self._paths is None:
            return
        path, mode, flags = arguments
        is_read = mode is None or (isinstance(mode, str) and "r" in mode and "+" not in mode)
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
            return
        if is_read and isinstance(path, str | bytes) and len(self._paths) < 4 * _MOST_FILES:
            # The folder may have changed by the time that the file is described.
            self._paths[os.path.join(os.getcwd(), os.fsdecode(path))] = None


_hook = _Hook()
