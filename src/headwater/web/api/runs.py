"""Runs: the list with its filters, and the grid of runs and steps."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from headwater.model.launch import Launch
from headwater.model.outcome import ExitCause
from headwater.model.overviews import RunFailure
from headwater.model.rows import MetricCondition, RunQuery, RunRow, RunStatus, TaskStatus
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Text, Time
from headwater.web.sorting import SortedQuery, direction
from headwater.web.views.shown import parameter_values

_CONDITION = re.compile(r"(.+?)(<=|>=|<|>|=)(.*)", re.DOTALL)
#: Latest runs whose parameters are offered as filters.
_LOOKED_AT = 100
#: Characters of an exception's message in a list.
_MESSAGE_CHARACTERS = 300


RunsSort = Literal[
    "started",
    "-started",
    "finished",
    "-finished",
    "duration",
    "-duration",
    "flow",
    "-flow",
    "user",
    "-user",
    "status",
    "-status",
    "project",
    "-project",
    "host",
    "-host",
    "note",
    "-note",
    "metric",
    "-metric",
    "parameter",
    "-parameter",
]


class RunsQuery(SortedQuery, frozen=True):
    """Which runs; newest first, unless it says otherwise."""

    flow: Text | None = None
    #: One of these.
    status: tuple[RunStatus, ...] = ()
    user: Text | None = None
    #: All of them must be on the run.
    tag: tuple[Text, ...] = ()
    since: Time | None = None
    until: Time | None = None
    #: Runs of the deployments that this alias named.
    target: Text | None = None
    #: One of these projects; the empty name = flows without one.
    project: tuple[Text, ...] = ()
    #: Part of the path, the user, the note or a tag.
    search: Text = ""
    #: `alpha=0.5`: the value as a page shows it.
    parameter: tuple[Text, ...] = ()
    #: `f1>=0.7`; also with `=`, `<`, `<=`, `>`.
    metric: tuple[Text, ...] = ()
    sort: RunsSort = "-started"
    #: Metric to sort by, when `sort` is `metric`.
    sort_metric: Text = ""
    #: Parameter to sort by, when `sort` is `parameter`.
    sort_parameter: Text = ""


class FailureMark(msgspec.Struct, frozen=True):
    """Why a run failed, in a line."""

    #: `train/4`.
    task: str
    #: Class of the exception.
    type: str
    #: First line of its message, cut to size.
    message: str


class RunSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run in a list."""

    #: `Churn/17`.
    path: str
    run: str
    flow: str
    label: int
    status: RunStatus
    user: str
    host: str
    started_at: float
    finished_at: float | None = None
    tags: tuple[str, ...] = ()
    system_tags: tuple[str, ...] = ()
    note: str = ""
    #: Path of the run that it resumes.
    origin: str | None = None
    metrics: dict[str, float | int | str | bool | None] = {}
    task_counts: dict[str, int] = {}
    cause: ExitCause | None = None
    message: str = ""
    #: What the task raised that failed it; None = none did, or it left no exception.
    raised: FailureMark | None = None
    failed_key: str | None = None
    launch: Launch | None = None
    #: Steps at whose gates its tasks wait.
    gates: tuple[str, ...] = ()
    #: When the first of these gates expires.
    gate_expires_at: float | None = None
    project: str = ""
    #: Values cut to size; `<package.Class>` for what is not plain data.
    parameters: dict[str, object] = {}


class RunsPage(msgspec.Struct, frozen=True):
    """A part of a list of runs."""

    rows: tuple[RunSummary, ...]
    cursor: str | None = None


class GridQuery(RunsQuery, frozen=True):
    """Which runs the grid shows; all of their tasks are counted."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class GridRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run in the grid."""

    path: str
    flow: str
    label: int
    status: RunStatus
    started_at: float
    finished_at: float | None = None
    #: Step -> status -> tasks.
    steps: dict[str, dict[TaskStatus, int]] = {}


class Grid(msgspec.Struct, frozen=True):
    """Runs and their steps: what failed when."""

    #: All steps that occur, in the order in which they run.
    steps: tuple[str, ...]
    rows: tuple[GridRow, ...]
    cursor: str | None = None


class FiltersQuery(msgspec.Struct, frozen=True):
    """Of which runs."""

    flow: Text | None = None


class Filters(msgspec.Struct, frozen=True):
    """What lists can be narrowed by: what occurs, the most frequent first."""

    flows: tuple[str, ...]
    users: tuple[str, ...]
    tags: tuple[str, ...]
    metrics: tuple[str, ...]
    #: Of the latest runs.
    parameters: tuple[str, ...]


