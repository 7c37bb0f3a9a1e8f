"""A run waits at a gate without a process, and goes on from there whoever drives it next."""

import pytest

from headwater.model.errors import RunIsDriven
from headwater.model.events import Cancel, GateDecided, GateReached
from headwater.model.rows import RunQuery
from headwater.runtime.cancel import end_interrupted
from headwater.runtime.drive import Parked
from tests.runtime.gated_flows import FailsAfterGate, Gated, Quick, Twice

_ALL = RunQuery()


def test_a_run_is_given_back_where_it_waits(desk):
    row = desk.start(Gated)

    assert (row.status, row.gates, row.gate_expires_at) == ("waiting", ("release",), desk.now + 7200)
    assert desk.home.ledger.owner(row.run) is None
    assert desk.kinds()[-2:] == ["GateReached", "Parked"]
    assert desk.noted() == ["start"]


def test_an_approved_run_goes_on_and_repeats_nothing(desk):
    row = desk.start(Gated)
    desk.decide(row, "release", reason="looks good")
    row = desk.go_on(row)

    assert row.status == "succeeded"
    assert desk.noted() == ["start", "release", "end"]
    (decided,) = [each for each in desk.seen if isinstance(each, GateDecided)]
    assert (decided.verdict, decided.user, decided.reason) == ("approved", "ann", "looks good")


def test_a_run_that_nobody_decided_about_waits_on(desk):
    row = desk.start(Gated)
    row = desk.go_on(row)

    assert row.status == "waiting"
    assert desk.kinds() == ["Continued", "Parked"]


def test_a_rejected_run_fails_and_says_who_and_why(desk):
    row = desk.start(Gated)
    desk.decide(row, "release", "rejected", reason="too early")
    row = desk.go_on(row)

    assert (row.status, row.cause) == ("failed", "rejected")
    assert row.message == "ann rejected step `release`: too early"
    assert desk.noted() == ["start"]


def test_an_unanswered_gate_expires(desk):
    row = desk.start(Gated)
    desk.now += 7200
    row = desk.go_on(row)

    assert (row.status, row.cause) == ("failed", "rejected")
    assert row.message == "nobody approved step `release` in time"


@pytest.mark.parametrize(("decided_after", "status"), [(7199, "succeeded"), (7200, "failed")])
def test_what_was_decided_in_time_counts_whenever_it_is_read(desk, decided_after, status):
    row = desk.start(Gated)
    desk.decide(row, "release", at=desk.now + decided_after)
    desk.now += 100_000

    assert desk.go_on(row).status == status


def test_what_was_decided_just_before_a_gate_expires_is_read_before_it_does(desk):
    def decide_in_time(happening):
        if isinstance(happening, GateReached):
            (row,) = desk.home.ledger.runs(_ALL).rows
            desk.decide(row, "end", at=desk.now + 0.05)
            desk.now += 0.2

    desk.on = decide_in_time

    assert desk.start(Quick).status == "succeeded"


def test_a_decision_is_not_for_a_gate_that_came_after_it(desk):
    row = desk.start(Twice)
    desk.decide(row, "work")
    desk.now += 10
    row = desk.go_on(row)

    assert (row.status, desk.noted()) == ("waiting", ["work"])
    row = desk.go_on(row)  # a driver that comes anew reads the first decision again
    assert (row.status, desk.noted()) == ("waiting", ["work"])
    desk.decide(row, "work")
    assert desk.go_on(row).status == "succeeded"


def test_a_second_decision_about_the_same_gate_changes_nothing(desk):
    row = desk.start(Gated)
    desk.decide(row, "release", "approved")
    desk.decide(row, "release", "rejected")

    assert desk.go_on(row).status == "succeeded"


def test_a_decision_about_another_step_changes_nothing(desk):
    row = desk.start(Gated)
    desk.decide(row, "end")

    assert desk.go_on(row).status == "waiting"


def test_a_decision_that_comes_while_the_run_is_given_back_is_not_lost(desk):
    rows = []

    def decide_late(happening):
        if isinstance(happening, Parked) and not rows:
            (row,) = desk.home.ledger.runs(_ALL).rows
            rows.append(row)
            assert desk.home.ledger.owner(row.run) is not None
            desk.decide(row, "release")

    desk.on = decide_late

    assert desk.start(Gated).status == "succeeded"


def test_only_one_driver_goes_on_with_a_waiting_run(desk):
    row = desk.start(Gated)
    lease, _ = desk.home.ledger.take(row.run, desk.now)

    with pytest.raises(RunIsDriven):
        desk.go_on(row)
    lease.release()


def test_a_waiting_run_can_be_cancelled(desk):
    row = desk.start(Gated)

    assert end_interrupted(desk.home, row, Cancel(desk.now, "ann", "enough"), host="h", pid=1)
    assert (desk.row(row).status, desk.row(row).gates) == ("cancelled", ())


def test_a_condition_that_does_not_hold_fails_the_run_before_anybody_is_asked(desk):
    row = desk.start(Gated, f1=0.3)

    assert (row.status, row.cause) == ("failed", "condition")
    assert row.message == "step `release` does not start: f1 >= 0.7 does not hold: f1 is 0.3"
    assert row.gates == ()


def test_metrics_of_reused_tasks_count_for_a_condition(desk):
    row = desk.start(Gated, f1=0.3)
    resumed = desk.resume(row)

    assert (resumed.status, resumed.cause) == ("failed", "condition")
    assert desk.noted() == ["start"]


def test_a_resumed_run_asks_again_because_it_is_another_run(desk):
    row = desk.start(FailsAfterGate)
    desk.decide(row, "release")
    row = desk.go_on(row)
    assert row.status == "failed"

    assert desk.resume(row).status == "waiting"
