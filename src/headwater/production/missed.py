"""What is done about the slots that are due: started, or recorded as missed, by the schedule's policy."""

import bisect
import math
from datetime import UTC, datetime
from itertools import islice
from typing import Literal

import msgspec

from headwater.model.production import Schedule
from headwater.production.slots import fires_at, slots_between

#: A slot that is at most this late (beside its jitter) is on time, whatever the policy.
GRACE_SECONDS = 60.0
#: Slots that one call starts at most; the next call goes on behind them.
MOST_STARTED = 1000
#: Missed slots that get a record each; those before them share one.
MOST_MISSED = 50
#: How far the slots are counted that share one record.
_MOST_COUNTED = 3000


class SlotDecision(msgspec.Struct, frozen=True):
    """What is to be recorded of one due slot."""

    slot: float
    #: The slot with its jitter.
    fires_at: float
    verdict: Literal["start", "missed"]
    #: Why it is missed or late, and for how many more slots the decision speaks; empty for a slot that is on time.
    reason: str = ""


def decide_slots(schedule: Schedule, target: str, since: float, now: float) -> list[SlotDecision]:
    """Decide about the slots later than `since` that are due now, oldest first.

    Slots are taken in their order: one whose jitter is short waits for an earlier one whose jitter is long, so that the
    latest decision always tells where to go on. The list is bounded: of very many missed slots the older ones share the
    decision of the newest among them, and with the policy `all` at most `MOST_STARTED` are started, after which the
    caller asks again. An empty list means that nothing is due.

    Args:
        schedule: the time table.
        target: alias that it fires for, which shares out the jitter.
        since: the last slot that has a record, or when the schedule began to count.
        now: Unix time.
    """
    until = _due_until(schedule, target, since, now)
    due = list(islice(slots_between(schedule, since, until), 2))
    if len(due) < 2 and (not due or _is_on_time(schedule, due[0], now)):
        return [_start(schedule, target, slot, now) for slot in due]  # what nearly every call comes to
    start_after = max(since, _start_after(schedule, since, until, now))
    missed = _missed(schedule, target, since, min(start_after, until), now)
    started = islice(slots_between(schedule, start_after, until), MOST_STARTED)
    return [*missed, *(_start(schedule, target, slot, now) for slot in started)]


def _due_until(schedule: Schedule, target: str, since: float, now: float) -> float:
    """Give the instant up to which all slots are due; the first one whose jitter has not passed holds up the rest."""
    for slot in slots_between(schedule, max(since, now - schedule.jitter_seconds), now):
        if fires_at(schedule, target, slot) > now:
            return slot - 1
    return now


def _start_after(schedule: Schedule, since: float, until: float, now: float) -> float:
    """Give the instant behind which due slots are started; up to it they are missed."""
    on_time = math.ceil(now - schedule.jitter_seconds - GRACE_SECONDS) - 1
    if schedule.missed == "none":
        return on_time
    if schedule.missed == "latest":
        return min(on_time, _newest(schedule, since, until, 1)[0] - 1)
    return since if schedule.window_seconds is None else min(on_time, math.ceil(now - schedule.window_seconds) - 1)


def _is_on_time(schedule: Schedule, slot: float, now: float) -> bool:
    return slot >= now - schedule.jitter_seconds - GRACE_SECONDS


def _missed(schedule: Schedule, target: str, since: float, until: float, now: float) -> list[SlotDecision]:
    slots = _newest(schedule, since, until, MOST_MISSED + 1)
    reasons = [f"{_passed(now - slot)} late: {_policy(schedule)}" for slot in slots]
    if len(slots) > MOST_MISSED:
        reasons[0] += _for_earlier(schedule, since, slots[0] - 1)
    return [
        SlotDecision(slot, fires_at(schedule, target, slot), "missed", reason)
        for slot, reason in zip(slots, reasons, strict=True)
    ]


def _for_earlier(schedule: Schedule, since: float, until: float) -> str:
    """Say for how many slots before it a decision speaks; nothing when there are none."""
    earlier = list(islice(slots_between(schedule, since, until), _MOST_COUNTED + 1))
    if not earlier:
        return ""
    count = f"more than {_MOST_COUNTED}" if len(earlier) > _MOST_COUNTED else f"{len(earlier)}"
    first = datetime.fromtimestamp(earlier[0], UTC)
    return f"; this record speaks for {count} earlier missed slots too, from {first:%Y-%m-%dT%H:%MZ} on"


def _start(schedule: Schedule, target: str, slot: float, now: float) -> SlotDecision:
    is_late = not _is_on_time(schedule, slot, now)
    reason = f"{_passed(now - slot)} late: nothing could fire when it was due" if is_late else ""
    return SlotDecision(slot, fires_at(schedule, target, slot), "start", reason)


def _newest(schedule: Schedule, since: float, until: float, count: int) -> list[float]:
    """Give the newest slots in (since, until], at most so many, without walking through all the others."""

    def is_few(instant: float) -> bool:
        return sum(1 for _ in islice(slots_between(schedule, instant, until), count + 1)) <= count

    if not is_few(since):
        first, last = math.floor(since), math.ceil(until)
        since = first + bisect.bisect_left(range(first, last), True, key=is_few)
    return list(slots_between(schedule, since, until))


def _policy(schedule: Schedule) -> str:
    if schedule.missed == "none":
        return "missed slots of this schedule are not run"
    if schedule.missed == "latest":
        return "of missed slots only the latest is run"
    return f"missed slots are run for {_passed(schedule.window_seconds or 0)}"


def _passed(seconds: float) -> str:
    """`5 min`, `3 h 20 min`, `12 d 4 h`."""
    minutes = max(0, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours <= 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
