"""False alarms and detection, by simulation; the rates are stated in docs/monitoring.md."""

import random

import pytest

from headwater.hosting.monitor import judge
from headwater.hosting.monitor.judge import MEDIUM, SMALL, alarming, examine
from headwater.hosting.monitor.profile import Profile, Tally, learn_profile, tally_of
from headwater.hosting.monitor.windows import TimedRow
from tests.hosting.monitor.traffic import reference, stream

ALPHA = 0.01


def blocks_of(profile: Profile, rows: list[TimedRow], count: int = 20) -> list[Tally]:
    names = {column.name: column.name for column in profile.columns}
    size = len(rows) // count
    return [tally_of(profile, [one.row for one in rows[at : at + size]], names) for at in range(0, size * count, size)]


def alarms(profile: Profile, rows: list[TimedRow], size: int, tolerance: float) -> int:
    """Count the windows of so many rows that alarm at one percent each."""
    windows = [rows[at : at + size] for at in range(0, len(rows) - size + 1, size)]
    return sum(bool(alarming(examine(profile, blocks_of(profile, window), tolerance), ALPHA)) for window in windows)


@pytest.mark.parametrize(
    "alike, season, tolerance",
    [(0.0, 0.0, 0.0), (0.95, 0.0, 0.0), (0.0, 0.0, SMALL), (0.9, 0.0, MEDIUM), (0.97, 0.0, MEDIUM), (0.9, 0.5, MEDIUM)],
)
def test_windows_like_the_reference_alarm_no_more_often_than_allowed(
    alike: float, season: float, tolerance: float
) -> None:
    profile = reference(season)
    rows = list(stream(11, 30_000, 10.0, alike=alike, season=season))

    # 150 windows at one percent: 1.5 are expected, more than 5 come once in 250 times.
    assert alarms(profile, rows, 200, tolerance) <= 5


def test_requests_that_come_in_bursts_would_alarm_if_each_counted_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "_dependence", lambda *given: 1.0)
    rows = list(stream(11, 20_000, 10.0, alike=0.9))

    assert alarms(reference(), rows, 200, 0.0) > 20


def test_many_shares_of_one_measure_alarm_no_more_often_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "_dependence", lambda *given: 1.0)
    draw = random.Random(9)
    words = [f"w{letter}" for letter in "abcdefghijklmnopqrst"]
    texts = [{"w": " ".join(draw.choices(words, k=4))} for _ in range(23_000)]
    profile = learn_profile(texts[:3000], "X")
    windows = [[TimedRow(0, "say", row) for row in texts[at : at + 200]] for at in range(3000, 23_000, 200)]
    found = [
        finding
        for rows in windows
        for finding in examine(profile, blocks_of(profile, rows), 0.0)
        if finding.measure == "words"
    ]

    # Five of a hundred are expected at most; twenty words taken as one would give some sixty.
    assert len(found) == 100
    assert sum(finding.p_value <= 0.05 for finding in found) <= 12


def test_what_the_time_of_day_does_would_alarm_without_a_tolerance() -> None:
    rows = list(stream(11, 20_000, 10.0, season=1.0))

    assert alarms(reference(1.0), rows, 200, 0.0) > 20


@pytest.mark.parametrize("alike", [0.0, 0.5])
def test_a_large_shift_alarms_in_every_window(alike: float) -> None:
    rows = list(stream(13, 4000, 10.0, alike=alike, shift=2.0))

    assert alarms(reference(), rows, 400, MEDIUM) == 10


def test_the_column_that_shifted_is_named_with_the_share_that_moved_most() -> None:
    profile = reference()
    found = alarming(examine(profile, blocks_of(profile, list(stream(13, 400, 1.0, shift=2.0))), MEDIUM), ALPHA)

    assert {finding.column for finding in found} == {"a"}
    assert found[0].now < 0.2 < 0.7 < found[0].before


def test_missing_values_alarm_and_missing_fewer_does_not() -> None:
    profile = learn_profile([{"a": None if number % 10 == 0 else number % 7} for number in range(1000)], "X")
    draw = random.Random(3)
    more = [TimedRow(0, "risk", {"a": None if draw.random() < 0.5 else draw.randrange(7)}) for _ in range(400)]
    fewer = [TimedRow(0, "risk", {"a": draw.randrange(7)}) for _ in range(400)]

    worse = alarming(examine(profile, blocks_of(profile, more), SMALL), ALPHA)
    assert [(one.measure, round(one.before, 2)) for one in worse] == [("missing", 0.1)]
    assert alarming(examine(profile, blocks_of(profile, fewer), SMALL), ALPHA) == []


def test_values_never_seen_alarm() -> None:
    profile = learn_profile([{"plan": "plus" if number % 3 else "basic"} for number in range(900)], "X")
    draw = random.Random(3)
    rows = [TimedRow(0, "risk", {"plan": draw.choice(["plus", "plus", "basic", "platinum"])}) for _ in range(400)]
    found = alarming(examine(profile, blocks_of(profile, rows), SMALL), ALPHA)

    assert profile.columns[0].measures[1].bins[found[0].bin] == "new"


def test_one_false_alarm_among_many_columns_stays_as_rare_as_among_few() -> None:
    draw = random.Random(5)
    names = [f"f{number}" for number in range(40)]
    profile = learn_profile([{name: draw.gauss(0, 1) for name in names} for _ in range(1000)], "X")
    windows = [[TimedRow(0, "risk", {name: draw.gauss(0, 1) for name in names}) for _ in range(200)] for _ in range(25)]

    assert sum(bool(alarming(examine(profile, blocks_of(profile, rows), 0.0), 0.05)) for rows in windows) <= 4


def test_too_few_blocks_say_nothing() -> None:
    profile = reference()

    assert examine(profile, blocks_of(profile, list(stream(13, 400, 1.0, shift=5.0)), 9), SMALL) == []
