"""What a backfill would do, worked out before anything is stored."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice

import msgspec

from headwater.deployments.launches import convert_parameters
from headwater.deployments.stored import find_deployment
from headwater.home import Home
from headwater.model.deployment import AliasState, Deployment
from headwater.model.errors import DeploymentRefused, UserMistake
from headwater.model.nearest import did_you_mean
from headwater.model.ports import Ledger
from headwater.model.production import Schedule
from headwater.production.backfill import Backfill, backfill_slots, decode_backfill, step_of
from headwater.production.backfill_progress import backfill_records
from headwater.production.history import UsualDuration, runs_since, usual_duration
from headwater.production.slots import instant_of, wall_time, zone_of

#: Most runs of one backfill.
MOST_RUNS = 10_000
#: A run of a slot that ended in none of these ways need not be made again.
_GIVEN_UP = ("failed", "cancelled")


class Asked(msgspec.Struct, frozen=True):
    """What somebody asks for."""

    #: `2025-01-01`, `2025-01-01T06:00`; None = now.
    first: str
    until: str | None = None
    #: `1d`; None = the slots of a schedule of the deployment.
    every: str | None = None
    #: Name of that schedule; None = the only one.
    schedule: str | None = None
    timezone: str | None = None
    #: None = the one that the alias names.
    number: int | None = None
    parallel: int = 1
    parameters: Mapping[str, msgspec.Raw] = {}
    #: Run slots again that have a successful run.
    is_again: bool = False


class Preview(msgspec.Struct, frozen=True):
    """What it comes to."""

    #: Without an id: nobody has started it.
    backfill: Backfill
    first_slot: float
    last_slot: float
    #: How long runs of this deployment take; None = there is no history.
    usual: UsualDuration | None
    #: Ids of backfills at work on the same alias whose slots lie in the same stretch.
    others: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """How long it takes from its start on, when runs take as long as they did; None = there is no history."""
        if self.usual is None:
            return None
        rounds = -(-self.backfill.total // self.backfill.parallel)
        return rounds * self.usual.seconds


def plan_backfill(home: Home, state: AliasState, asked: Asked, now: float) -> Preview:
    """Work out what a backfill of an alias would do; stores nothing but the values of its parameters.

    Raises:
        DeploymentRefused: names what cannot be as asked.
        NotFound: there is no such deployment.
    """
    refuse(unreadable(asked))
    number = state.number if asked.number is None else asked.number
    deployment = find_deployment(home.ledger, state.name, number)
    schedule = None if asked.every is not None else _schedule(deployment, asked.schedule)
    zone_name = _zone_name(deployment, schedule, asked)
    first, until = _stretch(asked, zone_name, now)
    given = {**(schedule.parameters if schedule is not None else {}), **asked.parameters}
    convert_parameters(home, deployment, given)
    wanted = Backfill(
        id="",
        target=state.target,
        name=state.name,
        number=number,
        first=first,
        until=until,
        total=0,
        at=now,
        user=home.user,
        schedule=schedule,
        every=asked.every,
        timezone=zone_name,
        parallel=asked.parallel,
        parameters=given,
    )
    return _preview(home.ledger, wanted, is_again=asked.is_again)


def unreadable(asked: Asked) -> list[UserMistake]:
    """Give what is wrong with what somebody asks for, whatever is deployed."""
    wrong: list[UserMistake] = []

    def read(reading: Callable[[], object]) -> None:
        try:
            reading()
        except UserMistake as mistake:
            wrong.append(mistake)

    if asked.timezone is not None:
        read(partial(zone_of, asked.timezone))
    read(lambda: _instant("--from", asked.first, "UTC"))
    if asked.until is not None:
        read(partial(_instant, "--to", asked.until, "UTC"))
    if asked.every is not None:
        read(partial(step_of, asked.every))
    return wrong


def refuse(mistakes: Sequence[UserMistake]) -> None:
    """Raise what is wrong, all of it as one; silent when nothing is.

    Raises:
        UserMistake: the only one.
        DeploymentRefused: all of several.
    """
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        hints = dict.fromkeys(each.hint for each in mistakes if each.hint)
        raise DeploymentRefused("\n".join(each.message for each in mistakes), hint="; ".join(hints))


def _preview(ledger: Ledger, wanted: Backfill, *, is_again: bool) -> Preview:
    slots = list(islice(backfill_slots(wanted), MOST_RUNS + 1))
    if len(slots) > MOST_RUNS:
        hint = "make it several, one after the other, or put more time between the slots with --every"
        raise DeploymentRefused(f"these are more than {MOST_RUNS} runs", hint=hint)
    if not slots:
        raise DeploymentRefused(
            f"no slot lies between {_utc(wanted.first)} and {_utc(wanted.until)}",
            hint="--to is the first instant that does not belong to it; --every 1d names slots of its own",
        )
    done = frozenset() if is_again else _done_slots(ledger, wanted, slots)
    left = [slot for slot in slots if slot not in done]
    if not left:
        raise DeploymentRefused(
            f"each of the {len(slots)} slots has a run that succeeded or is under way", hint="--again runs them again"
        )
    backfill = msgspec.structs.replace(wanted, total=len(left), left_out=done)
    usual = usual_duration(ledger, wanted.target, wanted.number)
    return Preview(backfill, left[0], left[-1], usual, _others(ledger, wanted))


def _done_slots(ledger: Ledger, wanted: Backfill, slots: list[float]) -> frozenset[float]:
    """Give the slots that a run of the alias stands for which succeeded or is under way."""
    of_runs = {
        row.launch.logical_date
        for row in runs_since(ledger, wanted.target, slots[0])
        if row.launch is not None and row.status not in _GIVEN_UP
    }
    return frozenset(slot for slot in slots if slot in of_runs)


def _others(ledger: Ledger, wanted: Backfill) -> tuple[str, ...]:
    found = [decode_backfill(record) for record in backfill_records(ledger)]
    return tuple(
        other.id
        for other in found
        if other.target == wanted.target
        and other.cancelled_at is None
        and other.first < wanted.until
        and wanted.first < other.until
        and next(backfill_slots(other, ledger.last_slot(other.target, other.source)), None) is not None
    )


def _schedule(deployment: Deployment, name: str | None) -> Schedule:
    schedules = {schedule.key: schedule for schedule in deployment.graph.production.schedules}
    what = f"{deployment.name}, deployment {deployment.number},"
    if name is None and len(schedules) == 1:
        return next(iter(schedules.values()))
    if not schedules:
        raise DeploymentRefused(f"{what} has no schedule", hint="say how far slots lie apart: --every 1d")
    if name is None:
        known = ", ".join(f"`{each}`" for each in schedules)
        raise DeploymentRefused(
            f"{what} has several schedules", hint=f"name one with --schedule, or --every 1d: {known}"
        )
    if name not in schedules:
        hint = did_you_mean(name, schedules, what="Its schedules")
        raise DeploymentRefused(f"{what} has no schedule `{name}`", hint=hint)
    return schedules[name]


def _zone_name(deployment: Deployment, schedule: Schedule | None, asked: Asked) -> str:
    """Give the zone in which dates are read: as asked, else that of the schedule, else of the deployment's first."""
    if schedule is not None:
        if asked.timezone not in (None, schedule.timezone):
            hint = "--timezone goes with --every"
            raise DeploymentRefused(f"the schedule is read on the clocks of {schedule.timezone}", hint=hint)
        return schedule.timezone
    if asked.timezone is not None:
        return asked.timezone
    return next((each.timezone for each in deployment.graph.production.schedules), "UTC")


