"""A newer Headwater reads, checks and continues every older ledger; the files in `golden/` are never written again."""

import os
import signal

import apsw
import msgspec
import pytest
import zstandard

from headwater.ledger.database import FORMAT
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.ports import Commit
from headwater.model.rows import FiringQuery, RunQuery, TaskQuery
from tests.ledger.ledger_stories import begin, failed, finished, started

GOLDEN = os.path.join(os.path.dirname(__file__), "golden")
KINDS = [
    "RunStarted",
    "TaskStarted",
    "TaskSucceeded",
    "TaskStarted",
    "TaskStarted",
    "TaskFailed",
    "DriverChanged",
    "TaskStarted",
    "TaskStarted",
    "TaskSucceeded",
    "TaskSucceeded",
    "CodeChanged",
    "CancelRequested",
    "RunFinished",
]


def lay_out(home, number):
    os.makedirs(home)
    with open(os.path.join(GOLDEN, f"ledger-{number}.db.zst"), "rb") as packed:
        content = zstandard.decompress(packed.read())
    with open(os.path.join(home, "ledger.db"), "wb") as file:
        file.write(content)
    os.chmod(os.path.join(home, "ledger.db"), 0o600)


@pytest.fixture(params=range(1, FORMAT + 1))
def golden(request, home):
    lay_out(home, request.param)
    ledger = SqliteLedger(home)
    yield ledger
    ledger.close()


@pytest.fixture
def golden_production(home):
    lay_out(home, 2)
    ledger = SqliteLedger(home)
    yield ledger
    ledger.close()


def test_an_older_ledger_is_whole(golden):
    assert list(golden.check()) == []


def test_an_older_ledger_answers(golden):
    second, first = golden.runs(RunQuery(flow="Churn")).rows
    tasks = golden.tasks(TaskQuery(first.run)).rows

    assert [type(event).__name__ for _, event in golden.events(first.run)] == KINDS
    assert (first.path, first.status, first.tags, first.note) == ("Churn/1", "cancelled", ("red",), "why")
    assert [task.status for task in tasks] == ["succeeded", "succeeded", "caught"]
    assert [attempt.cause for attempt in golden.attempts(first.run, "train/start.0")] == ["exception", "ok"]
    assert tasks[2].error.frames[0].locals == {"x": "1"}
    assert golden.visible(first.run, "train/start.1")["x"].header.preview == "v"
    assert len(golden.requests(first.run)) == 1
    assert (second.origin, second.task_counts) == ("Churn/1", {"succeeded": 1})


def test_an_older_ledger_goes_on(golden):
    known = len(golden.published())
    lease, first = begin(golden)
    golden.append(lease, Commit([finished()]))

    assert first.label == 3
    # What ended before ends were published is not told afterwards.
    assert [told.run for told in golden.published()[known:]] == ["Churn/3"]
    assert [finding for finding in golden.check() if finding.severity != "info"] == []


def test_an_older_ledger_knows_of_production(golden_production):
    ledger = golden_production
    queued, waiting = ledger.runs(RunQuery(target="Sales@production")).rows

    assert [(row.status, row.launch.logical_date) for row in (queued, waiting)] == [
        ("queued", 120.0),
        ("waiting", 60.0),
    ]
    assert (waiting.gates, waiting.gate_expires_at) == (("start",), 900.0)
    assert [firing.verdict for firing in ledger.firings(FiringQuery()).rows] == ["skipped", "started", "started"]
    assert ledger.last_slot("Sales@production", "schedule:daily") == 120.0
    assert [told.source for told in ledger.published()] == ["run:Churn", "run:Churn", "cli"]
    assert (ledger.cursor("triggers"), bytes(ledger.record("alias", "Sales@production").body)) == (2, b'{"number":1}')
    assert {"Sales, deployment 1: alpha", "Sales/1/_environment/train"} <= {one.path for one in ledger.references()}


