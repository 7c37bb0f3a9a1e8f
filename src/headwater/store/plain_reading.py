"""Reads plain data, and nothing else: whatever an object claims to be, nobody's code runs."""

import msgspec

from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged
from headwater.store.artifacts import ArtifactStore
from headwater.store.payload import split_payload


def is_plain(ref: Ref) -> bool:
    """Tell whether an artifact says that it is plain data."""
    return ref.codec.startswith("json/")


def read_plain(artifacts: ArtifactStore, ref: Ref, small: bytes | None = None) -> object:
    """Give a value that is stored as JSON.

    What counts is what the object holds: one that is named as JSON and holds a pickle is refused.

    Raises:
        ArtifactMissing: an object of it is not there.
        ArtifactDamaged: its bytes do not hash to their digest, or are no plain data.
        FormatUnknown: a newer Headwater wrote it.
    """
    root = artifacts.read_root(ref, small)
    payload = split_payload(root.payload)
    if not root.codec.startswith("json/") or payload.entries:
        raise ArtifactDamaged(ref.digest, "the store", f"it holds {root.codec} where plain data was to be")
    try:
        return msgspec.json.decode(payload.in_band)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ArtifactDamaged(ref.digest, "the store", f"it is no JSON: {error}") from error
