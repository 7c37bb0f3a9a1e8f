"""Tasks of a run: the list, and one of them with its attempts, neighbours and artifacts."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from headwater.client.lineage import really_ran
from headwater.client.records import RunRecord
from headwater.client.siblings import Siblings, is_shown
from headwater.model.artifact import Header
from headwater.model.errors import NotFound
from headwater.model.ids import Digest, TaskKey, parse_task_key
from headwater.model.outcome import ExitCause, FileRead, TaskError, Usage
from headwater.model.overviews import Seconds
from headwater.model.rows import ArtifactRow, AttemptRow, TaskQuery, TaskRow, TaskStatus
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, TaskPart, TaskPath, Text, find_run, find_task, project_of_run
from headwater.web.sorting import SortedQuery, direction
from headwater.web.views.shown import Shown, shown

#: Neighbours that a task's page lists.
_MOST_NEIGHBOURS = 50
#: Artifacts that a task's page lists.
_MOST_ARTIFACTS = 500
#: Characters of an error's message in a list.
_MESSAGE_CHARACTERS = 500
#: Frames and characters of a traceback that are sent: deep recursions repeat themselves.
_MOST_FRAMES = 100
_TRACEBACK_CHARACTERS = 100_000


TasksSort = Literal[
    "label",
    "-label",
    "step",
    "-step",
    "status",
    "-status",
    "started",
    "-started",
    "finished",
    "-finished",
    "waited",
    "-waited",
    "duration",
    "-duration",
    "cpu",
    "-cpu",
    "peak_memory",
    "-peak_memory",
    "attempts",
    "-attempts",
    "error",
    "-error",
]


class TasksQuery(SortedQuery, frozen=True):
    """Which tasks of a run; in the order in which they first started, unless it says otherwise."""

    step: Text | None = None
    #: One of these.
    status: tuple[TaskStatus, ...] = ()
    #: Part of `train/4`, of the key, or of the error's type and message.
    search: Text = ""
    sort: TasksSort = "label"


class TaskSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task in a list, as its latest attempt left it."""

    #: `Churn/17/train/4`.
    path: str
    step: str
    label: int
    key: TaskKey
    status: TaskStatus
    #: Latest attempt, from 0.
    attempt: int
    started_at: float
    finished_at: float | None = None
    #: When the latest attempt became ready; 0 when that is not known.
    ready_at: float = 0.0
    #: Its item's index in each foreach that it is inside of, outermost first.
    indices: tuple[int, ...] = ()
    cause: ExitCause | None = None
    #: Class and first words of the exception.
    error: str = ""
    message: str = ""
    #: Path of the task of another run that stands in for it.
    origin: str | None = None
    peak_memory_bytes: int = 0
    cpu_seconds: float = 0.0
    seconds: Seconds = Seconds()


class TasksPage(msgspec.Struct, frozen=True):
    """A part of a list of tasks."""

    rows: tuple[TaskSummary, ...]
    cursor: str | None = None


class AttemptView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt of a task."""

    attempt: int
    status: TaskStatus
    started_at: float
    finished_at: float | None = None
    cause: ExitCause | None = None
    error: TaskError | None = None
    usage: Usage = Usage()


class Neighbour(msgspec.Struct, frozen=True):
    """A task next to another."""

    path: str
    step: str
    label: int
    status: TaskStatus


class Neighbours(msgspec.Struct, frozen=True):
    """Tasks on one side of a task."""

    #: The first of them.
    rows: tuple[Neighbour, ...]
    #: There are more than are listed.
    has_more: bool


class TaskArtifact(msgspec.Struct, frozen=True):
    """An artifact that a task has."""

    name: str
    value: Shown
    #: Path of the task that set it; `Churn/17/_parameters` for parameters.
    set_by: str
    #: This task set it itself.
    is_own: bool


class Read(msgspec.Struct, frozen=True):
    """What a task read."""

    #: `score`, `inputs.train.score`, `items[2]`.
    name: str
    digest: Digest


class TaskView(TaskSummary, frozen=True, omit_defaults=True, kw_only=True):
    """All that a task's page shows; logs and metrics have addresses of their own."""

    run_status: str
    project: str = ""
    #: First to last.
    attempts: tuple[AttemptView, ...]
    #: Why the latest attempt failed.
    failure: TaskError | None = None
    usage: Usage = Usage()
    #: Where it really ran, when a task of another run stands in for it and is still there.
    ran_as: str | None = None
    parents: Neighbours
    children: Neighbours
    artifacts: tuple[TaskArtifact, ...]
    artifact_count: int
    reads: tuple[Read, ...]
    #: Data files that it read, by absolute path.
    files: dict[str, FileRead] = {}
    #: Docstring, file and line of its step.
    doc: str = ""
    file: str = ""
    line: int = 0
    #: Command lines to copy, by what they do: debug, logs, resume.
    commands: dict[str, str]


