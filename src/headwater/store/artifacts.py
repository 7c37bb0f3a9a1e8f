"""Artifacts: values kept under a digest, loaded as private copy-on-write maps, not written when unchanged."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from headwater.model.artifact import SMALL_BYTES, SMALL_BYTES_PER_ATTEMPT, Header, Ref
from headwater.model.errors import ArtifactNotStorable, DiskFull, HeadwaterError
from headwater.model.ids import Digest
from headwater.model.ports import Buffer, Place
from headwater.store.clean_pages import CleanPages
from headwater.store.codecs.encoded import Encoded, Naming
from headwater.store.codecs.registry import PICKLE, decode, encode
from headwater.store.framing import Root, frame, hash_bytes, root_digest, unframe
from headwater.store.item_format import ITEMS_CODEC, ItemsWriter, count_items, encode_all, read_item
from headwater.store.not_storable import explain
from headwater.store.objects import Blob, ObjectStore
from headwater.store.payload import BufferEntry, join_payload, split_payload
from headwater.store.preview import describe, describe_items, type_name

#: Buffers from this size on are objects of their own.
BUFFER_OBJECT_FROM_BYTES = 1 << 20
#: Copies that wait for the common flush are written when they have grown to this.
_PENDING_BYTES = 128 << 20

#: Gives payloads of small artifacts by digest; those that it does not know are left out.
SmallReader = Callable[[Sequence[Digest]], Mapping[Digest, bytes]]


class Saved(msgspec.Struct, frozen=True):
    """A value that was saved: durable, except for `small`, which goes into the ledger's commit."""

    ref: Ref
    #: None when the value is unchanged: its header is known already.
    header: Header | None
    #: The root object, when it is small: the caller keeps it, nothing of it was written.
    small: bytes | None = None
    #: The value is the one that was loaded; nothing was written and `ref` is the old one.
    is_unchanged: bool = False


