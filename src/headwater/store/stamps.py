"""Stamps: which file held the right bytes when somebody last hashed them.

A stamp is the file's identity (device, inode, size and times). It is worth its name only as long as the file's
identity is the same; whatever writes to the file changes that, and the next reader hashes again. Losing a
stamp costs one hash. On disk it is a file of its own beside the object, `abcdef...ok`.
"""

import os
from typing import Protocol

from headwater.model.ids import Digest
from headwater.model.ports import Place
from headwater.store.keys import object_key
from headwater.store.place_disk import DiskPlace

#: Ends the name of a stamp's file.
SUFFIX = ".ok"
#: Objects smaller than this are hashed at every read: that costs less than a second file.
STAMP_FROM_BYTES = 1 << 20


class Stamps(Protocol):
    """Known-good identities by digest."""

    def known(self, digest: Digest) -> str | None:
        """Give the identity that was good; None when there is none."""

    def record(self, digest: Digest, identity: str) -> None:
        """Note that the file with this identity holds the right bytes."""


class DiskStamps:
    """Stamps beside the objects; a failure to write one is no failure."""

    def __init__(self, place: DiskPlace) -> None:
        self._place = place

    def known(self, digest: Digest) -> str | None:
        try:
            with open(self._path(digest), encoding="ascii", errors="replace") as file:
                return file.read(200)
        except OSError:
            return None

    def record(self, digest: Digest, identity: str) -> None:
        # In place and without flush: a torn stamp equals no identity, and then the object is hashed.
        try:
            descriptor = os.open(self._path(digest), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            os.write(descriptor, identity.encode())
        except OSError:
            return
        finally:
            os.close(descriptor)

    def _path(self, digest: Digest) -> str:
        return self._place.path(object_key(digest) + SUFFIX)


class MemoryStamps:
    """Stamps of one process."""

    def __init__(self) -> None:
        self._identities: dict[Digest, str] = {}

    def known(self, digest: Digest) -> str | None:
        return self._identities.get(digest)

    def record(self, digest: Digest, identity: str) -> None:
        self._identities[digest] = identity


def stamps_of(place: Place) -> Stamps:
    """Give the stamps that go with a place."""
    return DiskStamps(place) if isinstance(place, DiskPlace) else MemoryStamps()
