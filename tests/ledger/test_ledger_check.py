"""Every kind of damage is found and named; a whole ledger has none."""

import os

import apsw
import pytest

from headwater.ledger.check import library_findings
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import FormatUnknown, HeadwaterError, LedgerDamaged
from headwater.model.ports import Commit
from headwater.model.production import Project
from tests.ledger.ledger_stories import (
    begin,
    digest,
    failed,
    finished,
    small_ref,
    started,
    succeeded,
)


@pytest.fixture
def damage(home):
    """A ledger with one finished run, and a way to change its file behind its back."""
    ledger = SqliteLedger(home)
    known = {"parameters": {"p": small_ref("v")}, "environments": {"start": digest("lock")}}
    lease, _ = begin(ledger, started("start", 1), small={digest("v"): b"v"}, project=Project("fraud", "prod"), **known)
    ledger.append(lease, Commit([failed("start", retry_at=5.0)]))
    ledger.append(lease, Commit([started("start", 1, attempt=1)]))
    end = succeeded("start", attempt=1, artifacts={"x": small_ref("v")}, reads={"p": digest("v")}, summary={"f1": 1})
    ledger.append(lease, Commit([end, finished()]))
    assert list(ledger.check()) == []
    ledger.close()

    def change(*statements):
        connection = apsw.Connection(os.path.join(home, "ledger.db"))
        for (trigger,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        connection.close()
        opened = SqliteLedger(home)
        found = list(opened.check())
        opened.close()
        return found

    return change


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE tasks SET status = 'failed'", "Churn/1: task 1"),
        ("UPDATE tasks SET usage = '{}'", "Churn/1: task 1"),
        ("DELETE FROM artifacts WHERE label = 1", "Churn/1: artifacts of task 1"),
        ("DELETE FROM artifacts WHERE label = 0", "Churn/1: artifacts of task 0"),
        ("UPDATE artifacts SET size = 7 WHERE label = 1", "Churn/1: artifacts of task 1"),
        ("DELETE FROM past_attempts", "Churn/1: attempts of task 1"),
        ("UPDATE runs SET metrics = '{}'", "Churn/1"),
        ("UPDATE runs SET status = 'failed'", "Churn/1"),
        ("UPDATE runs SET project = NULL", "Churn/1"),
        ("UPDATE runs SET target = 'x'", "Churn/1"),
        ('UPDATE runs SET gates = CAST(\'{"start":{"step":"start"}}\' AS BLOB)', "Churn/1"),
        ("DELETE FROM environments", "Churn/1: environments"),
        ("DELETE FROM published", "Churn/1: published end"),
        ("UPDATE published SET payload = json_set(payload, '$.end', 'failed')", "Churn/1: published end"),
        ("DELETE FROM reads", "Churn/1/start/1: read of p"),
        ("INSERT INTO reads VALUES (zeroblob(32), 1, 1, 'never')", "Churn/1/start/1: read of never"),
    ],
)
def test_rows_that_do_not_say_what_the_events_say_are_named(damage, statement, where):
    found = damage(statement)

    assert [(finding.kind, finding.where) for finding in found] == [("index-differs-from-events", where)]


def test_a_missing_event_is_a_gap(damage):
    found = damage("DELETE FROM events WHERE number = 3")

    assert ("gap-in-events", "Churn/1") in [(finding.kind, finding.where) for finding in found]


def test_an_event_that_does_not_read_is_named(damage):
    (finding,) = damage('UPDATE events SET body = \'{"kind": "nothing"}\' WHERE number = 4')

    assert (finding.kind, finding.where) == ("unreadable-event", "Churn/1")


def test_events_in_an_impossible_order_are_named(damage):
    found = damage("UPDATE events SET body = (SELECT body FROM events WHERE number = 5) WHERE number = 2")

    assert [(finding.kind, finding.where) for finding in found] == [("impossible-event", "Churn/1")]