class ArtifactStore:
    """Saves and loads values.

    `small` reads payloads that the ledger keeps; `main_module` is the canonical name of what runs as `__main__`.
    """

    def __init__(
        self, place: Place | ObjectStore, small: SmallReader | None = None, *, main_module: str | None = None
    ) -> None:
        self.objects = place if isinstance(place, ObjectStore) else ObjectStore(place)
        self._small = small
        self._naming = Naming(main_module)
        self._pages = CleanPages()

    def save(self, name: str, value: object, *, before: Ref | None = None, may_be_small: bool = True) -> Saved:
        """Save one value; see `save_many`."""
        budget = SMALL_BYTES_PER_ATTEMPT if may_be_small else 0
        return self.save_many({name: value}, before={name: before} if before else {}, small_budget=budget)[name]

    def save_many(
        self,
        values: Mapping[str, object],
        *,
        before: Mapping[str, Ref] | None = None,
        small_budget: int = SMALL_BYTES_PER_ATTEMPT,
    ) -> dict[str, Saved]:
        """Save values by name, all durable on return, with the flushes shared.

        `before` says which artifact a name's value was loaded as: if it was only read, nothing is written.
        `small_budget` is how many bytes may be handed back in `Saved.small` together.

        Raises:
            ArtifactNotStorable: names attribute and path; nothing is to be relied upon then.
            DiskFull: names path, needed and free.
        """
        batch = _Batch(self.objects, small_budget)
        known = before or {}
        saved = {name: self._save(name, value, known.get(name), batch) for name, value in values.items()}
        batch.flush()
        return saved

    def save_items(self, name: str, items: Iterable[object], *, may_be_small: bool = True) -> Saved:
        """Save the items of a foreach as one artifact of which each item can be read alone.

        Goes through the items once; memory is bounded by their in-band bytes and one pack of large buffers.

        Raises:
            ArtifactNotStorable: names attribute and item.
            DiskFull: names path, needed and free.
        """
        first, payload, ref = self._encode_items(name, items, self.objects.put_raw)
        batch = _Batch(self.objects, SMALL_BYTES_PER_ATTEMPT if may_be_small else 0)
        # Plain, so that each of a thousand children reads only its own item: decompressing 1,000 numbers in each
        # cost them 2.8 ms for the import of zstandard and a quarter of their page faults.
        saved = batch.add_root(ref, payload, may_compress=False)
        batch.flush()
        return Saved(saved[0], describe_items(first, ref.items or 0), saved[1])

    def load(self, ref: Ref, small: bytes | None = None) -> object:
        """Give the value; it is the caller's own: changing it does not touch the store.

        `small` is the payload of a small artifact, when the caller has it.

        Raises:
            ArtifactMissing: an object of it is not there.
            ArtifactDamaged: bytes do not hash to their digest.
            FormatUnknown: a newer Headwater wrote it.
        """
        root = self.read_root(ref, small)
        if root.codec == ITEMS_CODEC:
            return [self._item(root, index) for index in range(count_items(root.payload))]
        payload = split_payload(root.payload)
        buffers = [
            memoryview(payload.buffer_inside(index)) if entry.digest is None else self._map(entry.digest)
            for index, entry in enumerate(payload.entries)
        ]
        return _decode(ref, root.codec, payload.in_band, buffers)

    def load_item(self, ref: Ref, index: int, small: bytes | None = None) -> object:
        """Give one item of an indexed artifact, without reading the others.

        Raises:
            IndexError: there is no such item.
            ArtifactMissing, ArtifactDamaged, FormatUnknown: as `load`.
        """
        return self._item(self.read_root(ref, small), index)

    def read_root(self, ref: Ref, small: bytes | None = None) -> Root:
        """Give the verified root object, from wherever it is kept."""
        if small is None and ref.is_small and self._small is not None:
            small = self._small([ref.digest]).get(ref.digest)
        if small is not None:
            return unframe(ref.digest, memoryview(small), "the ledger's small objects")
        return self.objects.read_root(ref.digest)

    def digest_of(self, name: str, value: object) -> Digest:
        """Give the digest that a value would be saved under; nothing is written.

        Raises:
            ArtifactNotStorable: names attribute and path.
        """
        encoded = self._encode(name, value)
        buffers = [(self._entry(view), view) for view in encoded.buffers]
        return root_digest(encoded.codec, join_payload(encoded.in_band, buffers))

    def _save(self, name: str, value: object, before: Ref | None, batch: "_Batch") -> Saved:
        encoded = self._encode(name, value)
        buffers = [(self._entry(view), view) for view in encoded.buffers]
        payload = join_payload(encoded.in_band, buffers)
        digest = root_digest(encoded.codec, payload)
        if before is not None and self._is_same(before, value, digest):
            return Saved(before, None, is_unchanged=True)
        outside = [(entry, view) for entry, view in buffers if entry.digest is not None]
        size = sum(memoryview(part).nbytes for part in payload) + sum(entry.size for entry, _ in outside)
        ref = Ref(
            digest=digest,
            codec=encoded.codec,
            type=self._naming.canonical(type_name(value)),
            size=size,
            buffers=tuple(dict.fromkeys(entry.digest for entry, _ in outside if entry.digest is not None)),
        )
        for entry, view in outside:
            if entry.digest is not None and not self._is_kept(entry.digest, view):
                batch.add(Blob(entry.digest, [view], is_root=False), 0)
        ref, small = batch.add_root(ref, payload)
        return Saved(ref, describe(value), small)

    def _encode(self, name: str, value: object, path: str = "") -> Encoded:
        try:
            return encode(value, self._naming)
        except (MemoryError, DiskFull):
            raise
        except ArtifactNotStorable:
            raise
        except Exception as error:  # the user's own reduction may raise anything
            refused = explain(name, value, error, lambda part: encode(part, self._naming))
            raise ArtifactNotStorable(name, path + refused.path, refused.reason, hint=refused.hint) from error

    def _entry(self, view: memoryview) -> BufferEntry:
        if view.nbytes < BUFFER_OBJECT_FROM_BYTES:
            return BufferEntry(view.nbytes, None)
        return BufferEntry(view.nbytes, self._pages.digest_of(view) or hash_bytes(view))

    def _is_kept(self, digest: Digest, view: memoryview) -> bool:
        """Tell whether the buffer is a map of an object that is still there."""
        return self._pages.is_known(view, digest) and self.objects.is_there(digest)

    def _encode_items(
        self, name: str, items: Iterable[object], store_pack: Callable[[Sequence[Buffer]], Digest]
    ) -> tuple[list[object], list[Buffer], Ref]:
        """Give the first few items, the payload of all and its reference."""
        writer = ItemsWriter(store_pack)
        first = encode_all(items, lambda index, item: self._encode(name, item, f"[{index}]"), writer)
        payload, packs = writer.finish()
        ref = Ref(
            digest=root_digest(ITEMS_CODEC, payload),
            codec=ITEMS_CODEC,
            type="list",
            size=sum(memoryview(part).nbytes for part in payload) + writer.packed_bytes,
            buffers=packs,
            items=count_items(memoryview(payload[0])),
        )
        return first, payload, ref

    def _is_same(self, before: Ref, value: object, digest: Digest) -> bool:
        """Tell whether the value is what was loaded."""
        if before.items is None:
            return digest == before.digest or self._is_round_trip(before, digest)
        # Saved item by item, it comes back as a list.
        if type(value) is not list or len(value) != before.items:
            return False
        return self._encode_items("", value, lambda parts: hash_bytes(*parts))[2].digest == before.digest

    def _is_round_trip(self, before: Ref, digest: Digest) -> bool:
        """Tell whether the value is what was loaded, although its stream differs from the stored one.

        Some estimators and mixed frames pickle differently after they were loaded, and from then on stably: load the
        stored one again, pickle that, and compare. Its large buffers are mapped and known, so they cost nothing.
        """
        if before.codec != PICKLE:
            return False
        try:
            again = encode(self.load(before), self._naming)
        except HeadwaterError:
            return False
        payload = join_payload(again.in_band, [(self._entry(view), view) for view in again.buffers])
        return root_digest(again.codec, payload) == digest

    def _item(self, root: Root, index: int) -> object:
        record = read_item(root.payload, index, self._map)
        return decode(record.codec, record.in_band, record.buffers)

    def _map(self, digest: Digest) -> memoryview:
        view = self.objects.map_raw(digest)
        self._pages.add(view, digest)
        return view


