"""SIGKILL at moments that nobody chose: by the clock, and exactly at the n-th call of the system."""

import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys

import pytest

from tests.durability.crash import RESULTS, SHAPES, Scene, marked_processes, wait_until_gone
from tests.durability.test_kill_points import assert_kept, assert_none_again

SEED = 20261122
#: Calls by which something durable changes.
CALLS = ["rename", "fsync", "fdatasync", "pwrite64", "write", "openat", "unlink", "ftruncate"]


@pytest.mark.parametrize("victim", ["driver", "zygote", "task"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_process_killed_at_some_moment_costs_nothing_that_was_committed(tmp_path, victim, number):
    kill_at_some_moment(tmp_path, victim, random.Random(f"{SEED}{victim}{number}"))


@pytest.mark.long
@pytest.mark.parametrize("victim", ["driver", "zygote", "task"])
@pytest.mark.parametrize("number", range(2, 40))
def test_at_many_moments(tmp_path, victim, number):
    print("seed", f"{SEED}{victim}{number}")
    kill_at_some_moment(tmp_path, victim, random.Random(f"{SEED}{victim}{number}"))


def kill_at_some_moment(tmp_path, victim, rng):
    scene = Scene(tmp_path, rng.choice(SHAPES))
    running = scene.begin(*scene.start_words)
    # The moment is what is tested; from the interpreter's start to after the run's end.
    pause = rng.uniform(0.05, 0.9)
    select.select([], [], [], pause)
    for pid in victims(running.pid, victim, scene.mark):
        kill(pid)
    running.wait(60)
    wait_until_gone(scene.mark)
    compare_after(scene)


def compare_after(scene):
    """Resume until the run has succeeded, and compare it with one that was left in peace."""
    committed = scene.finished()
    before = scene.counts()
    code = scene.resume_or_start()
    latest = scene.latest()
    assert latest is not None, scene.output
    row, result, _ = latest
    assert (row.status, result) == ("succeeded", RESULTS[scene.flow]), (code, scene.output)
    assert_kept(scene, committed)
    assert_none_again(scene, before, committed)
    assert scene.findings("--data") == [], scene.output


def victims(driver, victim, mark):
    """Pids of the processes of that kind; none when there is none yet or any more."""
    if victim == "driver":
        return [driver]
    zygotes = children(driver)
    if victim == "zygote":
        return zygotes
    return [task for zygote in zygotes for task in children(zygote) if task in marked_processes(mark)][:1]


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize(("call", "number"), [("rename", 2), ("fsync", 3), ("fdatasync", 4), ("pwrite64", 20)])
def test_a_process_killed_at_this_very_call_costs_nothing_that_was_committed(tmp_path, call, number):
    kill_at_call(tmp_path, "ForeachFlow", call, number)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("number", range(120))
def test_at_many_calls(tmp_path, number):
    rng = random.Random(SEED + number)
    call = CALLS[number % len(CALLS)]
    many = 300 if call in ("write", "openat") else 40
    passage = rng.randrange(1, many)
    shape = rng.choice(SHAPES)
    print("seed", SEED + number, shape, call, passage)
    kill_at_call(tmp_path, shape, call, passage)


def kill_at_call(tmp_path, shape, call, number):
    """Whichever process of the run comes first to its n-th call of this kind dies at it."""
    scene = Scene(tmp_path, shape)
    trace = tmp_path / "trace"
    prefix = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={call}"]
    inject = f"{call}:signal=KILL:when={number}"
    code = scene.run(*scene.start_words, prefix=[*prefix, "-e", f"inject={inject}"])
    print("exit code", code, "killed", len(re.findall(r"killed by SIGKILL", trace.read_text())))
    compare_after(scene)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EDQUOT", "EMFILE", "EROFS"])
@pytest.mark.parametrize("call", ["fsync", "rename", "fdatasync", "pwrite64"])
def test_a_call_that_fails_once_is_told_and_costs_nothing(tmp_path, call, error):
    rng = random.Random(f"{SEED}{call}{error}")
    scene = Scene(tmp_path, rng.choice(SHAPES))
    number = rng.randrange(1, 12)
    print(scene.flow, call, error, number)
    prefix = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"]
    code = scene.run(*scene.start_words, prefix=[*prefix, "-e", f"inject={call}:error={error}:when={number}"])
    assert code in (0, 1, 2), scene.output
    assert "headwater/" not in re.sub(r"store \S+", "", traceback_of(scene.output)), scene.output
    compare_after(scene)


def traceback_of(text):
    """Lines of tracebacks."""
    return "\n".join(line for line in text.splitlines() if re.search(r'File "', line))


def test_the_driver_alone_can_be_killed(tmp_path):
    """The ways to find the victims find them."""
    scene = Scene(tmp_path, "LinearFlow")
    running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], env=scene.environ())

    assert victims(running.pid, "driver", scene.mark) == [running.pid]
    running.kill()
    running.wait()
