"""A newer Headwater reads, checks and continues every older ledger; the files in `golden/` are never written again."""

import os
import signal

import msgspec
import pytest
import zstandard

from headwater.ledger.database import FORMAT
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.ports import Commit
from headwater.model.rows import FiringQuery, RunQuery, TaskQuery
from tests.ledger.ledger_stories import begin, finished

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
