"""What schedules will do, before they do it."""

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from headwater.model.production import Schedule
from headwater.production.simulate import ClockChange, TimeTable, clock_changes, simulate
from headwater.production.slots import fires_at, slots_between

BERLIN = "Europe/Berlin"
CHURN = "Churn@production"
HOUR, DAY = 3600.0, 86400.0


def at(*date, zone="UTC"):
    return datetime(*date, tzinfo=ZoneInfo(zone)).timestamp()


BEGIN = at(2025, 1, 1)


def test_several_schedules_are_shown_side_by_side_in_the_order_in_which_they_fire():
    tables = [
        TimeTable(CHURN, Schedule("0 6 * * *", name="daily")),
        TimeTable("Report@production", Schedule("0 5,7 * * *")),
    ]

    found = [(one.target, one.schedule, one.slot - BEGIN) for one in simulate(tables, BEGIN, BEGIN + DAY)]

    assert found == [
        ("Report@production", "0 5,7 * * *", 5 * HOUR),
        (CHURN, "daily", 6 * HOUR),
        ("Report@production", "0 5,7 * * *", 7 * HOUR),
    ]


def test_the_stretch_begins_with_its_first_instant_and_ends_before_its_last():
    found = [one.slot for one in simulate([TimeTable(CHURN, Schedule("0 0 * * *"))], BEGIN, BEGIN + 2 * DAY)]

    assert found == [BEGIN, BEGIN + DAY]


def test_local_times_are_those_of_the_schedule():
    table = TimeTable(CHURN, Schedule("0 6 * * *", timezone="Asia/Kolkata"))

    assert [one.local for one in simulate([table], BEGIN, BEGIN + DAY)] == ["Wed 2025-01-01 06:00"]


def notes(cron, *day):
    begin = at(*day, zone=BERLIN)
    table = TimeTable(CHURN, Schedule(cron, timezone=BERLIN))
    return [(one.local[-5:], one.clocks) for one in simulate([table], begin, begin + 5 * HOUR)]


def test_a_skipped_time_is_named_where_it_fires():
    assert notes("30 2 * * *", 2025, 3, 30) == [("03:00", "clocks skip 02:30: fires at 03:00")]
    assert notes("*/10 2,3 * * *", 2025, 3, 30)[:2] == [
        ("03:00", "clocks skip 02:00, 02:10, 02:20 and 3 more: fires at 03:00"),
        ("03:10", ""),
    ]


def test_a_repeated_time_is_named():
    assert notes("30 2 * * *", 2025, 10, 26) == [("02:30", "clocks show 02:30 twice: fires the first time")]


def test_the_second_hour_of_a_rhythm_is_named():
    assert notes("0 * * * *", 2025, 10, 26) == [
        ("00:00", ""),
        ("01:00", ""),
        ("02:00", ""),
        ("02:00", "clocks show 02:00 again"),
        ("03:00", ""),
    ]
    assert [note for _, note in notes("0 * * * *", 2025, 3, 30)] == ["", "", "", "", ""]


def test_changes_of_clocks_are_listed():
    begin, until = at(2025, 1, 1), at(2026, 1, 1)

    assert list(clock_changes(BERLIN, begin, until)) == [
        ClockChange(BERLIN, at(2025, 3, 30, 1), "02:00", "03:00"),
        ClockChange(BERLIN, at(2025, 10, 26, 1), "03:00", "02:00"),
    ]
    assert list(clock_changes("Asia/Kolkata", begin, until)) == []
    assert list(clock_changes(BERLIN, at(2025, 3, 30, 1), at(2025, 4, 1))) == []


def overlaps(overlap, run_seconds, cron="0 * * * *", count=4):
    table = TimeTable(CHURN, Schedule(cron), overlap, run_seconds)
    return [one.overlap.rpartition(": ")[2] for one in islice(simulate([table], BEGIN, BEGIN + DAY), count)]


def test_a_run_that_takes_longer_than_its_distance_meets_the_next_one():
    assert overlaps("skip", 1.5 * HOUR) == ["", "this one is skipped", "", "this one is skipped"]
    assert overlaps("allow", 1.5 * HOUR) == ["", "both run", "both run", "both run"]
    assert overlaps("cancel_previous", 1.5 * HOUR) == ["", "it is cancelled", "it is cancelled", "it is cancelled"]
    assert overlaps("skip", HOUR) == ["", "", "", ""]
    assert overlaps("skip", None) == ["", "", "", ""]


def test_runs_that_wait_for_each_other_pile_up():
    assert overlaps("queue", 2 * HOUR, "0 0-2,6 * * *") == [
        "",
        "this one waits for it",
        "this one waits for it",
        "",
    ]
    assert overlaps("queue", 2.5 * HOUR, "0 0-2,6 * * *")[-1] == "this one waits for it"


def test_two_schedules_of_one_deployment_meet_and_those_of_two_do_not():
    schedules = [Schedule("0 6 * * *"), Schedule("30 6 * * *")]

    of_one = [TimeTable(CHURN, schedule, run_seconds=HOUR) for schedule in schedules]
    of_two = [TimeTable(f"Flow{number}@production", schedules[number], run_seconds=HOUR) for number in range(2)]

    assert [bool(one.overlap) for one in simulate(of_one, BEGIN, BEGIN + DAY)] == [False, True]
    assert [bool(one.overlap) for one in simulate(of_two, BEGIN, BEGIN + DAY)] == [False, False]


def test_firings_are_delayed_as_they_will_be():
    schedule = Schedule("0 6 * * *", jitter_seconds=600)

    found = list(simulate([TimeTable(CHURN, schedule)], BEGIN, BEGIN + 60 * DAY))

    assert [one.slot for one in found] == list(slots_between(schedule, BEGIN, BEGIN + 60 * DAY))
    assert [one.fires_at for one in found] == [fires_at(schedule, CHURN, one.slot) for one in found]
