"""The documents that an `@executable` step's program reads and writes; `docs/executable-steps.md` explains them."""

import msgspec

#: Version of both documents.
VERSION = 1


class Inline(msgspec.Struct, frozen=True, tag="json", tag_field="kind"):
    """A value that JSON holds exactly."""

    value: object


class ArrowFile(msgspec.Struct, frozen=True, tag="arrow", tag_field="kind", omit_defaults=True):
    """A data frame or table, as a file in the Arrow IPC format."""

    #: Absolute in an order; in an outcome also relative to the folder.
    path: str
    rows: int | None = None
    #: (column, type) pairs.
    columns: tuple[tuple[str, str], ...] = ()
    #: Outcome: pandas, polars or arrow; empty = pandas where it is installed, else arrow.
    load_as: str = msgspec.field(default="", name="as")


class RawFile(msgspec.Struct, frozen=True, tag="file", tag_field="kind"):
    """Bytes, as a file."""

    path: str


class Opaque(msgspec.Struct, frozen=True, tag="opaque", tag_field="kind"):
    """A value that only Python can read."""

    #: Full name of its class.
    type: str


class ProgramInput(msgspec.Struct, frozen=True):
    """Order of a join: one of the tasks that it follows."""

    step: str
    label: int
    #: Index of its item in the foreach that the join closes; null for a branch.
    index: int | None
    artifacts: dict[str, Inline | ArrowFile | RawFile | Opaque]


class WayOn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Order: how the step goes on, as its source says."""

    #: linear, split, foreach, parallel, switch, end.
    kind: str
    targets: tuple[str, ...] = ()
    #: foreach: the artifact with the items; switch: the artifact that picks the case.
    attribute: str | None = None
    #: switch: the values that there are.
    cases: tuple[object, ...] = ()


class ProgramOrder(msgspec.Struct, frozen=True, tag="executable_order", tag_field="kind"):
    """What the program is told."""

    flow: str
    #: `Scores/17`
    run: str
    step: str
    #: `Scores/17/score/4`
    task: str
    attempt: int
    seed: int
    #: Index of the innermost foreach's item; null outside of one.
    index: int | None
    #: That item.
    input: Inline | ArrowFile | RawFile | Opaque
    parameters: dict[str, Inline | ArrowFile | RawFile | Opaque]
    #: What the step inherits; empty for a join.
    artifacts: dict[str, Inline | ArrowFile | RawFile | Opaque]
    #: Join: the tasks that it follows.
    inputs: list[ProgramInput]
    next: WayOn
    #: A folder for the program's files, removed when the step is over.
    folder: str
    #: Where the outcome is to be written.
    outcome: str
    v: int = VERSION


class ProgramOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the program answers."""

    v: int
    #: Artifacts to keep, by name.
    artifacts: dict[str, Inline | ArrowFile | RawFile] = {}
    #: switch: the value that picks the case; not needed when the artifact that the step names is set.
    next: str | int | float | bool | None = None
    #: Figures for the run's summary.
    summary: dict[str, float | int | str | bool | None] = {}
