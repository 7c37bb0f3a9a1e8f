"""Takes what an attempt prints, line by line: into its log file, and on to the driver as long as it keeps up."""

import os
from collections.abc import Iterator

from headwater.model.ports import LogLine
from headwater.model.private_files import make_private_folder

#: A line longer than this is cut into records of this size.
LONGEST_RECORD = 65536

_NAMES = {"o": "stdout", "e": "stderr"}


class LineSplitter:
    """Cuts one stream into records: (text, whether a newline ended it)."""

    def __init__(self, letter: str) -> None:
        #: `o` for stdout, `e` for stderr.
        self.letter = letter
        self.stream = _NAMES[letter]
        self._held = b""

    def feed(self, chunk: bytes) -> list[tuple[bytes, bool]]:
        """Take bytes in; gives the records that they complete."""
        *lines, held = (self._held + chunk).split(b"\n")
        records: list[tuple[bytes, bool]] = []
        for line in lines:
            *parts, last = _cut(line)
            records += [(part, False) for part in parts]
            records.append((last, True))
        if len(held) > LONGEST_RECORD:
            *parts, held = _cut(held)
            records += [(part, False) for part in parts]
        self._held = held
        return records

    @property
    def has_rest(self) -> bool:
        """A line has begun and not ended."""
        return bool(self._held)

    def rest(self) -> list[tuple[bytes, bool]]:
        """Give what is left without a newline; the stream has ended."""
        held, self._held = self._held, b""
        return [(held, False)] if held else []


class LogFile:
    """Appends records to an attempt's log file, which is created with the first."""

    def __init__(self, path: str, max_bytes: int) -> None:
        self._path = path
        self._left = max_bytes
        self._descriptor = -1
        #: Why nothing more is written; empty = all is well.
        self.trouble = ""

    def append(self, at: float, letter: str, records: list[tuple[bytes, bool]]) -> None:
        """Write the records with their time, in one call; remembers `trouble` instead of raising."""
        if not records or not self._path or self.trouble:
            return
        stamp = b"%.6f " % at
        ended, partial = stamp + letter.encode() + b" ", stamp + letter.upper().encode() + b" "
        self._write(b"".join([(ended if is_line else partial) + text + b"\n" for text, is_line in records]), stamp)

    def close(self) -> None:
        """Release the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, block: bytes, stamp: bytes) -> None:
        if len(block) > self._left:
            block = block[: block.rfind(b"\n", 0, self._left) + 1]
            block += stamp + b"e [the log has reached its largest size; the rest is left out]\n"
            self.trouble = "it has reached its largest size"
        self._left -= len(block)
        try:
            if self._descriptor < 0:
                self._descriptor = self._open()
            while block:
                block = block[os.write(self._descriptor, block) :]
        except OSError as error:
            self.trouble = os.strerror(error.errno or 0)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            make_private_folder(os.path.dirname(self._path))
            return os.open(self._path, flags, 0o600)


class Forwarding:
    """Decides how many lines go on to the driver: all of them until they come too fast."""

    def __init__(self, lines_per_second: int = 2000) -> None:
        self._allowed = lines_per_second
        self._second = 0
        self._passed = 0
        self._left_out = 0

    def lines(self, at: float, stream: str, records: list[tuple[bytes, bool]], is_driver_slow: bool) -> list[LogLine]:
        """Give the lines to send; what is left out is counted and said when lines pass again."""
        if int(at) != self._second:
            self._second, self._passed = int(at), 0
        room = 0 if is_driver_slow else max(0, self._allowed - self._passed)
        passing = records[:room]
        lines = self.notice(at) if passing else []
        self._left_out += len(records) - len(passing)
        self._passed += len(passing)
        lines += [LogLine(at, stream, text.decode("utf-8", "replace")) for text, _ in passing]
        return lines

    def notice(self, at: float) -> list[LogLine]:
        """Say how many lines were left out since the last time, if any were."""
        if not self._left_out:
            return []
        text = f"[{self._left_out} lines came too fast to be shown here; they are in the log]"
        self._left_out = 0
        return [LogLine(at, "stderr", text)]


def _cut(line: bytes) -> Iterator[bytes]:
    if len(line) <= LONGEST_RECORD:
        yield line
        return
    for start in range(0, len(line), LONGEST_RECORD):
        yield line[start : start + LONGEST_RECORD]
