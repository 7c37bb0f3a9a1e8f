"""A newer Headwater reads, checks and continues every older ledger; the files in `golden/` are never written again."""

import os

import pytest
import zstandard

from headwater.ledger.database import FORMAT
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.rows import RunQuery, TaskQuery
from tests.ledger.ledger_stories import begin

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


@pytest.fixture(params=range(1, FORMAT + 1))
def golden(request, home):
    os.makedirs(home)
    with open(os.path.join(GOLDEN, f"ledger-{request.param}.db.zst"), "rb") as packed:
        content = zstandard.decompress(packed.read())
    with open(os.path.join(home, "ledger.db"), "wb") as file:
        file.write(content)
    os.chmod(os.path.join(home, "ledger.db"), 0o600)
    ledger = SqliteLedger(home)
    yield ledger
    ledger.close()


def test_an_older_ledger_is_whole(golden):
    assert list(golden.check()) == []


def test_an_older_ledger_answers(golden):
    second, first = golden.runs(RunQuery()).rows
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
    assert begin(golden)[1].label == 3
