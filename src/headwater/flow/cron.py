"""Cron expressions and time zones of schedules, checked before anything is stored."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from headwater.model.errors import InvalidDecorator
from headwater.model.nearest import nearest

_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
_HINT = 'write five fields, minute hour day month weekday, such as "0 6 * * *" for 06:00 every day'
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})$")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Numbers of weekdays, but neither steps (`/2`) nor which one of the month (`#3`).
_WEEKDAY = re.compile(r"(?<![/#\d])\d")


def checked_cron(expression: str) -> str:
    """Give an expression of five fields, its blanks made single.

    One of six fields as Amazon's EventBridge writes them (`0 6 * * ? *`) is taken when five say the same.

    Raises:
        InvalidDecorator: it cannot be read, or there is no day on which it fires.
    """
    fields = expression.split()
    if len(fields) == 6:
        fields = _from_six(expression, fields)
    if len(fields) != 5:
        raise _refused(expression, f"it has {len(fields)} fields", _HINT)
    for number, field in enumerate(fields):
        alone = ["*"] * 5
        alone[number] = field
        if not _is_read(" ".join(alone)):
            raise _refused(expression, f"`{field}` is no {_FIELDS[number]}", _HINT)
    cron = " ".join(fields)
    if not _is_read(cron):
        why = f"it never fires: no such month has a day {fields[2]}"
        raise _refused(expression, why, "L is the last day of a month: `0 0 L * *`")
    return cron


def daily(name: str, at: object) -> str:
    """Give the expression of `daily=True` (midnight) or `daily="06:00"`.

    Raises:
        InvalidDecorator: it is neither.
    """
    if at is True:
        return "0 0 * * *"
    hour, minute = clock_time("schedule", name, at)
    return f"{minute} {hour} * * *"


def weekly(at: object) -> str:
    """Give the expression of `weekly=True` (Sunday, midnight) or `weekly="mon 06:00"`.

    Raises:
        InvalidDecorator: it is neither.
    """
    if at is True:
        return "0 0 * * 0"
    day, _, clock = at.strip().partition(" ") if isinstance(at, str) else ("", "", "")
    if day[:3].lower() not in _DAYS:
        hint = 'write weekly=True for Sunday 00:00, or weekly="mon 06:00"'
        raise InvalidDecorator(f"`@schedule(weekly={at!r})`: no such day and time", hint=hint)
    hour, minute = clock_time("schedule", "weekly", clock.strip() or "00:00")
    return f"{minute} {hour} * * {_DAYS.index(day[:3].lower())}"


def clock_time(decorator: str, argument: str, value: object) -> tuple[int, int]:
    """Give hour and minute of `06:00`.

    Raises:
        InvalidDecorator: it is no time of day.
    """
    found = _CLOCK.match(value.strip()) if isinstance(value, str) else None
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        hint = 'write it as "06:00", from "00:00" to "23:59"'
        raise InvalidDecorator(f"`@{decorator}({argument}={value!r})`: that is no time of day", hint=hint)
    return int(found[1]), int(found[2])


def checked_zone(decorator: str, name: object) -> str:
    """Give the IANA name of a time zone that exists.

    Raises:
        InvalidDecorator: there is none of that name; offers near ones.
    """
    if isinstance(name, str) and name == "UTC":
        return name
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name if isinstance(name, str) else "")
        return str(name)
    except (KeyError, ValueError, OSError):
        known = sorted(available_timezones())
    if not known:
        message = f"`@{decorator}(timezone={name!r})`: this machine has no database of time zones"
        raise InvalidDecorator(message, hint="pip install tzdata")
    word = name if isinstance(name, str) else ""
    cities = [zone for zone in known if word and zone.rpartition("/")[2].lower() == word.replace(" ", "_").lower()]
    near = cities[:3] or nearest(word, known, 1)
    guess = f"did you mean {' or '.join(f'`{zone}`' for zone in near)}?" if near else ""
    hint = guess or "a zone is called like `Europe/Berlin`, `America/New_York` or `UTC`"
    raise InvalidDecorator(f"`@{decorator}(timezone={name!r})`: there is no such time zone", hint=hint)


def moment(argument: str, value: object, zone: str, *, is_end: bool = False) -> float:
    """Give the Unix time of a date or a date with a time, on the clock of `zone` unless it says its own.

    A date alone means its first moment, or with `is_end` its last second.

    Raises:
        InvalidDecorator: it is neither.
    """
    read: date | None = value if isinstance(value, date) else None
    if isinstance(value, str):
        with suppress(ValueError):
            read = datetime.fromisoformat(value)
    if read is None:
        hint = 'write "2026-12-31" or "2026-12-31T18:00"'
        raise InvalidDecorator(f"`@schedule({argument}={value!r})`: that is no date", hint=hint)
    is_day = not isinstance(read, datetime) or (isinstance(value, str) and len(value.strip()) <= 10)
    when = read if isinstance(read, datetime) else datetime.combine(read, time())
    if is_day and is_end:
        when += timedelta(days=1)
    if when.tzinfo is None:
        when = when.replace(tzinfo=_zone(zone))
    return when.timestamp() - (1 if is_day and is_end else 0)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _is_read(cron: str) -> bool:
    """Whether cronsim reads it and finds a day on which it fires (it looks 50 years ahead)."""
    try:
        from cronsim import CronSim, CronSimError
    except ModuleNotFoundError:
        # In a worker inside a step's own environment: whoever started the run has read it.
        return True
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        return False
    return True


def _from_six(expression: str, fields: list[str]) -> list[str]:
    """Take off the year, write `?` as `*`, and count weekdays from 0."""
    *fields, year = fields
    if year != "*":
        raise _refused(expression, "five fields know no year", f"say until when with `ends=`; {_HINT}")
    if any("W" in field.upper() and "WED" not in field.upper() for field in fields[2:3]):
        raise _refused(expression, "`W` has no like among five fields", _HINT)
    fields = ["*" if field == "?" else field for field in fields]
    if fields[4].upper() == "L":
        fields[4] = "7"
    fields[4] = _WEEKDAY.sub(lambda found: str(int(found[0]) - 1), fields[4])
    return fields


def _refused(expression: str, why: str, hint: str) -> InvalidDecorator:
    return InvalidDecorator(f"`@schedule(cron={expression!r})`: {why}", hint=hint)
