import json
import os
import tracemalloc

import pytest

from headwater.cli.log_files import LogFile, merge
from tests.cli.stories import BEGIN


@pytest.fixture
def run(story):
    """Two trainings that write at the same time."""
    run = story.run()
    run.task("start", "train", width=2)
    for number in (0, 1):
        run.begin(f"train/start.{number}", "start")
    run.log("train/start.0", (5, "o", b"one"), (7, "e", b"three"), (9, "o", b"five"))
    run.log("train/start.1", (6, "o", b"two"), (8, "o", b"four"))
    return run


def test_the_log_of_one_task_is_byte_exact(story, call, capfdbinary):
    run = story.run()
    run.begin("start")
    run.log(
        "start", (1, "o", b"\xff\x00 a\r b\x1b[31m"), (2, "o", b""), (3, "o", b"tail \xc3"), (4, "O", b"\xa4 no end")
    )

    out = call("logs", "Churn/1/start/1", "--stdout").out.encode("utf-8", "surrogateescape")

    assert out == b"\xff\x00 a\r b\x1b[31m\n\ntail \xc3\n\xa4 no end"


def test_one_stream_or_both_of_a_task(run, call):
    assert call("logs", "Churn/1/train/2").out == "one\nthree\nfive\n"
    assert call("logs", "Churn/1/train/2", "--stdout", "--stderr").out == "one\nthree\nfive\n"
    assert call("logs", "Churn/1/train/2", "--stdout").out == "one\nfive\n"
    assert call("logs", "Churn/1/train/2", "--stderr").out == "three\n"


@pytest.mark.parametrize("path", ["Churn/1", "Churn/1/train"])
def test_the_lines_of_several_tasks_come_by_time_with_their_task(run, call, path):
    out = call("logs", path).out

    assert out == "train/2 | one\ntrain/3 | two\ntrain/2 | three\ntrain/3 | four\ntrain/2 | five\n"


def test_a_line_in_pieces_is_one_line_among_those_of_other_tasks(run, call):
    run.log("train/start.0", (10, "O", b"half \xc3"), (12, "o", b"\xa4"), (13, "O", b"no end"))
    run.log("train/start.1", (11, "o", b"between"))

    lines = call("logs", "Churn/1").out.splitlines()

    assert lines[-3:] == ["train/3 | between", "train/2 | half ä", "train/2 | no end"]


def test_time_stamps_begin_the_lines(run, call, monkeypatch):
    assert call("logs", "Churn/1/train/2", "--timestamps").out.splitlines()[0].endswith(":05.000 one")
    assert call("logs", "Churn/1", "--timestamps").out.splitlines()[1].endswith(":06.000 train/3 | two")


def test_json_gives_an_object_a_line(run, call):
    lines = [json.loads(line) for line in call("logs", "Churn/1", "--json", "--stderr").out.splitlines()]

    assert lines == [
        {
            "at": BEGIN + 7,
            "task": "Churn/1/train/2",
            "attempt": 0,
            "stream": "stderr",
            "text": "three",
            "is_complete": True,
        }
    ]


def test_the_latest_attempt_is_printed_unless_one_is_named(story, call):
    run = story.run()
    run.begin("start")
    run.log("start", (1, "o", b"first"))
    run.fail("start", retry_at=BEGIN)
    run.begin("start")
    run.log("start", (2, "o", b"second"), attempt=1)

    assert call("logs", "Churn/1/start/1").out == "second\n"
    assert call("logs", "Churn/1/start/1", "--attempt", "0").out == "first\n"
    assert call("logs", "Churn/1", "--attempt", "0").out == "start/1 | first\n"
    refused = call("logs", "Churn/1/start/1", "--attempt", "2")
    assert refused.code == 2
    assert "its latest is 1" in refused.err


def test_the_log_of_a_task_that_was_taken_over_is_that_of_where_it_ran(story, call):
    first = story.run()
    first.task("start", "train", width=2)
    first.log("start", (1, "o", b"ran here"))
    first.finish("failed")
    second = story.run(origin="Churn/1")
    second.reuse("start", "train", origin="Churn/1/start/1", width=2)

    assert call("logs", "Churn/2/start/1").out == "ran here\n"
    assert call("logs", "Churn/2").out == "start/1 | ran here\n"


def test_a_task_that_wrote_nothing_gives_nothing(run, call):
    spoken = call("logs", "Churn/1/start/1")

    assert (spoken.code, spoken.out) == (0, "")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("Churn/1/trian", "`train`"),
        ("Churn/1/train/9", "2, 3"),
        ("Churn/1/train/x", "numbers"),
        ("Churn/1/a/1/b", "step"),
    ],
)
def test_a_path_that_names_nothing_gets_a_hint(run, call, path, hint):
    spoken = call("logs", path)

    assert spoken.code == 2
    assert hint in spoken.err


def test_following_prints_lines_as_they_come_and_ends_with_the_run(story, spawn):
    run = story.run()
    run.begin("start")
    run.log("start", (1, "o", b"first"))
    following = spawn("logs", "Churn/1", "-f")

    seen = [following.stdout.readline()]
    run.log("start", (2, "o", b"second"))
    seen.append(following.stdout.readline())
    run.succeed("start", "train", width=1)
    run.begin("train/start.0", "start")
    run.log("train/start.0", (3, "o", b"third"))
    seen.append(following.stdout.readline())
    run.log("train/start.0", (4, "o", b"last words"))
    run.fail("train/start.0")
    run.finish("failed", failed_key="train/start.0")
    rest, _ = following.communicate()

    assert seen == ["start/1 | first\n", "start/1 | second\n", "train/2 | third\n"]
    assert rest == "train/2 | last words\n"
    assert following.returncode == 0


def test_following_ends_when_the_driver_is_gone(story, spawn):
    run = story.run()
    run.begin("start")
    run.log("start", (1, "o", b"first"))
    following = spawn("logs", "Churn/1/start/1", "-f")

    first = following.stdout.readline()
    run.lease.release()
    rest, _ = following.communicate()

    assert (first, rest) == ("first\n", "")


def test_following_a_run_that_has_ended_prints_its_log(run, call):
    run.lease.release()

    assert call("logs", "Churn/1/train/2", "--follow").out == "one\nthree\nfive\n"


def test_a_large_log_is_printed_in_little_memory(run, tmp_path, monkeypatch):
    path = tmp_path / "large.log"
    line = b"1735689600.000000 o " + b"x" * 1000 + b"\n"
    with path.open("wb") as file:
        for _ in range(300):
            file.write(line * 100)
    tracemalloc.start()
    try:
        count = sum(1 for _ in merge([LogFile("start/1", 0, str(path), 0.0)]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 30_000
    assert peak < os.path.getsize(path) / 10


def test_few_files_are_open_at_a_time(tmp_path):
    logs = []
    for number in range(1500):
        path = tmp_path / f"{number}.log"
        path.write_bytes(b"%d.000000 o line\n" % (1000 + number))
        logs.append(LogFile(f"train/{number}", 0, str(path), 1000.0 + number))

    most = max(len(os.listdir("/proc/self/fd")) for _ in merge(logs))

    assert most < len(os.listdir("/proc/self/fd")) + 10
