"""Nothing outlives its driver."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines import engine_stories as stories

HERE = Path(__file__).parent


def start_driver(module: str = "", *arguments: str, environ: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(HERE / "driver_program.py"), module, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(stories.ROOT), **(environ or {})},
        start_new_session=True,
    )


def read_pid(driver: "subprocess.Popen[str]") -> int:
    assert driver.stdout is not None
    return int(driver.stdout.readline())


def test_sigkill_of_the_driver_leaves_no_process_alive() -> None:
    with start_driver() as driver:
        pids = [read_pid(driver) for _ in ("zygote", "attempt", "daemon")]
        driver.kill()

    assert [stories.wait_until_dead(pid) for pid in pids] == [True, True, True]


def test_sigkill_of_the_driver_and_the_supervisor_at_once_leaves_no_attempt_alive() -> None:
    with start_driver() as driver:
        zygote, attempt, daemon = (read_pid(driver) for _ in range(3))
        os.kill(zygote, signal.SIGSTOP)
        driver.kill()
        os.kill(zygote, signal.SIGKILL)
    is_dead = stories.wait_until_dead(attempt)
    os.kill(daemon, signal.SIGKILL)

    assert is_dead


def test_sigkill_of_the_driver_ends_an_import_that_hangs(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    with start_driver("endless_import", environ={"IMPORT_STARTED": str(started)}) as driver:
        zygote = int(started.read_text())
        driver.kill()

    assert stories.wait_until_dead(zygote)


def test_sigkill_of_the_driver_is_noticed_even_when_a_fork_of_it_keeps_the_pipes_open() -> None:
    with start_driver("", "with_heir") as driver:
        heir, *pids = (read_pid(driver) for _ in range(4))
        driver.kill()
        are_dead = [stories.wait_until_dead(pid) for pid in pids]
        os.kill(heir, signal.SIGKILL)

    assert are_dead == [True, True, True]


def test_ctrl_c_in_the_terminal_reaches_neither_supervisor_nor_attempt() -> None:
    with start_driver() as driver:
        zygote, attempt, _ = (read_pid(driver) for _ in range(3))
        groups = {os.getpgid(pid) for pid in (zygote, attempt)}
        driver_group = os.getpgid(driver.pid)
        driver.kill()

    assert driver_group not in groups


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_driver_that_is_told_to_go_takes_everything_along(number: signal.Signals) -> None:
    with start_driver() as driver:
        pids = [read_pid(driver) for _ in range(3)]
        driver.send_signal(number)

    assert [stories.wait_until_dead(pid) for pid in pids] == [True, True, True]
