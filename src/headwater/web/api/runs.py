"""Runs: the list with its filters, the grid of runs and steps, and one run."""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec

from headwater.client.packages import packages_of_step
from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged, ArtifactMissing
from headwater.model.graph import ParameterSpec
from headwater.model.ids import Digest, TaskKey
from headwater.model.launch import Launch
from headwater.model.outcome import ExitCause
from headwater.model.rows import MetricCondition, RunQuery, RunRow, RunSort, RunStatus, TaskQuery, TaskStatus
from headwater.web.access import Role
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, RunPath, Text, Time, find_run, project_of_run
from headwater.web.shown import parameter_values

_CONDITION = re.compile(r"(.+?)(<=|>=|<|>|=)(.*)", re.DOTALL)
#: Latest runs whose parameters are offered as filters.
_LOOKED_AT = 100


class RunsQuery(msgspec.Struct, frozen=True):
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
    sort: RunSort = "started"
    #: Metric to sort by, when `sort` is `metric`.
    sort_metric: Text = ""
    ascending: bool = False
    limit: Limit = 50
    cursor: str | None = None


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


class ParameterView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter or constant of a run."""

    name: str
    #: Cut to size; `<package.Class>` for what is not plain data.
    value: object
    digest: Digest
    #: Full name of the value's class.
    type: str
    size: int
    help: str = ""
    #: JSON text of the default; None when there is none or it is computed at start.
    default: str | None = None
    is_constant: bool = False


class CodeFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a run's code came from."""

    #: The flow's file, below the folder.
    file: str
    module: str
    #: Folder in which it was.
    root: str
    #: Digest of the saved files; None when none were saved.
    tree: Digest | None = None


class FailureView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a run failed."""

    cause: ExitCause
    message: str
    #: `Churn/17/train/4`; None when no task did.
    task: str | None = None
    step: str | None = None
    label: int | None = None
    #: Full name of the exception's class.
    error: str = ""
    hint: str = ""


class RunView(RunSummary, frozen=True, omit_defaults=True, kw_only=True):
    """All that the head of a run's page shows."""

    namespace: str | None = None
    values: tuple[ParameterView, ...]
    seed: int
    #: The command line that started it.
    command: tuple[str, ...]
    code: CodeFacts
    doc: str = ""
    end_step: str = "end"
    #: Version of the interpreter that ran the flow.
    python: str = ""
    #: Packages that it had; `environment` lists them.
    package_count: int = 0
    #: Step -> digest of its environment's lock, of steps with one of their own.
    environments: dict[str, Digest] = {}
    failure: FailureView | None = None
    #: Process that drives it now; None when nobody does.
    driver: str | None = None
    #: What the caller is in its project.
    role: Role
    #: Command lines to copy, by what they do: status, resume, cancel, compare.
    commands: dict[str, str] = {}


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


class Environment(msgspec.Struct, frozen=True):
    """Packages, name -> version, and `python`."""

    #: Of the interpreter that ran the flow.
    interpreter: dict[str, str]
    #: Step -> its own packages; steps without any had those of the interpreter.
    steps: dict[str, dict[str, str]]


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


def show_run(asked: Asked, at: RunPath) -> RunView:
    """Show a run: all that the head of its page needs."""
    record = find_run(asked, at)
    row, started = record.row, record.started
    summary = summaries(asked, [row])[0]
    owner = asked.ledger.owner(row.run)
    specs = {spec.attribute: spec for spec in started.graph.parameters}
    values = (
        _parameter(name, summary.parameters[name], ref, specs.get(name), is_constant=name in started.graph.constants)
        for name, ref in row.parameters.items()
    )
    source = started.code
    return RunView(
        **{field: getattr(summary, field) for field in RunSummary.__struct_fields__},
        namespace=row.namespace,
        values=tuple(values),
        seed=started.seed,
        command=started.command,
        code=CodeFacts(source.file, source.module, source.root, source.tree),
        doc=started.graph.doc,
        end_step=row.end_step,
        python=started.environment.get("python", ""),
        package_count=max(0, len(started.environment) - 1),
        environments=started.environments,
        failure=_failure(asked, row),
        driver=None if owner is None else f"{owner.host}, process {owner.pid}",
        role=asked.access.role_in(row.project) or "viewer",
        commands=_commands(row),
    )


def show_environment(asked: Asked, at: RunPath) -> Environment:
    """Show the packages that a run had."""
    record = find_run(asked, at)
    found = {}
    for step in record.started.environments:
        try:
            found[step] = packages_of_step(record, step)
        except (ArtifactMissing, ArtifactDamaged):
            found[step] = {"lock": record.started.environments[step]}
    return Environment(record.started.environment, found)


def asked_runs(query: RunsQuery) -> RunQuery:
    """Put a query string in the ledger's terms.

    Raises:
        Refused: a condition is not of its form.
    """
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
        sort=query.sort,
        sort_metric=query.sort_metric,
        is_ascending=query.ascending,
        limit=query.limit,
        cursor=query.cursor,
    )


def summaries(asked: Asked, rows: Sequence[RunRow]) -> tuple[RunSummary, ...]:
    """Give what a list shows of runs."""
    values = parameter_values(asked.home, [row.parameters for row in rows])
    return tuple(_summary(row, parameters) for row, parameters in zip(rows, values, strict=True))


def _summary(row: RunRow, parameters: dict[str, object]) -> RunSummary:
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
        failed_key=row.failed_key,
        launch=row.launch,
        gates=row.gates,
        gate_expires_at=row.gate_expires_at,
        project=row.project,
        parameters=parameters,
    )


def _parameter(name: str, value: object, ref: Ref, spec: ParameterSpec | None, *, is_constant: bool) -> ParameterView:
    about, default = ("", None) if spec is None else (spec.help, spec.default)
    return ParameterView(name, value, ref.digest, ref.type, ref.size, about, default, is_constant)


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


def _failure(asked: Asked, row: RunRow) -> FailureView | None:
    if row.status != "failed" or row.cause is None:
        return None
    task = None if row.failed_key is None else _task_of(asked, row, row.failed_key)
    if task is None:
        return FailureView(row.cause, row.message)
    step, label, error, hint = task
    return FailureView(row.cause, row.message, f"{row.path}/{step}/{label}", step, label, error, hint)


def _task_of(asked: Asked, row: RunRow, key: TaskKey) -> tuple[str, int, str, str] | None:
    found = asked.ledger.tasks(TaskQuery(row.run, keys=(key,), limit=1)).rows
    if not found:
        return None
    error = found[0].error
    return found[0].step, found[0].label, error.type if error else "", error.hint if error else ""


def _commands(row: RunRow) -> dict[str, str]:
    commands = {"status": f"headwater status {row.path}"}
    if row.status in ("failed", "interrupted", "cancelled", "waiting", "queued"):
        commands["resume"] = f"headwater resume {row.path}"
    if row.status in ("running", "waiting", "queued", "interrupted"):
        commands["cancel"] = f"headwater cancel {row.path}"
    if row.origin is not None:
        commands["compare"] = f"headwater compare {row.origin} {row.path}"
    return commands


ROUTES = (
    Route("GET", "/runs", list_runs, needs="viewer"),
    Route("GET", "/runs/grid", list_grid, needs="viewer"),
    Route("GET", "/runs/filters", list_filters, needs="viewer"),
    Route("GET", "/runs/{flow}/{label}", show_run, needs="viewer", of=project_of_run),
    Route("GET", "/runs/{flow}/{label}/environment", show_environment, needs="viewer", of=project_of_run),
)
