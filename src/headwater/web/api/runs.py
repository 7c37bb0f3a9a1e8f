"""Runs: the list with its filters, and one run."""

from typing import Annotated

import msgspec

from headwater.model.launch import Launch
from headwater.model.outcome import ExitCause
from headwater.model.rows import RunQuery, RunRow, RunStatus
from headwater.web.asked import Asked
from headwater.web.routes import Route

#: How many rows an answer has.
Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]


class RunPath(msgspec.Struct, frozen=True):
    """`Churn/17`."""

    flow: str
    label: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class RunsQuery(msgspec.Struct, frozen=True):
    """Which runs; newest first."""

    flow: str | None = None
    status: RunStatus | None = None
    user: str | None = None
    #: All of them must be on the run.
    tag: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    target: str | None = None
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
    origin: str | None = None
    metrics: dict[str, float | int | str | bool | None] = {}
    task_counts: dict[str, int] = {}
    cause: ExitCause | None = None
    message: str = ""
    failed_key: str | None = None
    launch: Launch | None = None
    gates: tuple[str, ...] = ()
    project: str = ""


class RunsPage(msgspec.Struct, frozen=True):
    """A part of a list of runs."""

    rows: tuple[RunSummary, ...]
    cursor: str | None = None


def project_of_run(asked: Asked, at: RunPath) -> str:
    """Give the project that a run belongs to."""
    return asked.home.ledger.find_run(at.flow, at.label).project


def list_runs(asked: Asked, query: RunsQuery) -> RunsPage:
    """List runs, newest first."""
    found = asked.ledger.runs(
        RunQuery(
            flow=query.flow,
            status=query.status,
            user=query.user,
            tags=query.tag,
            since=query.since,
            until=query.until,
            target=query.target,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    return RunsPage(tuple(summary_of(row) for row in found.rows), found.cursor)


def show_run(asked: Asked, at: RunPath) -> RunSummary:
    """Show a run."""
    return summary_of(asked.ledger.find_run(at.flow, at.label))


def summary_of(row: RunRow) -> RunSummary:
    """Give what a list shows of a run."""
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
        project=row.project,
    )


ROUTES = (
    Route("GET", "/runs", list_runs, needs="viewer"),
    Route("GET", "/runs/{flow}/{label}", show_run, needs="viewer", of=project_of_run),
)
