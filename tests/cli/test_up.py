"""`headwater up`: starts one daemon, refuses a second, says what comes next, stops it."""

import configparser
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from headwater.home import Home, make_home
from headwater.ledger.locks import FileLocks
from headwater.production.starting import find_daemon, stop_daemon
from headwater.production.supervisor import DAEMON_LOCK
from tests.durability.crash import wait_until_gone

FLOW = """
from headwater import FlowSpec, schedule, step


@schedule(daily="06:00", timezone="Europe/Berlin", name="mornings")
class Morning(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.fixture
def daemon(home_folder, monkeypatch):
    """Stop whatever daemon the test has started."""
    monkeypatch.setenv("DAEMON_OF_TEST", str(home_folder))
    yield home_folder
    pid = find_daemon(str(home_folder))
    if pid:
        os.kill(pid, signal.SIGTERM)
    wait_until_gone(f"DAEMON_OF_TEST={home_folder}", patience=30)


@pytest.fixture
def deployed(home_folder, call, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname='x'\nversion='0'\n")
    file = tmp_path / f"morning_{os.urandom(4).hex()}.py"  # a module is imported once a process
    file.write_text(FLOW)
    assert call("deploy", file.name).code == 0


def test_it_starts_in_the_background_and_says_what_fires_next(daemon, deployed, call):
    spoken = call("up")

    assert spoken.code == 0, spoken.err
    pid = find_daemon(str(daemon))
    assert spoken.out.startswith(f"the daemon is up: process {pid}, log {daemon}/daemon.log\n")
    assert re.search(r"next: Morning@user\.ann \d{4}-\d\d-\d\d 0[45]:00 UTC \(06:00 Europe/Berlin", spoken.out)
    assert os.getsid(pid) == pid


def test_of_two_at_the_same_instant_one_says_that_the_store_has_its_daemon(home_folder, tmp_path):
    """The log is a pipe: whoever starts a daemon waits there, after it has looked for another one."""
    make_home(str(home_folder))
    os.mkfifo(home_folder / "daemon.log")
    command = [sys.executable, "-P", "-m", "headwater", "up", "--home", str(home_folder)]
    late = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    log = os.open(home_folder / "daemon.log", os.O_RDONLY)
    locks = FileLocks(os.path.join(home_folder, "locks"))
    assert locks.take(DAEMON_LOCK)
    try:
        said = late.communicate(timeout=30)[1]
    finally:
        locks.release(DAEMON_LOCK)
        os.close(log)

    assert late.returncode == 2
    assert f"the store at {home_folder} has its daemon: process {os.getpid()}\n\nhint: " in said
    assert "did not come up" not in said


def test_a_second_one_is_refused_and_names_the_first(daemon, call):
    call("up")
    pid = find_daemon(str(daemon))

    for words in (["up"], ["up", "--foreground"]):
        spoken = call(*words)
        assert spoken.code == 2
        assert f"has its daemon: process {pid}\n" in spoken.err
        assert "--stop" in spoken.err
        assert "`headwater up --link` prints a link to its page" in spoken.err
    assert find_daemon(str(daemon)) == pid


def test_it_is_shown_and_stopped(daemon, deployed, call):
    shown = call("up", "--status", "--json")
    assert (shown.code, json.loads(shown.out)["daemon"]) == (1, None)
    call("up")
    pid = find_daemon(str(daemon))

    shown = call("up", "--status", "--json")
    facts = json.loads(shown.out)
    assert (shown.code, facts["daemon"]) == (0, pid)
    assert [(each["target"], each["schedule"]) for each in facts["next"]] == [("Morning@user.ann", "mornings")]
    assert facts["runs"] == {"running": 0, "queued": 0, "waiting": 0, "interrupted": 0}
    assert f"daemon  process {pid}" in call("up", "--status").out

    stopped = call("up", "--stop")
    assert (stopped.code, stopped.out) == (0, f"stopped the daemon, process {pid}\n")
    assert find_daemon(str(daemon)) is None
    assert call("up", "--stop").out == "no daemon runs on this store\n"


def test_it_does_not_need_the_folder_in_which_it_was_started(daemon, call, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    call("up")
    pid = find_daemon(str(daemon))

    assert os.readlink(f"/proc/{pid}/cwd") == str(daemon)


def test_nothing_of_it_is_left_when_it_is_stopped(daemon, call):
    call("up")

    stop_daemon(str(daemon))

    wait_until_gone(f"DAEMON_OF_TEST={daemon}", patience=0.5)
    log = (daemon / "daemon.log").read_text()
    assert "Traceback" not in log
    assert [line.split(": ", 1)[1] for line in log.splitlines()][-1] == "stopped"


def test_a_setting_that_the_daemon_cannot_use_is_refused_before_it_starts(daemon, call, monkeypatch):
    monkeypatch.setenv("HEADWATER_POOLS", "default=none")

    spoken = call("up")

    assert spoken.code == 2
    assert "pools: `default=none` (from HEADWATER_POOLS) is no size of a pool" in spoken.err
    assert find_daemon(str(daemon)) is None


def test_a_daemon_that_does_not_come_up_shows_its_last_words(daemon, call):
    os.makedirs(daemon / "locks" / "role.daemon")

    spoken = call("up")

    assert spoken.code == 1
    assert "the daemon did not come up" in spoken.err
    assert "IsADirectoryError" in spoken.err


def test_the_unit_for_systemd_starts_it_in_the_foreground_and_again_when_it_dies(home_folder, call):
    spoken = call("up", "--systemd")

    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(spoken.out)
    assert unit["Service"]["ExecStart"].endswith(f"-m headwater up --foreground --home {home_folder}")
    assert unit["Service"]["Restart"] == "always"
    # Drivers are told by the daemon itself; a signal to all at once would look like tasks that were killed.
    assert unit["Service"]["KillMode"] == "mixed"
    assert find_daemon(str(home_folder)) is None


def test_two_wishes_at_a_time_are_refused(home_folder, call):
    assert call("up", "--stop", "--status").code == 2


def test_the_store_is_made_when_there_is_none(tmp_path, call, monkeypatch):
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "new"))

    assert "nothing is scheduled" in call("up", "--status").out
    Home(str(tmp_path / "new"), "ann").close()
