"""The payload of a foreach's items: an index, so that item i is read without the others.

4 bytes   number of items                                          (little-endian, as all numbers)
2 bytes   number of codecs, 2 bytes number of packs
codecs    1 byte length and the ASCII name, each
packs     32 bytes digest, each: objects that hold the large buffers of many items in a row
8 bytes   start of each record, and the end of the last, counted from the end of this table
records   1 byte codec; +128 if a table of buffers follows:
          4 bytes number of buffers, 8 bytes length of the in-band bytes, then a buffer each:
          1 byte 0 = inside / 1 = in a pack, 8 bytes length, 4 bytes pack, 8 bytes offset in it
          in-band bytes, then the buffers that are inside
"""

import struct
from array import array
from collections.abc import Callable, Iterable, Sequence

import msgspec

from headwater.model.ids import Digest
from headwater.model.ports import Buffer
from headwater.store.codecs.encoded import Encoded

ITEMS_CODEC = "items/1"
#: Buffers from this size on go into packs, where a child maps them.
_PACK_FROM_BYTES = 1 << 16
#: A pack is written when it has grown to this: bounds the memory that a generator of items takes.
_PACK_BYTES = 256 << 20
_ALIGNMENT = 64

_HEAD = struct.Struct("<IHH")
_TABLE = struct.Struct("<IQ")
_ENTRY = struct.Struct("<BQIQ")
_OFFSET = struct.Struct("<Q")
_HAS_TABLE = 128


class ItemRecord(msgspec.Struct, frozen=True):
    """One item as it was found."""

    codec: str
    in_band: memoryview
    #: Private writable views or copies.
    buffers: list[memoryview]


class ItemsWriter:
    """Collects encoded items; `store_pack` makes a pack durable and gives its digest."""

    def __init__(self, store_pack: Callable[[Sequence[Buffer]], Digest]) -> None:
        self._store_pack = store_pack
        self._codecs: dict[str, int] = {}
        self._packs: list[Digest] = []
        self._pack: list[Buffer] = []
        self._pack_size = 0
        self._records = bytearray()
        self._starts = array("Q")
        #: Bytes of all packed buffers.
        self.packed_bytes = 0

    def add(self, encoded: Encoded) -> None:
        """Append an item."""
        self._starts.append(len(self._records))
        codec = self._codecs.setdefault(encoded.codec, len(self._codecs))
        if not encoded.buffers:
            self._records.append(codec)
            self._records += encoded.in_band
            return
        self._records.append(codec | _HAS_TABLE)
        self._records += _TABLE.pack(len(encoded.buffers), len(encoded.in_band))
        inside: list[memoryview] = []
        for buffer in encoded.buffers:
            self._records += self._place_buffer(buffer, inside)
        self._records += encoded.in_band
        for buffer in inside:
            self._records += buffer
        if self._pack_size >= _PACK_BYTES:
            self._flush_pack()

    def finish(self) -> tuple[list[Buffer], tuple[Digest, ...]]:
        """Give the parts of the payload, and the packs that it needs."""
        self._flush_pack()
        count = len(self._starts)
        self._starts.append(len(self._records))
        head = bytearray(_HEAD.pack(count, len(self._codecs), len(self._packs)))
        for name in self._codecs:
            head += bytes([len(name)]) + name.encode()
        for pack in self._packs:
            head += bytes.fromhex(pack)
        return [bytes(head) + _little_endian(self._starts), bytes(self._records)], tuple(self._packs)

    def _place_buffer(self, buffer: memoryview, inside: list[memoryview]) -> bytes:
        if buffer.nbytes < _PACK_FROM_BYTES:
            inside.append(buffer)
            return _ENTRY.pack(0, buffer.nbytes, 0, 0)
        entry = _ENTRY.pack(1, buffer.nbytes, len(self._packs), self._pack_size)
        padding = -buffer.nbytes % _ALIGNMENT
        self._pack += [buffer, bytes(padding)]
        self._pack_size += buffer.nbytes + padding
        self.packed_bytes += buffer.nbytes
        return entry

    def _flush_pack(self) -> None:
        if self._pack:
            self._packs.append(self._store_pack(self._pack))
            self._pack, self._pack_size = [], 0


def count_items(payload: memoryview) -> int:
    """Say how many items a payload holds."""
    return int(_HEAD.unpack_from(payload)[0])


def read_item(payload: memoryview, index: int, open_pack: Callable[[Digest], memoryview]) -> ItemRecord:
    """Read one item.

    Raises:
        IndexError: there is no such item.
    """
    codecs, packs, offsets = _read_head(payload)
    count = count_items(payload)
    if not 0 <= index < count:
        raise IndexError(f"item {index} of {count}")
    start, end = (_OFFSET.unpack_from(payload, offsets + 8 * place)[0] for place in (index, index + 1))
    body = offsets + 8 * (count + 1)
    record = payload[body + start : body + end]
    codec = codecs[record[0] & ~_HAS_TABLE]
    if not record[0] & _HAS_TABLE:
        return ItemRecord(codec, record[1:], [])
    return _read_table(codec, record, packs, open_pack)


def _read_table(
    codec: str, record: memoryview, packs: Sequence[Digest], open_pack: Callable[[Digest], memoryview]
) -> ItemRecord:
    buffers_count, in_band_length = _TABLE.unpack_from(record, 1)
    in_band = 1 + _TABLE.size + buffers_count * _ENTRY.size
    inside = in_band + in_band_length
    buffers: list[memoryview] = []
    for place in range(buffers_count):
        is_packed, size, pack, offset = _ENTRY.unpack_from(record, 1 + _TABLE.size + place * _ENTRY.size)
        if is_packed:
            buffers.append(open_pack(packs[pack])[offset : offset + size])
        else:
            buffers.append(memoryview(bytearray(record[inside : inside + size])))
            inside += size
    return ItemRecord(codec, record[in_band : in_band + in_band_length], buffers)


def _read_head(payload: memoryview) -> tuple[list[str], tuple[Digest, ...], int]:
    """Give the codecs, the packs, and where the offsets begin."""
    _, codec_count, pack_count = _HEAD.unpack_from(payload)
    at = _HEAD.size
    codecs = []
    for _ in range(codec_count):
        length = payload[at]
        codecs.append(bytes(payload[at + 1 : at + 1 + length]).decode())
        at += 1 + length
    packs = tuple(bytes(payload[at + 32 * place : at + 32 * (place + 1)]).hex() for place in range(pack_count))
    return codecs, packs, at + 32 * pack_count


def encode_all(values: Iterable[object], encode: Callable[[int, object], Encoded], writer: ItemsWriter) -> list[object]:
    """Encode values one after the other; gives the first few for a preview."""
    first: list[object] = []
    for index, value in enumerate(values):
        if len(first) < 5:
            first.append(value)
        writer.add(encode(index, value))
    return first


def _little_endian(numbers: "array[int]") -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers) if array("H", [1]).tobytes() != b"\1\0" else numbers.tobytes()
