"""What was acknowledged is there after a kill at any point, and nothing else but the one commit in flight."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from headwater.ledger.database import FORMAT
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.rows import RunQuery, TaskQuery

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The first commit of the process starts the run, so that the k-th passage is the (k-1)-th append.
KILLS = [
    f"ledger.{point}:{passage}"
    for point, passages in (
        ("before_begin", (1, 2, 9)),
        ("after_insert", (1, 2, 9)),
        ("before_commit", (1, 3, 8)),
        ("after_commit", (1, 3, 8)),
    )
    for passage in passages
]


@pytest.mark.parametrize("kill", KILLS)
def test_a_killed_writer_loses_no_acknowledged_event_and_leaves_no_half_commit(kill, home, writer):
    process = writer("append_many", "12", HEADWATER_FAILPOINT=kill)
    said = [line.split() for line in process.stdout]
    assert process.wait() == -signal.SIGKILL
    acked = max([int(words[1]) for words in said if words[0] == "acked"], default=0)
    is_started = any(words[0] == "run" for words in said)

    ledger = SqliteLedger(home)
    rows = ledger.runs(RunQuery()).rows
    assert len(rows) == 1 if is_started else len(rows) <= 1
    for row in rows:
        events = list(ledger.events(row.run))
        known = max(acked, 1)
        # Each commit has two events; the one in flight may have come through unacknowledged.
        assert len(events) in ([known + 2] if "after_commit" in kill and is_started else [known])
        assert [number for number, _ in events] == list(range(1, len(events) + 1))
        tasks = ledger.tasks(TaskQuery(row.run)).rows
        assert len(tasks) == len(events) // 2
        assert len(dict(ledger.small_sizes())) == len(tasks)
        assert row.status == "interrupted"
    assert [finding for finding in ledger.check() if finding.severity != "info"] == []
    ledger.close()


def test_every_point_of_a_commit_is_passed(home, writer, tmp_path):
    log = tmp_path / "passed"
    process = writer("append_many", "1", HEADWATER_FAILPOINT_LOG=str(log))
    process.communicate()

    assert {line for line in log.read_text().split() if line.startswith("ledger.")} == {
        "ledger.before_migrated",
        "ledger.after_migrated",
        "ledger.before_begin",
        "ledger.after_insert",
        "ledger.before_commit",
        "ledger.after_commit",
    }


@pytest.mark.parametrize(
    "kill", [f"ledger.{point}_migrated:{passage}" for point in ("before", "after") for passage in (1, FORMAT)]
)
def test_a_ledger_whose_making_was_killed_is_made_by_the_next(kill, home, writer):
    process = writer("append_many", "1", HEADWATER_FAILPOINT=kill)
    assert process.wait() == -signal.SIGKILL
    process = writer("append_many", "1")

    assert process.communicate()[0].split()[-2:] == ["acked", "3"]


def test_commits_are_synchronous_and_go_to_a_write_ahead_log(file_ledger):
    # FULL = 2: the log is flushed at every commit; with less a power cut loses acknowledged events.
    database = file_ledger._database

    assert database.row("PRAGMA synchronous") == (2,)
    assert database.row("PRAGMA journal_mode") == ("wal",)
    assert database.row("PRAGMA foreign_keys") == (1,)


def test_a_commit_is_flushed_before_it_is_acknowledged(home, tmp_path):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    program = [sys.executable, "-m", "tests.ledger.ledger_writer", home, "append_many", "3"]
    done = subprocess.run(
        [strace, "-f", "-e", "trace=fsync,fdatasync,write", "-o", str(trace), *program],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr[:200]}")
    calls = [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines()]
    acks = [number for number, call in enumerate(calls) if call.startswith('write(1, "acked')]

    assert len(acks) == 3
    for before, ack in zip([0, *acks], acks, strict=False):
        assert any("sync(" in call for call in calls[before:ack]), json.dumps(calls[before:ack])
