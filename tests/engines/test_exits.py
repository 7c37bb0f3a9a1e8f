"""Causes, told apart."""

import os
import signal
import subprocess
import sys

import msgspec
import pytest

from headwater.engines.exits import Death, corrected, outcome_of
from headwater.engines.frames import Cancel, Close, FrameReader, FromDriver, frame
from headwater.engines.limits import kernel_kills, memory_held
from headwater.model.outcome import Outcome, Usage


def death(status: int = 0, **known: object) -> Death:
    return Death("R", "train", 0, status, Usage(), **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "cause", "details"),
    [
        (death(signal.SIGKILL), "signal", {"signal": "SIGKILL", "number": "9"}),
        (death(signal.SIGSEGV), "signal", {"signal": "SIGSEGV", "number": "11"}),
        (death(7 << 8), "sys_exit", {"exit_code": "7"}),
        (death(signal.SIGTERM, was_cancelled=True), "cancelled", {}),
        (death(signal.SIGKILL, timeout_seconds=2.0), "timeout", {"timeout_seconds": "2"}),
        (death(signal.SIGKILL, memory=(100, 120)), "out_of_memory", {"limit_bytes": "100", "resident_bytes": "120"}),
        (death(signal.SIGKILL, was_kernel_short_of_memory=True), "out_of_memory", {"signal": "SIGKILL", "number": "9"}),
        (death(signal.SIGTERM, was_kernel_short_of_memory=True), "signal", {"signal": "SIGTERM", "number": "15"}),
        (death(signal.SIGKILL, was_cancelled=True, memory=(1, 2)), "out_of_memory", None),
    ],
)
def test_a_death_has_one_cause(known: Death, cause: str, details: dict[str, str] | None) -> None:
    found = outcome_of(known)

    assert found.cause == cause
    assert found.error is not None
    assert details is None or found.error.details == details


def outcome(cause: str, *, is_caught: bool = False) -> Outcome:
    return Outcome("outcome", 1, "R", "train", 0, cause, is_caught=is_caught)  # type: ignore[arg-type]


def test_a_failure_on_the_way_out_of_a_cancelled_attempt_is_a_cancellation() -> None:
    cancelled = death(was_cancelled=True)

    assert corrected(outcome("exception"), cancelled).cause == "cancelled"
    assert corrected(outcome("ok"), cancelled).cause == "ok"
    assert corrected(outcome("exception"), death()).cause == "exception"


def test_frames_arrive_whole_however_the_pipe_cuts_them() -> None:
    messages = [Cancel("train", 0, 2.5), Close(), Cancel("x" * 3000, 1, 0.0)]
    text = b"".join(frame(message) for message in messages)
    for size in (1, 3, 1000, len(text)):
        reader = FrameReader()
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        bodies = [body for piece in pieces for body in reader.feed(piece)]

        assert [msgspec.json.decode(body, type=FromDriver) for body in bodies] == messages


def test_memory_of_a_process_counts_what_it_touched() -> None:
    before = memory_held(os.getpid(), 0)
    block = bytearray(50_000_000)
    after = memory_held(os.getpid(), 0)

    assert 45_000_000 < after - before < 80_000_000
    assert block


def test_memory_that_forks_share_is_counted_once() -> None:
    program = """
import os
from headwater.engines.limits import memory_held
block = bytearray(os.urandom(1)) * 60_000_000
reader, writer = os.pipe()
if not os.fork():
    os.read(reader, 1)
    os._exit(0)
print(memory_held(os.getpid(), 10**9), memory_held(os.getpid(), 0))
os.write(writer, b"x")
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    quick, exact = (int(number) for number in found.stdout.split())

    assert quick > 120_000_000
    assert 60_000_000 < exact < 100_000_000


def test_memory_of_a_process_that_is_gone_is_nothing() -> None:
    assert memory_held(2**22 + 1, 0) == 0


def test_the_kernels_count_of_kills_can_be_read_here() -> None:
    assert kernel_kills() >= 0