def test_a_missing_small_object_is_named_by_all_that_hold_it(damage):
    found = damage("DELETE FROM small_objects")

    assert [(finding.kind, finding.where, finding.digest) for finding in found] == [
        ("missing-object", "Churn/1/_parameters/p", digest("v")),
        ("missing-object", "Churn/1/start/1/x", digest("v")),
    ]


def test_rows_that_point_nowhere_are_named(damage):
    found = damage("PRAGMA foreign_keys = OFF", "INSERT INTO tags VALUES (77, 'lost', 0)")

    assert [finding.kind for finding in found] == ["dangling-row"]


def test_another_schema_is_named(damage):
    (finding,) = damage("UPDATE migrations SET checksum = 'other' WHERE number = 1")

    assert finding.kind == "unknown-format"
    assert "0001_first.sql" in finding.expected


@pytest.mark.parametrize(("version", "count"), [("3.40.1", 1), ("3.51.2", 1), ("3.51.3", 0), ("3.54.1", 0), ("4.0", 0)])
def test_a_sqlite_that_may_damage_its_log_is_named(version, count):
    assert len(list(library_findings(version))) == count


def test_foreign_permissions_are_named(damage, home):
    os.chmod(os.path.join(home, "ledger.db"), 0o666)
    (finding,) = damage()

    assert (finding.kind, finding.found, finding.severity) == ("foreign-permissions", "mode 666", "warning")


def test_a_quick_check_leaves_the_replay_out(damage, home):
    damage("UPDATE tasks SET status = 'failed'")
    ledger = SqliteLedger(home)

    assert list(ledger.check(is_quick=True)) == []
    assert len(list(ledger.check())) == 1
    ledger.close()


def test_a_damaged_page_is_found(home):
    ledger = SqliteLedger(home)
    begin(ledger, *(started(f"b/s.{label}", label) for label in range(1, 2000)), finished())
    ledger.close()
    path = os.path.join(home, "ledger.db")
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    ledger = SqliteLedger(home)
    try:
        findings = list(ledger.check())
    except LedgerDamaged:
        findings = None
    ledger.close()

    assert findings is None or "damaged-ledger" in [finding.kind for finding in findings]


def test_a_file_that_is_no_database_is_refused_by_name(home):
    os.makedirs(home)
    path = os.path.join(home, "ledger.db")
    with open(path, "wb") as file:
        file.write(b"no database" * 1000)
    with pytest.raises(LedgerDamaged, match=path):
        SqliteLedger(home)


def test_a_newer_ledger_is_refused_and_left_as_it_is(home):
    SqliteLedger(home).close()
    connection = apsw.Connection(os.path.join(home, "ledger.db"))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(FormatUnknown, match="99"):
        SqliteLedger(home)

    connection = apsw.Connection(os.path.join(home, "ledger.db"))
    assert connection.execute("PRAGMA user_version").fetchall() == [(99,)]
    connection.close()


def test_what_the_rules_of_the_database_refuse_is_an_internal_error(ledger):
    lease, _ = begin(ledger, started("start", 1), succeeded("start"))
    lease.course = None
    with pytest.raises(HeadwaterError, match="refused a write"):
        ledger.append(lease, Commit([started("start", 1)]))
    database = ledger._database
    for statement, rule in (
        ("UPDATE events SET number = 9 WHERE number = 1", "never changed"),
        ("DELETE FROM events", "never deleted"),
        ("UPDATE tasks SET status = 'failed'", "finished task"),
    ):
        with pytest.raises(HeadwaterError, match=rule), database.transaction():
            database.rows(statement)
    ledger.append(lease, Commit([finished()]))
    for statement, rule in (
        ("UPDATE runs SET status = 'running'", "finished run never changes"),
        ("UPDATE runs SET launch = NULL", "finished run never changes"),
        ("UPDATE runs SET is_published = 0", "finished run never changes"),
        ("UPDATE runs SET last_event = 1", "finished run never changes"),
        ("INSERT INTO events VALUES (1, 9, '{}')", "takes no events"),
    ):
        with pytest.raises(HeadwaterError, match=rule), database.transaction():
            database.rows(statement)
