"""Schedules: what fires when, what fired, and what a time table will do."""

from itertools import islice
from typing import Annotated, Literal

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment
from headwater.model.errors import NotFound
from headwater.model.launch import Firing
from headwater.model.rows import FiringQuery
from headwater.production.history import usual_duration
from headwater.production.simulate import ClockChange, SimulatedFiring, TimeTable, clock_changes, simulate
from headwater.production.upcoming import NextFiring, next_of_all, schedule_states
from headwater.web.asked import Asked
from headwater.web.deployed import ScheduleView, schedule_view
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, Text, Time
from headwater.web.targets import TargetPath, find_alias, project_of_target

_DAY = 86400.0
Verdict = Literal["started", "skipped", "missed", "refused"]
#: Pages of firings that are looked through for those of some verdicts.
_MOST_PAGES = 20
#: Firings of a simulation that are counted; more are not walked through.
_MOST_FIRINGS = 20_000


class SchedulesQuery(msgspec.Struct, frozen=True):
    """Which schedules; by deployment."""

    target: Text | None = None
    limit: Limit = 100
    #: Target of the last one of the page before.
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class SchedulesPage(msgspec.Struct, frozen=True):
    """A part of the list of schedules, by deployment; those of one deployment stay together."""

    rows: tuple[ScheduleView, ...]
    cursor: str | None = None


class FiringsQuery(msgspec.Struct, frozen=True):
    """Which firings; newest decision first."""

    target: Text | None = None
    #: `schedule:<name>`, `event`, `backfill:<id>`, `person`, `retry`, `shadow`.
    source: Text | None = None
    #: One of these.
    verdict: tuple[Verdict, ...] = ()
    #: Slots from this one on.
    since: Time | None = None
    limit: Limit = 50
    #: Of the page before. A page may have fewer rows than asked for, and go on all the same.
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class FiringRow(msgspec.Struct, frozen=True):
    """What was done about a slot, an event or a request to run."""

    key: str
    target: str
    source: str
    at: float
    verdict: Verdict
    slot: float | None
    reason: str
    #: `Churn/17`; None = no run was started.
    run: str | None


class FiringsPage(msgspec.Struct, frozen=True):
    """A part of the list of firings."""

    rows: tuple[FiringRow, ...]
    cursor: str | None = None


class NextQuery(msgspec.Struct, frozen=True):
    """Which firings to come; soonest first."""

    target: Text | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class NextRow(msgspec.Struct, frozen=True):
    """A firing that is to come."""

    target: str
    schedule: str
    cron: str
    timezone: str
    #: Jitter included.
    at: float


class NextPage(msgspec.Struct, frozen=True):
    """The firings to come, soonest first; there is no end of them."""

    rows: tuple[NextRow, ...]
    cursor: None = None


class SimulationQuery(msgspec.Struct, frozen=True):
    """Which days; from now on unless it says otherwise."""

    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 60
    since: Time | None = None
    #: Firings that are listed.
    limit: Limit = 200


class Simulation(msgspec.Struct, frozen=True):
    """Every firing of some days, if nothing else happens."""

    since: float
    until: float
    #: The first of them, in order of time.
    firings: tuple[SimulatedFiring, ...]
    #: How many there are.
    count: int
    #: There are more than were counted.
    is_cut: bool
    clock_changes: tuple[ClockChange, ...]
    #: How long runs usually take, which overlaps go by; None = there is no history.
    usual_seconds: float | None


def list_schedules(asked: Asked, query: SchedulesQuery) -> SchedulesPage:
    """List the schedules of all deployments: when each fires next, and what became of its last slot."""
    rows: list[ScheduleView] = []
    for state in Aliases(asked.ledger).all():
        if query.target not in (None, state.target) or (query.cursor is not None and state.target <= query.cursor):
            continue
        if len(rows) >= query.limit:
            return SchedulesPage(tuple(rows), rows[-1].target)
        try:
            deployment = find_deployment(asked.ledger, state.name, state.number)
        except NotFound:
            continue
        states = schedule_states(asked.ledger, state, deployment, asked.now)
        rows += [schedule_view(each, asked.now) for each in states]
    return SchedulesPage(tuple(rows))


def list_firings(asked: Asked, query: FiringsQuery) -> FiringsPage:
    """List what was done about slots, events and requests to run, newest first."""
    wanted = FiringQuery(query.target, query.source, query.since, query.limit, query.cursor)
    if not query.verdict:
        page = asked.ledger.firings(wanted)
        return FiringsPage(tuple(map(firing_row, page.rows)), page.cursor)
    found: list[Firing] = []
    for _ in range(_MOST_PAGES):
        # No page is longer than what is still to be found, so that its cursor stands behind the last row that is given.
        page = asked.ledger.firings(msgspec.structs.replace(wanted, limit=query.limit - len(found)))
        found += [firing for firing in page.rows if firing.verdict in query.verdict]
        wanted = msgspec.structs.replace(wanted, cursor=page.cursor)
        if page.cursor is None or len(found) == query.limit:
            break
    return FiringsPage(tuple(map(firing_row, found)), wanted.cursor)


def list_next_firings(asked: Asked, query: NextQuery) -> NextPage:
    """List the firings to come, soonest first."""
    found = next_of_all(asked.ledger, asked.now, query.limit, each=query.limit, target=query.target)
    return NextPage(tuple(map(next_row, found)))


def simulate_schedules(asked: Asked, at: TargetPath, query: SimulationQuery) -> Simulation:
    """Show every firing of some days, with what changes of clocks and earlier runs do to it."""
    state = find_alias(asked, at.target)
    begin = asked.now if query.since is None else query.since
    until = begin + query.days * _DAY
    usual = usual_duration(asked.ledger, state.target)
    seconds = None if usual is None else usual.seconds
    tables = _tables(asked, at, seconds)
    listed: list[SimulatedFiring] = []
    count = 0
    for firing in islice(simulate(tables, begin, until), _MOST_FIRINGS + 1):
        count += 1
        if len(listed) < query.limit:
            listed.append(firing)
    zones = dict.fromkeys(table.schedule.timezone for table in tables)
    changes = tuple(change for zone in zones for change in clock_changes(zone, begin, until))
    is_cut = count > _MOST_FIRINGS
    return Simulation(begin, until, tuple(listed), count - is_cut, is_cut, changes, seconds)


def next_row(firing: NextFiring) -> NextRow:
    """Give a firing to come as lists show it."""
    schedule = firing.schedule
    return NextRow(firing.target, schedule.name or schedule.cron, schedule.cron, schedule.timezone, firing.at)


def firing_row(firing: Firing) -> FiringRow:
    """Give a firing as lists show it."""
    return FiringRow(
        firing.key,
        firing.target,
        firing.source,
        firing.at,
        firing.verdict,
        firing.slot,
        firing.reason,
        firing.run_path,
    )


def _tables(asked: Asked, at: TargetPath, seconds: float | None) -> list[TimeTable]:
    state = find_alias(asked, at.target)
    if state.deployment is None or state.shadow_of is not None:
        return []
    production = find_deployment(asked.ledger, state.name, state.number).graph.production
    return [TimeTable(state.target, each, production.policy.overlap, seconds) for each in production.schedules]


ROUTES = (
    Route("GET", "/schedules", list_schedules, needs="viewer"),
    Route("GET", "/firings", list_firings, needs="viewer"),
    Route("GET", "/firings/next", list_next_firings, needs="viewer"),
    Route("GET", "/deployments/{target}/simulation", simulate_schedules, needs="viewer", of=project_of_target),
)
