"""How a run stands, as data: its head, its steps, what failed, where the time went."""

from collections.abc import Iterable

import msgspec

from headwater.client.records import RunRecord
from headwater.model.outcome import TaskError, Usage
from headwater.model.ports import Owner
from headwater.model.rows import RunRow, TaskQuery, TaskRow

#: Failed tasks that are told one by one.
_MOST_FAILURES = 20
#: Parts of an attempt's time, in the order in which they pass.
PARTS = ("queue", "environment", "importing", "input_load", "compute", "save")


class StepStatus(msgspec.Struct):
    """How one step of a run stands."""

    step: str
    #: Number of its tasks by status; empty when it has not been reached.
    tasks: dict[str, int] = {}
    #: Tasks taken over from another run.
    reused: int = 0
    started_at: float | None = None
    #: None while a task of it is open.
    finished_at: float | None = None
    #: Seconds of its tasks in all.
    task_seconds: float = 0.0
    #: Peak memory of its hungriest task.
    peak_memory_bytes: int = 0


class FailedTask(msgspec.Struct, frozen=True):
    """A task that failed, whether or not the run went on."""

    task: str
    status: str
    #: From 0.
    attempt: int
    cause: str | None
    error: TaskError | None


class RunView(msgspec.Struct, frozen=True):
    """All that `status` tells."""

    row: RunRow
    steps: tuple[StepStatus, ...]
    failures: tuple[FailedTask, ...]
    #: Failures that are not in `failures`, to bound the output.
    more_failures: int
    #: Seconds by part, of the latest attempts of all tasks.
    seconds: dict[str, float]
    user_cpu: float
    system_cpu: float
    owner: Owner | None


def read_status(record: RunRecord) -> RunView:
    """Read how a run stands now; reads the rows of all of its tasks."""
    row = record.fresh()
    steps = {name: StepStatus(name) for name in record.started.graph.steps}
    seconds = dict.fromkeys(PARTS, 0.0)
    cpu = [0.0, 0.0]
    failures: list[FailedTask] = []
    more = 0
    for task in _tasks(record):
        _count(steps.setdefault(task.step, StepStatus(task.step)), task)
        if task.origin is None:
            _add(seconds, cpu, task.usage)
        if task.status in ("failed", "caught", "retrying"):
            if len(failures) < _MOST_FAILURES:
                path = f"{row.path}/{task.step}/{task.label}"
                failures.append(FailedTask(path, task.status, task.attempt, task.cause, task.error))
            else:
                more += 1
    owner = record.view.ledger.owner(row.run) if row.status == "running" else None
    return RunView(row, tuple(steps.values()), tuple(failures), more, seconds, cpu[0], cpu[1], owner)


def _tasks(record: RunRecord) -> Iterable[TaskRow]:
    for rows in record.tasks(TaskQuery(record.run)):
        yield from rows


def _count(step: StepStatus, task: TaskRow) -> None:
    is_first = not step.tasks
    step.tasks[task.status] = step.tasks.get(task.status, 0) + 1
    step.reused += task.origin is not None
    step.started_at = task.started_at if step.started_at is None else min(step.started_at, task.started_at)
    if task.finished_at is None:
        step.finished_at = None
    elif is_first or step.finished_at is not None:
        step.finished_at = max(step.finished_at or 0.0, task.finished_at)
    step.task_seconds += max(0.0, task.usage.ended_at - task.usage.started_at)
    step.peak_memory_bytes = max(step.peak_memory_bytes, task.usage.peak_memory_bytes)


def _add(seconds: dict[str, float], cpu: list[float], usage: Usage) -> None:
    for part in PARTS:
        seconds[part] += getattr(usage, part)
    cpu[0] += usage.user_cpu
    cpu[1] += usage.system_cpu