class ArtifactView(msgspec.Struct, frozen=True):
    """An artifact of a task, with the whole of its preview."""

    #: `Churn/17/train/4/model`.
    path: str
    name: str
    digest: Digest
    type: str
    codec: str
    size: int
    header: Header
    set_by: str


def list_tasks(asked: Asked, at: RunPath, query: TasksQuery) -> TasksPage:
    """List tasks of a run."""
    record = find_run(asked, at)
    column, is_ascending = direction(query.sort)
    found = asked.ledger.tasks(
        TaskQuery(
            record.run,
            step=query.step,
            statuses=query.status,
            search=query.search,
            sort=column,  # type: ignore[arg-type]
            is_ascending=is_ascending,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    return TasksPage(tuple(task_summary(record.path, row) for row in found.rows), found.cursor)


def show_task(asked: Asked, at: TaskPath) -> TaskView:
    """Show a task: attempts, failure, neighbours, artifacts, what it read."""
    record, row = find_task(asked, at)
    summary = task_summary(record.path, row)
    ran_in, ran = ran_where(record, row)
    own = _artifacts(record, row)
    step = record.started.graph.steps.get(row.step)
    return TaskView(
        **{field: getattr(summary, field) for field in TaskSummary.__struct_fields__},
        run_status=record.row.status,
        project=record.row.project,
        attempts=tuple(_attempt(attempt) for attempt in asked.ledger.attempts(ran_in.run, ran.key)),
        failure=None if row.error is None else cut_error(row.error),
        usage=ran.usage,
        ran_as=None if ran is row else f"{ran_in.path}/{ran.step}/{ran.label}",
        parents=_parents(record, row),
        children=_children(record, row),
        artifacts=tuple(own[:_MOST_ARTIFACTS]),
        artifact_count=len(own),
        reads=tuple(Read(name, digest) for name, digest in list(row.reads.items())[:_MOST_ARTIFACTS]),
        files=ran.usage.files,
        doc="" if step is None else step.doc,
        file="" if step is None else step.file,
        line=0 if step is None else step.line,
        commands=_commands(record, row),
    )


def show_task_artifact(asked: Asked, at: TaskPart) -> ArtifactView:
    """Show an artifact that a task has, with the whole of its preview."""
    record, row = find_task(asked, at)
    artifact = find_artifact(record, row, at.name)
    ref = artifact.ref
    path = f"{record.path}/{row.step}/{row.label}/{at.name}"
    set_by = _setters(record, [artifact])[artifact.key]
    return ArtifactView(path, at.name, ref.digest, ref.type, ref.codec, ref.size, artifact.header or Header(), set_by)


def find_artifact(record: RunRecord, row: TaskRow, name: str) -> ArtifactRow:
    """Find what a task has under a name, inherited ones and parameters included.

    Raises:
        NotFound: it has no such artifact; `choices` holds those that it has.
    """
    visible = Siblings(record, (row,)).visible(row.key)
    if name not in visible:
        choices = [other for other in sorted(visible) if is_shown(other)]
        raise NotFound(f"{record.path}/{row.step}/{row.label} has no artifact `{name[:200]}`", choices=choices)
    return visible[name]


def task_summary(run_path: str, row: TaskRow) -> TaskSummary:
    """Give what a list shows of a task."""
    usage, error = row.usage, row.error
    return TaskSummary(
        f"{run_path}/{row.step}/{row.label}",
        row.step,
        row.label,
        row.key,
        row.status,
        row.attempt,
        row.started_at,
        row.finished_at,
        row.ready_at,
        tuple(frame.index for frame in parse_task_key(row.key).frames),
        row.cause,
        "" if error is None else error.type,
        "" if error is None else error.message[:_MESSAGE_CHARACTERS],
        row.origin,
        usage.peak_memory_bytes,
        usage.user_cpu + usage.system_cpu,
        seconds_of(usage),
    )


def seconds_of(usage: Usage) -> Seconds:
    """Give where the time of an attempt went."""
    return Seconds(**{kind: getattr(usage, kind) for kind in Seconds.__struct_fields__})


def ran_where(record: RunRecord, row: TaskRow) -> tuple[RunRecord, TaskRow]:
    """Follow a reused task to the one that was executed; give it as it is when that is gone, or not to be seen."""
    return really_ran(record, row) or (record, row)


def cut_error(error: TaskError) -> TaskError:
    """Cut an error to a bounded size: its last frames and words tell most."""
    frames, text = error.frames, error.traceback
    if len(frames) > _MOST_FRAMES:
        half = _MOST_FRAMES // 2
        frames = (*frames[:half], *frames[-half:])
    if len(text) > _TRACEBACK_CHARACTERS:
        text = f"...\n{text[-_TRACEBACK_CHARACTERS:]}"
    return msgspec.structs.replace(error, frames=frames, traceback=text, message=error.message[:_TRACEBACK_CHARACTERS])


def _attempt(row: AttemptRow) -> AttemptView:
    error = None if row.error is None else cut_error(row.error)
    return AttemptView(row.attempt, row.status, row.started_at, row.finished_at, row.cause, error, row.usage)


def _parents(record: RunRecord, row: TaskRow) -> Neighbours:
    keys = record.view.ledger.parents_of(record.run, row.key)
    rows = record.tasks_by_key(keys[:_MOST_NEIGHBOURS])
    return Neighbours(_neighbours(record, (rows[key] for key in keys if key in rows)), len(keys) > _MOST_NEIGHBOURS)


def _children(record: RunRecord, row: TaskRow) -> Neighbours:
    found = record.view.ledger.tasks(TaskQuery(record.run, follows=row.key, limit=_MOST_NEIGHBOURS))
    return Neighbours(_neighbours(record, found.rows), found.cursor is not None)


def _neighbours(record: RunRecord, rows: Iterable[TaskRow]) -> tuple[Neighbour, ...]:
    return tuple(Neighbour(f"{record.path}/{row.step}/{row.label}", row.step, row.label, row.status) for row in rows)


def _artifacts(record: RunRecord, row: TaskRow) -> list[TaskArtifact]:
    """List what a task has: what it set itself first."""
    visible = [one for one in Siblings(record, (row,)).visible(row.key).values() if is_shown(one.name)]
    visible.sort(key=lambda one: (one.key != row.key, one.name))
    setters = _setters(record, visible[:_MOST_ARTIFACTS])
    return [
        TaskArtifact(one.name, shown(one.ref, one.header), setters.get(one.key, ""), one.key == row.key)
        for one in visible
    ]


def _setters(record: RunRecord, artifacts: Sequence[ArtifactRow]) -> dict[TaskKey, str]:
    """Give the paths of the tasks that set artifacts."""
    rows = record.tasks_by_key(list(dict.fromkeys(one.key for one in artifacts)))
    paths = {one.key: f"{record.path}/{one.key}" for one in artifacts}
    return paths | {key: f"{record.path}/{row.step}/{row.label}" for key, row in rows.items()}


def _commands(record: RunRecord, row: TaskRow) -> dict[str, str]:
    path = f"{record.path}/{row.step}/{row.label}"
    commands = {"debug": f"headwater debug {path}", "logs": f"headwater logs {path}"}
    if record.row.status in ("failed", "interrupted", "cancelled"):
        commands["resume"] = f"headwater resume {record.path}"
    if record.row.status in ("succeeded", "failed", "cancelled"):
        commands["resume_here"] = f"headwater resume {record.path} {row.step}"
    return commands


_TASK = "/runs/{flow}/{label}/tasks/{step}/{task}"
ROUTES = (
    Route("GET", "/runs/{flow}/{label}/tasks", list_tasks, needs="viewer", of=project_of_run),
    Route("GET", _TASK, show_task, needs="viewer", of=project_of_run),
    Route("GET", f"{_TASK}/artifacts/{{name}}", show_task_artifact, needs="viewer", of=project_of_run),
)
