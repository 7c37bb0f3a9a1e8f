"""What slots must be, worked out the naive way: minute by minute, from what clocks show, with its own parser."""

import calendar
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE = 60
NOTHING = range(0)
EPOCH = datetime(1970, 1, 1)
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

#: One zone without clock changes, hours that change at night, at midnight, by half an hour, and around Ramadan.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Santiago",
    "Africa/Casablanca",
)
EXPRESSIONS = (
    "* * * * *",
    "*/15 * * * *",
    "0 * * * *",
    "30 0-23 * * 0",
    "0 6 * * *",
    "30 2 * * *",
    "0 2,3 * * *",
    "*/10 2 * * *",
    "15,45 1-3 * * *",
    "30 */2 * * *",
    "20 0 * * SUN",
    "59 23 31 12 *",
    "0 0 29 2 *",
    "0 12 L * *",
    "0 8 LW * *",
    "0 9 * * MON-FRI",
    "15 1 * * 0#1",
    "45 2 * * 0L",
    "0 4 1,15 * 1",
    "7 5 */2 3-11/4 1",
)


class Shown(NamedTuple):
    """What the clocks show, as a count of minutes, and the minutes that they have just skipped."""

    instant: int
    wall: int
    skipped: range
    is_again: bool


def walk(zone, after, until):
    """Yield what the clocks show at each minute in (after, until]."""
    zone = ZoneInfo(zone)
    begin = int(after) // MINUTE * MINUTE - 2 * 86400  # early enough to have seen the hour that clocks repeat
    last = latest = None
    for instant in range(begin, int(until) + 1, MINUTE):
        offset = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
        wall = instant // MINUTE + int(offset.total_seconds()) // MINUTE
        last, latest = (wall - 1, wall - 1) if last is None else (last, latest)
        if instant > after:
            yield Shown(instant, wall, NOTHING if wall <= last + 1 else range(last + 1, wall), wall <= latest)
        last, latest = wall, max(latest, wall)


def slots(expression, minutes):
    """Give the slots among the minutes."""
    fields = Fields(expression)
    if fields.hours == set(range(24)):
        return [one.instant for one in minutes if fields.match(one.wall)]
    return [
        one.instant
        for one in minutes
        if (not one.is_again and fields.match(one.wall)) or any(fields.match(wall) for wall in one.skipped)
    ]


class Fields:
    """A cron expression, read word for word."""

    def __init__(self, expression):
        minute, hour, day, month, weekday = expression.upper().split()
        self.minutes = numbers(minute, 0, 59)
        self.hours = numbers(hour, 0, 23)
        self.months = numbers(month, 1, 12, MONTHS)
        self.day, self.weekday = day, weekday
        #: Debian: both must match when one begins with a star, else one of them.
        self.is_both = day.startswith("*") or weekday.startswith("*")
        self.matches = {}

    def match(self, wall):
        days, rest = divmod(wall, 1440)
        if rest % 60 not in self.minutes or rest // 60 not in self.hours:
            return False
        if days not in self.matches:
            self.matches[days] = self.is_day(EPOCH + timedelta(days=days))
        return self.matches[days]

    def is_day(self, date):
        if date.month not in self.months:
            return False
        found = (self.is_day_of_month(date), self.is_weekday(date))
        return all(found) if self.is_both else any(found)

    def is_day_of_month(self, date):
        length = calendar.monthrange(date.year, date.month)[1]
        if self.day == "L":
            return date.day == length
        if self.day == "LW":
            working = [day for day in range(1, length + 1) if date.replace(day=day).weekday() < 5]
            return date.day == working[-1]
        return date.day in numbers(self.day, 1, 31)

    def is_weekday(self, date):
        length = calendar.monthrange(date.year, date.month)[1]
        today = (date.weekday() + 1) % 7
        if "#" in self.weekday:
            weekday, nth = self.weekday.split("#")
            return int(weekday) % 7 == today and (date.day - 1) // 7 + 1 == int(nth)
        if self.weekday.endswith("L"):
            return int(self.weekday[:-1]) % 7 == today and date.day + 7 > length
        return today in {number % 7 for number in numbers(self.weekday, 0, 7, WEEKDAYS)}


def numbers(field, least, most, names=()):
    """Give the numbers that a field names: `*`, `5`, `1-5`, `*/15`, `3-11/4`, `1,15`, `MON-FRI`."""
    if "," in field:
        return set().union(*(numbers(part, least, most, names) for part in field.split(",")))
    span, _, step = field.partition("/")
    first, _, last = span.partition("-")
    if span == "*":
        low, high = least, most
    else:
        low = number(first, least, names)
        high = number(last, least, names) if last else most if step else low
    return set(range(low, high + 1, int(step or 1)))


def number(text, least, names):
    return names.index(text) + least if text in names else int(text)