def list_runs(asked: Asked, query: RunsQuery) -> RunsPage:
    """List runs, newest first."""
    found = asked.ledger.runs(asked_runs(query))
    return RunsPage(summaries(asked, found.rows), found.cursor)


def list_grid(asked: Asked, query: GridQuery) -> Grid:
    """Show runs and the states of their steps: what failed when."""
    found = asked.ledger.runs(asked_runs(query))
    statuses = asked.ledger.step_statuses([row.run for row in found.rows])
    steps = _merged([list(statuses.get(row.run, ())) for row in found.rows])
    rows = tuple(
        GridRow(row.path, row.flow, row.label, row.status, row.started_at, row.finished_at, statuses.get(row.run, {}))
        for row in found.rows
    )
    return Grid(steps, rows, found.cursor)


def list_filters(asked: Asked, query: FiltersQuery) -> Filters:
    """List what runs can be filtered by."""
    wanted = RunQuery(flow=query.flow)
    latest = asked.ledger.runs(RunQuery(flow=query.flow, limit=_LOOKED_AT)).rows
    parameters = dict.fromkeys(name for row in latest for name in row.parameters)
    return Filters(
        tuple(row.flow for row in asked.ledger.flow_rows()),
        tuple(asked.ledger.user_names(wanted)),
        tuple(asked.ledger.tag_names(wanted)),
        tuple(asked.ledger.metric_names(wanted)),
        tuple(list(parameters)[:200]),
    )


def asked_runs(query: RunsQuery) -> RunQuery:
    """Put a query string in the ledger's terms.

    Raises:
        Refused: a condition is not of its form.
    """
    column, is_ascending = direction(query.sort)
    return RunQuery(
        flow=query.flow,
        statuses=query.status,
        user=query.user,
        tags=query.tag,
        since=query.since,
        until=query.until,
        target=query.target,
        projects=query.project or None,
        search=query.search,
        parameter_text=dict(_named_text(text) for text in query.parameter),
        metrics=tuple(_condition(text) for text in query.metric),
        sort=column,  # type: ignore[arg-type]
        sort_metric=query.sort_metric,
        sort_parameter=query.sort_parameter,
        is_ascending=is_ascending,
        limit=query.limit,
        cursor=query.cursor,
    )


def summaries(asked: Asked, rows: Sequence[RunRow]) -> tuple[RunSummary, ...]:
    """Give what a list shows of runs."""
    values = parameter_values(asked.home, [row.parameters for row in rows])
    failures = asked.ledger.run_failures([row.run for row in rows if row.failed_key is not None])
    return tuple(_summary(row, parameters, failures.get(row.run)) for row, parameters in zip(rows, values, strict=True))


def _summary(row: RunRow, parameters: dict[str, object], failure: RunFailure | None) -> RunSummary:
    return RunSummary(
        path=row.path,
        run=row.run,
        flow=row.flow,
        label=row.label,
        status=row.status,
        user=row.user,
        host=row.host,
        started_at=row.started_at,
        finished_at=row.finished_at,
        tags=row.tags,
        system_tags=row.system_tags,
        note=row.note,
        origin=row.origin,
        metrics=row.metrics,
        task_counts=row.task_counts,
        cause=row.cause,
        message=row.message,
        raised=None if failure is None else _failure_mark(failure),
        failed_key=row.failed_key,
        launch=row.launch,
        gates=row.gates,
        gate_expires_at=row.gate_expires_at,
        project=row.project,
        parameters=parameters,
    )


def _failure_mark(failure: RunFailure) -> FailureMark:
    first = failure.message.strip().partition("\n")[0]
    return FailureMark(f"{failure.step}/{failure.label}", failure.type, first[:_MESSAGE_CHARACTERS])


def _named_text(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Refused(400, f"`{text[:100]}` asks for no parameter", hint="write it as alpha=0.5")
    return name, value


def _condition(text: str) -> MetricCondition:
    matched = _CONDITION.fullmatch(text)
    if matched is None:
        raise Refused(400, f"`{text[:100]}` asks for no metric", hint="write it as f1>=0.7")
    return MetricCondition(matched[1], matched[2], _value(matched[3]))  # type: ignore[arg-type]


def _value(text: str) -> float | str | bool:
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _merged(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Put the steps of many runs in one order: each after those that came before it where it was first seen."""
    merged: list[str] = []
    for names in lists:
        place = 0
        for name in names:
            if name in merged:
                place = merged.index(name) + 1
            else:
                merged.insert(place, name)
                place += 1
    return tuple(merged)


ROUTES = (
    Route("GET", "/runs", list_runs, needs="viewer"),
    Route("GET", "/runs/grid", list_grid, needs="viewer"),
    Route("GET", "/runs/filters", list_filters, needs="viewer"),
)
