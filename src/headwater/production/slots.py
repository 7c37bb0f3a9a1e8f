"""The slots of a schedule: the instants at which it fires, worked out from its cron expression and its zone.

When clocks change, one of two rules holds, and the field of the hours says which:

- **It names certain hours** (`0 6 * * *`, `30 */2 * * *`, `*/15 2 * * *`): the schedule follows the clock on the wall,
  and each time of the day fires once. Times that the clocks skip fire together, once, at the first instant after the
  gap; times that the clocks show twice fire the first time.
- **It names every hour** (`* * * * *`, `*/10 * * * *`, `30 0-23 * * *`): the schedule keeps its rhythm in real time. It
  fires at each matching minute that the clocks show, as often as they show it, and makes nothing up for a gap.
"""

import bisect
import copy
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo, available_timezones

from blake3 import blake3
from cronsim import CronSim, CronSimError

from headwater.model.errors import DeploymentRefused
from headwater.model.nearest import did_you_mean
from headwater.model.production import Schedule

_HOURS = frozenset(range(24))
_DAY = 86400


def slots_between(schedule: Schedule, after: float, until: float) -> Iterator[float]:
    """Yield the slots later than `after` and not later than `until`, in order, without jitter.

    Which slots there are does not depend on where the search begins. An infinite `until` gives slots without end.

    Raises:
        DeploymentRefused: the expression or the zone cannot be.
    """
    if schedule.starts_at is not None:
        after = max(after, math.ceil(schedule.starts_at) - 1)
    if schedule.ends_at is not None:
        until = min(until, schedule.ends_at)
    for slot in _slots_after(schedule, after):
        if slot > until:
            return
        yield slot


def next_slot(schedule: Schedule, after: float) -> float | None:
    """Give the first slot later than `after`; None when the schedule has ended or never fires again."""
    return next(slots_between(schedule, after, math.inf), None)


def fires_at(schedule: Schedule, target: str, slot: float) -> float:
    """Give when a slot fires: the slot, delayed by a share of the jitter that only target, schedule and slot decide."""
    if not schedule.jitter_seconds:
        return slot
    seed = f"{target}\0{schedule.key}\0{slot:.0f}".encode()
    share = int.from_bytes(blake3(seed).digest(length=8), "big") / 2**64
    return slot + share * schedule.jitter_seconds


def zone_of(name: str) -> ZoneInfo:
    """Give a zone by its IANA name.

    Raises:
        DeploymentRefused: this machine knows no such zone.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        near = did_you_mean(name, available_timezones())
        raise DeploymentRefused(
            f"{name!r} is no time zone of this machine",
            hint=near or "zones are written as in `Europe/Berlin`, `America/New_York`, `UTC`",
        ) from error


def keeps_rhythm(schedule: Schedule) -> bool:
    """True when the expression names every hour: it then runs on in real time when clocks change."""
    return _parsed(schedule, datetime(2024, 1, 1)).hours == _HOURS


def instant_of(wall: datetime, zone: ZoneInfo) -> float:
    """Give the first instant at which clocks show this time or, when they skip it, a later one.

    Args:
        wall: date and time without a zone.
        zone: where the clock hangs.
    """
    first, second = wall.replace(tzinfo=zone).timestamp(), wall.replace(tzinfo=zone, fold=1).timestamp()
    if second >= first:
        return first
    # skipped: with the clocks' distance from UTC before the change it is behind that, with the one after it before
    change = next_change(zone, int(second), int(first))
    return first if change is None else float(change)


def wall_time(instant: float, zone: ZoneInfo) -> datetime:
    """Give what clocks show at an instant, without the zone."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None, fold=0)


def offset_at(zone: ZoneInfo, instant: int) -> float:
    """Give how far the clocks are ahead of UTC, in seconds."""
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    assert offset is not None
    return offset.total_seconds()


def next_change(zone: ZoneInfo, before: int, until: int) -> int | None:
    """Find the first instant in (before, until] at which the clocks of a zone change; None = they do not."""
    offset = offset_at(zone, before)
    early = before
    for late in chain(range(before + _DAY, until, _DAY), (until,)):
        if offset_at(zone, late) != offset:
            return early + bisect.bisect_left(range(early, late), True, key=lambda at: offset_at(zone, at) != offset)
        early = late
    return None


def walls_between(schedule: Schedule, first: datetime, until: datetime) -> Iterator[datetime]:
    """Yield what the expression says in [first, until), whether clocks show it or not."""
    for shown in _parsed(schedule, first - timedelta(seconds=1)):
        if shown >= until:
            return
        yield shown


def _slots_after(schedule: Schedule, after: float) -> Iterator[float]:
    zone = zone_of(schedule.timezone)
    walk = _parsed(schedule, wall_time(math.floor(after), zone))
    return _in_real_time(schedule, zone, after) if walk.hours == _HOURS else _on_the_wall(walk, zone, after)


def _in_real_time(schedule: Schedule, zone: ZoneInfo, after: float) -> Iterator[float]:
    """Walk from one change of the clocks to the next, and take what they show in between.

    cronsim can walk through an aware datetime by itself, but misses slots where clocks change by half an hour.
    """
    last = math.floor(after)
    wall = wall_time(last, zone)
    while True:
        offset = offset_at(zone, last)
        for shown in _parsed(schedule, wall):
            slot = int(shown.replace(tzinfo=UTC).timestamp() - offset)
            change = next_change(zone, last, slot)
            if change is not None:
                break
            yield float(slot)
            last = slot
        else:
            return
        last = change
        wall = wall_time(change, zone) - timedelta(seconds=1)


def _on_the_wall(walk: CronSim, zone: ZoneInfo, after: float) -> Iterator[float]:
    """Walk through what the clocks could show, and give each the instant at which it fires."""
    last = after
    for shown in walk:
        slot = instant_of(shown, zone)
        if slot > last:
            yield slot
            last = slot


def _parsed(schedule: Schedule, start: datetime) -> CronSim:
    if len(schedule.cron.split()) != 5:
        raise DeploymentRefused(
            f"the cron expression `{schedule.cron}` has not five fields",
            hint="they are minute, hour, day of the month, month, weekday, as in `0 6 * * MON-FRI`",
        )
    try:
        walk = copy.copy(_expression(schedule.cron))
    except CronSimError as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        raise DeploymentRefused(
            f"the cron expression `{schedule.cron}` does not read or never fires: {reason}",
            hint="its fields are minute, hour, day of the month, month, weekday, as in `0 6 * * MON-FRI`",
        ) from error
    walk.dt = start.replace(microsecond=0)
    return walk


@lru_cache(maxsize=2048)
def _expression(cron: str) -> CronSim:
    """Read an expression once: that takes ten times as long as one step of a walk, which only moves its `dt`."""
    return CronSim(cron, datetime(2024, 1, 1))
