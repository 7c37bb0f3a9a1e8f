"""The graph of a run: its steps as they were compiled, with how many of their tasks are where."""

import msgspec

from headwater.model.graph import Step, StepKind
from headwater.model.ids import RunId
from headwater.model.options import Resources, StepOptions
from headwater.model.outcome import Transition
from headwater.model.overviews import Seconds, StepCount
from headwater.model.rows import TaskQuery, TaskStatus
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, find_run, project_of_run
from headwater.web.views.edges import Edge, edges_of

#: Openers of foreachs that are looked at for how wide they were.
_MOST_OPENERS = 100


class StepView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of the graph, and how its tasks stand."""

    name: str
    kind: StepKind
    file: str
    #: Line of the `def`.
    line: int
    doc: str = ""
    is_join: bool = False
    #: Attribute with the items (foreach), the member count (parallel) or the case (switch).
    attribute: str | None = None
    #: Steps whose foreach it is inside of, outermost first.
    level: tuple[str, ...] = ()
    #: foreach and parallel: the join that closes it.
    closed_by: str | None = None
    #: foreach and parallel: children that it opened in all; None while that is not known.
    width: int | None = None
    #: `@retry(times=3)`, as its decorators say.
    decorators: tuple[str, ...] = ()
    resources: Resources | None = None
    #: Number of its tasks by status; empty when it has not been reached.
    counts: dict[TaskStatus, int] = {}
    reused: int = 0
    first_started_at: float | None = None
    #: None while one of its tasks is open.
    last_finished_at: float | None = None
    #: Sums over its tasks.
    seconds: Seconds = Seconds()
    #: Somebody must agree before it goes on.
    waits_at_gate: bool = False


class GraphView(msgspec.Struct, frozen=True):
    """A graph, as it stands now."""

    start: str
    end: str
    doc: str
    #: In the order written.
    steps: tuple[StepView, ...]
    edges: tuple[Edge, ...]


def show_graph(asked: Asked, at: RunPath) -> GraphView:
    """Show the graph of a run, with how many tasks of each step are where."""
    record = find_run(asked, at)
    graph, row = record.started.graph, record.row
    counts: dict[str, list[StepCount]] = {}
    for count in asked.ledger.step_counts(row.run):
        counts.setdefault(count.step, []).append(count)
    steps = tuple(
        _step(step, counts.get(name, []), _width(asked, row.run, step), waits=name in row.gates)
        for name, step in graph.steps.items()
    )
    return GraphView(graph.start, graph.end, graph.doc, steps, edges_of(graph))


def decorator_texts(options: StepOptions) -> tuple[str, ...]:
    """Give what the decorators of a step say, in short."""
    found = []
    if options.retry is not None:
        found.append(f"@retry(times={options.retry.times})")
    if options.catch is not None:
        found.append(f"@catch(var={options.catch.var!r})" if options.catch.var else "@catch")
    if options.timeout is not None:
        found.append(f"@timeout(seconds={options.timeout.seconds:g})")
    if options.resources is not None:
        found.append(_resources_text(options.resources))
    if options.packages is not None:
        found.append("@pypi")
    if options.secrets:
        found.append("@secrets")
    if options.executable is not None:
        found.append("@executable")
    if options.approval is not None:
        found.append("@approval")
    if options.promote_if:
        found.append(f"@promote_if({', '.join(options.promote_if)})")
    return (*found, *(f"@{each.name}" for each in options.unsupported))


def _resources_text(resources: Resources) -> str:
    fields = {name: getattr(resources, name) for name in ("cpu", "gpu", "memory", "disk", "shared_memory")}
    return f"@resources({', '.join(f'{name}={value:g}' for name, value in fields.items() if value is not None)})"


def _step(step: Step, counts: list[StepCount], width: int | None, *, waits: bool) -> StepView:
    ends = [count.last_finished_at for count in counts if count.last_finished_at is not None]
    is_open = any(count.status in ("running", "retrying", "lost") for count in counts)
    sums = {kind: sum(getattr(count.seconds, kind) for count in counts) for kind in Seconds.__struct_fields__}
    return StepView(
        step.name,
        step.kind,
        step.file,
        step.line,
        step.doc,
        step.is_join,
        step.attribute,
        step.level,
        step.closed_by,
        width,
        decorator_texts(step.options),
        step.options.resources,
        {count.status: count.count for count in counts},
        sum(count.reused for count in counts),
        min((count.first_started_at for count in counts), default=None),
        None if is_open else max(ends, default=None),
        Seconds(**sums),
        waits,
    )


def _width(asked: Asked, run: RunId, step: Step) -> int | None:
    """Count the children that a foreach opened, over all of its tasks."""
    if step.kind not in ("foreach", "parallel"):
        return None
    openers = asked.ledger.tasks(TaskQuery(run, step=step.name, limit=_MOST_OPENERS)).rows
    widths = [width for row in openers if (width := _opened(row.transition)) is not None]
    return sum(widths) if widths else None


def _opened(transition: Transition | None) -> int | None:
    return None if transition is None else transition.width


ROUTES = (Route("GET", "/runs/{flow}/{label}/graph", show_graph, needs="viewer", of=project_of_run),)
