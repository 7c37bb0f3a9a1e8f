"""Launching runs and recording what was done about slots, events and requests; for every ledger."""

import msgspec
import pytest

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import HeadwaterError, InternalError, RunIsDriven
from headwater.model.events import Cancel
from headwater.model.launch import Firing
from headwater.model.ports import Commit, PlannedFiring
from headwater.model.rows import FiringQuery, Page, RunQuery
from tests.ledger.ledger_stories import (
    begin,
    digest,
    finished,
    launch_of,
    planned,
    reused,
    run_started,
    skipped,
    small_ref,
    started,
)


def test_a_launched_run_is_queued_and_says_what_it_was_launched_for(ledger):
    (firing,) = ledger.launch([planned("k", slot=60.0, parameters={"p": small_ref("v")}, small={digest("v"): b"v"})])
    row = ledger.run(firing.run)

    assert firing == Firing(
        "k", "Churn@production", "schedule:daily", 1.0, "started", 60.0, run=row.run, run_path="Churn/1"
    )
    assert (row.path, row.status, row.launch) == ("Churn/1", "queued", launch_of("k", logical_date=60.0))
    assert {digest("v"): b"v"} == ledger.small([digest("v")])
    assert ledger.owner(row.run) is None


def test_labels_go_on_from_those_of_runs_that_people_started(ledger):
    begin(ledger)
    firings = ledger.launch([planned("a"), planned("b"), planned("c", flow="Other")])

    assert [firing.run_path for firing in firings] == ["Churn/2", "Churn/3", "Other/1"]


def test_what_was_recorded_before_is_given_as_it_was_and_starts_nothing(ledger):
    first = ledger.launch([planned("a"), skipped("b")])
    again = ledger.launch([skipped("a", reason="another"), planned("b"), planned("c")])

    assert again[:2] == first
    assert again[2].run_path == "Churn/2"
    assert len(ledger.runs(RunQuery()).rows) == 2


def test_a_key_that_comes_twice_in_one_call_is_recorded_once(ledger):
    first, second, third = ledger.launch([planned("a"), planned("a"), skipped("a")])

    assert first == second == third
    assert [row.run for row in ledger.runs(RunQuery()).rows] == [first.run]


def test_a_launch_that_fails_leaves_nothing(ledger):
    twice = planned("a")
    other = PlannedFiring(
        Firing("b", "Churn@production", "person", 1.0, "started"),
        Commit([run_started(run=twice.commit.events[0].run, launch=launch_of("b"))]),
    )
    with pytest.raises(HeadwaterError, match="refused a write"):
        ledger.launch([twice, other], cursor=("triggers", 7))
    (firing,) = ledger.launch([twice])

    assert (firing.run_path, ledger.firing("b"), ledger.cursor("triggers")) == ("Churn/1", None, 0)


def test_a_firing_and_its_run_must_say_the_same(ledger):
    wrong = (
        PlannedFiring(skipped("a").firing, planned("a").commit),
        PlannedFiring(planned("a").firing),
        PlannedFiring(planned("a").firing, Commit([])),
        PlannedFiring(msgspec.structs.replace(skipped("a").firing, run="01J0000000000000000000000A")),
        PlannedFiring(msgspec.structs.replace(skipped("a").firing, run_path="Churn/1")),
        PlannedFiring(planned("a").firing, Commit([run_started()])),
        PlannedFiring(planned("a").firing, planned("b").commit),
        PlannedFiring(planned("a").firing, planned("a", target="Other@production").commit),
        PlannedFiring(planned("a").firing, Commit([run_started(label=3, launch=launch_of("a"))])),
    )
    for one in wrong:
        with pytest.raises(InternalError, match=r"comes with|starts"):
            ledger.launch([planned("good"), one])

    assert (ledger.flows(), ledger.firings(FiringQuery())) == ([], Page(()))


def test_a_store_has_at_most_one_run_of_a_key(ledger):
    ledger.launch([planned("a")])
    with pytest.raises(InternalError, match="launch_key"):
        begin(ledger, launch=launch_of("a"))

    assert len(ledger.runs(RunQuery()).rows) == 1


def test_who_takes_a_queued_run_first_is_its_first_driver(ledger):
    (firing,) = ledger.launch([planned("a")])
    lease, epoch = ledger.take(firing.run, 5.0)
    with pytest.raises(RunIsDriven):
        ledger.take(firing.run, 6.0)

    assert (epoch, lease.epoch, ledger.run(firing.run).status) == (1, 1, "running")
    assert ledger.append(lease, Commit([started("start", 1)])) == 2
    lease.release()
    assert (ledger.run(firing.run).status, ledger.take(firing.run, 7.0)[1]) == ("interrupted", 2)


