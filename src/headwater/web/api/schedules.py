"""Schedules: what fires when, what fired, and what a time table will do."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Literal, get_args

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment
from headwater.model.errors import NotFound
from headwater.model.ids import RunId
from headwater.model.launch import Firing
from headwater.model.rows import FiringQuery, FiringVerdict, RunStatus
from headwater.production.history import usual_duration
from headwater.production.simulate import ClockChange, SimulatedFiring, TimeTable, clock_changes, simulate
from headwater.production.upcoming import NextFiring, ScheduleState, next_of_all, schedule_states
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, Text, Time
from headwater.web.sorting import SortedQuery, Sorting, direction, page_of
from headwater.web.targets import TargetPath, find_alias, project_of_target
from headwater.web.views.deployed import ScheduleStanding, ScheduleView, schedule_name, schedule_view

_DAY = 86400.0
#: Firings of a simulation that are counted; more are not walked through.
_MOST_FIRINGS = 20_000


class SchedulesQuery(SortedQuery, frozen=True):
    """Which schedules; by deployment, unless it says otherwise."""

    target: Text | None = None
    #: Part of the deployment's or the schedule's name, in upper or lower case.
    search: Text = ""
    #: One of these.
    stands: tuple[ScheduleStanding, ...] = ()
    sort: Literal[
        "target", "-target", "name", "-name", "stands", "-stands", "next_at", "-next_at", "last_slot", "-last_slot"
    ] = "target"
    limit: Limit = 100


class SchedulesPage(msgspec.Struct, frozen=True):
    """A part of the list of schedules."""

    rows: tuple[ScheduleView, ...]
    cursor: str | None = None


class FiringsQuery(SortedQuery, frozen=True):
    """Which firings; newest decision first, unless it says otherwise."""

    target: Text | None = None
    #: `schedule:<name>`, `event`, `backfill:<id>`, `person`, `retry`, `shadow`.
    source: Text | None = None
    #: One of these.
    verdict: tuple[FiringVerdict, ...] = ()
    #: Slots from this one on, and before that one.
    since: Time | None = None
    until: Time | None = None
    #: Part of the target, source, reason or run, in upper or lower case.
    search: Text = ""
    sort: Literal["at", "-at", "slot", "-slot", "target", "-target", "source", "-source", "verdict", "-verdict"] = "-at"


class FiringRow(msgspec.Struct, frozen=True):
    """What was done about a slot, an event or a request to run."""

    key: str
    target: str
    source: str
    at: float
    verdict: FiringVerdict
    slot: float | None
    reason: str
    #: `Churn/17`; None = no run was started.
    run: str | None
    #: What became of the run.
    status: RunStatus | None = None


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
    states = (each for each in _states(asked, query.target) if _is_asked_for(each, query))
    page, cursor = page_of(states, _SORTING, query)
    return SchedulesPage(tuple(schedule_view(each, asked.now) for each in page), cursor)


def list_firings(asked: Asked, query: FiringsQuery) -> FiringsPage:
    """List what was done about slots, events and requests to run, newest first."""
    column, is_ascending = direction(query.sort)
    page = asked.ledger.firings(
        FiringQuery(
            target=query.target,
            source=query.source,
            since=query.since,
            until=query.until,
            verdicts=query.verdict,
            search=query.search,
            sort=column,  # type: ignore[arg-type]
            is_ascending=is_ascending,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    statuses = asked.ledger.run_statuses([firing.run for firing in page.rows if firing.run is not None])
    return FiringsPage(tuple(_firing_row(firing, statuses) for firing in page.rows), page.cursor)


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
    return NextRow(firing.target, schedule_name(schedule), schedule.cron, schedule.timezone, firing.at)


def _firing_row(firing: Firing, statuses: Mapping[RunId, RunStatus]) -> FiringRow:
    return FiringRow(
        firing.key,
        firing.target,
        firing.source,
        firing.at,
        firing.verdict,
        firing.slot,
        firing.reason,
        firing.run_path,
        None if firing.run is None else statuses.get(firing.run),
    )


def _states(asked: Asked, target: str | None) -> Iterator[ScheduleState]:
    for state in Aliases(asked.ledger).all():
        if target in (None, state.target):
            try:
                deployment = find_deployment(asked.ledger, state.name, state.number)
            except NotFound:
                continue
            yield from schedule_states(asked.ledger, state, deployment, asked.now)


def _is_asked_for(state: ScheduleState, query: SchedulesQuery) -> bool:
    part = query.search.casefold()
    return (not query.stands or state.stands in query.stands) and (
        part in state.alias.target.casefold() or part in schedule_name(state.schedule).casefold()
    )


_STANDINGS = get_args(ScheduleStanding)

#: In memory: people write each of them, and when they fire is worked out from the clock.
_SORTING: Sorting[ScheduleState] = Sorting(
    {
        "target": lambda state: state.alias.target,
        "name": lambda state: schedule_name(state.schedule),
        "stands": lambda state: _STANDINGS.index(state.stands),
        "next_at": lambda state: state.next_at,
        "last_slot": lambda state: None if state.last is None else state.last.slot,
    },
    lambda state: f"{state.alias.target} {state.schedule.key}",
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
