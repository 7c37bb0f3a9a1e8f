import msgspec
import pytest

from headwater.hosting.monitor.columns import Row
from headwater.hosting.monitor.profile import Profile, learn_profile
from headwater.hosting.monitor.windows import (
    MONTH_SECONDS,
    TimedRow,
    Watching,
    Window,
    after_window,
    alpha_of,
    begin_watching,
    is_full,
    look_at,
    names_of,
    with_alarms,
)
from headwater.model.service import MonitorOptions
from tests.hosting.monitor.traffic import DAY, reference, stream

HOUR = 3600.0
ONCE_A_MONTH = MonitorOptions()


def watched(
    profile: Profile, rows: list[TimedRow], every: float, watching: Watching | None = None
) -> tuple[Watching, list[tuple[Window, list[str]]]]:
    """Take windows of so many seconds in; gives the looks, each with the columns of which people were told."""
    state = watching or begin_watching("Risk", 1, 0.0)
    looks = []
    start, until = 0, state.looked_at
    while start < len(rows):
        until += every
        end = start
        while end < len(rows) and rows[end].at < until:
            end += 1
        state, found = after_window(state, profile, rows[start:end], until, ONCE_A_MONTH)
        for window in found:
            state, new = with_alarms(state, window)
            looks.append((window, [finding.column for finding in new]))
        start = end
    return state, looks


def told(looks: list[tuple[Window, list[str]]]) -> list[str]:
    return [f"{window.look} {column}" for window, columns in looks for column in columns]


@pytest.mark.parametrize("alike, season", [(0.0, 0.0), (0.95, 0.0), (0.0, 0.5), (0.9, 0.5)])
def test_ten_days_of_usual_traffic_raise_no_alarm(alike: float, season: float) -> None:
    profile = reference(season)
    rows = list(stream(3, 28_800, 30.0, alike=alike, season=season))
    _, looks = watched(profile, rows, 2 * HOUR)

    # 120 quick looks and 10 daily ones: one third of an alarm is allowed to them.
    assert [window.look for window, _ in looks].count("daily") == 10
    assert told(looks) == []


def test_a_large_shift_is_told_at_the_first_window_and_then_not_again() -> None:
    rows = list(stream(3, 2000, 30.0, shift=2.0))
    state, looks = watched(reference(), rows, 2 * HOUR)

    assert told(looks) == ["quick a"]
    assert looks[0][1] == ["a"]
    assert list(state.standing) == ["a"]


def test_a_moderate_shift_is_told_at_the_end_of_the_day() -> None:
    rows = list(stream(3, 5760, 30.0, shift=0.6))
    _, looks = watched(reference(), rows, 2 * HOUR)

    assert set(told(looks)) == {"daily a"}
    assert looks[-1][0].until == 2 * DAY


def test_a_column_that_is_normal_again_stands_no_more() -> None:
    profile = reference()
    off, _ = watched(profile, list(stream(3, 500, 30.0, shift=2.0)), 2 * HOUR)
    usual = [msgspec.structs.replace(row, at=row.at + off.looked_at) for row in stream(4, 500, 30.0)]
    after, _ = watched(profile, usual, 2 * HOUR, off)

    assert list(off.standing) == ["a"]
    assert list(after.standing) == []


def test_a_column_is_told_again_after_a_month_when_it_is_off_anew() -> None:
    profile = reference()
    off, _ = watched(profile, list(stream(3, 500, 30.0, shift=2.0)), 2 * HOUR)
    soon, late = (
        [msgspec.structs.replace(row, at=row.at + off.looked_at + wait) for row in stream(4, 500, 30.0, shift=2.0)]
        for wait in (0.0, MONTH_SECONDS)
    )
    later = msgspec.structs.replace(off, looked_at=off.looked_at + MONTH_SECONDS, day_since=off.looked_at, standing={})

    assert told(watched(profile, soon, 2 * HOUR, msgspec.structs.replace(off, standing={}))[1]) == []
    assert "quick a" in told(watched(profile, late, 2 * HOUR, later)[1])


def test_all_looks_of_a_month_may_be_wrong_as_often_as_is_allowed() -> None:
    options = MonitorOptions(false_alarms=2.0)
    quick = 30 * 24 * 60 * alpha_of(options, 60.0)
    daily = 30 * (alpha_of(options, DAY, "daily") + alpha_of(options, DAY, "labels"))

    assert quick == pytest.approx(0.8)
    assert daily == pytest.approx(30 * 0.02 + 0.4)
    assert quick + daily <= 2.0
    assert alpha_of(options, 1e9) <= 0.02
    assert alpha_of(MonitorOptions(false_alarms=0.0), 1e9) == 0.0


def test_nobody_is_told_when_no_false_alarm_is_allowed() -> None:
    profile = reference()
    rows = list(stream(3, 400, 1.0, shift=5.0))
    after, (window,) = after_window(begin_watching("R", 1, 0.0), profile, rows, 400.0, MonitorOptions(false_alarms=0.0))

    assert window.alarming == ()
    assert after.points[0].effects["a"] > 1.0


def test_a_window_takes_a_minute_and_two_hundred_rows() -> None:
    assert (is_full(200, 60.0), is_full(199, 60.0), is_full(200, 59.0)) == (True, False, False)


def timed(endpoint: str, row: Row) -> TimedRow:
    return TimedRow(0.0, endpoint, row)


def test_requests_of_an_endpoint_that_takes_something_else_are_left_out() -> None:
    profile = learn_profile([{"age": number % 50, "plan": "plus"} for number in range(500)], "X")
    rows = [timed("risk", {"customer.age": 3, "customer.plan": "plus"}), timed("say", {"text": "what a day"})]

    assert names_of(profile, rows) == {"risk": {"age": "customer.age", "plan": "customer.plan"}}


def test_what_another_endpoint_takes_is_not_missing_from_this_one() -> None:
    profile = learn_profile([{"age": number % 50, "plan": "plus"} for number in range(500)], "X")

    assert names_of(profile, [timed("risk", {"age": 3}), timed("say", {"text": "hi"})]) == {"risk": {"age": "age"}}


def test_a_column_that_the_only_endpoint_does_not_get_any_more_is_missing() -> None:
    profile = learn_profile([{"age": number % 50, "plan": "plus"} for number in range(500)], "X")
    window = look_at(profile, [timed("risk", {"age": number % 50}) for number in range(400)], 0.0, 60.0, 0.01)

    assert window is not None
    assert [finding.key for finding in window.alarming] == ["plan: missing"]


def test_requests_without_any_column_of_the_reference_are_no_window() -> None:
    profile = learn_profile([{"age": number % 50, "plan": "plus"} for number in range(500)], "X")

    assert look_at(profile, [timed("say", {"text": "what a day"})] * 300, 0.0, 60.0, 0.01) is None
