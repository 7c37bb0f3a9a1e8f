import os
import threading
from pathlib import Path

import pytest
from blake3 import blake3

import headwater
from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.task.files_read import FilesRead
from tests.task.attempt_parts import Runner

HERE = str(Path(__file__).parent)


class ReadingFlow(FlowSpec):
    path = "sales.csv"

    @step
    def start(self):
        with open(self.path) as file:
            self.columns = file.readline().strip().split(",")
        self.next(self.end)

    @step
    def end(self):
        with open("sales.csv") as file:
            raise KeyError(file.readline())


def test_a_table_that_a_step_reads_is_described_with_its_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "sales.csv"
    table.write_text("day,amount\n1,2\n")
    monkeypatch.chdir(tmp_path)
    outcome = Runner(ReadingFlow, HERE).run("start")

    found = outcome.usage.files[str(table)]
    assert (found.size_bytes, found.head) == (15, "day,amount")
    assert found.digest == blake3(table.read_bytes()).hexdigest()


def test_a_failed_step_says_what_it_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "sales.csv"
    table.write_text("day,total\n1,2\n")
    monkeypatch.chdir(tmp_path)
    runner = Runner(ReadingFlow, HERE)
    outcome = runner.run("end")

    assert outcome.cause == "exception"
    assert outcome.usage.files[str(table)].head == "day,total"


def test_what_is_written_or_belongs_to_python_or_the_store_is_left_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "object").write_text("x")
    (tmp_path / "module.py").write_text("x = 1")
    files = FilesRead(str(home))
    with files.listening():
        (tmp_path / "new.csv").write_text("a,b")
        (home / "object").read_text()
        (tmp_path / "module.py").read_text()
        Path(os.__file__).read_text()

    assert files.described() == {}


def test_what_this_package_reads_of_its_own_is_left_out() -> None:
    seen = FilesRead()
    own = Path(headwater.__file__).parent / "py.typed"
    with seen.listening():
        own.read_bytes()

    assert seen.described() == {}


def test_what_other_threads_open_is_seen_and_what_comes_after_is_not(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    files = FilesRead()
    with files.listening():
        thread = threading.Thread(target=(tmp_path / "first").read_text)
        thread.start()
        thread.join()
    (tmp_path / "second").read_text()

    assert list(files.described()) == [str(tmp_path / "first")]


def test_files_that_are_gone_or_too_many_do_no_harm(tmp_path: Path) -> None:
    files = FilesRead()
    with files.listening():
        for number in range(100):
            (tmp_path / f"{number:03}").write_text("x")
            (tmp_path / f"{number:03}").read_text()
        (tmp_path / "000").unlink()

    assert len(files.described()) == 64
    assert str(tmp_path / "000") not in files.described()
