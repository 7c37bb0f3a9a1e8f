"""Imports the user's module in a process that has nothing else to do and dies with its driver even while it does."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from headwater.engines.child import RunAttempt
from headwater.engines.processes import IS_LINUX
from headwater.engines.slots import memory_file
from headwater.model.order import CodeSource
from headwater.model.outcome import TaskError

#: Imports the user's module and gives the function that runs an attempt of its flow.
#: Raises `LoadFailed` when the module does not import.
Prepare = Callable[[CodeSource], RunAttempt]

#: Bytes of what a failed import printed that are kept.
_PRINTED_BYTES = 4000


class LoadFailed(Exception):
    """The user's module does not import."""

    def __init__(self, error: TaskError) -> None:
        super().__init__(error.message)
        self.error = error


def import_quietly(prepare: Prepare, code: CodeSource, commands: int) -> RunAttempt:
    """Import the module without a word on the console: the driver's own import has said it all.

    Args:
        prepare: does it.
        code: what to import.
        commands: the driver's pipe; nothing may come on it meanwhile, and when it closes this process dies,
            even if the import hangs in compiled code.

    Raises:
        LoadFailed: with the end of what the module printed in the error's `details`.
    """
    with _dying_with(commands), _captured_output() as capture:
        try:
            return prepare(code)
        except LoadFailed as failed:
            _flush()
            printed = _end_of(capture)
            if not printed:
                raise
            details = {**failed.error.details, "printed": printed}
            raise LoadFailed(_with_details(failed.error, details)) from failed


@contextmanager
def _captured_output() -> Iterator[int]:
    capture = memory_file("import")
    kept = [os.dup(1), os.dup(2)]
    os.dup2(capture, 1)
    os.dup2(capture, 2)
    try:
        yield capture
    finally:
        # What stayed in a buffer would come out of every fork.
        _flush()
        for number, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(capture)


@contextmanager
def _dying_with(commands: int) -> Iterator[None]:
    """Let the kernel kill this process when the other end of a pipe closes."""
    if not IS_LINUX:
        yield
        return
    flags = fcntl.fcntl(commands, fcntl.F_GETFL)
    fcntl.fcntl(commands, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(commands, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(commands, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(commands, fcntl.F_SETFL, flags)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _end_of(capture: int) -> str:
    size = os.fstat(capture).st_size
    text = os.pread(capture, _PRINTED_BYTES, max(0, size - _PRINTED_BYTES))
    return text.decode("utf-8", "replace")


def _with_details(error: TaskError, details: dict[str, str]) -> TaskError:
    return TaskError(
        error.type, error.message, frames=error.frames, traceback=error.traceback, hint=error.hint, details=details
    )
