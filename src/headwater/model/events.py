"""Facts about a run, in the order in which they happened: the only thing that is stored about its course.

Stored as JSON with `kind` and `v`. A kind is never changed in place: a new version gets a new `v` and a
reader for the old.
"""

from typing import Literal, Union

import msgspec

from headwater.model.artifact import Ref
from headwater.model.graph import Graph
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Launch
from headwater.model.order import CodeSource
from headwater.model.outcome import ExitCause, TaskError, Transition, Usage
from headwater.model.production import Project

#: How a run ended.
RunEnd = Literal["succeeded", "failed", "cancelled"]

VERSION = 1

#: The event of a wide join names only so many of its parents.
PARENTS_IN_EVENT = 64


class RunStarted(msgspec.Struct, frozen=True, tag="run_started", tag_field="kind", omit_defaults=True):
    """The first event of every run."""

    #: Unix time in seconds, as in all events.
    at: float
    run: RunId
    flow: str
    #: The 17 of `Churn/17`; the ledger hands it out.
    label: int
    user: str
    host: str
    pid: int
    graph: Graph
    code: CodeSource
    seed: int
    #: Parameters and constants.
    parameters: dict[str, Ref] = {}
    tags: tuple[str, ...] = ()
    system_tags: tuple[str, ...] = ()
    namespace: str | None = None
    note: str = ""
    #: Path (`Churn/16`) of the run that it resumes.
    origin: str | None = None
    #: Packages of the interpreter that runs it: name -> version, and `python`.
    environment: dict[str, str] = {}
    #: Step -> object of its environment's lock; steps that declare no packages are not in it.
    environments: dict[str, Digest] = {}
    #: The command line that started it.
    command: tuple[str, ...] = ()
    #: `@project`; None = it belongs to none.
    project: Project | None = None
    #: It is a run of a deployment; None = a person started it.
    launch: Launch | None = None
    v: int = VERSION


class DriverChanged(msgspec.Struct, frozen=True, tag="driver_changed", tag_field="kind", omit_defaults=True):
    """Another driver took the run over; attempts that were running are lost and use up no retry."""

    at: float
    host: str
    pid: int
    epoch: int
    v: int = VERSION


class TaskStarted(msgspec.Struct, frozen=True, tag="task_started", tag_field="kind", omit_defaults=True):
    """An attempt goes out; written before the engine hears of it."""

    at: float
    key: TaskKey
    step: str
    label: int
    attempt: int
    #: When it became ready.
    ready_at: float = 0.0
    #: Tasks that it follows, in the order in which a join sees them; only the first `PARENTS_IN_EVENT`.
    parents: tuple[TaskKey, ...] = ()
    #: How many it follows in all.
    parent_count: int = 0
    #: It begins with all artifacts of its only parent (every task but joins and the first one).
    inherits: bool = False
    v: int = VERSION


class TaskSucceeded(msgspec.Struct, frozen=True, tag="task_succeeded", tag_field="kind", omit_defaults=True):
    """The commit of a task: it is finished and never runs again in this run."""

    at: float
    key: TaskKey
    attempt: int
    artifacts: dict[str, Ref] = {}
    transition: Transition = Transition()
    usage: Usage = Usage()
    reads: dict[str, Digest] = {}
    #: `@catch` let it pass: finished, not successful.
    is_caught: bool = False
    error: TaskError | None = None
    cause: ExitCause = "ok"
    summary: dict[str, float | int | str | bool | None] = {}
    v: int = VERSION


class TaskFailed(msgspec.Struct, frozen=True, tag="task_failed", tag_field="kind", omit_defaults=True):
    """An attempt failed."""

    at: float
    key: TaskKey
    attempt: int
    cause: ExitCause
    error: TaskError | None = None
    usage: Usage = Usage()
    #: When the next attempt may start; None = there is none.
    retry_at: float | None = None
    #: The next attempt only keeps the failure for `@catch`.
    is_next_a_catch: bool = False
    v: int = VERSION


class TaskReused(msgspec.Struct, frozen=True, tag="task_reused", tag_field="kind", omit_defaults=True):
    """A finished task of another run stands in for this one; holds all that its success held."""

    at: float
    key: TaskKey
    step: str
    label: int
    #: `Churn/16/train/4`, the task that really ran.
    origin: str
    artifacts: dict[str, Ref] = {}
    transition: Transition = Transition()
    reads: dict[str, Digest] = {}
    is_caught: bool = False
    summary: dict[str, float | int | str | bool | None] = {}
    #: Tasks that it follows, in the order in which a join sees them; only the first `PARENTS_IN_EVENT`.
    parents: tuple[TaskKey, ...] = ()
    #: How many it follows in all.
    parent_count: int = 0
    #: It begins with all artifacts of its only parent (every task but joins and the first one).
    inherits: bool = False
    v: int = VERSION


class CancelRequested(msgspec.Struct, frozen=True, tag="cancel_requested", tag_field="kind", omit_defaults=True):
    """Somebody asked to stop the run (a request that the driver folded in, or Ctrl-C)."""

    at: float
    user: str
    reason: str = ""
    v: int = VERSION


class CodeChanged(msgspec.Struct, frozen=True, tag="code_changed", tag_field="kind", omit_defaults=True):
    """A task loaded project files that differ from the tree saved at the start."""

    at: float
    key: TaskKey
    files: tuple[str, ...] = ()
    v: int = VERSION


class GateReached(msgspec.Struct, frozen=True, tag="gate_reached", tag_field="kind", omit_defaults=True):
    """A task is ready and may start only after somebody agreed (`@approval`)."""

    at: float
    key: TaskKey
    step: str
    #: Who may decide.
    role: str
    #: Unanswered until then counts as rejected; None = it waits for ever.
    expires_at: float | None = None
    v: int = VERSION


class GateDecided(msgspec.Struct, frozen=True, tag="gate_decided", tag_field="kind", omit_defaults=True):
    """The answer; a rejected task fails its run."""

    at: float
    key: TaskKey
    #: `unmet`: the step's `@promote_if` does not hold, so that nobody was asked.
    verdict: Literal["approved", "rejected", "expired", "unmet"]
    user: str = ""
    reason: str = ""
    v: int = VERSION


class RunFinished(msgspec.Struct, frozen=True, tag="run_finished", tag_field="kind", omit_defaults=True):
    """The last event of a run; nothing follows it."""

    at: float
    end: RunEnd
    #: The task that failed it.
    failed_key: TaskKey | None = None
    cause: ExitCause | None = None
    message: str = ""
    v: int = VERSION


Event = Union[
    RunStarted,
    DriverChanged,
    TaskStarted,
    TaskSucceeded,
    TaskFailed,
    TaskReused,
    CancelRequested,
    CodeChanged,
    GateReached,
    GateDecided,
    RunFinished,
]


class Cancel(msgspec.Struct, frozen=True, tag="cancel", tag_field="kind", omit_defaults=True):
    """Request: stop the run."""

    at: float
    user: str
    reason: str = ""
    v: int = VERSION


class Decide(msgspec.Struct, frozen=True, tag="decide", tag_field="kind", omit_defaults=True):
    """Request: approve or reject what waits at a gate."""

    at: float
    user: str
    #: Name of the step; all its waiting tasks are meant.
    step: str
    verdict: Literal["approved", "rejected"]
    reason: str = ""
    v: int = VERSION


Request = Union[Cancel, Decide]
