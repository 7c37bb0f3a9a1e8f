"""Slots: the time table of a schedule, whatever clocks do."""

import random
from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.model.errors import DeploymentRefused
from headwater.model.production import Schedule
from headwater.production.slots import fires_at, next_slot, slots_between
from tests.production import slot_oracle

BERLIN = "Europe/Berlin"
SPRING = datetime(2024, 3, 31)
AUTUMN = datetime(2024, 10, 27)
FIRST, LAST = 1704067200, 1861919940  # 2024-01-01T00:00Z, 2028-12-31T23:59Z
DAY = 86400


def at(zone, *date, fold=0):
    return datetime(*date, tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def shown(cron, begin, days=1, zone=BERLIN, **facts):
    """What a clock in the zone shows at each slot of some days, with its distance from UTC."""
    zoned = begin.replace(tzinfo=ZoneInfo(zone))
    until = (zoned + timedelta(days=days)).timestamp()
    slots = slots_between(Schedule(cron, timezone=zone, **facts), zoned.timestamp() - 1, until - 1)
    return [datetime.fromtimestamp(slot, ZoneInfo(zone)).strftime("%H:%M%z")[:-2] for slot in slots]


def test_a_time_that_the_clocks_skip_fires_once_at_the_end_of_the_gap():
    assert shown("30 2 * * *", SPRING) == ["03:00+02"]
    assert shown("*/15 2 * * *", SPRING) == ["03:00+02"]


def test_the_end_of_the_gap_fires_once_when_it_is_a_slot_of_its_own():
    assert shown("0 2,3 * * *", SPRING) == ["03:00+02"]
    assert shown("30 2,3 * * *", SPRING) == ["03:00+02", "03:30+02"]


def test_a_time_that_the_clocks_show_twice_fires_the_first_time():
    assert shown("30 2 * * *", AUTUMN) == ["02:30+02"]
    assert shown("30 */2 * * *", AUTUMN)[:3] == ["00:30+02", "02:30+02", "04:30+01"]


def test_minutes_of_certain_hours_are_not_repeated_with_the_hour():
    assert shown("*/30 2 * * *", AUTUMN) == ["02:00+02", "02:30+02"]


def test_an_expression_of_every_hour_keeps_its_rhythm():
    assert shown("30 * * * *", SPRING)[:4] == ["00:30+01", "01:30+01", "03:30+02", "04:30+02"]
    assert shown("30 0-23 * * *", AUTUMN)[1:5] == ["01:30+02", "02:30+02", "02:30+01", "03:30+01"]


def test_the_rhythm_is_that_of_the_clocks_where_they_change_by_half_an_hour():
    spring = shown("30 * * * *", datetime(2024, 10, 6), zone="Australia/Lord_Howe")
    autumn = shown("30 * * * *", datetime(2024, 4, 7), zone="Australia/Lord_Howe")

    assert spring[:4] == ["00:30+10", "01:30+10", "02:30+11", "03:30+11"]
    assert autumn[:4] == ["00:30+11", "01:30+11", "01:30+10", "02:30+10"]


def test_an_hour_that_is_repeated_at_the_end_of_the_only_day_of_a_year_is_not_lost():
    found = shown("30 * 6 4 *", datetime(2024, 4, 6), days=400, zone="America/Santiago")

    assert found[22:26] == ["22:30-03", "23:30-03", "23:30-04", "00:30-04"]


def test_a_gap_at_midnight_moves_the_slot_to_the_first_minute_of_the_day():
    assert shown("0 0 * * *", datetime(2024, 9, 8), zone="America/Santiago") == ["01:00-03"]


def test_a_day_that_a_zone_left_out_fires_when_the_next_begins():
    begin = at("Pacific/Apia", 2011, 12, 29, 13)

    slots = list(islice(slots_between(Schedule("0 12 * * *", timezone="Pacific/Apia"), begin, begin + 9 * DAY), 2))

    assert slots == [at("Pacific/Apia", 2011, 12, 31), at("Pacific/Apia", 2011, 12, 31, 12)]


def test_the_end_of_february_and_the_last_of_a_month_are_found():
    leap = slots_between(Schedule("0 0 29 2 *"), FIRST, LAST + 4 * 366 * DAY)
    last = slots_between(Schedule("0 0 L * *"), FIRST, FIRST + 90 * DAY)

    assert list(leap) == [at("UTC", 2024, 2, 29), at("UTC", 2028, 2, 29), at("UTC", 2032, 2, 29)]
    assert list(last) == [at("UTC", 2024, 1, 31), at("UTC", 2024, 2, 29), at("UTC", 2024, 3, 31)]


def test_bounds_are_part_of_what_fires():
    begin, end = at("UTC", 2024, 5, 2), at("UTC", 2024, 5, 4)
    schedule = Schedule("0 0 * * *", starts_at=begin, ends_at=end)

    assert list(slots_between(schedule, FIRST, LAST)) == [begin, begin + DAY, end]
    assert next_slot(schedule, end) is None
    assert next_slot(Schedule("0 0 * * *", starts_at=begin + 0.5), FIRST) == begin + DAY


def test_the_search_begins_behind_its_lower_end_and_ends_with_its_upper():
    noon = at("UTC", 2024, 5, 2, 12)
    schedule = Schedule("0 12 * * *")

    assert list(slots_between(schedule, noon - DAY, noon)) == [noon]
    assert list(slots_between(schedule, noon, noon + DAY - 0.001)) == []
    assert list(slots_between(schedule, noon - 0.5, noon)) == [noon]


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        (Schedule("0 0 31 2 *"), "never fires"),
        (Schedule("0 6 * *"), "five fields"),
        (Schedule("* * * * * *"), "five fields"),
        (Schedule("0 24 * * *"), "bad hour"),
        (Schedule("0 6 * * *", timezone="Europe/Berln"), "did you mean `Europe/Berlin`?"),
        (Schedule("0 6 * * *", timezone="../../etc/passwd"), "no time zone"),
        (Schedule("0 6 * * *", timezone="Europe"), "no time zone"),
        (Schedule("0 6 * * *", timezone=""), "no time zone"),
    ],
)
def test_what_cannot_fire_is_refused_with_a_hint(schedule, says):
    with pytest.raises(DeploymentRefused) as refused:
        next_slot(schedule, FIRST)

    assert says in str(refused.value)
    assert refused.value.hint


