"""Records: nouns that are not part of a run, kept as a list of versions that nobody can change (compare-and-set)."""

import msgspec

from headwater.model.artifact import Ref
from headwater.model.ids import Digest


class Held(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something stored that a record holds: no sweep may take it while the record's latest version says so."""

    #: What holds it, for people: `Churn, deployment 3: code`.
    holder: str
    ref: Ref | None = None
    #: A tree of files.
    tree: Digest | None = None
    #: A raw object, such as an environment's lock or one of its wheels.
    object: Digest | None = None


class Record(msgspec.Struct, frozen=True):
    """One version of one noun."""

    #: `deployment`, `alias`, `backfill`, `alert`, ...
    kind: str
    #: Unique within its kind.
    key: str
    #: From 1; writing a version that is not exactly the next one is refused.
    version: int
    at: float
    #: JSON; the room that owns the kind says of what.
    body: msgspec.Raw
    #: The latest version's list counts; earlier ones hold nothing.
    holds: tuple[Held, ...] = ()
