"""Content-addressed objects in a place: verified when read, written once, healed when written again."""

from collections.abc import Sequence

import msgspec

from headwater.model.errors import ArtifactDamaged, ArtifactMissing, FormatUnknown
from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest
from headwater.model.ports import Buffer, Place, Stat
from headwater.store.framing import Root, hash_bytes, unframe
from headwater.store.keys import object_key
from headwater.store.place_disk import DiskPlace
from headwater.store.stamps import STAMP_FROM_BYTES, Stamps, stamps_of


class Blob(msgspec.Struct, frozen=True):
    """An object to be written."""

    digest: Digest
    #: Its file, in parts.
    parts: Sequence[Buffer]
    #: False: a raw buffer, whose file is its bytes.
    is_root: bool


class ObjectStore:
    """Objects by digest; knows their file formats and nothing of the values in them."""

    def __init__(self, place: Place, stamps: Stamps | None = None) -> None:
        self.place = place
        self._stamps = stamps if stamps is not None else stamps_of(place)

    def put_many(self, blobs: Sequence[Blob]) -> None:
        """Make objects durable; those that are there and good are only touched, a damaged one is replaced.

        Raises:
            DiskFull: nothing of what was not there before is relied upon.
        """
        missing = {blob.digest: blob for blob in blobs if not self._keep(blob)}
        if not missing:
            return
        self.place.put_many((object_key(blob.digest), blob.parts) for blob in missing.values())
        failpoint("store.before_stamp")
        for blob in missing.values():
            self._stamp(blob.digest)

    def put_raw(self, parts: Sequence[Buffer]) -> Digest:
        """Store bytes as an object of their own and give its digest."""
        digest = hash_bytes(*parts)
        self.put_many([Blob(digest, parts, is_root=False)])
        return digest

    def read_root(self, digest: Digest) -> Root:
        """Open a root object, verified.

        Raises:
            ArtifactMissing: it is not there.
            ArtifactDamaged: its bytes do not hash to its digest.
            FormatUnknown: a newer Headwater wrote it.
        """
        found, stored = self._open(digest, is_mapped=False)
        is_trusted = self._is_stamped(digest, found)
        root = unframe(digest, stored, self._where(digest), is_trusted=is_trusted)
        if not is_trusted:
            self._stamp(digest, found)
        return root

    def map_raw(self, digest: Digest) -> memoryview:
        """Give a buffer as a private copy-on-write view, verified; changing it does not touch the store.

        Raises:
            ArtifactMissing: it is not there.
            ArtifactDamaged: its bytes do not hash to its digest.
        """
        found, stored = self._open(digest, is_mapped=True)
        if not self._is_stamped(digest, found):
            self._check_raw(digest, stored)
            self._stamp(digest, found)
        return stored

    def open_unverified(self, digest: Digest) -> Root:
        """Open a root object without hashing it, to look at its sizes; raises as `read_root` as far as it looks."""
        _, stored = self._open(digest, is_mapped=False)
        return unframe(digest, stored, self._where(digest), is_trusted=True)

    def is_there(self, digest: Digest) -> bool:
        """Tell whether a file is there; says nothing of its bytes."""
        return self.place.stat(object_key(digest)) is not None

    def renew(self, digest: Digest) -> bool:
        """Make an object as new as if it had been written now; False when it is not there. Does not hash it."""
        key = object_key(digest)
        found = self.place.stat(key)
        if found is None:
            return False
        is_good = self._is_stamped(digest, found)
        self.place.touch(key)
        failpoint("store.after_touch")
        touched = self.place.stat(key)
        if touched is None:  # a sweep was faster
            return False
        if is_good:
            self._stamp(digest, touched)
        return True

    def verify(self, digest: Digest, *, is_root: bool) -> None:
        """Hash an object whatever its stamp says.

        Raises:
            ArtifactMissing: it is not there.
            ArtifactDamaged: its bytes do not hash to its digest.
            FormatUnknown: a newer Headwater wrote it.
        """
        found, stored = self._open(digest, is_mapped=False)
        if is_root:
            unframe(digest, stored, self._where(digest))
        else:
            self._check_raw(digest, stored)
        self._stamp(digest, found)

    def note_good(self, digest: Digest) -> None:
        """Note that the file that lies there now was hashed by whoever put it there, and is good."""
        self._stamp(digest)

    def _keep(self, blob: Blob) -> bool:
        """Keep what is there, if it is good, and make it as new as if it had been written now."""
        found = self.place.stat(object_key(blob.digest))
        if found is None:
            return False
        if not self._is_stamped(blob.digest, found):
            try:
                self.verify(blob.digest, is_root=blob.is_root)
            except (ArtifactMissing, ArtifactDamaged, FormatUnknown):
                return False
        return self.renew(blob.digest)

    def _open(self, digest: Digest, *, is_mapped: bool) -> tuple[Stat, memoryview]:
        key = object_key(digest)
        found = self.place.stat(key)
        if found is None and isinstance(self.place, DiskPlace) and self.place.bring(key):
            found = self.place.stat(key)
        if found is None:
            raise ArtifactMissing(digest)
        try:
            if is_mapped or found.size >= STAMP_FROM_BYTES:
                return found, self.place.map(key)
            return found, memoryview(self.place.get(key))
        except KeyError as error:
            raise ArtifactMissing(digest) from error

    def _check_raw(self, digest: Digest, stored: memoryview) -> None:
        actual = hash_bytes(stored)
        if actual != digest:
            raise ArtifactDamaged(digest, self._where(digest), f"its {stored.nbytes} bytes hash to {actual}")

    def _is_stamped(self, digest: Digest, found: Stat) -> bool:
        return found.size >= STAMP_FROM_BYTES and self._stamps.known(digest) == found.identity

    def _stamp(self, digest: Digest, found: Stat | None = None) -> None:
        """Note that the file is good; `found` is its state from before it was hashed."""
        state = found or self.place.stat(object_key(digest))
        if state is not None and state.size >= STAMP_FROM_BYTES:
            self._stamps.record(digest, state.identity)

    def _where(self, digest: Digest) -> str:
        key = object_key(digest)
        path = getattr(self.place, "path", None)
        return str(path(key)) if path else key
