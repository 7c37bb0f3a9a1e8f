"""A run that was started from Python."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Literal

from headwater.client.objects import Run
from headwater.runner.process import LOOK_SECONDS, FlowProcess

#: How a run that was started from Python stands.
Status = Literal["running", "waiting", "failed", "successful", "timeout"]


class ExecutingRun:
    """A run that was started from Python, while it runs and afterwards."""

    def __init__(self, run: Run, process: FlowProcess | None) -> None:
        #: What is known of it.
        self.run = run
        self._process = process
        self._is_timed_out = False

    @property
    def status(self) -> Status:
        """running, successful, failed, waiting (for an approval), or timeout when `wait` gave up and stopped it."""
        if self._is_timed_out:
            return "timeout"
        if self.returncode is None:
            return "running"
        if self.returncode != 0:
            return "failed"
        return "successful" if self.run.finished else "waiting"

    @property
    def returncode(self) -> int | None:
        """Exit code of its process; None while it runs. In this process: 0 when it succeeded or waits, 1 when not."""
        if self._process is None:
            return 0 if self.run.successful or not self.run.finished else 1
        return self._process.returncode()

    @property
    def stdout(self) -> str:
        """What its process has written to standard output so far; empty in this process."""
        return "" if self._process is None else self._process.text("stdout")

    @property
    def stderr(self) -> str:
        """What its process has written to standard error so far: progress and what the steps print."""
        return "" if self._process is None else self._process.text("stderr")

    @property
    def command(self) -> list[str]:
        """The command line; empty in this process."""
        return [] if self._process is None else list(self._process.command)

    async def wait(self, timeout: float | None = None, stream: str | None = None) -> "ExecutingRun":
        """Wait until it is over, and give it.

        Args:
            timeout: seconds after which it is stopped; None = wait as long as it takes.
            stream: stdout or stderr: print that meanwhile.

        Raises:
            TimeoutError: it was stopped.
        """
        if self._process is None:
            return self
        printing = None if stream is None else asyncio.ensure_future(self._print(stream))
        try:
            await asyncio.to_thread(self._process.wait, timeout)
        except TimeoutError:
            self._is_timed_out = True
            await asyncio.to_thread(self._process.stop)
            raise
        finally:
            if printing is not None:
                await printing
        return self

    async def stream_log(self, stream: str, position: int = 0) -> AsyncIterator[tuple[int, str]]:
        """Yield (position after it, line) of stdout or stderr as they come, until it is over.

        Args:
            stream: stdout or stderr.
            position: where an earlier stream stopped; 0 = from the start.
        """
        if self._process is None:
            return
        while True:
            is_over = self._process.returncode() is not None
            for position, line in self._process.lines(stream, position, is_over):  # noqa: B020 - goes on from there
                yield position, line
            if is_over:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def __enter__(self) -> "ExecutingRun":
        return self

    def __exit__(self, *raised: object) -> None:
        if self._process is not None:
            self._process.stop()

    def __repr__(self) -> str:
        return f"ExecutingRun({self.run.pathspec!r}, {self.status})"

    async def _print(self, stream: str) -> None:
        async for _, line in self.stream_log(stream):
            sys.stdout.write(f"{line}\n")
