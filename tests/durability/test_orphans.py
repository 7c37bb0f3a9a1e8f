"""However a run is ended, nothing of it lives on: no task, no child of one, no daemon in a session of its own."""

import os
import pty
import select
import signal
import sys
import time

import pytest

from tests.durability.crash import DEEDS, GONE_SECONDS, Scene, marked_processes, parent_of, wait_until_gone

#: What happens to the driver -> what the run's status is afterwards.
ENDS = {
    "SIGKILL": "interrupted",
    "SIGTERM": "cancelled",
    "SIGHUP": "interrupted",
    "SIGINT": "cancelled",
    "SIGQUIT": "interrupted",
}


@pytest.mark.parametrize("name", ENDS)
def test_after_this_signal_to_the_driver_nothing_of_the_run_lives(tmp_path, name):
    scene, running, pids = begin_family(tmp_path)

    running.send_signal(signal.Signals[name])

    wait_until_gone(scene.mark)
    running.wait(1)
    assert not any(is_alive(pid) for pid in pids)
    assert scene.row().status == ENDS[name]


def test_a_second_ctrl_c_ends_at_once_what_ignores_the_first(tmp_path):
    scene, running, _ = begin_family(tmp_path, "--stubborn", "1")
    running.send_signal(signal.SIGINT)
    wait_for_text(scene, "interrupted: tasks get 10 s")
    asked_again = time.monotonic()
    running.send_signal(signal.SIGINT)

    assert running.wait(8) == 130
    # A fraction of the 10 s that the first one gives; the machine may be slow.
    assert time.monotonic() - asked_again < 7
    wait_until_gone(scene.mark)
    assert scene.row().status == "cancelled"


@pytest.mark.long
def test_one_ctrl_c_ends_within_its_ten_seconds_what_ignores_it(tmp_path):
    scene, running, _ = begin_family(tmp_path, "--stubborn", "1")
    asked = time.monotonic()
    running.send_signal(signal.SIGINT)

    assert running.wait(30) == 130
    assert 9 < time.monotonic() - asked < 10 + GONE_SECONDS
    wait_until_gone(scene.mark)
    assert scene.row().status == "cancelled"


def test_a_terminal_that_closes_takes_its_run_along(tmp_path):
    scene = Scene(tmp_path, "FamilyFlow", DEEDS)
    pid, terminal = pty.fork()
    if not pid:
        try:
            os.execve(sys.executable, [sys.executable, "-m", "headwater", *scene.start_words], scene.environ())
        finally:
            os._exit(1)
    pids = [int(word) for word in read_terminal_until_told(scene, terminal)]
    os.close(terminal)

    os.waitpid(pid, 0)
    wait_until_gone(scene.mark)
    assert not any(is_alive(pid) for pid in pids)
    assert scene.row().status == "interrupted"


def test_ctrl_c_in_a_terminal_lets_a_task_tidy_up_and_ends_the_run(tmp_path):
    scene = Scene(tmp_path, "CleanFlow", DEEDS)
    pid, terminal = pty.fork()
    if not pid:
        try:
            os.execve(sys.executable, [sys.executable, "-m", "headwater", *scene.start_words], scene.environ())
        finally:
            os._exit(1)
    read_terminal_until_told(scene, terminal)
    os.write(terminal, b"\x03")

    assert os.waitstatus_to_exitcode(wait_for(pid, terminal)) == 130
    wait_until_gone(scene.mark)
    assert scene.counts()["tidied"] == 1
    assert scene.row().status == "cancelled"


def test_after_ctrl_c_resume_goes_on_where_the_run_stood(tmp_path):
    scene = Scene(tmp_path, "CleanFlow", DEEDS)
    running = scene.begin(*scene.start_words)
    scene.wait_told()
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130

    assert scene.resume() == 0, scene.output
    row, result, _ = scene.latest()
    assert (row.path, row.origin, row.status, result) == ("CleanFlow/2", "CleanFlow/1", "succeeded", 21)
    assert scene.counts() == {"start": 1, "work": 2, "tidied": 1, "end": 1}
    assert scene.findings("--data") == []


def test_what_a_task_left_behind_is_gone_before_the_next_one_starts(tmp_path):
    scene = Scene(tmp_path, "DaemonFlow", DEEDS)

    assert scene.start() == 0, scene.output
    assert scene.latest()[1] == [True, False]


def test_a_task_dies_when_driver_and_zygote_are_killed_at_once(tmp_path):
    scene = Scene(tmp_path, "CauseFlow", DEEDS)
    running = scene.begin(*scene.start_words, "--deed", "killed")
    zygote = parent_of(int(scene.wait_told()[0]))
    os.kill(zygote, signal.SIGSTOP)
    running.kill()
    os.kill(zygote, signal.SIGKILL)

    running.wait(10)
    wait_until_gone(scene.mark)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_a_killed_driver_leaves_nothing_behind_at_any_moment(tmp_path, seed):
    scene = Scene(tmp_path, "FamilyFlow", DEEDS)
    running = scene.begin(*scene.start_words, "--stubborn", str(seed % 2))
    select.select([], [], [], seed * 0.025)
    running.kill()

    running.wait(10)
    wait_until_gone(scene.mark)


def begin_family(tmp_path, *words):
    """Start a run whose task has children of every kind; gives their pids."""
    scene = Scene(tmp_path, "FamilyFlow", DEEDS)
    running = scene.begin(*scene.start_words, *words)
    pids = [int(word) for word in scene.wait_told()]
    assert len(marked_processes(scene.mark)) >= 8  # driver, zygote, task, three children, two daemons
    return scene, running, pids


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_for_text(scene, text, patience=30.0):
    until = time.monotonic() + patience
    while text not in scene.console():
        assert time.monotonic() < until, scene.console()
        select.select([], [], [], 0.01)


def read_terminal_until_told(scene, terminal, patience=60.0):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        readable, _, _ = select.select([terminal, scene._told], [], [], patience)
        if scene._told in readable:
            return scene.wait_told()
        os.read(terminal, 65536)
    raise AssertionError("no task said anything")


def wait_for(pid, terminal):
    """Wait for the program in a terminal, reading what it shows; gives its status."""
    while True:
        try:
            if not os.read(terminal, 65536):
                break
        except OSError:  # the last process has closed its side
            break
    return os.waitpid(pid, 0)[1]