def _stretch(asked: Asked, zone_name: str, now: float) -> tuple[float, float]:
    first = _instant("--from", asked.first, zone_name)
    until = now if asked.until is None else _instant("--to", asked.until, zone_name)
    if until > now:
        midnight = f"{wall_time(now, zone_of(zone_name)):%Y-%m-%d}"
        hint = f"slots that are still to come are fired by the schedule; --to {midnight} ends with yesterday"
        raise DeploymentRefused(f"--to {asked.until} lies in the future", hint=hint)
    if first >= until:
        raise DeploymentRefused(
            f"--from {asked.first} does not lie before --to {asked.until or 'now'}",
            hint="--to is the first instant that does not belong to it",
        )
    return first, until


def _instant(option: str, text: str, zone_name: str) -> float:
    """Read a date, midnight on the clocks of the zone, or a date with a time."""
    zone = zone_of(zone_name)
    try:
        read = datetime.fromisoformat(text)
        instant = float(int(instant_of(read, zone) if read.tzinfo is None else read.timestamp()))
        if instant < 0:
            raise ValueError("before 1970")
        return instant
    except (ValueError, OverflowError) as error:
        hint = "write it as 2025-01-31 or 2025-01-31T06:00, from 1970 on"
        raise DeploymentRefused(f"{option} {text!r} is no date", hint=hint) from error


def _utc(instant: float) -> str:
    return f"{wall_time(instant, zone_of('UTC')):%Y-%m-%d %H:%M} UTC"
