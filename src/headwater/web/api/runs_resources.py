"""What the steps of a run asked of the machine, and what their tasks used."""

from collections.abc import Sequence

import msgspec

from headwater.client.records import RunRecord
from headwater.model.options import Resources
from headwater.model.overviews import TaskUsage
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, find_run, project_of_run
from headwater.web.views.critical_path import MOST_TASKS


class StepResources(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the tasks of a step asked for and used."""

    step: str
    tasks: int
    #: What `@resources` says; None = nothing was asked.
    asked: Resources | None = None
    #: Peak resident memory: the middle one, and the largest with its task.
    median_memory_bytes: int = 0
    peak_memory_bytes: int = 0
    peak_label: int | None = None
    #: Processor seconds, in all, and a second of running (the cores that were kept busy): the middle, the most.
    cpu_seconds: float = 0.0
    median_cores: float = 0.0
    most_cores: float = 0.0
    #: Largest peak as a share of the memory that was asked.
    memory_share: float | None = None
    #: Most cores as a share of those that were asked.
    cpu_share: float | None = None


class ResourcesView(msgspec.Struct, frozen=True):
    """What a run asked for and used."""

    steps: tuple[StepResources, ...]
    is_cut: bool


def show_resources(asked: Asked, at: RunPath) -> ResourcesView:
    """Show what the steps of a run asked for and what their tasks used."""
    record = find_run(asked, at)
    return asked.kept.of(record.row, ResourcesView, lambda: _resources(asked, record))


def _resources(asked: Asked, record: RunRecord) -> ResourcesView:
    rows: dict[str, list[TaskUsage]] = {name: [] for name in record.started.graph.steps}
    tasks = asked.ledger.task_usages(record.run, limit=MOST_TASKS)
    for row in tasks:
        rows.setdefault(row.step, []).append(row)
    options = {name: step.options.resources for name, step in record.started.graph.steps.items()}
    steps = tuple(_step_resources(name, options.get(name), many) for name, many in rows.items() if many)
    return ResourcesView(steps, len(tasks) >= MOST_TASKS)


def _step_resources(name: str, asked: Resources | None, rows: Sequence[TaskUsage]) -> StepResources:
    ran = [row for row in rows if not row.is_reused and row.running_seconds is not None]
    if not ran:
        return StepResources(name, len(rows), asked)
    memory = sorted((row.peak_memory_bytes, row.label) for row in ran)
    cores = sorted(_cores(row) for row in ran)
    peak, label = memory[-1]
    return StepResources(
        name,
        len(rows),
        asked,
        memory[len(memory) // 2][0],
        peak,
        label,
        sum(row.cpu_seconds for row in ran),
        cores[len(cores) // 2],
        cores[-1],
        peak / (asked.memory * 1e6) if asked is not None and asked.memory else None,
        cores[-1] / asked.cpu if asked is not None and asked.cpu else None,
    )


def _cores(row: TaskUsage) -> float:
    took = row.running_seconds or 0.0
    return row.cpu_seconds / took if took > 0 else 0.0


ROUTES = (Route("GET", "/runs/{flow}/{label}/resources", show_resources, needs="viewer", of=project_of_run),)
