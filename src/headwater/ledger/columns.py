"""How a pointer to an artifact is kept in columns."""

from collections.abc import Sequence
from typing import Any

from headwater.model.artifact import Ref


def ref_of(columns: Sequence[Any]) -> Ref:
    """Build a Ref from the columns digest, codec, type, size, is_small, items, buffers."""
    digest, codec, kind, size, is_small, items, buffers = columns
    return Ref(digest.hex(), codec, kind, size, tuple(buffers.split()) if buffers else (), bool(is_small), items)
