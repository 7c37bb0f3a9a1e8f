"""Starting, appending, reading back; for every ledger."""

import pytest

from headwater.ledger.leases import RunLease
from headwater.model.errors import InternalError, LeaseLost, NotFound, RunIsDriven, RunIsFinished
from headwater.model.events import Cancel, DriverChanged
from headwater.model.ports import Commit
from tests.ledger.ledger_stories import begin, commit, finished, run_id, run_started, started, succeeded


def test_the_first_run_of_a_flow_is_number_one_and_the_next_number_two(ledger):
    _, first = begin(ledger)
    _, second = begin(ledger)
    _, other = begin(ledger, flow="Other")

    assert (first.label, second.label, other.label) == (1, 2, 1)


def test_a_run_starts_with_what_is_given_and_is_read_back_the_same(ledger):
    lease, first = begin(ledger, started("start", 1))

    assert [(1, first), (2, started("start", 1))] == list(ledger.events(lease.run))


def test_events_are_numbered_from_one_without_gaps(ledger):
    lease, _ = begin(ledger)
    last = ledger.append(lease, Commit([started("start", 1), succeeded("start", "end")]))
    later = ledger.append(lease, Commit([started("end", 2, parents=["start"])]))

    assert (last, later) == (3, 4)
    assert [number for number, _ in ledger.events(lease.run)] == [1, 2, 3, 4]
    assert [number for number, _ in ledger.events(lease.run, after=3)] == [4]


def test_more_events_than_one_page_come_in_order(ledger):
    lease, _ = begin(ledger)
    events = [started(f"body/start.{index}", index + 1) for index in range(5000)]
    ledger.append(lease, Commit(events))

    assert events == [event for _, event in ledger.events(lease.run, after=1)]


def test_a_run_that_does_not_start_with_its_first_event_is_refused(ledger):
    with pytest.raises(InternalError):
        ledger.start_run(Commit([started("start", 1)]))
    with pytest.raises(InternalError):
        ledger.start_run(Commit([run_started(label=3)]))
    with pytest.raises(InternalError):
        ledger.start_run(Commit([]))

    assert ledger.flows() == []


def test_a_start_that_fails_leaves_neither_run_nor_label(ledger):
    again = run_started()
    with pytest.raises(KeyError):
        ledger.start_run(Commit([again, succeeded("never_started")]))
    _, first = ledger.start_run(Commit([again]))

    assert first.label == 1


def test_an_append_that_fails_leaves_nothing_and_the_next_one_counts_on(ledger):
    lease, _ = begin(ledger, started("start", 1))
    with pytest.raises(KeyError):
        ledger.append(lease, commit(succeeded("start", "end"), succeeded("never_started"), texts=["x"]))
    last = ledger.append(lease, Commit([succeeded("start", "end")]))

    assert last == 3
    assert ledger.run(lease.run).task_counts == {"succeeded": 1}
    assert list(ledger.small_sizes()) == []


def test_the_last_event_ends_the_stream_and_gives_the_lease_back(ledger):
    lease, _ = begin(ledger)
    ledger.append(lease, Commit([finished()]))

    assert ledger.owner(lease.run) is None
    with pytest.raises(RunIsFinished, match="Churn/1 is finished"):
        ledger.append(lease, Commit([started("late", 9)]))
    with pytest.raises(RunIsFinished):
        ledger.take(lease.run, 10.0)
    assert len(list(ledger.events(lease.run))) == 2


def test_a_finished_stream_takes_nothing_from_a_lease_that_does_not_know_of_its_end(ledger):
    lease, _ = begin(ledger)
    other = RunLease(ledger._database.locks, lease.run, lease.path, lease.run_id, lease.epoch)
    ledger.append(lease, Commit([finished()]))
    with pytest.raises(RunIsFinished):
        ledger.append(other, Commit([started("late", 9)]))

    assert len(list(ledger.events(lease.run))) == 2


def test_a_driven_run_is_not_to_be_taken_and_says_by_whom_it_is_driven(ledger):
    lease, first = begin(ledger)
    with pytest.raises(RunIsDriven) as refused:
        ledger.take(lease.run, first.at + 60)

    assert (first.host, first.pid, 60.0) == (refused.value.host, refused.value.pid, refused.value.age_seconds)
    assert "Churn/1" in str(refused.value)


def test_a_run_whose_driver_is_gone_can_be_taken_with_the_next_epoch(ledger):
    lease, _ = begin(ledger, started("start", 1))
    lease.release()
    taken, epoch = ledger.take(lease.run, 50.0)

    assert (epoch, taken.epoch) == (2, 2)
    assert ledger.owner(lease.run).since == 50.0
    ledger.append(taken, Commit([DriverChanged(51.0, "here", 1, epoch)]))
    assert ledger.run(lease.run).task_counts == {"lost": 1}


def test_a_lease_that_was_given_back_writes_nothing(ledger):
    lease, _ = begin(ledger)
    lease.release()
    lease.release()
    with pytest.raises(LeaseLost):
        ledger.append(lease, Commit([started("start", 1)]))

    assert len(list(ledger.events(lease.run))) == 1


def test_releasing_an_old_lease_does_not_take_the_run_from_its_new_driver(ledger):
    old, _ = begin(ledger)
    old.release()
    new, _ = ledger.take(old.run, 50.0)
    old.release()

    assert ledger.owner(new.run) is not None


def test_an_unknown_run_is_not_found(ledger):
    unknown = run_id()
    for ask in (ledger.run, ledger.owner, lambda run: ledger.take(run, 1.0), lambda run: ledger.tag_run(run, [], [])):
        with pytest.raises(NotFound, match=unknown):
            ask(unknown)


def test_requests_are_numbered_and_read_after_a_number(ledger):
    lease, _ = begin(ledger)
    first, second = Cancel(5.0, "bob", "too dear"), Cancel(6.0, "eve")
    ledger.request(lease.run, first)
    ledger.request(lease.run, second)

    assert [(1, first), (2, second)] == ledger.requests(lease.run)
    assert [(2, second)] == ledger.requests(lease.run, after=1)


def test_nobody_is_asked_when_the_run_is_finished(ledger):
    lease, _ = begin(ledger, finished())
    with pytest.raises(RunIsFinished):
        ledger.request(lease.run, Cancel(5.0, "bob"))

    assert ledger.requests(lease.run) == []


def test_waiting_ends_at_once_when_something_was_written_since_the_last_call(ledger):
    ledger.wait(0)
    assert not ledger.wait(0)
    begin(ledger)

    assert ledger.wait(1000)
    assert not ledger.wait(0.01)
