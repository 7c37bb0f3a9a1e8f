"""The daemon's log: a line for everything that it did, written by all of its processes."""

import os
import sys
import time

#: Bytes at which the supervisor puts a log aside; one earlier log is kept.
MOST_BYTES = 8 * 1024 * 1024


class Journal:
    """Takes lines of one process; each is written at once, so that processes may share a file."""

    def __init__(self, who: str, path: str | None) -> None:
        """Take lines.

        Args:
            who: begins each line: `scheduler`, `driver of Churn/17`.
            path: the log; None = stderr.
        """
        self._who = who
        self._path = path

    def named(self, who: str) -> "Journal":
        """Give one that writes to the same place under another name."""
        return Journal(who, self._path)

    def note(self, text: str) -> None:
        """Write a line with the time in front; a log that cannot be written costs nobody anything but the line."""
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S%z')} {self._who}: {text}\n".encode(errors="replace")
        if self._path is None:
            _write(sys.stderr.fileno() if sys.stderr is not None else 2, line)
            return
        try:
            # Opened anew for every line: whoever puts the file aside need not tell anybody.
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        _write(descriptor, line)
        os.close(descriptor)


def put_aside(path: str, most_bytes: int = MOST_BYTES) -> bool:
    """Rename a log that has grown too large to `<path>.1`, over the one before; True when it was."""
    try:
        if os.stat(path).st_size < most_bytes:
            return False
        os.replace(path, f"{path}.1")
    except OSError:
        return False
    return True


def _write(descriptor: int, line: bytes) -> None:
    try:
        os.write(descriptor, line)
    except OSError:
        return
