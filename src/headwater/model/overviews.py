"""What the ledger tells of many runs or tasks at once, in few words each: sums, spans, changes."""

from typing import Literal

import msgspec

from headwater.model.artifact import Header, Ref
from headwater.model.ids import RunId, TaskKey
from headwater.model.rows import RunRow, RunStatus, TaskStatus


# `gc=False`: ten thousand of them at once make the collector walk through all else (80 ms in a large process).
class Seconds(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Where the time of an attempt, or of several together, went."""

    queue: float = 0.0
    environment: float = 0.0
    importing: float = 0.0
    input_load: float = 0.0
    compute: float = 0.0
    save: float = 0.0


class StepCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """The tasks of one step that have one status."""

    step: str
    status: TaskStatus
    count: int
    #: When the first of them started (its latest attempt).
    first_started_at: float
    #: When the last of them ended; None when none has.
    last_finished_at: float | None = None
    #: Sums over their latest attempts.
    seconds: Seconds = Seconds()
    #: How many stand for tasks of other runs.
    reused: int = 0


class TaskSpan(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One attempt of a task, as a timeline draws it."""

    label: int
    step: str
    key: TaskKey
    status: TaskStatus
    #: From 0. A task that was tried again has a span for each attempt.
    attempt: int
    #: When it became ready; 0 when that is not known.
    ready_at: float
    started_at: float
    finished_at: float | None = None
    seconds: Seconds = Seconds()
    #: The only task that it follows and inherits from; None for joins and the first step.
    parent: TaskKey | None = None
    #: It stands for a task of another run.
    is_reused: bool = False


class TaskUsage(msgspec.Struct, frozen=True, gc=False):
    """What a task's latest attempt used."""

    label: int
    step: str
    #: It stands for a task of another run, and used nothing.
    is_reused: bool
    #: From its start to its end, as its process saw them; None = that is not known.
    running_seconds: float | None
    #: Of the processor.
    cpu_seconds: float
    peak_memory_bytes: int


class FinishedRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run as a row of dots shows it."""

    label: int
    status: RunStatus
    started_at: float
    finished_at: float | None = None


class FlowRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A flow, as its runs left it; of those that may be told of."""

    flow: str
    #: All its runs.
    runs: int
    last: RunRow
    #: The last 20 that are finished, newest first.
    finished: tuple[FinishedRun, ...] = ()
    #: Projects of these and the last run, sorted; `""` = none.
    projects: tuple[str, ...] = ()

    @property
    def succeeded(self) -> int:
        """How many of the last finished ones succeeded."""
        return sum(run.status == "succeeded" for run in self.finished)


#: What flows are sorted by: their name, when the last run was started, how many runs there are.
FlowSort = Literal["flow", "last", "runs"]


class FlowQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which flows; by name, unless it says otherwise."""

    #: Part of the name, in upper or lower case.
    search: str = ""
    #: As in `RunQuery`.
    projects: tuple[str, ...] | None = None
    sort: FlowSort = "flow"
    is_ascending: bool = True
    limit: int = 100
    #: Of the page before; belongs to the same question, whatever its `limit` and `projects`.
    cursor: str | None = None


class RunFailure(msgspec.Struct, frozen=True):
    """Why a run failed: what its failed task raised."""

    step: str
    #: Of the task.
    label: int
    #: Class of the exception, and its message; empty = it left none.
    type: str
    message: str


#: What artifacts are sorted by; `run` is newest run and latest task first, when falling.
ArtifactSort = Literal["run", "name", "type", "size"]


class ArtifactQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which artifacts of all runs; newest run first, in a run the latest task first, unless it says otherwise.

    Among equals the newest comes first, ascending the oldest; a task's own go by name.
    """

    name: str | None = None
    #: Full name of the value's class.
    type: str | None = None
    flow: str | None = None
    run: RunId | None = None
    #: Part of the name or type, in upper or lower case.
    search: str = ""
    #: As in `RunQuery`.
    projects: tuple[str, ...] | None = None
    limit: int = 100
    #: Of the page before; belongs to the same question, whatever its `limit` and `projects`.
    cursor: str | None = None
    sort: ArtifactSort = "run"
    is_ascending: bool = False


class NamedArtifact(msgspec.Struct, frozen=True, omit_defaults=True):
    """An artifact that a task set, with where that was."""

    run: RunId
    flow: str
    #: The 17 of `Churn/17`.
    run_label: int
    project: str
    step: str
    #: The 4 of `Churn/17/train/4`.
    label: int
    key: TaskKey
    name: str
    ref: Ref
    #: When its task ended.
    at: float
    header: Header | None = None

    @property
    def path(self) -> str:
        """`Churn/17/train/4/model`."""
        return f"{self.flow}/{self.run_label}/{self.step}/{self.label}/{self.name}"


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that was written since; a run that was written many times since is one change, the latest."""

    #: Place in the one order of all changes; grows, with gaps.
    number: int
    #: `run`: its events, tags, note, driver or requests; the others are told once each.
    kind: Literal["run", "record", "published", "firing"]
    #: The run; that of a firing, or that which told the event, when there is one.
    run: RunId | None = None
    flow: str = ""
    label: int = 0
    #: Project of that run (`""` = none); None when there is no run, so that who asks must find out otherwise.
    project: str | None = None
    #: Run: number of its last event.
    event: int = 0
    #: Run: as in its row, without a look at who drives it.
    status: str = ""
    #: Record: which version of which.
    record_kind: str = ""
    record_key: str = ""
    record_version: int = 0
    #: Published event: number, name and scope.
    published: int = 0
    name: str = ""
    scope: str | None = None
    #: Firing: its key and target.
    firing: str = ""
    target: str = ""