def test_a_queued_run_can_be_asked_to_stop(ledger):
    (firing,) = ledger.launch([planned("a")])
    ledger.request(firing.run, Cancel(5.0, "bob"))

    assert len(ledger.requests(firing.run)) == 1


def test_a_retry_is_launched_with_what_it_reuses(ledger):
    (firing,) = ledger.launch([planned("Churn/1/retry:1", reused("start", 1, "end", origin="Churn/1/start/1"))])
    lease, _ = ledger.take(firing.run, 5.0)

    assert ledger.run(firing.run).task_counts == {"succeeded": 1}
    assert ledger.append(lease, Commit([started("end", 2, parents=["start"])])) == 3


def test_runs_are_found_by_their_target_and_by_waiting_for_a_driver(ledger):
    begin(ledger)
    first, second, other = ledger.launch([planned("a"), planned("b"), planned("c", target="Churn@user.ann")])
    ledger.take(second.run, 5.0)

    def found(**query):
        return [row.path for row in ledger.runs(RunQuery(**query)).rows]

    assert found(target="Churn@production") == [second.run_path, first.run_path]
    assert found(target="Churn@user.ann", status="queued") == [other.run_path]
    assert found(status="queued") == [other.run_path, first.run_path]
    assert found(status="running") == [second.run_path, "Churn/1"]
    assert found(status="interrupted") == []


def test_firings_come_newest_first_in_pages_and_are_chosen_by_target_source_and_slot(ledger):
    ledger.launch([planned(f"d{day}", slot=float(day)) for day in range(5)])
    ledger.launch([skipped("other", target="Other@production", slot=9.0), skipped("b", source="backfill:1", slot=2.0)])

    def keys(**query):
        return [firing.key for firing in ledger.firings(FiringQuery(**query)).rows]

    pages = [ledger.firings(FiringQuery(limit=3))]
    while pages[-1].cursor is not None:
        pages.append(ledger.firings(FiringQuery(limit=3, cursor=pages[-1].cursor)))
    assert [[firing.key for firing in page.rows] for page in pages] == [
        ["b", "other", "d4"],
        ["d3", "d2", "d1"],
        ["d0"],
    ]
    assert keys(target="Churn@production", source="schedule:daily", since=3.0) == ["d4", "d3"]
    assert keys(source="backfill:1") == ["b"]
    assert keys(target="Nobody@production") == []


def test_a_firing_is_found_by_its_key(ledger):
    (firing,) = ledger.launch([skipped("a", slot=3.0)])

    assert (ledger.firing("a"), ledger.firing("b")) == (firing, None)


def test_the_last_slot_is_the_latest_whatever_was_done_about_it(ledger):
    ledger.launch(
        [planned("b", slot=7.0), skipped("c", slot=9.0), planned("a", slot=5.0), planned("p", source="person")]
    )

    assert ledger.last_slot("Churn@production", "schedule:daily") == 9.0
    assert ledger.last_slot("Churn@production", "person") is None
    assert ledger.last_slot("Churn@user.ann", "schedule:daily") is None


def test_a_cursor_moves_with_the_firings_and_never_back(ledger):
    moved = []
    for value in (3, 7, 7, 5):
        ledger.launch([], cursor=("triggers", value))
        moved.append(ledger.cursor("triggers"))

    assert (moved, ledger.cursor("other")) == ([3, 7, 7, 7], 0)


def test_a_thousand_runs_are_launched_in_one_transaction(file_ledger, home):
    other = SqliteLedger(home)
    before = other._database.version()
    firings = file_ledger.launch([planned(f"k{number}", slot=float(number)) for number in range(1000)])

    assert other._database.version() == before + 1
    assert [firing.run_path for firing in firings] == [f"Churn/{label}" for label in range(1, 1001)]
    assert len(other.runs(RunQuery(status="queued", limit=2000)).rows) == 1000
    other.close()


def test_the_end_of_a_queued_run_leaves_its_firing_as_it_is(ledger):
    (firing,) = ledger.launch([planned("a")])
    lease, _ = ledger.take(firing.run, 5.0)
    ledger.append(lease, Commit([finished("cancelled")]))

    assert ledger.launch([planned("a")]) == [firing]
    assert list(ledger.check()) == []
