"""What a look at the first screen is for: what runs, what failed, what is late, what waits, what comes next."""

import heapq
from collections.abc import Iterator
from typing import Literal

import msgspec

from headwater.hosting.status import read_status
from headwater.hosting.versions import service_aliases
from headwater.model.errors import NotFound
from headwater.model.launch import Firing
from headwater.model.rows import FiringQuery, RunQuery, RunStatus
from headwater.production.alerts.late import Lateness
from headwater.production.alerts.runs import RunEnds
from headwater.production.upcoming import NextFiring, ScheduleState, live_deployments, schedule_states
from headwater.web.api.approvals import ApprovalRow, ApprovalsQuery, list_approvals
from headwater.web.api.runs import RunSummary, summaries
from headwater.web.api.schedules import NextRow, next_row
from headwater.web.asked import Asked
from headwater.web.callers import home_of, view_of
from headwater.web.routes import Route
from headwater.web.run_paths import Time
from headwater.web.views.hosted import ServiceRow, service_row

#: Rows of each part.
_ROWS = 20
_NEXT = 10
#: Firings among which missed slots are looked for.
_FIRINGS = 200
#: Counting stops here.
_MOST_COUNTED = 1000
_DAY = 86400.0
#: Seconds after which a run that nobody starts, and a slot that nobody fires, is late.
_QUEUED_SECONDS = 300.0
_DUE_SECONDS = 60.0
_OPEN: tuple[RunStatus, ...] = ("running", "queued", "waiting", "interrupted")


class HomeQuery(msgspec.Struct, frozen=True):
    """Since when things are new."""

    #: None = a day ago.
    since: Time | None = None


class LateRow(msgspec.Struct, frozen=True):
    """Something that should have happened."""

    #: `deadline`: no run succeeded by the time that an `@alert` names; `due`: a slot passed and nothing fires;
    #: `missed`: slots were left out; `queued`: a run waits for its start.
    kind: Literal["deadline", "due", "missed", "queued"]
    target: str
    #: Since when, Unix time.
    at: float
    #: In a sentence.
    text: str
    #: `Churn/17`.
    run: str | None = None


class RolesView(msgspec.Struct, frozen=True):
    """What of the daemon works; without it nothing happens by itself."""

    #: `headwater up` runs.
    daemon: bool
    #: Fires schedules and triggers, and starts runs.
    scheduler: bool
    #: Tells people.
    alerter: bool
    #: Answers at endpoints.
    host: bool
    #: Where the host answers; None = it does not.
    host_url: str | None


class HomeView(msgspec.Struct, frozen=True):
    """The first screen."""

    since: float
    #: Runs by status, of those that have not ended; none is counted beyond 1000.
    counts: dict[str, int]
    #: What is at work, newest first.
    running: tuple[RunSummary, ...]
    #: Failed since then, the latest first.
    failed: tuple[RunSummary, ...]
    #: Interrupted runs: nobody drives them.
    interrupted: tuple[RunSummary, ...]
    #: The longest first.
    late: tuple[LateRow, ...]
    approvals: tuple[ApprovalRow, ...]
    services: tuple[ServiceRow, ...]
    #: The next firing of each schedule, soonest first.
    next: tuple[NextRow, ...]
    roles: RolesView


def show_home(asked: Asked, query: HomeQuery) -> HomeView:
    """Show what runs now, what failed since some time, what is late, what waits for people, what comes next."""
    since = asked.now - _DAY if query.since is None else query.since
    schedules = list(_schedules(asked))
    return HomeView(
        since=since,
        counts=_counts(asked),
        running=_runs(asked, RunQuery(status="running", limit=_ROWS)),
        failed=_failed(asked, since),
        interrupted=_runs(asked, RunQuery(status="interrupted", limit=_ROWS)),
        late=_late(asked, schedules, since),
        approvals=list_approvals(asked, ApprovalsQuery(limit=_ROWS)).rows,
        services=tuple(_services(asked)),
        next=_next(schedules),
        roles=roles_of(asked),
    )


def roles_of(asked: Asked) -> RolesView:
    """Say what of the daemon works."""
    host = read_status(home_of(asked))
    return RolesView(
        daemon=asked.ledger.leader("daemon") is not None,
        scheduler=asked.ledger.leader("scheduler") is not None,
        alerter=asked.ledger.leader("alerter") is not None,
        host=host is not None,
        host_url=None if host is None else host.url,
    )


