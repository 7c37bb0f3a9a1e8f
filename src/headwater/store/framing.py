"""The file format of a root object: a small header, then the payload, plain or compressed.

    4 bytes   `HWO1`
    1 byte    0 = plain, 1 = zstd
    1 byte    length of the codec's name
    8 bytes   length of the uncompressed payload, little-endian
    n bytes   the codec's name and version, ASCII: `pickle/1`
    rest      the payload

Its digest is BLAKE3 of `HWO1`, a zero byte, the codec's name, a zero byte and the uncompressed payload: whether it
was compressed does not matter. Buffers of 1 MiB and more have no header: file = bytes, digest = BLAKE3 of them.
"""

import struct
from collections.abc import Sequence

import msgspec
from blake3 import blake3

from headwater.model.errors import ArtifactDamaged, FormatUnknown
from headwater.model.ids import Digest
from headwater.model.ports import Buffer

MAGIC = b"HWO1"
_PLAIN, _ZSTD = 0, 1
_HEAD = struct.Struct("<4sBBQ")
#: Below this, starting the threads costs more than they save.
_THREADS_FROM_BYTES = 1 << 20
#: Smaller payloads are not worth a compressor's header.
_COMPRESS_FROM_BYTES = 1024
_SAMPLE_BYTES = 1 << 16
#: Compressed must be smaller than this share of the sample.
_PAYS_BELOW = 0.9


class Root(msgspec.Struct, frozen=True):
    """A root object, opened and verified."""

    codec: str
    payload: memoryview


class Head(msgspec.Struct, frozen=True):
    """What the beginning of a root object's file says."""

    codec: str
    is_compressed: bool
    #: Bytes of the uncompressed payload.
    size: int
    #: Bytes of the head; the payload follows.
    length: int


def read_head(start: bytes) -> Head | None:
    """Read the head of a root object's file from its first bytes (300 will do); None when it is none."""
    if len(start) < _HEAD.size or not start.startswith(MAGIC):
        return None
    _, form, name_length, size = _HEAD.unpack_from(start)
    length = _HEAD.size + name_length
    if form not in (_PLAIN, _ZSTD) or len(start) < length:
        return None
    return Head(start[_HEAD.size : length].decode("ascii", "replace"), form == _ZSTD, size, length)


def hash_bytes(*parts: Buffer) -> Digest:
    """Give the BLAKE3 digest of the parts in a row; large ones are hashed on all cores."""
    hasher = blake3(max_threads=blake3.AUTO) if _is_large(parts) else blake3()
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()


def root_digest(codec: str, payload: Sequence[Buffer]) -> Digest:
    """Give the digest of a root object."""
    return hash_bytes(MAGIC + b"\0" + codec.encode() + b"\0", *payload)


def frame(codec: str, payload: Sequence[Buffer], *, may_compress: bool = True) -> list[Buffer]:
    """Give the parts of a root object's file; not compressed, it can be mapped and read in places."""
    size = sum(memoryview(part).nbytes for part in payload)
    name = codec.encode()
    parts, form = _compress(payload, size) if may_compress else (payload, _PLAIN)
    return [_HEAD.pack(MAGIC, form, len(name), size) + name, *parts]


def unframe(digest: Digest, stored: memoryview, where: str, *, is_trusted: bool = False) -> Root:
    """Open a root object's file and verify it, unless its bytes are known to be good.

    Raises:
        ArtifactDamaged: it does not hash to its digest.
        FormatUnknown: a newer Headwater wrote it.
    """
    if stored.nbytes < _HEAD.size or stored[:3] != MAGIC[:3]:
        raise ArtifactDamaged(digest, where, f"{stored.nbytes} bytes without the mark of an object")
    magic, form, name_length, size = _HEAD.unpack_from(stored)
    if magic != MAGIC:
        _refuse_format(digest, stored, where)
    if form not in (_PLAIN, _ZSTD):
        raise ArtifactDamaged(digest, where, f"its form {form} is neither plain nor compressed")
    body = _HEAD.size + name_length
    codec = bytes(stored[_HEAD.size : body]).decode("ascii", "replace")
    payload = stored[body:] if form == _PLAIN else _decompress(digest, stored[body:], size, where)
    if payload.nbytes != size:
        raise ArtifactDamaged(digest, where, f"{payload.nbytes} bytes where {size} were written")
    if not is_trusted:
        found = root_digest(codec, [payload])
        if found != digest:
            raise ArtifactDamaged(digest, where, f"its bytes hash to {found}")
    return Root(codec, payload)


def _refuse_format(digest: Digest, stored: memoryview, where: str) -> None:
    """Tell a newer format from a known one whose mark was changed."""
    try:
        unframe(digest, memoryview(MAGIC + bytes(stored[len(MAGIC) :])), where)
    except ArtifactDamaged:
        mark = bytes(stored[: len(MAGIC)])
        raise FormatUnknown(
            f"object {digest} at {where} has the format {mark!r}", hint="upgrade headwater to read it"
        ) from None
    raise ArtifactDamaged(digest, where, "its mark is changed")


def _is_large(parts: Sequence[Buffer]) -> bool:
    return any(len(part) >= _THREADS_FROM_BYTES for part in parts)


def _compress(payload: Sequence[Buffer], size: int) -> tuple[Sequence[Buffer], int]:
    if size < _COMPRESS_FROM_BYTES:
        return payload, _PLAIN
    import zstandard

    compressor = zstandard.ZstdCompressor(level=1)
    largest = memoryview(max(payload, key=len))
    middle = max(0, (largest.nbytes - _SAMPLE_BYTES) // 2)
    sample = largest[middle : middle + _SAMPLE_BYTES]
    if len(compressor.compress(sample)) > _PAYS_BELOW * sample.nbytes:
        return payload, _PLAIN
    chunks = compressor.compressobj(size=size)
    return [*(chunks.compress(part) for part in payload), chunks.flush()], _ZSTD


def _decompress(digest: Digest, body: memoryview, size: int, where: str) -> memoryview:
    import zstandard

    try:
        # The frame's own size is checked first: a damaged one must not make us reserve terabytes.
        if zstandard.frame_content_size(body) != size:
            raise ArtifactDamaged(digest, where, "its compressed frame has another length than its header says")
        return memoryview(zstandard.ZstdDecompressor().decompress(body))
    except (zstandard.ZstdError, MemoryError) as error:
        raise ArtifactDamaged(digest, where, f"it does not decompress: {error}") from error
