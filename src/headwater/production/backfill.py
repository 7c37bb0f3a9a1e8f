"""Backfills: one run of a deployment for each slot of a stretch of the past."""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count, islice

import msgspec

from headwater.model.errors import DeploymentRefused
from headwater.model.production import Schedule
from headwater.model.records import Record
from headwater.production.slots import instant_of, slots_between, wall_time, zone_of

#: Kind of their records; the key is the backfill's id.
KIND = "backfill"
#: Runs of a backfill give way to a deployment's daily run.
PRIORITY = -10

_EVERY = re.compile(r"([0-9]{1,6})\s*(min|h|d|w)")
_UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


class Backfill(msgspec.Struct, frozen=True, omit_defaults=True):
    """A backfill as it was asked for; how far it has come is told by the firings with source `backfill:<id>`."""

    #: `Churn-1`: the flow's name and a number.
    id: str
    #: Alias for which its runs are.
    target: str
    #: Name and number of the deployment that they run, whatever the alias names later.
    name: str
    number: int
    #: Slots are not earlier than this, Unix time.
    first: float
    #: And earlier than this.
    until: float
    #: Number of runs, those left out not counted.
    total: int
    at: float
    user: str
    #: Its slots, when they are those of a schedule; only expression and zone of it count.
    schedule: Schedule | None = None
    #: `1d`, `6h`: its slots lie so far apart, from `first` on; days and weeks are counted on the clocks of `timezone`.
    every: str | None = None
    timezone: str = "UTC"
    #: Runs at once.
    parallel: int = 1
    priority: int = PRIORITY
    #: Values by parameter's name, as JSON.
    parameters: dict[str, msgspec.Raw] = {}
    #: Slots that had a successful run when it was asked for.
    left_out: frozenset[float] = frozenset()
    cancelled_at: float | None = None
    cancelled_by: str = ""
    v: int = 1

    @property
    def source(self) -> str:
        """Source of its firings: `backfill:<id>`."""
        return f"{KIND}:{self.id}"


def backfill_slots(backfill: Backfill, after: float | None = None) -> Iterator[float]:
    """Yield the slots that it runs, in order, those left out not among them.

    Args:
        backfill: which.
        after: only those later than this; None = all.
    """
    slots = _every_slot(backfill, after) if backfill.every is not None else _schedule_slots(backfill, after)
    return (slot for slot in slots if slot not in backfill.left_out)


def next_slots(backfill: Backfill, recorded: float | None, running: int) -> list[float]:
    """Give the slots to start now, oldest first; empty when it is cancelled, full or through.

    Costs time in proportion to what it gives, as slots are started in their order.

    Args:
        backfill: which.
        recorded: its latest slot that has a firing, `Ledger.last_slot(target, source)`; None = none has.
        running: how many of its runs are not finished, queued ones included.
    """
    if backfill.cancelled_at is not None or running >= backfill.parallel:
        return []
    return list(islice(backfill_slots(backfill, recorded), backfill.parallel - running))


def step_of(every: str) -> timedelta:
    """Read `30min`, `6h`, `1d`, `2w`.

    Raises:
        DeploymentRefused: it is none of these, or nothing.
    """
    matched = _EVERY.fullmatch(every.strip())
    if matched is None or not int(matched[1]):
        raise DeploymentRefused(f"{every!r} is no distance between slots", hint="write it as 1d, 6h, 30min or 1w")
    return int(matched[1]) * _UNITS[matched[2]]


def backfill_record(backfill: Backfill, version: int) -> Record:
    """Give a version of its record; 1 begins it."""
    at = backfill.at if backfill.cancelled_at is None else backfill.cancelled_at
    return Record(KIND, backfill.id, version, at, msgspec.Raw(msgspec.json.encode(backfill)))


def decode_backfill(record: Record) -> Backfill:
    """Read its record."""
    return msgspec.json.decode(record.body, type=Backfill)


def _schedule_slots(backfill: Backfill, after: float | None) -> Iterator[float]:
    assert backfill.schedule is not None, backfill
    schedule = Schedule(cron=backfill.schedule.cron, timezone=backfill.schedule.timezone)
    begin = backfill.first - 1 if after is None else max(after, backfill.first - 1)
    for slot in slots_between(schedule, begin, backfill.until):
        if slot < backfill.until:
            yield slot


def _every_slot(backfill: Backfill, after: float | None) -> Iterator[float]:
    assert backfill.every is not None, backfill
    step, after = step_of(backfill.every), backfill.first - 1 if after is None else after
    passed = (after - backfill.first) // step.total_seconds()
    for number in count(max(0, int(passed) - 1)):  # one less: days are an hour shorter or longer when clocks change
        slot = _slot_at(backfill, step, number)
        if slot >= backfill.until:
            return
        if slot > after:
            yield slot
            after = slot


def _slot_at(backfill: Backfill, step: timedelta, number: int) -> float:
    """Give the slot so many steps behind the first."""
    if step % timedelta(days=1) or not number:
        return backfill.first + number * step.total_seconds()
    zone = zone_of(backfill.timezone)
    return instant_of(wall_time(backfill.first, zone) + number * step, zone)
