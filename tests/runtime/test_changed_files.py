import os
from pathlib import Path

import pytest
from blake3 import blake3

from headwater.model.events import TaskReused, TaskSucceeded
from headwater.model.outcome import FileRead, Usage
from headwater.plan.reuse import Finished
from headwater.runtime.changed_files import changed_files


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text("day,amount\n")
    return path


def finished(path: Path) -> dict[str, Finished]:
    facts = path.stat()
    read = FileRead(facts.st_size, facts.st_mtime, blake3(path.read_bytes()).hexdigest())
    success = TaskSucceeded(0.0, "start", 0, usage=Usage(files={str(path): read}))
    return {"start": Finished("Sales/1/start/1", success)}


def test_a_file_that_was_touched_but_is_the_same_is_not_told(table: Path) -> None:
    known = finished(table)
    os.utime(table, (1.0, 1.0))

    assert list(changed_files(known, ())) == []


def test_a_file_with_other_bytes_of_the_same_length_is_told(table: Path) -> None:
    known = finished(table)
    table.write_text("day,amouns\n")
    os.utime(table, (1.0, 1.0))

    assert list(changed_files(known, ())) == [("start", str(table))]


def test_a_file_that_is_gone_is_told_unless_the_step_runs_again(table: Path) -> None:
    known = finished(table)
    table.unlink()

    assert list(changed_files(known, ())) == [("start", str(table))]
    assert list(changed_files(known, ("start",))) == []


def test_nothing_is_known_of_what_a_reused_task_read() -> None:
    reused = TaskReused(0.0, "start", "start", 1, "Sales/1/start/1")

    assert list(changed_files({"start": Finished("Sales/1/start/1", reused)}, ())) == []
