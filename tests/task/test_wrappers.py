import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from headwater.model.errors import StepTimeout
from headwater.model.options import StepOptions, Timeout
from headwater.model.order import CodeSource, TaskOrder
from headwater.task.threads import ThreadPools
from headwater.task.wrappers import environment, step_environment, time_limit, wrappers_for


def order(options: StepOptions, threads: int | None = None, gpus: tuple[int, ...] | None = None) -> TaskOrder:
    code = CodeSource(root="/project", file="flow.py", module="flow", flow="Flow")
    return TaskOrder(
        kind="task_order",
        v=1,
        run="0" * 26,
        run_path="Flow/1",
        key="train",
        step="train",
        label=1,
        attempt=0,
        code=code,
        home="/home",
        seed=1,
        user="ann",
        options=options,
        threads=threads,
        gpus=gpus,
    )


def spin() -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        pass


def test_a_step_that_takes_too_long_is_told() -> None:
    with pytest.raises(StepTimeout, match=r"`train` timed out after 0.01 s"), time_limit(0.01, "train"):
        spin()


def test_a_step_that_swallows_its_timeout_is_told_again() -> None:
    swallowed = 0
    with pytest.raises(StepTimeout), time_limit(0.01, "train", tell_again_seconds=0.01):
        for _ in range(3):
            try:
                spin()
            except StepTimeout:
                swallowed += 1
        spin()

    assert swallowed == 3


@pytest.fixture
def no_other_alarm() -> Iterator[None]:
    """Put the alarm of the test runner aside."""
    before = signal.setitimer(signal.ITIMER_REAL, 0)
    yield
    signal.setitimer(signal.ITIMER_REAL, *before)


@pytest.mark.usefixtures("no_other_alarm")
def test_nothing_is_left_of_the_alarm() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(100, "train"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.usefixtures("no_other_alarm")
def test_somebody_elses_alarm_goes_on() -> None:
    signal.setitimer(signal.ITIMER_REAL, 1000, 5)
    with time_limit(100, "train"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] <= 100

    rest, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 900 < rest <= 1000
    assert interval == 5


@pytest.mark.usefixtures("no_other_alarm")
def test_in_another_thread_the_limit_is_left_to_the_supervisor() -> None:
    reached = []

    def run() -> None:
        with time_limit(0.001, "train"):
            reached.append(signal.getitimer(signal.ITIMER_REAL))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert reached == [(0.0, 0.0)]


def test_variables_are_there_inside_and_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE_BEFORE", "old")
    monkeypatch.delenv("NOT_BEFORE", raising=False)
    with environment({"HERE_BEFORE": "new", "NOT_BEFORE": "x"}):
        inside = os.environ["HERE_BEFORE"], os.environ["NOT_BEFORE"]

    assert inside == ("new", "x")
    assert os.environ["HERE_BEFORE"] == "old"
    assert "NOT_BEFORE" not in os.environ


def test_assigned_devices_are_the_only_ones_seen() -> None:
    assert step_environment(order(StepOptions(), gpus=(1, 3))) == {"CUDA_VISIBLE_DEVICES": "1,3"}
    assert step_environment(order(StepOptions(), gpus=())) == {"CUDA_VISIBLE_DEVICES": ""}
    assert step_environment(order(StepOptions(environment={"A": "b"}))) == {"A": "b"}


def test_only_what_the_order_asks_for_surrounds_the_step() -> None:
    pools = ThreadPools()

    assert len(wrappers_for(order(StepOptions()), pools)) == 1
    assert len(wrappers_for(order(StepOptions(environment={"A": "b"}, timeout=Timeout(1)), threads=1), pools)) == 4
