"""What people want to be told, decided from facts alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from headwater.model.launch import Firing, Launch
from headwater.model.outcome import ExitCause
from headwater.model.production import AlertRule, RunPolicy
from headwater.production.slots import instant_of

#: What a production deployment's people are told without asking.
_UNASKED = ("failure", "recovery", "missed")
_RETRY = re.compile(r"^(?P<first>.+)/retry:(?P<number>\d+)$")


class Breach(msgspec.Struct, frozen=True):
    """A metric that is not within its bounds."""

    metric: str
    #: `is 0.62, below 0.7`.
    told: str


class Deadline(msgspec.Struct, frozen=True):
    """A time by which a run must have succeeded."""

    #: Unix times of the deadline and of the one before it.
    at: float
    before: float
    #: `2025-03-01`, where the rule's clock hangs.
    day: str


class Outage(msgspec.Struct, frozen=True):
    """Slots of one schedule that were missed in a row."""

    first: float
    last: float
    #: Records of them; one may speak for more slots.
    count: int
    #: When the last of them was recorded.
    at: float
    reasons: tuple[str, ...]


def is_wanted(on: Literal["failure", "recovery", "missed"], rules: Sequence[AlertRule], *, is_production: bool) -> bool:
    """Tell whether people want to hear of this: unasked in production, elsewhere when a rule says so."""
    return is_production or any(rule.on == on for rule in rules)


def is_shadow(launch: Launch) -> bool:
    """Tell whether a run is a shadow's: `deployment compare` judges those, nobody is woken up."""
    return launch.trigger.kind == "shadow" or launch.target.partition("@")[2].startswith("shadow.")


def is_backfill(launch: Launch | None) -> bool:
    """Tell whether a run makes up for the past: its end says nothing about how the present stands."""
    return launch is not None and launch.trigger.kind == "backfill"


def retries_before(key: str) -> int:
    """Say which retry of a whole run an idempotency key stands for; 0 = it is the first try."""
    found = _RETRY.match(key)
    return 0 if found is None else int(found["number"])


def is_worth_another_try(cause: ExitCause | None) -> bool:
    """Tell whether a run that failed so may do better when it is tried again: what is damaged stays so."""
    return cause != "damaged_input"


def next_retry_keys(run_path: str, key: str, policy: RunPolicy) -> list[str]:
    """Give the keys under which a failed run may be tried again as a whole; empty when its retries are used up."""
    done = retries_before(key)
    if done >= policy.retries:
        return []
    found = _RETRY.match(key)
    firsts = [run_path] if found is None else [found["first"], run_path]
    return [f"{first}/retry:{done + 1}" for first in firsts]


def breaches(rules: Iterable[AlertRule], metrics: Mapping[str, object]) -> list[Breach]:
    """Give the metrics that are out of bounds; one that is missing or no number is, too."""
    found = []
    for rule in rules:
        if rule.on == "metric" and rule.metric is not None:
            told = _breach(rule, metrics[rule.metric]) if rule.metric in metrics else "is missing"
            if told:
                found.append(Breach(rule.metric, told))
    return found


def _breach(rule: AlertRule, value: object) -> str:
    if value is None:  # what JSON makes of NaN
        return "is no number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is {value!r}, which is no number"
    # Asked this way round, NaN is out of every bound.
    if rule.below is not None and not value >= rule.below:
        return f"is {value:.6g}, below {rule.below:g}"
    if rule.above is not None and not value <= rule.above:
        return f"is {value:.6g}, above {rule.above:g}"
    return ""


def last_deadline(rule: AlertRule, now: float) -> Deadline | None:
    """Give the latest deadline of a rule that has passed; None when the rule has none that reads."""
    found = [deadline for deadline in _deadlines(rule, now) if deadline.at <= now]
    return found[-1] if found else None


def next_deadline(rule: AlertRule, now: float) -> float | None:
    """Give the time of the first deadline of a rule that has not passed."""
    return next((deadline.at for deadline in _deadlines(rule, now) if deadline.at > now), None)


def _deadlines(rule: AlertRule, now: float) -> list[Deadline]:
    """Give those of the days around now, in order."""
    if rule.by is None:
        return []
    zone, wall = ZoneInfo(rule.timezone), time.fromisoformat(rule.by)
    today = datetime.fromtimestamp(now, zone).date()
    days = [today + timedelta(days=offset) for offset in range(-3, 3)]
    instants = [_instant(day, wall, zone) for day in days]
    return [
        Deadline(at, before, day.isoformat())
        for day, before, at in zip(days[1:], instants[:-1], instants[1:], strict=True)
    ]


def _instant(day: date, wall: time, zone: ZoneInfo) -> float:
    return instant_of(datetime.combine(day, wall), zone)


def missed_outage(newest_first: Iterable[Firing]) -> Outage | None:
    """Give the slots of one source that were missed last, back to the last one that was not; None when none was."""
    slots = sorted((firing for firing in newest_first if firing.slot is not None), key=_slot, reverse=True)
    missed: list[Firing] = []
    for firing in slots:
        if firing.verdict == "missed":
            missed.append(firing)
        elif missed:
            break
    if not missed:
        return None
    reasons = tuple(dict.fromkeys(firing.reason for firing in missed if firing.reason))
    return Outage(_slot(missed[-1]), _slot(missed[0]), len(missed), max(firing.at for firing in missed), reasons)


def _slot(firing: Firing) -> float:
    return firing.slot or 0.0


def utc_day(unix_seconds: float) -> str:
    """`2025-03-01`."""
    return datetime.fromtimestamp(unix_seconds, UTC).date().isoformat()
