"""Parts of a log file: forwards, backwards and from its end, each read in bounded memory whatever the file's size."""

import os
from collections.abc import Iterator
from typing import Literal

import msgspec

from headwater.store.lines import LogRecord, read_records

#: Bytes that one part has at most, and that are looked through for the lines of one stream.
PAGE_BYTES = 1 << 20
_LOOKED_AT_BYTES = 8 << 20

Stream = Literal["stdout", "stderr"]


class LogRow(msgspec.Struct, frozen=True):
    """One line that a task wrote, or a piece of one."""

    #: Where it begins in the file; tells it from all others.
    offset: int
    #: Unix time.
    at: float
    stream: Stream
    #: As it was written, escape sequences included.
    text: str
    #: False: the next row of its stream goes on with the line.
    is_complete: bool


class LogPart(msgspec.Struct, frozen=True):
    """A part of a log."""

    rows: tuple[LogRow, ...]
    #: Where the part begins and where the next one does.
    begin: int
    end: int


def read_forwards(path: str, offset: int, most: int, stream: Stream | None = None) -> LogPart:
    """Read at most so many rows from an offset on; from the next line when that lies inside of one."""
    begin = _next_line(path, offset)
    rows: list[LogRow] = []
    end, size = begin, 0
    for at, record in _placed(path, begin):
        if len(rows) == most or size > PAGE_BYTES or at - begin > _LOOKED_AT_BYTES:
            break
        end = record.next_offset
        if stream in (None, record.stream):
            rows.append(row_of(at, record))
            size += len(record.content)
    return LogPart(tuple(rows), begin, end)


def read_backwards(path: str, before: int | None, most: int, stream: Stream | None = None) -> LogPart:
    """Read the last rows that end at an offset, at most so many; None = at the file's end."""
    size = size_of(path)
    end = _line_end(path, size if before is None else min(before, size))
    begin = end
    rows: list[LogRow] = []
    while begin > 0 and len(rows) < most and end - begin < (PAGE_BYTES if rows else _LOOKED_AT_BYTES):
        start = _next_line(path, max(0, begin - PAGE_BYTES // 4), limit=begin)
        if start >= begin:  # a line longer than the step; whoever wrote that, it is read as one
            start = _next_line(path, max(0, begin - PAGE_BYTES), limit=begin)
            start = start if start < begin else max(0, begin - PAGE_BYTES)
        found = [(at, record) for at, record in _placed(path, start, end=begin) if stream in (None, record.stream)]
        rows = [row_of(at, record) for at, record in found] + rows
        begin = start
    if len(rows) > most:
        rows = rows[-most:]
        begin = rows[0].offset
    return LogPart(tuple(rows), begin, end)


def size_of(path: str) -> int:
    """Give the bytes of a log file; 0 when nothing was written."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def row_of(offset: int, record: LogRecord) -> LogRow:
    """Give what is sent of a record."""
    stream: Stream = "stderr" if record.stream == "stderr" else "stdout"
    return LogRow(offset, record.at, stream, record.content.decode("utf-8", "replace"), record.is_complete)


def _placed(path: str, begin: int, end: int | None = None) -> Iterator[tuple[int, LogRecord]]:
    """Yield the records between two offsets, each with where it begins."""
    at = begin
    for record in read_records(path, begin):
        if end is not None and record.next_offset > end:
            return
        yield at, record
        at = record.next_offset


def _line_end(path: str, offset: int) -> int:
    """Give where the last whole line in front of an offset ends: what is still being written is not passed over."""
    if offset == 0:
        return 0
    with open(path, "rb", buffering=0) as file:
        end = offset
        while end > max(0, offset - PAGE_BYTES):
            begin = max(0, end - (1 << 16))
            file.seek(begin)
            place = file.read(end - begin).rfind(b"\n")
            if place >= 0:
                return begin + place + 1
            end = begin
    return 0 if end == 0 else offset  # no writer of ours leaves so much without a newline


def _next_line(path: str, offset: int, *, limit: int | None = None) -> int:
    """Give where the first line at or behind an offset begins; the limit, or the file's end, when there is none."""
    if offset <= 0:
        return 0
    end = size_of(path) if limit is None else limit
    if offset >= end:
        return end
    with open(path, "rb", buffering=0) as file:
        file.seek(offset - 1)
        looked_at = offset - 1
        while looked_at < end:
            chunk = file.read(min(1 << 16, end - looked_at))
            if not chunk:
                break
            place = chunk.find(b"\n")
            if place >= 0:
                return looked_at + place + 1
            looked_at += len(chunk)
    return end
