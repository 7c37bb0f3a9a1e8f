"""Published events, also those that the ends of runs are; for every ledger."""

import msgspec
import pytest

from headwater.model.errors import UserMistake
from headwater.model.launch import PublishedEvent
from headwater.model.ports import Commit
from headwater.model.production import Project
from tests.ledger.ledger_stories import begin, event, failed, finished, planned, started


def test_events_are_numbered_as_they_come_and_read_after_a_number(ledger):
    first = ledger.publish(event("a", payload={"day": msgspec.Raw(b'"2026-01-01"')}, source="cli", run="Churn/3"))
    second = ledger.publish(event("b", "sales.checked", scope="fraud.prod"))

    assert (first.number, second.number) == (1, 2)
    assert [first, second] == ledger.published()
    assert [second] == ledger.published(after=1)
    assert [first] == ledger.published(limit=1)
    assert [second] == ledger.published(name="sales.checked")
    assert ledger.published(after=1, name="sales.loaded") == []


def test_an_event_whose_id_is_there_is_given_as_it_was_kept(ledger):
    first = ledger.publish(event("a", payload={"rows": msgspec.Raw(b"3")}))
    again = ledger.publish(event("a", "another.name", payload={"rows": msgspec.Raw(b"4")}))

    assert first == again
    assert [first] == ledger.published()


def test_the_end_of_a_run_is_published_with_it(ledger):
    lease, first = begin(ledger, started("start", 1), project=Project("fraud", "test.new"))
    assert ledger.published() == []
    ledger.append(lease, Commit([failed("start"), finished("failed", at=9.5)]))

    (told,) = ledger.published()
    assert told == PublishedEvent(
        f"run:{first.run}", "run.finished", 9.5, told.payload, "run:Churn", "Churn/1", None, 1
    )
    assert {name: msgspec.json.decode(value) for name, value in told.payload.items()} == {
        "flow": "Churn",
        "label": 1,
        "end": "failed",
        "target": None,
        "project": "fraud",
        "branch": "test.new",
    }


def test_the_end_of_a_deployments_run_names_its_target(ledger):
    (firing,) = ledger.launch([planned("a")])
    lease, _ = ledger.take(firing.run, 5.0)
    ledger.append(lease, Commit([finished()]))
    (told,) = ledger.published(name="run.finished")

    assert (msgspec.json.decode(told.payload["target"]), told.run) == ("Churn@production", "Churn/1")


def test_a_run_that_ends_in_its_first_commit_is_published_too(ledger):
    begin(ledger, finished())

    assert [told.run for told in ledger.published()] == ["Churn/1"]


def test_an_event_that_has_the_id_of_an_end_already_does_not_keep_the_run_from_ending(ledger):
    lease, first = begin(ledger)
    with ledger._database.transaction():
        ledger._database.rows(
            "INSERT INTO published VALUES (1, 'run:' || ?, 'forged', 1.0, '{}', '', NULL, NULL)", (first.run,)
        )
    ledger.append(lease, Commit([finished()]))

    assert ledger.run(first.run).status == "succeeded"
    assert [(one.kind, one.where) for one in ledger.check()] == [
        ("index-differs-from-events", "Churn/1: published end")
    ]


def test_nothing_is_published_of_a_run_whose_end_is_not_committed(ledger):
    lease, _ = begin(ledger)
    with pytest.raises(KeyError):
        ledger.append(lease, Commit([finished(), failed("never_started")]))

    assert ledger.published() == []


def test_nobody_else_publishes_the_end_of_a_run(ledger):
    lease, first = begin(ledger)
    for forged in (event(f"run:{first.run}"), event("x", source="run:Churn")):
        with pytest.raises(UserMistake, match="ends of runs"):
            ledger.publish(forged)
    ledger.append(lease, Commit([finished()]))

    assert [told.id for told in ledger.published()] == [f"run:{first.run}"]
