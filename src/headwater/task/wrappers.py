"""What surrounds the user's step: each wrapper is a context manager with one `yield`, chosen by the order."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from headwater.model.errors import StepTimeout
from headwater.model.order import TaskOrder
from headwater.task.seeds import attempt_seed, seeded
from headwater.task.threads import ThreadPools, restore_environment

#: A step that swallows its timeout is told again after so many seconds; the supervisor kills it in the end.
TELL_AGAIN_SECONDS = 1.0


def wrappers_for(
    order: TaskOrder, pools: ThreadPools, secrets: Mapping[str, str] = {}
) -> list[AbstractContextManager[None]]:
    """Give the wrappers of an attempt, outermost first; `secrets` are variables that come on top of the step's own."""
    wrappers: list[AbstractContextManager[None]] = []
    variables = {**step_environment(order), **secrets}
    if variables:
        wrappers.append(environment(variables))
    if order.threads is not None:
        wrappers.append(pools.limited(order.threads))
    wrappers.append(seeded(attempt_seed(order.seed, order.key)))
    if order.options.timeout is not None:
        wrappers.append(time_limit(order.options.timeout.seconds, order.step))
    return wrappers


def step_environment(order: TaskOrder) -> dict[str, str]:
    """Give the variables that the step is to see beside those of its process."""
    variables = dict(order.options.environment)
    if order.gpus is not None:
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, order.gpus))
    return variables


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables inside the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        restore_environment(before)


@contextmanager
def time_limit(seconds: float, step: str, tell_again_seconds: float = TELL_AGAIN_SECONDS) -> Iterator[None]:
    """Raise `StepTimeout` inside the block when it lasts longer, again and again until the block is left.

    Only the main thread can be interrupted so; in another the block runs without a limit of its own and the
    attempt's supervisor ends it. Code that stays inside a library's native call is told when that returns.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def tell(number: int, frame: FrameType | None) -> None:
        raise StepTimeout(
            f"step `{step}` timed out after {seconds:g} s", hint="`@timeout(seconds=...)` sets how long it may take"
        )

    before = signal.signal(signal.SIGALRM, tell)
    started = time.monotonic()
    rest, interval = signal.setitimer(signal.ITIMER_REAL, seconds, tell_again_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if rest:  # somebody else's alarm, a test's for instance, goes on
            signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - started), 1e-3), interval)
