"""`headwater service promote` and `rollback` return when the version answers, or say why it does not."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from headwater.home import Home
from headwater.hosting.awaiting import await_version
from headwater.hosting.status import ROLE, HostStatus, ServiceStatus
from headwater.hosting.workers import VersionFailed
from headwater.ledger.locks import FileLocks
from headwater.production.supervisor import DAEMON_LOCK
from tests.hosting.versions_scene import deploy, hosting, learn, write_service
from tests.remote.machines import Machine
from tests.remote.served import Served

ONE = {"number": 1}


def service(home: Home, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "headwater", "service", *words, "--home", home.path]
    environ = {**os.environ, "HOME": str(Path(home.path).parent)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_promote_and_rollback_return_when_the_version_answers(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    deploy(home, write_service(tmp_path / "p", more='def setup(self): __import__("time").sleep(0.7)'))
    with hosting(home) as host:
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        promoted = service(home, "promote", "Adder")
        second = host.ask("/Adder/add", ONE)
        rolled_back = service(home, "rollback", "Adder")
        first = host.ask("/Adder/add", ONE)

    assert (promoted.returncode, promoted.stdout) == (0, "Adder answers with version 2\n")
    assert promoted.stderr == "waiting until the host has loaded version 2; version 1 answers\n"
    assert (rolled_back.returncode, rolled_back.stdout) == (0, "Adder answers with version 1 again\n")
    assert [each.headers["service-version"] for each in (second, first)] == ["Adder/2", "Adder/1"]


def test_a_version_that_does_not_load_fails_the_command(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    # It loads while it is audited, and never again.
    trap = f"def setup(self): assert not __import__('os').path.exists({str(tmp_path / 'trap')!r}), 'no more'"
    deploy(home, write_service(tmp_path / "p", more=trap))
    (tmp_path / "trap").touch()
    with hosting(home) as host:
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        failed = service(home, "promote", "Adder")
        rolled_back = service(home, "rollback", "Adder")

    assert (failed.returncode, failed.stdout) == (1, "")
    assert "Adder, version 2 does not load" in failed.stderr and "no more" in failed.stderr
    assert "headwater service rollback Adder" in failed.stderr
    assert (rolled_back.returncode, rolled_back.stdout) == (0, "Adder answers with version 1 again\n")


def test_without_a_host_or_without_waiting_nothing_is_said_to_answer(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    deploy(home, write_service(tmp_path / "p", body="number *= 2"))
    promoted = service(home, "promote", "Adder")
    rolled_back = service(home, "rollback", "Adder", "--no-wait")

    assert promoted.stdout == "Adder is to answer with version 2\n"
    assert "no host runs on this store" in promoted.stderr
    assert (rolled_back.stdout, rolled_back.stderr) == ("Adder is to answer with version 1 again\n", "")


def test_who_asks_where_no_host_runs_is_told_what_starts_one(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    without = service(home, "list")
    locks = FileLocks(os.path.join(home.path, "locks"))
    assert locks.take(DAEMON_LOCK)
    try:
        beside_a_daemon = service(home, "list")
    finally:
        locks.release(DAEMON_LOCK)

    assert "start it with: headwater up" in without.stderr
    assert "the daemon starts one" in beside_a_daemon.stderr
    assert "headwater up" not in beside_a_daemon.stderr


def test_what_an_earlier_host_said_is_not_taken_for_this_ones_word(home: Home) -> None:
    assert home.ledger.lead(ROLE)
    status = HostStatus(os.getpid() + 1, "", 0.0, {"Adder": ServiceStatus(live=2, workers=1, wanted=2)})
    folder = Path(home.path) / "services"
    folder.mkdir()
    (folder / "host.json").write_bytes(msgspec.json.encode(status))

    with pytest.raises(VersionFailed, match=r"has not loaded Adder, version 2 within 0.05 s; nothing answers"):
        await_version(home, "Adder", 2, timeout_seconds=0.05, tell=print)


def test_on_another_machine_nobody_waits_for_a_host_that_cannot_be_seen_there(tmp_path: Path) -> None:
    served = Served(tmp_path / "server")
    try:
        learn(served.home, 5)
        deploy(served.home, write_service(tmp_path / "p"))
        deploy(served.home, write_service(tmp_path / "p", body="number *= 2"))
        assert served.home.ledger.lead(ROLE)
        machine = Machine(tmp_path / "laptop", served.url, served.token())
        promoted = machine.start("service", "promote", "Adder")
        out, err = promoted.communicate(timeout=60)
        listed = machine.start("service", "list").communicate(timeout=60)
    finally:
        served.close()

    assert (promoted.returncode, out) == (0, "Adder is to answer with version 2\n")
    assert err == f"the host of {served.url} loads it now: how that goes is known there, and on its page\n"
    assert "on the server" in listed[0]
    assert "no host" not in "".join(listed)
