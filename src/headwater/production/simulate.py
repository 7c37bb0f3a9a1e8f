"""What schedules will do: every firing of a stretch of time, with what clocks and earlier runs do to it."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from headwater.model.production import Overlap, Schedule
from headwater.production.slots import (
    fires_at,
    keeps_rhythm,
    next_change,
    offset_at,
    slots_between,
    wall_time,
    walls_between,
    zone_of,
)

#: Times of the day that a note lists.
_LISTED = 3


class TimeTable(msgspec.Struct, frozen=True):
    """One schedule of a deployment."""

    target: str
    schedule: Schedule
    overlap: Overlap = "skip"
    #: How long its runs usually take; None = there is no history.
    run_seconds: float | None = None


class SimulatedFiring(msgspec.Struct, frozen=True):
    """One firing, as it will happen if nothing else does."""

    target: str
    schedule: str
    slot: float
    #: The slot with its jitter.
    fires_at: float
    #: On the clocks of the schedule's zone.
    local: str
    #: What clocks do to it; empty = nothing.
    clocks: str = ""
    #: What an earlier run of the deployment does to it; empty = nothing.
    overlap: str = ""


class ClockChange(msgspec.Struct, frozen=True):
    """An instant at which the clocks of a zone change."""

    zone: str
    at: float
    #: What they show without and with the change: `02:00`, `03:00`.
    before: str
    after: str


def simulate(tables: Sequence[TimeTable], first: float, until: float) -> Iterator[SimulatedFiring]:
    """Yield all firings of schedules in [first, until), in the order in which they fire.

    A run is taken to last as long as runs of its deployment usually do, from its firing on.
    """
    ends: dict[str, float] = {}
    latest: dict[str, SimulatedFiring] = {}
    each = [_firings(table, first, until) for table in tables]
    for table, firing in heapq.merge(*each, key=lambda pair: pair[1].fires_at):
        busy_until = ends.get(table.target, firing.fires_at)
        starts_at = firing.fires_at
        if starts_at < busy_until:
            firing = msgspec.structs.replace(firing, overlap=_overlap(table, latest[table.target]))
            starts_at = busy_until if table.overlap == "queue" else starts_at
        yield firing
        if not firing.overlap or table.overlap != "skip":
            ends[table.target] = starts_at + (table.run_seconds or 0)
            latest[table.target] = firing


def clock_changes(zone_name: str, first: float, until: float) -> Iterator[ClockChange]:
    """Yield the changes of a zone's clocks in (first, until], in order.

    Raises:
        DeploymentRefused: there is no such zone.
    """
    zone, last = zone_of(zone_name), int(first)
    while (change := next_change(zone, last, int(until))) is not None:
        before = wall_time(change - 1, zone) + timedelta(seconds=1)
        yield ClockChange(zone_name, float(change), f"{before:%H:%M}", f"{wall_time(change, zone):%H:%M}")
        last = change


def _firings(table: TimeTable, first: float, until: float) -> Iterator[tuple[TimeTable, SimulatedFiring]]:
    schedule = table.schedule
    zone, name, is_rhythm = zone_of(schedule.timezone), schedule.key, keeps_rhythm(schedule)
    last = first
    for slot in slots_between(schedule, first - 1, until - 1):
        last = max(last, fires_at(schedule, table.target, slot))  # a short jitter waits for a long one before it
        note = _clock_note(schedule, zone, slot, is_rhythm=is_rhythm)
        local = datetime.fromtimestamp(slot, zone).strftime("%a %Y-%m-%d %H:%M")
        yield table, SimulatedFiring(table.target, name, slot, last, local, note)


def _clock_note(schedule: Schedule, zone: ZoneInfo, slot: float, *, is_rhythm: bool) -> str:
    """Say what a change of clocks does to a slot; nothing for most."""
    shown = wall_time(slot, zone)
    first, second = (shown.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first < second:
        if is_rhythm:
            return f"clocks show {shown:%H:%M} again" if slot == second else ""
        return f"clocks show {shown:%H:%M} twice: fires the first time"
    skipped = offset_at(zone, int(slot)) - offset_at(zone, int(slot) - 1)
    if is_rhythm or skipped <= 0:
        return ""
    walls = [f"{wall:%H:%M}" for wall in walls_between(schedule, shown - timedelta(seconds=skipped), shown)]
    if not walls:
        return ""
    more = f" and {len(walls) - _LISTED} more" if len(walls) > _LISTED else ""
    return f"clocks skip {', '.join(walls[:_LISTED])}{more}: fires at {shown:%H:%M}"


def _overlap(table: TimeTable, earlier: SimulatedFiring) -> str:
    still = f"the run of {earlier.local[-5:]} usually still works then"
    if table.overlap == "skip":
        return f"{still}: this one is skipped"
    if table.overlap == "queue":
        return f"{still}: this one waits for it"
    return f"{still}: it is cancelled" if table.overlap == "cancel_previous" else f"{still}: both run"
