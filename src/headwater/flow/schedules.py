"""Reads `@schedule`: when a deployed flow runs by itself."""

from collections.abc import Mapping
from functools import partial

import msgspec

from headwater.flow.argument_values import Wrongs, duration, flag, number, one_of
from headwater.flow.cron import checked_cron, checked_zone, daily, moment, weekly
from headwater.model.errors import InvalidDecorator
from headwater.model.ids import NAME
from headwater.model.production import MissedPolicy, Schedule

#: What it takes.
ARGUMENTS = (
    *("cron", "daily", "hourly", "weekly", "timezone", "name", "missed", "window", "jitter"),
    *("starts", "ends", "parameters"),
)
_MISSED: tuple[MissedPolicy, ...] = ("none", "latest", "all")


def read_schedule(given: Mapping[str, object]) -> Schedule:
    """Give one schedule; without arguments it is `daily=True`.

    Raises:
        InvalidDecorator: no such argument, a value that it cannot take, no such zone, or it never fires; each of these
            that is the case.
    """
    wrongs = Wrongs()
    known = wrongs.only("schedule", given, ARGUMENTS)
    cron = wrongs.read(lambda: _cron(known), "")
    zone = wrongs.read(lambda: checked_zone("schedule", known.get("timezone", "UTC")), "UTC")
    starts, ends = (
        None
        if name not in known
        else wrongs.read(partial(moment, name, known[name], zone, is_end=name == "ends"), None)
        for name in ("starts", "ends")
    )
    if starts is not None and ends is not None and ends <= starts:
        wrongs.add(f"`@schedule`: it ends ({known['ends']}) before it starts ({known['starts']})")
    read = Schedule(
        cron=cron,
        name=wrongs.read(lambda: _name(known, cron), cron),
        timezone=zone,
        missed=_missed(known, wrongs),
        window_seconds=wrongs.read(lambda: _duration_of("window", known), None),
        jitter_seconds=wrongs.read(lambda: _jitter(known), 0.0),
        starts_at=starts,
        ends_at=ends,
        parameters=wrongs.read(lambda: _parameters(known), {}),
    )
    wrongs.refuse()
    return read


def _missed(known: Mapping[str, object], wrongs: Wrongs) -> MissedPolicy:
    missed: MissedPolicy = wrongs.read(
        lambda: one_of("schedule", "missed", known.get("missed", "latest"), _MISSED), "all"
    )
    if "window" in known and missed != "all":
        hint = 'write missed="all" besides, or leave the window out'
        wrongs.add('`@schedule(window=...)` means nothing without missed="all"', hint)
    return missed


def _duration_of(argument: str, known: Mapping[str, object]) -> float | None:
    return duration("schedule", argument, known[argument]) if argument in known else None


def _cron(known: Mapping[str, object]) -> str:
    ways = {way: known[way] for way in ("cron", "daily", "hourly", "weekly") if known.get(way, False) is not False}
    if len(ways) > 1:
        listed = " and ".join(f"`{way}`" for way in ways)
        raise InvalidDecorator(f"`@schedule` was given {listed}", hint="put a `@schedule` of its own for each of them")
    way, value = next(iter(ways.items()), ("daily", True))
    if way == "cron":
        if not isinstance(value, str):
            hint = 'for instance cron="0 6 * * *"'
            raise InvalidDecorator(f"`@schedule(cron={value!r})`: cron must be a text", hint=hint)
        return checked_cron(value)
    if way == "hourly":
        flag("schedule", "hourly", value)
        return "0 * * * *"
    return weekly(value) if way == "weekly" else daily("daily", value)


def _name(known: Mapping[str, object], cron: str) -> str:
    name = known.get("name", cron)
    if name == cron:
        return cron
    if not isinstance(name, str) or not NAME.match(name):
        hint = "letters, digits, `_` and `-`, beginning with a letter"
        raise InvalidDecorator(f"`@schedule(name={name!r})` cannot be the name of a schedule", hint=hint)
    return name


def _jitter(known: Mapping[str, object]) -> float:
    jitter = known.get("jitter", 0)
    return number("schedule", "jitter", 0) if jitter == 0 else duration("schedule", "jitter", jitter)


def _parameters(known: Mapping[str, object]) -> dict[str, msgspec.Raw]:
    parameters = known.get("parameters", {})
    if not isinstance(parameters, Mapping) or not all(isinstance(name, str) for name in parameters):
        hint = 'for instance parameters={"region": "eu"}'
        raise InvalidDecorator(f"`@schedule(parameters={parameters!r:.100})`: a dictionary is expected", hint=hint)
    try:
        return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in parameters.items()}
    except (TypeError, ValueError) as error:
        hint = "numbers, texts, True, False, None, and lists and dictionaries of these can be"
        raise InvalidDecorator(f"`@schedule(parameters=...)` cannot be written as JSON: {error}", hint=hint) from error
