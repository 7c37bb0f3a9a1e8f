"""What is known of an artifact without opening it."""

import msgspec

from headwater.model.ids import Digest

#: Values up to this many payload bytes ride in the outcome and become rows of the ledger's database ...
SMALL_BYTES = 4096
#: ... up to this many in one attempt; the rest become objects of the store.
SMALL_BYTES_PER_ATTEMPT = 65536


class Ref(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points to a stored artifact; enough to load it, to collect garbage and to list it."""

    #: BLAKE3 of codec, codec version and uncompressed payload; also the key of its root object.
    digest: Digest
    #: Codec and version, e.g. `pickle/1`, `numpy/1`, `json/1`.
    codec: str
    #: Full name of the value's class, `int`, `numpy.ndarray`, `pandas.DataFrame`.
    type: str
    #: Bytes of the uncompressed payload, buffers included.
    size: int
    #: Objects that hold its out-of-band buffers.
    buffers: tuple[Digest, ...] = ()
    #: The root object is a row of the ledger's database.
    is_small: bool = False
    #: Number of items when the artifact was saved as an indexed foreach, each an item that can be read alone.
    items: int | None = None


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a listing or a page shows of an artifact; computed in the task, never executable."""

    #: Dimensions of an array or frame.
    shape: tuple[int, ...] | None = None
    #: Array element type.
    dtype: str | None = None
    #: (column, type) pairs of a frame or table.
    schema: tuple[tuple[str, str], ...] = ()
    #: How `preview` is to be shown: text, json, table, histogram, image, model, html.
    kind: str = "text"
    #: A short excerpt: text for `text`/`model`; for the others JSON-able data as documented in docs/formats.md.
    preview: object = None
