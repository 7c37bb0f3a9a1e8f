"""What is done about due slots: on time, late, missed, very many missed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.model.production import Schedule
from headwater.production.missed import GRACE_SECONDS, MOST_MISSED, MOST_STARTED, decide_slots
from headwater.production.slots import fires_at, slots_between

TARGET = "Churn@production"
#: 2025-01-01T00:00Z.
BEGIN = 1735689600.0
MINUTE, HOUR, DAY = 60, 3600, 86400


def verdicts(schedule, since, now):
    return [(decision.slot, decision.verdict) for decision in decide_slots(schedule, TARGET, since, now)]


def test_nothing_is_due_between_two_slots():
    assert verdicts(Schedule("0 6 * * *"), BEGIN, BEGIN + 6 * HOUR - 0.001) == []


def test_a_slot_is_due_at_its_very_instant():
    assert verdicts(Schedule("0 6 * * *"), BEGIN, BEGIN + 6 * HOUR) == [(BEGIN + 6 * HOUR, "start")]


def test_a_slot_that_is_recorded_is_not_due_again():
    assert verdicts(Schedule("0 6 * * *"), BEGIN + 6 * HOUR, BEGIN + 7 * HOUR) == []


def test_a_schedule_never_fires_what_came_before_it_counted():
    assert verdicts(Schedule("0 6 * * *", missed="all"), BEGIN + 12 * HOUR, BEGIN + 20 * HOUR) == []


def test_of_missed_slots_only_the_latest_runs():
    decisions = decide_slots(Schedule("0 6 * * *"), TARGET, BEGIN, BEGIN + 3 * DAY)

    assert [decision.verdict for decision in decisions] == ["missed", "missed", "start"]
    assert [decision.slot for decision in decisions] == [BEGIN + day * DAY + 6 * HOUR for day in range(3)]
    assert decisions[0].reason == "2 d 18 h late: of missed slots only the latest is run"
    assert decisions[-1].reason == "18 h late: nothing could fire when it was due"


def test_none_runs_no_late_slot():
    schedule = Schedule("0 6 * * *", missed="none")

    late = decide_slots(schedule, TARGET, BEGIN, BEGIN + 6 * HOUR + GRACE_SECONDS + 1)

    assert [decision.verdict for decision in late] == ["missed"]
    assert late[0].reason == "1 min late: missed slots of this schedule are not run"


def test_a_slot_that_is_a_little_late_is_on_time_for_every_policy():
    for policy in ("none", "latest", "all"):
        decisions = decide_slots(
            Schedule("0 6 * * *", missed=policy, window_seconds=1), TARGET, BEGIN, BEGIN + 6 * HOUR + GRACE_SECONDS
        )
        assert [(decision.verdict, decision.reason) for decision in decisions] == [("start", "")], policy


def test_slots_on_time_start_all_when_one_is_held_up_by_a_minute():
    now = BEGIN + 2 * MINUTE + 30

    for policy in ("none", "latest"):
        found = verdicts(Schedule("* * * * *", missed=policy), BEGIN, now)
        assert found == [(BEGIN + MINUTE, "missed"), (BEGIN + 2 * MINUTE, "start")]
    assert verdicts(Schedule("* * * * *", missed="none"), BEGIN, BEGIN + 2 * MINUTE) == [
        (BEGIN + MINUTE, "start"),
        (BEGIN + 2 * MINUTE, "start"),
    ]


def test_all_runs_what_lies_within_the_window():
    schedule = Schedule("0 6 * * *", missed="all", window_seconds=2 * DAY)

    decisions = decide_slots(schedule, TARGET, BEGIN, BEGIN + 4 * DAY)

    assert [decision.verdict for decision in decisions] == ["missed", "missed", "start", "start"]
    assert decisions[0].reason.endswith("missed slots are run for 48 h")


def test_all_without_a_window_runs_everything():
    found = verdicts(Schedule("0 6 * * *", missed="all"), BEGIN, BEGIN + 400 * DAY)

    assert [verdict for _, verdict in found] == ["start"] * 400


def test_a_long_outage_makes_few_records_one_of_which_speaks_for_the_rest():
    now = BEGIN + DAY + 30

    decisions = decide_slots(Schedule("* * * * *"), TARGET, BEGIN, now)

    assert [decision.verdict for decision in decisions] == ["missed"] * (MOST_MISSED + 1) + ["start"]
    earlier = 1440 - len(decisions)
    assert f"speaks for {earlier} earlier missed slots too, from 2025-01-01T00:01Z on" in decisions[0].reason
    assert [decision.slot for decision in decisions] == list(slots_between(Schedule("* * * * *"), BEGIN, now))[-52:]
    assert "speaks" not in decisions[1].reason


def test_exactly_as_many_missed_slots_as_have_a_record_are_spoken_for_by_themselves():
    decisions = decide_slots(Schedule("0 6 * * *"), TARGET, BEGIN, BEGIN + (MOST_MISSED + 2) * DAY)

    assert [decision.verdict for decision in decisions] == ["missed"] * (MOST_MISSED + 1) + ["start"]
    assert not any("speaks" in decision.reason for decision in decisions)


def test_fifty_years_of_missed_minutes_are_not_walked_through(monkeypatch):
    walked = []

    def counted(*given):
        for slot in slots_between(*given):
            walked.append(slot)
            yield slot

    monkeypatch.setattr("headwater.production.missed.slots_between", counted)

    decisions = decide_slots(Schedule("* * * * *"), TARGET, 0, BEGIN + 30)

    assert len(decisions) == MOST_MISSED + 2
    assert "more than 3000 earlier" in decisions[0].reason
    assert len(walked) < 6000


def test_many_slots_of_all_are_started_some_at_a_time():
    schedule, since, now = Schedule("* * * * *", missed="all"), BEGIN, BEGIN + 2500 * MINUTE
    sizes, slots = [], []

    while batch := decide_slots(schedule, TARGET, since, now):
        sizes.append(len(batch))
        slots += [decision.slot for decision in batch]
        since = slots[-1]

    assert sizes == [MOST_STARTED, MOST_STARTED, 500]
    assert slots == list(slots_between(schedule, BEGIN, now))


def test_a_slot_waits_for_its_jitter():
    schedule = Schedule("0 6 * * *", jitter_seconds=1800)
    due = fires_at(schedule, TARGET, BEGIN + 6 * HOUR)

    assert due > BEGIN + 6 * HOUR
    assert verdicts(schedule, BEGIN, due - 0.001) == []
    assert verdicts(schedule, BEGIN, due) == [(BEGIN + 6 * HOUR, "start")]


def test_a_short_jitter_never_overtakes_a_long_one():
    schedule = Schedule("* * * * *", jitter_seconds=600)
    since, started = BEGIN, []

    for now in range(int(BEGIN), int(BEGIN) + 3 * HOUR, 7):
        for decision in decide_slots(schedule, TARGET, since, now):
            assert decision.verdict == "start"
            assert decision.fires_at <= now
            started.append(decision.slot)
            since = decision.slot

    assert started == list(slots_between(schedule, BEGIN, started[-1]))
    assert started[-1] >= BEGIN + 3 * HOUR - 600 - 2 * MINUTE


def test_a_clock_that_went_back_fires_nothing_again():
    assert verdicts(Schedule("* * * * *"), BEGIN, BEGIN - DAY) == []


SCHEDULE = st.builds(
    Schedule,
    st.sampled_from(["* * * * *", "*/7 * * * *", "0 * * * *", "30 2 * * *", "0 0 1 * *"]),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
    missed=st.sampled_from(["none", "latest", "all"]),
    window_seconds=st.sampled_from([None, 600, 2 * DAY]),
    jitter_seconds=st.sampled_from([0, 0, 45, 5000]),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(SCHEDULE, st.lists(st.sampled_from([1, 20, 61, 600, HOUR, DAY, 4 * DAY]), min_size=1, max_size=6))
def test_every_slot_is_decided_once_however_long_nothing_looked(schedule, pauses):
    begin = 1743206400.0  # 2025-03-29, the day before the clocks change in Berlin
    now = since = begin
    decided = []
    for pause in pauses:
        now += pause
        while batch := decide_slots(schedule, TARGET, since, now):
            decided += batch
            assert batch[-1].slot > since
            since = batch[-1].slot
            is_latest_run = any(decision.verdict == "start" for decision in batch)
            assert schedule.missed != "latest" or is_latest_run
            for decision in batch:
                on_time = now - decision.slot <= GRACE_SECONDS + schedule.jitter_seconds
                assert decision.verdict == "start" or not on_time

    slots = [decision.slot for decision in decided]
    assert slots == sorted(set(slots))
    assert set(slots) <= set(slots_between(schedule, begin, now))
    left_out = len(list(slots_between(schedule, begin, since))) - len(slots)
    spoken_for = [decision for decision in decided if "speaks for" in decision.reason]
    assert (left_out > 0) == bool(spoken_for)