def test_old_ledgers_opened_at_one_instant_are_upgraded_once(home, writer):
    lay_out(home, 1)
    processes = [writer("start_one") for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    assert sorted(int(process.communicate()[0].split()[1]) for process in processes) == [3, 4, 5, 6]


@pytest.mark.parametrize("kill", ["ledger.before_migrated:1", "ledger.after_migrated:1"])
def test_an_old_ledger_whose_upgrade_was_killed_is_upgraded_by_the_next(kill, home, writer):
    lay_out(home, 1)
    assert writer("append_many", "1", HEADWATER_FAILPOINT=kill).wait() == -signal.SIGKILL
    ledger = SqliteLedger(home)
    found = [finding for finding in ledger.check() if finding.severity != "info"]
    ledger.close()

    assert found == []
    assert writer("append_many", "1").communicate()[0].split()[-2:] == ["acked", "3"]


def test_the_upgrade_finds_out_when_attempts_became_ready(home):
    lay_out(home, 2)
    ready_at = {(2, 0): 30.5, (2, 1): 51.0, (3, 0): 31.5}
    database = apsw.Connection(os.path.join(home, "ledger.db"))
    database.execute("DROP TRIGGER events_are_never_changed")
    for number, body in database.execute("SELECT number, body FROM events WHERE run = 1").fetchall():
        told = msgspec.json.decode(body)
        if told["kind"] == "task_started" and (told["label"], told["attempt"]) in ready_at:
            told["ready_at"] = ready_at[told["label"], told["attempt"]]
            database.execute(
                "UPDATE events SET body = ? WHERE run = 1 AND number = ?", (msgspec.json.encode(told), number)
            )
    database.close()
    ledger = SqliteLedger(home)
    run = ledger.find_run("Churn", 1).run

    assert [(span.label, span.attempt, span.ready_at) for span in ledger.task_spans(run)] == [
        (1, 0, 0.0),
        (2, 0, 30.5),
        (2, 1, 51.0),
        (3, 0, 31.5),
        (3, 1, 0.0),
    ]
    assert list(ledger.check()) == []
    ledger.close()


def test_an_upgraded_ledger_tells_everything_as_changes_once(golden):
    changes = golden.changes()

    assert {row.run for row in golden.runs(RunQuery()).rows} == {one.run for one in changes if one.kind == "run"}
    assert len({(one.kind, one.run, one.record_key, one.published, one.firing) for one in changes}) == len(changes)
    assert golden.last_change() == changes[-1].number


def test_attempts_that_an_older_headwater_starts_after_the_upgrade_are_no_damage(home):
    lay_out(home, 2)
    ledger = SqliteLedger(home)
    lease, _ = begin(ledger, started("a", 1, ready_at=1.5), failed("a", retry_at=4.0))
    again, fresh = started("a", 1, at=4.0, attempt=1, ready_at=3.5), started("b", 2, at=5.0, ready_at=4.5)
    with ledger._database.transaction():
        # The statements of format 2.
        for number, event in ((4, again), (5, fresh)):
            ledger._database.rows(
                "INSERT INTO events VALUES (?, ?, ?)", (lease.run_id, number, msgspec.json.encode(event))
            )
        ledger._database.rows(
            "INSERT OR REPLACE INTO past_attempts (run, label, attempt, status, started_at, finished_at, cause, error,"
            " usage) SELECT run, label, attempt, status, started_at, finished_at, cause, error, usage"
            " FROM tasks WHERE run = ? AND label = 1",
            (lease.run_id,),
        )
        ledger._database.rows(
            "UPDATE tasks SET attempt = 1, started_at = 4.0, status = 'running', finished_at = NULL, cause = NULL,"
            " error = NULL, usage = NULL WHERE run = ? AND label = 1",
            (lease.run_id,),
        )
        ledger._database.rows(
            "INSERT INTO tasks (run, label, key, step, attempt, status, started_at, parent_count)"
            " VALUES (?, 2, 'b', 'b', 0, 'running', 5.0, 0)",
            (lease.run_id,),
        )
        ledger._database.rows(
            "UPDATE runs SET last_event = 5, task_counts = ? WHERE id = ?", (b'{"running":2}', lease.run_id)
        )

    assert [span.ready_at for span in ledger.task_spans(lease.run)] == [0.0, 0.0, 0.0]
    assert list(ledger.check()) == []
    ledger.close()


def test_a_run_that_an_older_headwater_ends_is_published(home):
    lay_out(home, 1)
    ledger = SqliteLedger(home)
    lease, first = begin(ledger)
    end = msgspec.json.encode(finished())
    with ledger._database.transaction():
        # The statements of format 1.
        ledger._database.rows("UPDATE runs SET last_event = 2 WHERE id = ?", (lease.run_id,))
        ledger._database.rows("INSERT INTO events VALUES (?, 2, ?)", (lease.run_id, end))
        ledger._database.rows(
            "UPDATE runs SET status = 'succeeded', finished_at = 9.0, failed_key = NULL, cause = NULL, message = '',"
            " task_counts = x'7b7d', metrics = x'7b7d' WHERE id = ?",
            (lease.run_id,),
        )

    assert [told.id for told in ledger.published()] == [f"run:{first.run}"]
    assert [finding for finding in ledger.check() if finding.severity != "info"] == []
    ledger.close()
