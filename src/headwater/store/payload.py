"""The payload of an artifact's root object: in-band bytes, and where its buffers are.

1 byte    0 = no buffers, the rest is in-band; 1 = a table follows
4 bytes   number of buffers                                        (little-endian, as all numbers)
8 bytes   length of the in-band bytes
41 bytes  a buffer: 0 = inside / 1 = an object of its own, 8 bytes length, 32 bytes digest (0 inside)
n bytes   in-band bytes
rest      the buffers that are inside, in a row
"""

import struct
from collections.abc import Sequence

import msgspec

from headwater.model.ids import Digest
from headwater.model.ports import Buffer

_PREFIX = struct.Struct("<BIQ")
_ENTRY = struct.Struct("<BQ32s")
_NO_DIGEST = bytes(32)


class BufferEntry(msgspec.Struct, frozen=True):
    """One buffer of a payload."""

    size: int
    #: The object that holds it; None = it is inside the payload.
    digest: Digest | None


class Payload(msgspec.Struct, frozen=True):
    """A payload, taken apart."""

    in_band: memoryview
    entries: tuple[BufferEntry, ...]
    #: Bytes of the buffers that are inside, in the order of their entries.
    inside: memoryview

    def buffer_inside(self, index: int) -> bytearray:
        """Give a private copy of a buffer that is inside."""
        start = sum(entry.size for entry in self.entries[:index] if entry.digest is None)
        return bytearray(self.inside[start : start + self.entries[index].size])


def join_payload(in_band: bytes, buffers: Sequence[tuple[BufferEntry, Buffer]]) -> list[Buffer]:
    """Give the parts of a payload."""
    if not buffers:
        return [b"\0" + in_band]
    table = bytearray(_PREFIX.pack(1, len(buffers), len(in_band)))
    for entry, _ in buffers:
        digest = _NO_DIGEST if entry.digest is None else bytes.fromhex(entry.digest)
        table += _ENTRY.pack(entry.digest is not None, entry.size, digest)
    return [bytes(table) + in_band, *(buffer for entry, buffer in buffers if entry.digest is None)]


def split_payload(payload: memoryview) -> Payload:
    """Take a verified payload apart."""
    if not payload[0]:
        return Payload(payload[1:], (), memoryview(b""))
    _, count, in_band_length = _PREFIX.unpack_from(payload)
    entries = []
    for index in range(count):
        is_object, size, digest = _ENTRY.unpack_from(payload, _PREFIX.size + index * _ENTRY.size)
        entries.append(BufferEntry(size, digest.hex() if is_object else None))
    start = _PREFIX.size + count * _ENTRY.size
    return Payload(payload[start : start + in_band_length], tuple(entries), payload[start + in_band_length :])