class _Batch:
    """Objects of one attempt, written together; small roots are handed back instead."""

    def __init__(self, objects: ObjectStore, small_budget: int) -> None:
        self._objects = objects
        self._small_left = small_budget
        self._pending: list[Blob] = []
        self._pending_bytes = 0

    def add_root(self, ref: Ref, payload: Sequence[Buffer], *, may_compress: bool = True) -> tuple[Ref, bytes | None]:
        """Take a root object; gives its reference, and its bytes when they are small enough to ride along."""
        parts = frame(ref.codec, payload, may_compress=may_compress)
        size = sum(memoryview(part).nbytes for part in parts)
        if size <= SMALL_BYTES and size <= self._small_left:
            self._small_left -= size
            return msgspec.structs.replace(ref, is_small=True), b"".join(parts)
        self.add(Blob(ref.digest, parts, is_root=True), size)
        return ref, None

    def add(self, blob: Blob, copied_bytes: int) -> None:
        """Take an object; `copied_bytes` is the memory that waiting for the flush costs."""
        self._pending.append(blob)
        self._pending_bytes += copied_bytes
        if self._pending_bytes >= _PENDING_BYTES:
            self.flush()

    def flush(self) -> None:
        """Make all durable."""
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        if pending:
            self._objects.put_many(pending)


def _decode(ref: Ref, codec: str, in_band: memoryview, buffers: list[memoryview]) -> object:
    try:
        return decode(codec, in_band, buffers)
    except HeadwaterError:
        raise
    except Exception as error:
        error.add_note(f"while loading an artifact of type {ref.type} ({ref.codec}, digest {ref.digest})")
        raise