def _counts(asked: Asked) -> dict[str, int]:
    counted = {status: asked.ledger.count_runs(RunQuery(status=status), at_most=_MOST_COUNTED) for status in _OPEN}
    return {status: count for status, count in counted.items() if count}


def _runs(asked: Asked, query: RunQuery) -> tuple[RunSummary, ...]:
    return tuple(summaries(asked, asked.ledger.runs(query).rows))


def _failed(asked: Asked, since: float) -> tuple[RunSummary, ...]:
    rows = asked.ledger.runs(RunQuery(status="failed", sort="finished", limit=_ROWS)).rows
    return tuple(summaries(asked, [row for row in rows if (row.finished_at or 0.0) >= since]))


def _schedules(asked: Asked) -> Iterator[ScheduleState]:
    for state, deployment in live_deployments(asked.ledger):
        yield from schedule_states(asked.ledger, state, deployment, asked.now)


def _next(schedules: list[ScheduleState]) -> tuple[NextRow, ...]:
    """Give the soonest firings, of each schedule one: what fires every minute would hide all others."""
    coming = [
        NextFiring(state.alias.target, state.schedule, state.next_at)
        for state in schedules
        if state.next_at is not None
    ]
    return tuple(map(next_row, heapq.nsmallest(_NEXT, coming, key=lambda firing: firing.at)))


def _services(asked: Asked) -> Iterator[ServiceRow]:
    host = read_status(home_of(asked))
    for state in service_aliases(asked.ledger).all()[:_ROWS]:
        try:
            yield service_row(asked, state, host)
        except NotFound:
            continue


def _late(asked: Asked, schedules: list[ScheduleState], since: float) -> tuple[LateRow, ...]:
    found = [*_deadlines(asked), *_due(asked, schedules), *_missed(asked, since), *_queued(asked)]
    return tuple(sorted(found, key=lambda row: row.at)[:_ROWS])


def _deadlines(asked: Asked) -> Iterator[LateRow]:
    for alert in Lateness(asked.ledger, RunEnds(view_of(asked))).look(asked.now):
        good = asked.ledger.runs(RunQuery(target=alert.target, status="succeeded", sort="finished", limit=1)).rows
        if not good or (good[0].finished_at or 0.0) < alert.at:
            yield LateRow("deadline", alert.target, alert.at, alert.title)


def _due(asked: Asked, schedules: list[ScheduleState]) -> Iterator[LateRow]:
    for state in schedules:
        if state.due is not None and asked.now - state.due - state.schedule.jitter_seconds > _DUE_SECONDS:
            name = state.schedule.name or state.schedule.cron
            yield LateRow("due", state.alias.target, state.due, f"schedule {name}: a slot passed and nothing fires")


def _missed(asked: Asked, since: float) -> Iterator[LateRow]:
    """Yield one row for all slots of a schedule that were missed, as long as the latest one was."""
    latest: dict[tuple[str, str], list[Firing]] = {}
    for firing in asked.ledger.firings(FiringQuery(limit=_FIRINGS)).rows:
        if firing.slot is not None and firing.source.startswith("schedule:"):
            latest.setdefault((firing.target, firing.source), []).append(firing)
    for (target, source), firings in latest.items():
        missed = []
        for firing in firings:
            if firing.verdict != "missed" or firing.at < since:
                break
            missed.append(firing)
        if missed:
            count = "a slot was missed" if len(missed) == 1 else f"{len(missed)} slots were missed"
            text = f"schedule {source.partition(':')[2]}: {count}: {missed[0].reason}".rstrip(": ")
            yield LateRow("missed", target, missed[-1].slot or missed[-1].at, text)


def _queued(asked: Asked) -> Iterator[LateRow]:
    for row in asked.ledger.runs(RunQuery(status="queued", sort="started", is_ascending=True, limit=_ROWS)).rows:
        if asked.now - row.started_at > _QUEUED_SECONDS:
            target = "" if row.launch is None else row.launch.target
            yield LateRow("queued", target, row.started_at, f"{row.path} waits for its start", row.path)


ROUTES = (Route("GET", "/home", show_home, needs="viewer"),)