def test_jitter_is_the_same_in_every_process_and_different_for_every_target():
    schedule = Schedule("0 6 * * *", name="daily", jitter_seconds=600)

    delays = [fires_at(schedule, f"Flow{number}@production", FIRST) - FIRST for number in range(200)]

    assert fires_at(schedule, "Churn@production", FIRST) == pytest.approx(FIRST + 124.0120206, abs=1e-6)
    assert all(0 <= delay < 600 for delay in delays)
    assert all(count > 20 for count in Counter(delay // 120 for delay in delays).values())


def test_jitter_of_one_target_changes_from_slot_to_slot():
    schedule = Schedule("0 6 * * *", jitter_seconds=600)

    assert len({fires_at(schedule, "Churn@production", slot) - slot for slot in range(0, DAY * 50, DAY)}) == 50
    assert fires_at(Schedule("0 6 * * *"), "Churn@production", FIRST) == FIRST


def agree(expression, zone, after, until, minutes=None):
    """Whether our slots are those of the oracle; a failing assertion shows the first that are not."""
    minutes = minutes or slot_oracle.walk(zone, after, until)
    wanted = slot_oracle.slots(expression, minutes)
    found = [int(slot) for slot in slots_between(Schedule(expression, timezone=zone), after, until)]

    assert sorted(set(wanted) ^ set(found))[:5] == [], (expression, zone)
    assert found == wanted


def test_clock_changes_are_as_in_the_naive_walk():
    draw = random.Random(26)
    for zone in slot_oracle.ZONES:
        begin = at(zone, draw.randint(2024, 2028), draw.choice([3, 4, 9, 10, 11]), 1)
        minutes = list(slot_oracle.walk(zone, begin, begin + 35 * DAY))
        for expression in draw.sample(slot_oracle.EXPRESSIONS, 12):
            agree(expression, zone, begin, begin + 35 * DAY, minutes)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("zone", slot_oracle.ZONES)
def test_five_years_are_as_in_the_naive_walk(zone):
    for year in range(2024, 2029):  # one by one, as the minutes of five years would take half a gigabyte
        after, until = at("UTC", year, 1, 1) - 1, at("UTC", year + 1, 1, 1) - 1
        minutes = list(slot_oracle.walk(zone, after, until))
        for expression in slot_oracle.EXPRESSIONS:
            agree(expression, zone, after, until, minutes)


def numbers_of(least, most):
    number = st.integers(least, most)
    # not `5-5/2`, which cronsim reads as `5/2`
    span = st.tuples(number, number).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: f"{ends[0]}-{ends[1]}")
    stepped = st.tuples(st.one_of(st.just("*"), span), st.integers(1, most)).map(lambda both: f"{both[0]}/{both[1]}")
    one = st.one_of(number.map(str), span, stepped)
    return st.one_of(st.just("*"), st.lists(one, min_size=1, max_size=3).map(",".join))


def mostly(*usual, field):
    """Mostly what meets the few hours that are walked through, so that the comparison has something to compare."""
    return st.integers(0, 3).flatmap(lambda number: st.sampled_from(usual) if number else field)


EXPRESSION = st.tuples(
    mostly("0", "30", "*/15", "*", field=numbers_of(0, 59)),
    mostly("*", "0", "1", "2", "2,3", "*/2", "0-3", "23", field=numbers_of(0, 23)),
    mostly("*", field=st.one_of(st.sampled_from(["L", "LW", "*/2"]), numbers_of(1, 31))),
    mostly("*", "3,4,9-11", field=numbers_of(1, 12)),
    mostly("*", "0", "SAT,SUN", field=st.one_of(st.sampled_from(["0#1", "7L"]), numbers_of(0, 7))),
).map(" ".join)

#: Days with a clock change, mostly, so that short walks meet them.
CHANGES = {
    "Europe/Berlin": ["2024-03-31", "2024-10-27", "2027-03-28"],
    "America/New_York": ["2025-03-09", "2026-11-01"],
    "Australia/Lord_Howe": ["2024-10-06", "2025-04-06"],
    "America/Santiago": ["2024-04-07", "2024-09-08"],
    "Africa/Casablanca": ["2024-03-10", "2024-04-14"],
    "Africa/Cairo": ["2024-04-26", "2024-11-01"],
    "America/Havana": ["2025-03-09", "2025-11-02"],
    "Asia/Kolkata": ["2024-02-29"],
    "Atlantic/Azores": ["2028-03-26"],
    "Pacific/Chatham": ["2024-04-07", "2024-09-29"],
    "America/St_Johns": ["2024-03-10"],
    "Antarctica/Troll": ["2024-03-31", "2024-10-27"],
}
DAY_OF_CHANGE = st.sampled_from([(zone, day) for zone, days in CHANGES.items() for day in days])


def compare_generated(expression, day, minute, hours):
    zone, date = day
    begin = datetime.fromisoformat(date).replace(tzinfo=ZoneInfo("UTC")).timestamp() - DAY / 2 + minute * 60
    try:
        next_slot(Schedule(expression), begin)
    except DeploymentRefused:
        return
    agree(expression, zone, begin, begin + hours * 3600)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(EXPRESSION, DAY_OF_CHANGE, st.integers(0, 1439), st.integers(1, 30))
def test_generated_expressions_are_as_in_the_naive_walk(expression, day, minute, hours):
    compare_generated(expression, day, minute, hours)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=10_000, deadline=None)
@given(EXPRESSION, DAY_OF_CHANGE, st.integers(0, 1439), st.integers(1, 60))
def test_ten_thousand_generated_expressions_are_as_in_the_naive_walk(expression, day, minute, hours):
    compare_generated(expression, day, minute, hours)
