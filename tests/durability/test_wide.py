"""A foreach of ten thousand is a normal flow: the driver's memory is bounded, its work grows with the width only."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.durability.crash import DEEDS, Scene, wait_until_gone

PROGRAM = Path(__file__).with_name("wide_program.py")
#: Of a driver, at any width up to ten thousand.
MOST_BYTES = 300_000_000


def drive(scene, width, home):
    """Drive so many tasks without a process each, in a process of their own."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(home), str(scene.file), str(width)],
        capture_output=True,
        text=True,
        env=scene.environ(),
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_ten_thousand_tasks_fit_a_driver_of_300_mb_and_cost_no_more_each_than_two_thousand(tmp_path):
    scene = Scene(tmp_path, "WideFlow", DEEDS)
    small, large = (drive(scene, width, tmp_path / f"home{width}") for width in (2_000, 10_000))

    assert (large["end"], large["succeeded"], large["submitted"]) == ("succeeded", 10_003, 10_003)
    assert large["peak"] < MOST_BYTES
    assert (large["peak"] - large["base"]) / 10_000 < 15_000
    # Five times the tasks; with anything quadratic it would be twenty-five times the work.
    assert large["cpu"] < 8 * small["cpu"]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_thousand_real_tasks(tmp_path):
    scene = Scene(tmp_path, "WideFlow", DEEDS)
    running = scene.begin(*scene.start_words, "--width", "10000", "--quiet")
    most = watch_memory(running)

    assert running.returncode == 0, scene.console()
    print("the driver's peak", most)
    assert 20_000_000 < most < MOST_BYTES
    assert scene.latest()[1] == sum(range(10_000))
    assert scene.run("status", "WideFlow/1") == 0
    assert scene.findings() == []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_thousand_real_tasks_are_killed_ten_times_and_none_is_run_twice(tmp_path):
    scene = Scene(tmp_path, "WideFlow", DEEDS)
    words = (*scene.start_words, "--width", "2000", "--quiet")
    for number in range(10):
        running = scene.begin(*words, failpoint=f"drive.after_commit:{5 + 3 * number}")
        running.wait(100)
        wait_until_gone(scene.mark)
        committed = len(scene.finished())
        words = ("resume", f"{scene.file}:{scene.flow}", "WideFlow/1", "--quiet")
        if running.returncode == 0:
            break
        assert running.returncode == -signal.SIGKILL
    print("committed when it was killed for the last time:", committed)
    assert scene.resume_or_start() == 0, scene.output
    assert scene.latest()[1] == sum(range(2_000))
    assert scene.findings("--data") == []


def watch_memory(running):
    """Give the peak resident bytes of the process, read until it has ended."""
    most = 0
    while True:
        try:
            with open(f"/proc/{running.pid}/status") as file:
                text = file.read()
        except FileNotFoundError:
            return most
        if "VmHWM:" in text:
            most = max(most, int(text.partition("VmHWM:")[2].split()[0]) * 1024)
        try:
            running.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        return most
