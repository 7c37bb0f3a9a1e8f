"""What pages show of values: plain data cut to size, never anything that would have to be loaded."""

from collections.abc import Mapping, Sequence

import msgspec

from headwater.home import Home
from headwater.model.artifact import SMALL_BYTES, Header, Ref
from headwater.model.errors import ArtifactDamaged, ArtifactMissing, FormatUnknown
from headwater.model.ids import Digest
from headwater.store.plain_reading import is_plain, read_plain
from headwater.store.preview_text import clean, tree

#: Bytes of JSON up to which a preview stands in a list.
LIST_PREVIEW_BYTES = 2048
#: Columns of a table that a list names.
_MOST_COLUMNS = 50


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value as a list shows it."""

    digest: Digest
    #: Full name of its class.
    type: str
    #: Bytes of the uncompressed payload.
    size: int
    #: How `preview` is to be shown: text, json, table, histogram, image, model, html.
    kind: str = "text"
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    #: (column, type) pairs of a frame or table.
    schema: tuple[tuple[str, str], ...] = ()
    preview: object = None
    #: The preview, or some columns, are too long for a list; the artifact's own page has them.
    is_cut: bool = False


def shown(ref: Ref, header: Header | None) -> Shown:
    """Give what a list shows of an artifact."""
    known = header or Header()
    fits = len(msgspec.json.encode(known.preview)) <= LIST_PREVIEW_BYTES
    return Shown(
        ref.digest,
        ref.type,
        ref.size,
        known.kind,
        known.shape,
        known.dtype,
        known.schema[:_MOST_COLUMNS],
        known.preview if fits else None,
        is_cut=not fits or len(known.schema) > _MOST_COLUMNS,
    )


def parameter_values(home: Home, many: Sequence[Mapping[str, Ref]]) -> list[dict[str, object]]:
    """Give the values of the parameters of many runs, cut to size; `<package.Class>` for what is not plain data."""
    small_refs = {ref.digest: ref for refs in many for ref in refs.values() if ref.is_small and is_plain(ref)}
    payloads = home.ledger.small(list(small_refs))
    values = {digest: _value(home, ref, payloads.get(digest)) for digest, ref in small_refs.items()}
    return [{name: _shown_value(home, ref, values) for name, ref in refs.items()} for refs in many]


def cut(value: object) -> object:
    """Cut plain data to the size of a preview."""
    return clean(value) if isinstance(value, str) else tree(value)


def _shown_value(home: Home, ref: Ref, values: Mapping[Digest, object]) -> object:
    if ref.digest in values:
        return values[ref.digest]
    if is_plain(ref) and ref.size <= SMALL_BYTES:
        return _value(home, ref, None)
    return f"<{ref.type}>"


def _value(home: Home, ref: Ref, small: bytes | None) -> object:
    try:
        return cut(read_plain(home.artifacts, ref, small))
    except ArtifactMissing:
        return f"<missing object {ref.digest}>"
    except (ArtifactDamaged, FormatUnknown):
        return f"<damaged object {ref.digest}>"
