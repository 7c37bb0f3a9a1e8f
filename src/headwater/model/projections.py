"""What each event changes in the rows that answer questions (`rows.py`); pure, so that a replay gives the same rows.

A ledger keeps a `Course` per run that it writes, gives it every event in order, and writes the `Changes` in the
transaction that stores the events.
"""

import msgspec

from headwater.model.artifact import Ref
from headwater.model.events import (
    DriverChanged,
    Event,
    GateDecided,
    GateReached,
    RunEnd,
    RunFinished,
    TaskFailed,
    TaskReused,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.ids import Digest, TaskKey
from headwater.model.outcome import ExitCause, TaskError, Transition, Usage
from headwater.model.rows import TaskStatus

Metric = float | int | str | bool | None


class OpenTask(msgspec.Struct):
    """A task that has started and may still change."""

    label: int
    attempt: int
    status: TaskStatus


class OpenGate(msgspec.Struct, frozen=True, omit_defaults=True):
    """A gate at which a task waits."""

    step: str
    expires_at: float | None = None


class Course(msgspec.Struct):
    """What must be known of a run's past to project its next event; `project` changes it in place."""

    #: Tasks that have started and not finished.
    open_tasks: dict[TaskKey, OpenTask] = {}
    #: Number of tasks by status.
    task_counts: dict[str, int] = {}
    #: Summary metrics; a later task's value replaces an earlier one's.
    metrics: dict[str, Metric] = {}
    #: Tasks that wait at a gate, in the order in which they came there.
    gates: dict[TaskKey, OpenGate] = {}


class NewTask(msgspec.Struct, frozen=True):
    """A row for a task that was not there: it started, or was reused (then it is finished at once)."""

    label: int
    key: TaskKey
    step: str
    attempt: int
    status: TaskStatus
    started_at: float
    finished_at: float | None
    #: Whose artifacts it inherits.
    parent: TaskKey | None
    parents: tuple[TaskKey, ...]
    parent_count: int
    origin: str | None = None
    cause: ExitCause | None = None
    transition: Transition | None = None
    reads: dict[str, Digest] = {}
    ready_at: float = 0.0


class Restart(msgspec.Struct, frozen=True):
    """The next attempt of a task; what is known of the one before is kept."""

    label: int
    attempt: int
    started_at: float
    ready_at: float = 0.0


class TaskEnd(msgspec.Struct, frozen=True):
    """The end of an attempt."""

    label: int
    status: TaskStatus
    finished_at: float
    cause: ExitCause
    error: TaskError | None
    usage: Usage
    transition: Transition | None = None
    reads: dict[str, Digest] = {}


class RunConclusion(msgspec.Struct, frozen=True):
    """The end of the run."""

    end: RunEnd
    finished_at: float
    failed_key: TaskKey | None
    cause: ExitCause | None
    message: str


class Changes(msgspec.Struct):
    """Changes to rows, to be made in the order of the fields; no two lists disagree about one task."""

    #: (label, new status) of tasks whose attempt came to nothing: their driver is gone, or the run is over.
    statuses: list[tuple[int, TaskStatus]] = []
    new_tasks: list[NewTask] = []
    restarts: list[Restart] = []
    ends: list[TaskEnd] = []
    #: (label, name, what it points to); the empty name is a foreach's indexed items.
    artifacts: list[tuple[int, str, Ref]] = []
    #: (label, name, digest).
    reads: list[tuple[int, str, Digest]] = []
    conclusion: RunConclusion | None = None


def project(course: Course, events: list[Event]) -> list[Changes]:
    """Work out what the events change; nearly always one `Changes`, more when a task takes several turns.

    Raises:
        KeyError: an attempt ends that was not running, which no driver writes.
    """
    changes = Changes()
    found = [changes]
    #: How far each task's row has come in `changes`: 1 new, 2 restarted, 3 ended.
    stages: dict[TaskKey, int] = {}
    for event in events:
        stage = _stage(course, event)
        if stage:
            key: TaskKey = event.key  # type: ignore[union-attr]
            if stages.get(key, 0) >= stage:
                changes = Changes()
                found.append(changes)
                stages.clear()
            stages[key] = stage
        elif isinstance(event, DriverChanged | RunFinished):
            changes = Changes()
            found.append(changes)
            stages.clear()
        _project_one(course, changes, event)
    return found


def _stage(course: Course, event: Event) -> int:
    if isinstance(event, TaskStarted):
        return 2 if event.key in course.open_tasks else 1
    if isinstance(event, TaskSucceeded | TaskFailed):
        return 3
    return 3 if isinstance(event, TaskReused) else 0


def _project_one(course: Course, changes: Changes, event: Event) -> None:
    if isinstance(event, TaskStarted):
        _start(course, changes, event)
    elif isinstance(event, TaskSucceeded):
        _succeed(course, changes, event)
    elif isinstance(event, TaskReused):
        _reuse(course, changes, event)
    elif isinstance(event, TaskFailed):
        _fail(course, changes, event)
    elif isinstance(event, GateReached):
        course.gates[event.key] = OpenGate(event.step, event.expires_at)
    elif isinstance(event, GateDecided):
        course.gates.pop(event.key, None)
    elif isinstance(event, DriverChanged):
        _give_up_open_tasks(course, changes, ("running",), "lost")
    elif isinstance(event, RunFinished):
        _give_up_open_tasks(course, changes, ("running", "retrying", "lost"), "cancelled")
        course.gates.clear()
        changes.conclusion = RunConclusion(event.end, event.at, event.failed_key, event.cause, event.message)


def _start(course: Course, changes: Changes, event: TaskStarted) -> None:
    known = course.open_tasks.get(event.key)
    if known is None:
        course.open_tasks[event.key] = OpenTask(event.label, event.attempt, "running")
        _count(course, None, "running")
        changes.new_tasks.append(
            NewTask(
                event.label,
                event.key,
                event.step,
                event.attempt,
                "running",
                event.at,
                None,
                event.parents[0] if event.inherits else None,
                event.parents,
                event.parent_count or len(event.parents),
                ready_at=event.ready_at,
            )
        )
        return
    _count(course, known.status, "running")
    known.status = "running"
    known.attempt = event.attempt
    changes.restarts.append(Restart(known.label, event.attempt, event.at, event.ready_at))


def _succeed(course: Course, changes: Changes, event: TaskSucceeded) -> None:
    task = course.open_tasks.pop(event.key)
    status: TaskStatus = "caught" if event.is_caught else "succeeded"
    _count(course, task.status, status)
    changes.ends.append(
        TaskEnd(task.label, status, event.at, event.cause, event.error, event.usage, event.transition, event.reads)
    )
    _keep(course, changes, task.label, event)


def _reuse(course: Course, changes: Changes, event: TaskReused) -> None:
    status: TaskStatus = "caught" if event.is_caught else "succeeded"
    _count(course, None, status)
    changes.new_tasks.append(
        NewTask(
            event.label,
            event.key,
            event.step,
            0,
            status,
            event.at,
            event.at,
            event.parents[0] if event.inherits else None,
            event.parents,
            event.parent_count or len(event.parents),
            event.origin,
            "exception" if event.is_caught else "ok",
            event.transition,
            event.reads,
        )
    )
    _keep(course, changes, event.label, event)


def _keep(course: Course, changes: Changes, label: int, event: TaskSucceeded | TaskReused) -> None:
    for name, ref in event.artifacts.items():
        changes.artifacts.append((label, name, ref))
    if event.transition.items is not None:
        changes.artifacts.append((label, "", event.transition.items))
    for name, digest in event.reads.items():
        changes.reads.append((label, name, digest))
    if event.summary:
        course.metrics.update(event.summary)


def _fail(course: Course, changes: Changes, event: TaskFailed) -> None:
    task = course.open_tasks[event.key]
    status: TaskStatus
    if event.retry_at is not None:
        status = "retrying"
    else:
        status = "cancelled" if event.cause == "cancelled" else "failed"
        del course.open_tasks[event.key]
    _count(course, task.status, status)
    task.status = status
    changes.ends.append(TaskEnd(task.label, status, event.at, event.cause, event.error, event.usage))


def _give_up_open_tasks(course: Course, changes: Changes, given_up: tuple[TaskStatus, ...], status: TaskStatus) -> None:
    for task in course.open_tasks.values():
        if task.status in given_up:
            _count(course, task.status, status)
            task.status = status
            changes.statuses.append((task.label, status))
    if status == "cancelled":
        course.open_tasks.clear()


def _count(course: Course, before: TaskStatus | None, after: TaskStatus) -> None:
    counts = course.task_counts
    counts[after] = counts.get(after, 0) + 1
    if before is not None:
        counts[before] -= 1
        if not counts[before]:
            del counts[before]
