"""Backfills: which slots, in which order, how many at once."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.model.errors import DeploymentRefused
from headwater.model.production import Schedule
from headwater.production.backfill import (
    Backfill,
    backfill_record,
    backfill_slots,
    decode_backfill,
    next_slots,
    step_of,
)

BERLIN = "Europe/Berlin"
DAY = 86400.0


def at(*date, zone="UTC"):
    return datetime(*date, tzinfo=ZoneInfo(zone)).timestamp()


def backfill(first, until, **facts):
    target, name, number = "Churn@production", "Churn", 3
    return Backfill("Churn-1", target, name, number, first, until, total=0, at=0.0, user="ann", **facts)


def test_the_slots_of_a_schedule_lie_between_its_ends():
    daily = backfill(at(2025, 1, 1), at(2025, 1, 4), schedule=Schedule("0 0 * * *"))

    assert list(backfill_slots(daily)) == [at(2025, 1, 1), at(2025, 1, 2), at(2025, 1, 3)]


def test_neither_the_bounds_nor_the_jitter_of_the_schedule_hold_for_the_past():
    schedule = Schedule("0 6 * * *", timezone=BERLIN, starts_at=at(2026, 1, 1), jitter_seconds=600)

    assert list(backfill_slots(backfill(at(2025, 1, 1), at(2025, 1, 2), schedule=schedule))) == [at(2025, 1, 1, 5)]


def test_days_are_counted_on_the_clocks_of_the_zone():
    first, until = at(2025, 3, 29, zone=BERLIN), at(2025, 4, 1, zone=BERLIN)

    found = list(backfill_slots(backfill(first, until, every="1d", timezone=BERLIN)))

    assert found == [first, first + DAY, first + 2 * DAY - 3600]
    assert found[2] == at(2025, 3, 31, zone=BERLIN)


def test_hours_are_counted_in_real_time():
    first = at(2025, 3, 30, zone=BERLIN)

    found = list(backfill_slots(backfill(first, first + DAY, every="6h", timezone=BERLIN)))

    assert found == [first + hours * 3600 for hours in (0, 6, 12, 18)]


def test_what_is_left_out_is_not_run():
    one = backfill(at(2025, 1, 1), at(2025, 1, 4), every="1d", left_out=frozenset([at(2025, 1, 2)]))

    assert list(backfill_slots(one)) == [at(2025, 1, 1), at(2025, 1, 3)]


def test_as_many_start_as_there_is_room_for():
    month = backfill(at(2025, 1, 1), at(2025, 2, 1), every="1d", parallel=4)

    assert next_slots(month, None, 0) == [at(2025, 1, day) for day in (1, 2, 3, 4)]
    assert next_slots(month, at(2025, 1, 4), 3) == [at(2025, 1, 5)]
    assert next_slots(month, at(2025, 1, 4), 4) == []
    assert next_slots(month, at(2025, 1, 4), 9) == []
    assert next_slots(month, at(2025, 1, 31), 0) == []


def test_a_cancelled_one_starts_nothing():
    one = backfill(at(2025, 1, 1), at(2025, 2, 1), every="1d", cancelled_at=1.0)

    assert next_slots(one, None, 0) == []


def test_its_record_reads_back():
    one = backfill(
        at(2025, 1, 1),
        at(2025, 2, 1),
        schedule=Schedule("0 6 * * *"),
        left_out=frozenset([at(2025, 1, 2, 6)]),
        parameters={"table": msgspec.Raw(b'"orders"')},
    )

    record = backfill_record(one, 1)

    assert (record.kind, record.key, record.version) == ("backfill", "Churn-1", 1)
    assert decode_backfill(record) == one
    assert one.source == "backfill:Churn-1"


@pytest.mark.parametrize("text", ["", "1", "d", "0d", "-1d", "1.5d", "1 year", "99999999999h", "１d1"])
def test_a_distance_that_cannot_be_is_refused(text):
    with pytest.raises(DeploymentRefused, match="no distance"):
        step_of(text)


WITH_SLOTS = st.one_of(
    st.sampled_from(["1d", "3d", "1w", "5h", "90min"]).map(lambda every: {"every": every}),
    st.sampled_from(["0 6 * * *", "30 2 * * *", "0 */3 * * *", "0 * * * *"]).map(
        lambda cron: {"schedule": Schedule(cron, timezone=BERLIN)}
    ),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(WITH_SLOTS, st.integers(1, 40), st.integers(1, 5), st.randoms(use_true_random=False))
def test_every_slot_is_started_once_whenever_somebody_looks(slots, days, parallel, draw):
    first = at(2025, 3, 25, 1, zone=BERLIN)
    one = backfill(first, first + days * DAY, parallel=parallel, timezone=BERLIN, **slots)
    started, running = [], 0

    while True:
        batch = next_slots(one, started[-1] if started else None, running)
        assert running + len(batch) <= parallel
        started += batch
        running += len(batch)
        if not running:
            break
        running -= draw.randint(1, running)

    assert started == list(backfill_slots(one))
    assert started == sorted(set(started))
