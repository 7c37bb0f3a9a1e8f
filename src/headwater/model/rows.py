"""What the ledger answers to questions: one row a run, task, attempt or artifact, worked out from events alone."""

from typing import Generic, Literal, TypeVar, get_args

import msgspec

from headwater.model.artifact import Header, Ref
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Launch
from headwater.model.outcome import ExitCause, TaskError, Transition, Usage

#: Of a run that is not finished and whose lock nobody holds: `queued` if no driver ever had it, `waiting` if it is at a
#: gate, else `interrupted`; none of the three is stored.
RunStatus = Literal["queued", "running", "waiting", "interrupted", "succeeded", "failed", "cancelled"]
#: All of them, from the first to the last that a run may have.
STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)
#: `caught`: it failed, `@catch` let the run go on. `lost`: its driver died; the next driver starts it again.
TaskStatus = Literal["running", "retrying", "succeeded", "caught", "failed", "cancelled", "lost"]

Row = TypeVar("Row")


class RunRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run."""

    run: RunId
    flow: str
    label: int
    status: RunStatus
    user: str
    host: str
    started_at: float
    finished_at: float | None = None
    tags: tuple[str, ...] = ()
    system_tags: tuple[str, ...] = ()
    namespace: str | None = None
    note: str = ""
    #: Path of the run that it resumes.
    origin: str | None = None
    parameters: dict[str, Ref] = {}
    #: `current.metrics.summary(...)` of all its tasks, later ones first.
    metrics: dict[str, float | int | str | bool | None] = {}
    #: Number of tasks by status.
    task_counts: dict[str, int] = {}
    cause: ExitCause | None = None
    message: str = ""
    failed_key: TaskKey | None = None
    end_step: str = "end"
    #: It is a run of a deployment; None = a person started it.
    launch: Launch | None = None
    #: Steps at whose gates its tasks wait.
    gates: tuple[str, ...] = ()
    #: When the first of these gates expires.
    gate_expires_at: float | None = None
    #: Name of its flow's `@project`; empty = it has none.
    project: str = ""

    @property
    def path(self) -> str:
        """`Churn/17`."""
        return f"{self.flow}/{self.label}"


class TaskRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task, as its latest attempt left it."""

    run: RunId
    key: TaskKey
    step: str
    label: int
    #: Latest attempt, from 0.
    attempt: int
    status: TaskStatus
    started_at: float
    finished_at: float | None = None
    #: Task whose artifacts it inherits: the only one that it follows, None for joins and the first step.
    parent: TaskKey | None = None
    #: All tasks that it follows; for a join of more than 64 only the first 64 (ask `parents_of`).
    parents: tuple[TaskKey, ...] = ()
    #: `Churn/16/train/4` when it was reused.
    origin: str | None = None
    cause: ExitCause | None = None
    error: TaskError | None = None
    transition: Transition | None = None
    usage: Usage = Usage()
    reads: dict[str, Digest] = {}
    #: When the latest attempt became ready to start; 0 when that is not known (it was reused).
    ready_at: float = 0.0


class AttemptRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt of a task."""

    run: RunId
    key: TaskKey
    attempt: int
    status: TaskStatus
    started_at: float
    finished_at: float | None = None
    cause: ExitCause | None = None
    error: TaskError | None = None
    usage: Usage = Usage()


class ArtifactRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """An artifact that a task set itself."""

    run: RunId
    key: TaskKey
    name: str
    ref: Ref
    header: Header | None = None


class Reference(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something stored that a run or a record holds on to: reachable, so that no sweep may take it."""

    #: Empty when a record holds it.
    run: RunId
    #: What holds it, as people type it: `Churn/17/train/4/model`, `Churn/17/_parameters/alpha`, `Churn/17/_code`.
    path: str
    #: The artifact; None for a tree of files.
    ref: Ref | None = None
    #: The tree; None for an artifact.
    tree: Digest | None = None
    #: A raw object that is neither (the lock of an environment).
    object: Digest | None = None


#: What firings are sorted by; `at` is the order in which they were decided.
FiringSort = Literal["at", "slot", "target", "source", "verdict"]
#: What was done about a slot, an event or a request to run.
FiringVerdict = Literal["started", "skipped", "missed", "refused"]


class FiringQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which firings; newest decision first, unless it says otherwise. Those without a slot sort behind all others."""

    target: str | None = None
    source: str | None = None
    #: Slots from this one on.
    since: float | None = None
    limit: int = 100
    #: Of the page before; belongs to the same question, whatever its `limit` and `targets`.
    cursor: str | None = None
    #: Slots before this one.
    until: float | None = None
    #: One of these; none = any.
    verdicts: tuple[FiringVerdict, ...] = ()
    #: Part of the target, source, reason or run, in upper or lower case.
    search: str = ""
    #: Targets that may be told of; None = all of them.
    targets: tuple[str, ...] | None = None
    sort: FiringSort = "at"
    is_ascending: bool = False


#: What published events are sorted by; `at` is the order in which they came.
PublishedSort = Literal["at", "name", "source"]


class PublishedQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which published events; newest first, unless it says otherwise."""

    name: str | None = None
    source: str | None = None
    #: Part of the name, source, run or id, in upper or lower case.
    search: str = ""
    since: float | None = None
    until: float | None = None
    #: Projects whose events may be told of, those that are heard everywhere aside; None = all of them.
    projects: tuple[str, ...] | None = None
    sort: PublishedSort = "at"
    is_ascending: bool = False
    limit: int = 100
    #: Of the page before; belongs to the same question, whatever its `limit` and `projects`.
    cursor: str | None = None


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """A bounded part of a list."""

    rows: tuple[Row, ...]
    #: Give it back to get the next part; None at the end.
    cursor: str | None = None


class MetricCondition(msgspec.Struct, frozen=True):
    """What a summary metric of a run must be; a run without the metric does not match.

    Numbers are compared with numbers only, texts with texts; truth values know `=` alone.
    """

    name: str
    op: Literal["=", "<", "<=", ">", ">="]
    value: float | int | str | bool


#: What runs are sorted by; `metric` and `parameter` are those that `sort_metric` and `sort_parameter` name. `started`
#: is the order of their numbers.
RunSort = Literal[
    "started", "finished", "duration", "flow", "user", "status", "project", "host", "note", "metric", "parameter"
]


class RunQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which runs; newest first, unless it says otherwise.

    What is not finished counts as finished later, and as having taken longer, than anything that is. Runs without the
    metric or parameter that is sorted by come last in both directions. Among equals the newest comes first, ascending
    the oldest.
    """

    flow: str | None = None
    status: RunStatus | None = None
    user: str | None = None
    #: All of them must be on the run (user or system tags).
    tags: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    #: Runs of the deployments that this alias named.
    target: str | None = None
    #: Name -> the digest that the parameter's artifact must have.
    parameters: dict[str, Digest] = {}
    limit: int = 100
    #: Of the page before; belongs to the same question, whatever its `limit` and `projects`.
    cursor: str | None = None
    #: Projects whose runs may be told of, exactly as named (`""`: runs without one); None = all of them.
    projects: tuple[str, ...] | None = None
    #: One of these; none = any.
    statuses: tuple[RunStatus, ...] = ()
    #: Part of the path (`Churn/17`), the user, the note or a user's tag, in upper or lower case.
    search: str = ""
    #: All of them must hold.
    metrics: tuple[MetricCondition, ...] = ()
    #: Name -> the parameter's value as its preview shows it (`0.5`, `red`, `True`).
    parameter_text: dict[str, str] = {}
    sort: RunSort = "started"
    #: Metric to sort by, when `sort` is `metric`.
    sort_metric: str = ""
    is_ascending: bool = False
    #: Parameter to sort by, when `sort` is `parameter`: as its preview shows it, numbers by their size before words.
    sort_parameter: str = ""


#: What tasks are sorted by: `label` is the order in which they first started; `waited` the time from being ready to
#: the start; `error` the class and message of the exception.
TaskSort = Literal[
    "label", "step", "status", "started", "finished", "waited", "duration", "cpu", "peak_memory", "attempts", "error"
]


class TaskQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which tasks of one run; in label order, unless it says otherwise.

    What runs counts as longer, and as ended later, than what ended. Tasks without an error, or of which it is not known
    how long they waited, come last in both directions.
    """

    run: RunId
    step: str | None = None
    status: TaskStatus | None = None
    #: Tasks that follow directly on this one.
    follows: TaskKey | None = None
    keys: tuple[TaskKey, ...] = ()
    label: int | None = None
    limit: int = 1000
    #: Of the page before; belongs to the same question, whatever its `limit`.
    cursor: str | None = None
    #: One of these; none = any.
    statuses: tuple[TaskStatus, ...] = ()
    #: Part of `train/4`, of the key, or of the error's type and message, in upper or lower case.
    search: str = ""
    sort: TaskSort = "label"
    is_ascending: bool = True
