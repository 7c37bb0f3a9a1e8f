"""What is not as it was when a flow last succeeded: the first question about a run that failed."""

from itertools import chain

import msgspec

from headwater.model.rows import RunQuery, RunRow
from headwater.production.alerts.changes import changes_since
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, find_run, project_of_run

#: Tasks of each run that are compared, and differences that are told.
_MOST_TASKS = 1000
_MOST_CHANGES = 50


class NotAsBefore(msgspec.Struct, frozen=True):
    """One thing that is not as it was."""

    #: `inputs`, `data files`, `parameters`, `code`, `packages`, `packages of train`.
    kind: str
    #: `alpha: 0.5 -> 0.9`, `churn.py changed`.
    text: str


class SinceGood(msgspec.Struct, frozen=True):
    """How a run differs from the last good one before it: of the same alias when it is of one, else of the flow."""

    #: `Churn/16`; None when no run succeeded before.
    good: str | None = None
    good_finished_at: float | None = None
    #: Runs that failed in between, at most a hundred of them.
    failed_since: int = 0
    #: The most telling first: inputs, data files, parameters, code, packages.
    changes: tuple[NotAsBefore, ...] = ()
    #: Differences in all, told or not.
    count: int = 0
    #: Why not all could be compared; empty when it could.
    unknown: str = ""
    #: Only the first tasks of the larger run were compared.
    is_cut: bool = False


def show_since_good(asked: Asked, at: RunPath) -> SinceGood:
    """Show what is not as it was in the last run that succeeded before this one."""
    record = find_run(asked, at)
    row = record.row
    good = _last_good(asked, row)
    if good is None:
        return SinceGood()
    failed = None if row.failed_key is None else record.tasks_by_key([row.failed_key]).get(row.failed_key)
    before = find_run(asked, RunPath(good.flow, good.label))
    found = changes_since(before, record, failed, most_tasks=_MOST_TASKS)
    return SinceGood(
        good.path,
        good.finished_at,
        failed_since=_failed_between(asked, good, row),
        changes=tuple(NotAsBefore(each.kind, each.text) for each in found.found[:_MOST_CHANGES]),
        count=len(found.found),
        unknown=found.unknown,
        is_cut=any(sum(each.task_counts.values()) > _MOST_TASKS for each in (row, good)),
    )


def _last_good(asked: Asked, row: RunRow) -> RunRow | None:
    targets = () if row.launch is None else (row.launch.target,)
    for target in chain(targets, (None,)):
        query = RunQuery(flow=row.flow, status="succeeded", until=row.started_at, target=target, limit=10)
        for found in asked.ledger.runs(query).rows:
            if found.run != row.run and found.project == row.project:
                return found
    return None


def _failed_between(asked: Asked, good: RunRow, row: RunRow) -> int:
    """Count the runs that failed after the good one and before this one, up to a hundred."""
    query = RunQuery(flow=row.flow, status="failed", since=good.started_at, until=row.started_at, limit=100)
    rows = asked.ledger.runs(query).rows
    return sum(1 for each in rows if each.run != row.run and each.project == row.project)


ROUTES = (Route("GET", "/runs/{flow}/{label}/since-good", show_since_good, needs="viewer", of=project_of_run),)
