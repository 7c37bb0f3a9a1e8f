"""Metric points of one attempt: an append-only file of blocks of columns.

A block is a 20-byte head (`<4sIIII`: magic `HWP1`, points, bytes of the name table, bytes of the columns, CRC-32 of
both), the table of names (JSON list) and four columns one after the other: name number (uint16), step (int64, the
smallest one = none given), Unix time (float64), value (float64), all in the byte order of the machine, which is
little-endian on every one that is supported. A block that is cut short or does not match its CRC ends the file: it is
the last write of a process that was killed.
"""

import os
import struct
import zlib
from array import array
from collections.abc import Iterator

import msgspec

_MAGIC = b"HWP1"
_HEAD = struct.Struct("<4sIIII")
#: Stands for "no step given".
NO_STEP = -(1 << 63)


class Points(msgspec.Struct, frozen=True):
    """Columns of equal length; `names` holds each name once, `numbers` points into it."""

    names: tuple[str, ...]
    numbers: "array[int]"
    #: `NO_STEP` where none was given.
    steps: "array[int]"
    #: Unix seconds.
    times: "array[float]"
    values: "array[float]"


def encode_points(points: Points) -> bytes:
    """Make a block."""
    table = msgspec.json.encode(points.names)
    body = b"".join(
        (table, points.numbers.tobytes(), points.steps.tobytes(), points.times.tobytes(), points.values.tobytes())
    )
    head = _HEAD.pack(_MAGIC, len(points.values), len(table), len(body) - len(table), zlib.crc32(body))
    return head + body


def read_points(path: str, offset: int = 0) -> Iterator[tuple[Points, int]]:
    """Yield the blocks from an offset on, each with the offset behind it; nothing when there is no file.

    Stops at the end of the last whole block, so that a live file can be read on from there.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return
    with file:
        size = os.fstat(file.fileno()).st_size
        if offset > size:  # far behind it there is no seeking
            return
        file.seek(offset)
        while offset + _HEAD.size <= size:
            magic, count, table_size, columns_size, checksum = _HEAD.unpack(file.read(_HEAD.size))
            end = offset + _HEAD.size + table_size + columns_size
            if magic != _MAGIC or end > size or columns_size != count * 26:
                return
            body = file.read(table_size + columns_size)
            if zlib.crc32(body) != checksum:
                return
            offset = end
            yield _decode(body, count, table_size), offset


def _decode(body: bytes, count: int, table_size: int) -> Points:
    numbers, steps, times, values = array("H"), array("q"), array("d"), array("d")
    start = table_size
    for column in (numbers, steps, times, values):
        end = start + count * column.itemsize
        column.frombytes(body[start:end])
        start = end
    names = msgspec.json.decode(body[:table_size], type=tuple[str, ...])
    return Points(names, numbers, steps, times, values)
