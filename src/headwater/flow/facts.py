"""What one method of a flow reads and sets, as far as its source says."""

import msgspec


class Read(msgspec.Struct, frozen=True):
    """One place where an attribute is read that the method did not set before."""

    name: str
    file: str
    line: int
    #: Whenever the method runs to its end, this is read.
    is_certain: bool
    #: `merge_artifacts` stands before it.
    is_after_merge: bool = False


class InputRead(msgspec.Struct, frozen=True):
    """One place where a join reads an attribute of one of its inputs."""

    #: Name in `inputs.name`; None when it is reached by index or iteration.
    step: str | None
    name: str
    line: int
    is_certain: bool


class Merge(msgspec.Struct, frozen=True):
    """One call of `merge_artifacts`; None = not given, or not written as a list of texts."""

    include: tuple[str, ...] | None
    exclude: tuple[str, ...] | None


class Facts(msgspec.Struct):
    """What one method does."""

    reads: list[Read] = []
    input_reads: list[InputRead] = []
    #: All names read in whatever way, those set before and those with a default included.
    names: dict[str, None] = {}
    writes: dict[str, None] = {}
    merges: list[Merge] = []
    #: It may set attributes that its source does not name.
    is_open: bool = False
