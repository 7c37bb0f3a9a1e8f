r"""The log of an attempt: one record a line, as `engines/` writes it and everybody reads it.

    1700000000.123456 o text\n

Unix seconds with six decimals; `o` is stdout, `e` stderr. In upper case the text ended without a newline and the next
record of that stream goes on with it: an unfinished line, or a piece of one that is longer than 64 KiB. A last record
without its newline is still being written and is not read. The file exists from its first line on.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from headwater.model.ports import LogLine

#: Longest text of a record; a longer line is cut into several.
RECORD_BYTES = 64 * 1024
#: Longest line that is given as one; bounds the reader's memory.
_LINE_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18
_RECORD = re.compile(rb"(\d+\.\d{6}) ([oeOE]) (.*)", re.DOTALL)
_STREAMS = {"o": "stdout", "e": "stderr"}


class LogRecord(msgspec.Struct, frozen=True):
    """One record of a log file."""

    #: Unix time.
    at: float
    #: stdout or stderr.
    stream: str
    #: UTF-8, as a rule; a cut may go through a character.
    content: bytes
    #: False: the next record of the stream goes on with the line.
    is_complete: bool
    #: Where in the file the next record begins.
    next_offset: int


def read_records(path: str, offset: int = 0) -> Iterator[LogRecord]:
    """Read the records from an offset on, to what is written now; nothing when there is no file.

    Memory is bounded by one record. What is no record (a torn write, a damaged file) is given as text of stdout with
    the time of the record before it, so that nothing of the log is hidden.
    """
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed below, after the caller took what it wants
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        held, at = b"", 0.0
        while chunk := file.read(_CHUNK_BYTES):
            *lines, held = (held + chunk).split(b"\n")
            for line in lines:
                offset += len(line) + 1
                record = _parse(line, at, offset)
                at = record.at
                yield record
            if len(held) > 4 * RECORD_BYTES:  # no writer of ours leaves so much without a newline
                offset += len(held)
                yield LogRecord(at, "stdout", held, False, offset)
                held = b""


def read_lines(path: str, offset: int = 0, stream: str | None = None) -> Iterator[LogLine]:
    """Read whole lines, of one stream or of both, in the order in which they began to be written.

    A line above 1 MiB comes in pieces. The last, unfinished line of a stream comes at the end.
    """
    return join_records(read_records(path, offset), stream)


def join_records(records: Iterable[LogRecord], stream: str | None = None) -> Iterator[LogLine]:
    """Join the pieces of lines."""
    begun: dict[str, list[LogRecord]] = {}
    for record in records:
        if stream is not None and record.stream != stream:
            continue
        pieces = begun.setdefault(record.stream, [])
        pieces.append(record)
        if record.is_complete or sum(len(piece.content) for piece in pieces) >= _LINE_BYTES:
            yield _joined(begun.pop(record.stream))
    for pieces in begun.values():
        yield _joined(pieces)


def count_bytes(path: str, stream: str | None = None) -> int:
    """Say how many bytes a task wrote, newlines included."""
    return sum(
        len(record.content) + record.is_complete
        for record in read_records(path)
        if stream is None or record.stream == stream
    )


def _joined(pieces: list[LogRecord]) -> LogLine:
    # Joined before decoding: a cut may have gone through a character.
    content = b"".join(piece.content for piece in pieces)
    return LogLine(pieces[0].at, pieces[0].stream, content.decode("utf-8", "replace"))


def _parse(line: bytes, at: float, next_offset: int) -> LogRecord:
    matched = _RECORD.fullmatch(line)
    if matched is None:
        return LogRecord(at, "stdout", line, True, next_offset)
    letter = matched[2].decode()
    return LogRecord(float(matched[1]), _STREAMS[letter.lower()], matched[3], letter.islower(), next_offset)
