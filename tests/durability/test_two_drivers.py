"""One run has one driver, however many want it; what a stopped one left to say is refused once it was taken over."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import closing

import pytest

from headwater.home import make_home, open_home
from headwater.model.errors import LeaseLost
from headwater.model.events import CancelRequested, DriverChanged
from headwater.model.ports import Commit
from headwater.model.rows import RunQuery
from tests.durability.crash import DEEDS, Scene, marked_processes, wait_until_gone


def begin_held(tmp_path):
    scene = Scene(tmp_path, "HeldFlow", DEEDS)
    let_go = tmp_path / "let_go"
    os.mkfifo(let_go)
    running = scene.begin(*scene.start_words, LET_GO=str(let_go))
    assert scene.wait_told() == ["holds"]
    return scene, running, let_go


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_second_driver_is_refused_with_the_owners_host_pid_and_age(tmp_path, is_stopped):
    scene, running, let_go = begin_held(tmp_path)
    if is_stopped:
        running.send_signal(signal.SIGSTOP)

    refused = subprocess.run(
        [sys.executable, "-m", "headwater", "resume", f"{scene.file}:{scene.flow}", "HeldFlow/1"],
        env=scene.environ(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode in (1, 2)
    said = refused.stderr
    assert re.search(rf"HeldFlow/1 is driven by process {running.pid} on {socket.gethostname()} since \d+ s", said)
    assert scene.row().status == "running"

    running.send_signal(signal.SIGCONT)
    let_go.write_text("x")
    assert running.wait(60) == 0
    assert scene.latest()[1] == [2_048_000, 2_048_000, 5]


def test_what_a_driver_says_after_a_takeover_is_refused(tmp_path):
    """The driver's lock is lost, as on a file system that forgets locks; its epoch alone must stop it."""
    scene, running, let_go = begin_held(tmp_path)
    running.send_signal(signal.SIGSTOP)
    run = scene.row().run
    os.rename(scene.home / "locks" / run, scene.home / "locks" / "lost")
    with closing(open_home(str(scene.home))) as home:
        lease, epoch = home.ledger.take(run, 1.0)
        home.ledger.append(lease, Commit(events=[DriverChanged(at=1.0, host="other", pid=os.getpid(), epoch=epoch)]))
        before = len(scene.events())
        running.send_signal(signal.SIGCONT)
        let_go.write_text("x")

        assert running.wait(60) == 1
        assert "taken over" in scene.console()
        wait_until_gone(scene.mark)
        assert len(scene.events()) == before
        lease.release()
    assert scene.resume("HeldFlow/1", LET_GO="/dev/null") == 0, scene.output
    assert scene.latest()[1] == [2_048_000, 2_048_000, 5]


def test_of_many_that_resume_at_the_same_instant_one_drives(tmp_path):
    scene, running, _ = begin_held(tmp_path)
    running.kill()
    running.wait(10)
    wait_until_gone(scene.mark)
    many = [
        subprocess.Popen(
            [sys.executable, "-m", "headwater", "resume", f"{scene.file}:{scene.flow}", "HeldFlow/1"],
            env=scene.environ(LET_GO="/dev/null"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    errors = [one.communicate(timeout=100)[1] for one in many]

    codes = Counter(one.returncode for one in many)
    assert codes[0] == 1, errors
    for one, said in zip(many, errors, strict=True):
        if one.returncode:
            assert re.search("is driven by process|is running|succeeded: nothing is left|finished", said), said
    assert scene.latest()[1] == [2_048_000, 2_048_000, 5]
    assert sum(isinstance(event, DriverChanged) for event in scene.events()) == 1


@pytest.mark.parametrize("count", [6, pytest.param(64, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_starts_at_the_same_instant_are_runs_of_their_own(tmp_path, count):
    scene = Scene(tmp_path, "LinearFlow")
    many = [
        subprocess.Popen(
            [sys.executable, "-m", "headwater", *scene.start_words, "--quiet"],
            env=scene.environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    errors = [one.communicate(timeout=500)[1] for one in many]

    assert [one.returncode for one in many] == [0] * count, [said for said in errors if said]
    with closing(open_home(str(scene.home))) as home:
        rows = home.ledger.runs(RunQuery(limit=count + 1)).rows
    assert sorted(row.label for row in rows) == list(range(1, count + 1))
    assert len({row.run for row in rows}) == count
    assert {row.status for row in rows} == {"succeeded"}
    assert scene.findings("--data") == []


def test_an_old_lease_writes_nothing(tmp_path):
    make_home(str(tmp_path / "home"))
    scene = Scene(tmp_path, "LinearFlow")
    assert scene.start(failpoint="drive.after_submit:1") != 0
    run = scene.row().run
    with closing(open_home(str(scene.home))) as first, closing(open_home(str(scene.home))) as second:
        old, _ = first.ledger.take(run, 1.0)
        os.rename(scene.home / "locks" / run, scene.home / "locks" / "lost")
        old._locks.release(run)
        new, _ = second.ledger.take(run, 2.0)
        with pytest.raises(LeaseLost):
            first.ledger.append(old, Commit(events=[CancelRequested(at=3.0, user="nobody")]))
        new.release()
    assert not any(isinstance(event, CancelRequested) for event in scene.events())
    assert not marked_processes(scene.mark)
