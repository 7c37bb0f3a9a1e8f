"""Objects of the store for other machines: sent and fetched as they are, in bounded memory."""

import os
from collections.abc import Iterator

import msgspec
import zstandard
from blake3 import blake3

from headwater.model.errors import ArtifactMissing
from headwater.model.ids import Digest
from headwater.remote import wire
from headwater.store.framing import MAGIC, read_head
from headwater.store.keys import object_key
from headwater.store.place_disk import DiskPlace
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Raw, Route, Upload

_BLOCK_BYTES = 1 << 20
#: Largest object that is taken.
_MOST_BYTES = 1 << 40


class ObjectPath(msgspec.Struct, frozen=True):
    """An object."""

    digest: wire.Object


class ObjectQuery(msgspec.Struct, frozen=True):
    """Which part of it."""

    offset: wire.Number = 0
    #: Bytes at most; None = to its end.
    length: wire.Number | None = None


def remote_object_size(asked: Asked, at: ObjectPath) -> wire.ObjectSize:
    """Say how many bytes an object's file has, if it is whole; a damaged one counts as missing."""
    path = _path(asked, at.digest)
    if not _is_good(path, at.digest):
        raise ArtifactMissing(at.digest)
    return wire.ObjectSize(os.path.getsize(path))


def remote_read_object(asked: Asked, at: ObjectPath, query: ObjectQuery) -> Raw:
    """Give an object's file, or a part of it."""
    path = _path(asked, at.digest)
    size = max(0, os.path.getsize(path) - query.offset)
    length = size if query.length is None else min(size, query.length)
    headers = {"content-length": str(length), "cache-control": "no-store"}
    # Far behind the end there is no seeking.
    blocks = _blocks(path, query.offset, length) if length else b""
    return Raw("application/octet-stream", blocks, headers)


def remote_put_object(asked: Asked, at: ObjectPath, body: Upload) -> wire.ObjectSize:
    """Take an object whose bytes hash to its digest; what is there already, and good, is kept as it is."""
    if not _hashes_to(body.path, at.digest):
        raise Refused(422, f"the bytes that came do not hash to {at.digest}", error="ArtifactDamaged")
    place, objects, key = asked.home.place, asked.home.objects, object_key(at.digest)
    assert isinstance(place, DiskPlace)
    if not (_is_good(place.path(key), at.digest) and objects.renew(at.digest)):
        place.adopt(key, body.path)
        objects.note_good(at.digest)
    asked.remote.belongings.note_put(asked.access, at.digest)
    return wire.ObjectSize(body.size)


def _is_good(path: str, digest: Digest) -> bool:
    """Whether an object is there and whole; a damaged one is to be sent again, and replaced."""
    return os.path.exists(path) and _hashes_to(path, digest)


def _path(asked: Asked, digest: Digest) -> str:
    place = asked.home.place
    assert isinstance(place, DiskPlace)
    path = place.path(object_key(digest))
    if not asked.remote.belongings.readable(asked.access, [digest]) or not os.path.exists(path):
        raise ArtifactMissing(digest)
    return path


def _blocks(path: str, offset: int, length: int) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        file.seek(offset)
        while length:
            block = file.read(min(_BLOCK_BYTES, length))
            if not block:
                return
            length -= len(block)
            yield block


def _hashes_to(path: str, digest: Digest) -> bool:
    """Tell whether a file is the object of this digest: a root object, or a raw one."""
    raw = blake3()
    for block in _blocks(path, 0, os.path.getsize(path)):
        raw.update(block)
    return raw.hexdigest() == digest or _root_digest(path) == digest


def _root_digest(path: str) -> Digest | None:
    """Work out the digest of a root object's file in bounded memory; None when it is none."""
    with open(path, "rb", buffering=0) as file:
        head = read_head(file.read(1024))
        if head is None:
            return None
        hasher = blake3(MAGIC + b"\0" + head.codec.encode() + b"\0")
        left = head.size
        file.seek(head.length)
        try:
            blocks = zstandard.ZstdDecompressor().read_to_iter(file, write_size=_BLOCK_BYTES)
            for block in blocks if head.is_compressed else iter(lambda: file.read(_BLOCK_BYTES), b""):
                left -= len(block)
                if left < 0:  # longer than it says: it need not be unpacked to its end
                    return None
                hasher.update(block)
        except zstandard.ZstdError:
            return None
    return hasher.hexdigest() if left == 0 else None


ROUTES = (
    Route("GET", "/remote/objects/{digest}/size", remote_object_size, needs="viewer"),
    Route("GET", "/remote/objects/{digest}", remote_read_object, needs="viewer"),
    Route(
        "PUT", "/remote/objects/{digest}", remote_put_object, needs="runner", body_bytes=_MOST_BYTES, is_audited=False
    ),
)
