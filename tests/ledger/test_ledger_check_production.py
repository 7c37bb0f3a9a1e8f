"""Every kind of damage to what stands beside the runs is found and named, and the database itself refuses most."""

import pytest

from headwater.ledger.memory import MemoryLedger
from headwater.model.errors import HeadwaterError
from headwater.model.records import Held
from headwater.model.rows import RunQuery
from tests.ledger.ledger_stories import commit, digest, event, planned, record, skipped, small_ref

HELD = Held("Churn, deployment 3: alpha", ref=small_ref("v"))


@pytest.fixture
def production():
    """A whole ledger with something of everything, and a way to change it against its own rules."""
    ledger = MemoryLedger()
    ledger.write_records([record("a"), record("b", holds=[HELD])], commit(texts=["v"]))
    ledger.write_records([record("a", 2)])
    ledger.launch([planned("k", slot=1.0), skipped("l", slot=2.0)], cursor=("triggers", 2))
    ledger.publish(event("x"))
    ledger.publish(event("y"))
    assert list(ledger.check()) == []
    yield ledger
    ledger.close()


def after(ledger, *statements):
    database = ledger._database
    for (trigger,) in database.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'"):
        database.rows(f"DROP TRIGGER {trigger}")
    for statement in statements:
        with database.transaction():
            database.rows(statement)
    return [(finding.kind, finding.where, finding.found) for finding in ledger.check()]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM records WHERE version = 1 AND key = 'a'", ("gap-in-records", "alias a", "1 of them")),
        ("DELETE FROM published WHERE number = 1", ("gap-in-published", ":memory:", "1 of them")),
        (
            "UPDATE firings SET run = 'gone' WHERE run IS NOT NULL",
            ("firing-without-run", "k", "no such run"),
        ),
        (
            "UPDATE firings SET run_path = 'Churn/9' WHERE run IS NOT NULL",
            ("firing-without-run", "k", "Churn/1, started as k"),
        ),
        ("DELETE FROM firings WHERE run IS NOT NULL", ("run-without-firing", "Churn/1", "none")),
        (
            "INSERT INTO cursors VALUES ('triggers', 9)",
            ("cursor-beyond-events", "cursor triggers", "it stands at 9: 7 events will not be seen by it"),
        ),
        ("DELETE FROM changes WHERE kind = 'run'", ("missing-change", "Churn/1", "none")),
        (
            "DELETE FROM changes WHERE kind = 'record' AND subject = 3",
            ("missing-change", "alias a, version 2", "none"),
        ),
        (
            "DELETE FROM changes WHERE kind = 'published' AND subject = 1",
            ("missing-change", "published event x", "none"),
        ),
        ("DELETE FROM changes WHERE kind = 'firing' AND subject = 2", ("missing-change", "firing l", "none")),
        (
            "DELETE FROM held",
            ("index-differs-from-records", "alias b, version 1: held objects", "nothing"),
        ),
        (
            "INSERT INTO held VALUES (zeroblob(32), 1)",
            ("index-differs-from-records", "alias a, version 1: held objects", "000000000000"),
        ),
        ("DELETE FROM small_objects", ("missing-object", "Churn, deployment 3: alpha", "nothing")),
    ],
)
def test_damage_is_named(production, statement, expected):
    assert after(production, statement) == [expected]


def test_a_cursor_of_something_else_than_events_may_stand_anywhere(production):
    production.launch([], cursor=("alerts.slots", 1_735_689_600_000))

    assert list(production.check()) == []


def test_a_firing_that_changed_its_key_is_missed_by_its_run_and_has_none_itself(production):
    found = after(production, "UPDATE firings SET key = 'other' WHERE run IS NOT NULL")

    assert found == [
        ("firing-without-run", "other", "Churn/1, started as k"),
        ("run-without-firing", "Churn/1", "none"),
    ]


def test_what_only_an_earlier_version_held_is_not_missed(production):
    production.write_records([record("b", 2)])

    assert production.delete_small([digest("v")]) == [digest("v")]
    assert list(production.check()) == []


def test_a_run_that_waits_for_its_first_driver_is_not_reported(production):
    assert [row.status for row in production.runs(RunQuery()).rows] == ["queued"]
    assert list(production.check()) == []


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE records SET body = '{}'", "never changed"),
        ("DELETE FROM records", "never deleted"),
        ("INSERT INTO records (kind, key, version, at, body) VALUES ('alias', 'a', 4, 1, '{}')", "one after the other"),
        ("INSERT INTO records (kind, key, version, at, body) VALUES ('alias', 'c', 2, 1, '{}')", "one after the other"),
        ("UPDATE held SET record = 1", "never changed"),
        ("DELETE FROM held", "never deleted"),
        ("UPDATE firings SET reason = 'x'", "never changed"),
        ("DELETE FROM firings", "never deleted"),
        ("UPDATE published SET name = 'x'", "never changed"),
        ("DELETE FROM published", "never deleted"),
        ("UPDATE cursors SET value = 1", "never changed"),
        ("DELETE FROM cursors", "never deleted"),
        ("INSERT INTO cursors VALUES ('triggers', 1)", "never moves back"),
    ],
)
def test_the_database_refuses_to_change_the_past(production, statement, rule):
    database = production._database
    with pytest.raises(HeadwaterError, match=rule), database.transaction():
        database.rows(statement)

    assert list(production.check()) == []
