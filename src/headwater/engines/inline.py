"""Runs tasks in this process, one after another, so that `breakpoint()`, a debugger and pytest work inside steps."""

import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO, cast

import msgspec

from headwater.engines.child import RunAttempt
from headwater.engines.console import LineSplitter, LogFile
from headwater.engines.exits import cancelled, failed_import, misrouted
from headwater.engines.importing import LoadFailed, Prepare
from headwater.model.ids import TaskKey
from headwater.model.masking import MaskedStream, Masker, TellSecrets
from headwater.model.order import CodeSource, TaskOrder
from headwater.model.outcome import Outcome
from headwater.model.ports import Ended, Report, Started


class InlineEngine:
    """Implements the port `Engine` in the calling thread: each `poll` runs one order to its end.

    What a step prints goes where this process prints, and is kept in the attempt's log file as well; output of
    programs that the step starts goes to the terminal only. Members of a gang run one after another, so they must
    not wait for each other.
    """

    def __init__(self, code: CodeSource, prepare: Prepare, *, max_log_bytes: int = 1 << 30) -> None:
        """Take what it needs; the module is imported with the first order.

        Args:
            code: the user's module.
            prepare: imports it and gives the function that runs an attempt.
            max_log_bytes: size of one log file at which the rest is left out.
        """
        self._code = code
        self._prepare = prepare
        self._max_log_bytes = max_log_bytes
        self._run: RunAttempt | None = None
        self._waiting: deque[tuple[TaskOrder, float]] = deque()
        self._reports: list[Report] = []

    def submit(self, order: TaskOrder) -> None:
        """Put an attempt in line."""
        self._waiting.append((order, time.monotonic()))

    def submit_gang(self, orders: Sequence[TaskOrder]) -> None:
        """Put the members in line."""
        for order in orders:
            self.submit(order)

    def poll(self, timeout_seconds: float) -> list[Report]:
        """Run the next order and give its reports; with none in line sleep, since nothing can happen meanwhile."""
        if self._waiting:
            order, submitted_at = self._waiting.popleft()
            self._reports += [Started(order.key, order.attempt, os.getpid()), Ended(self._attempt(order, submitted_at))]
        elif not self._reports:
            time.sleep(timeout_seconds)
        reports, self._reports = self._reports, []
        return reports

    def cancel(self, key: TaskKey, attempt: int, grace_seconds: float) -> None:
        """Take an order out of the line; one that runs cannot be cancelled: it has the caller's own thread."""
        for waiting in self._waiting:
            order = waiting[0]
            if (order.key, order.attempt) == (key, attempt):
                self._waiting.remove(waiting)
                self._reports.append(Ended(cancelled(order.run, key, attempt)))
                return

    def fileno(self) -> int | None:
        """None: there is nothing to wait for."""
        return None

    def close(self) -> None:
        """Forget what is still in line."""
        self._waiting.clear()

    def _attempt(self, order: TaskOrder, submitted_at: float) -> Outcome:
        queue = time.monotonic() - submitted_at
        if order.environment is not None:
            return misrouted(order.run, order.key, order.attempt, order.environment)
        with _kept_in_log(order.log_file, self._max_log_bytes) as mask:
            try:
                if self._run is None:
                    self._run = self._prepare(self._code)
            except LoadFailed as failed:
                return failed_import(order.run, order.key, order.attempt, failed.error)
            outcome = self._run(order, mask)
        started_by = outcome.usage.started_by or "inline"
        usage = msgspec.structs.replace(outcome.usage, queue=queue, started_by=started_by)
        return msgspec.structs.replace(outcome, usage=usage)


@contextmanager
def _kept_in_log(path: str, max_bytes: int) -> Iterator[TellSecrets]:
    """Keep what is printed inside the block in a log file; gives what makes it mask values from then on."""
    log = LogFile(path, max_bytes)
    kept = sys.stdout, sys.stderr
    streams = _Tee(sys.stdout, log, "o"), _Tee(sys.stderr, log, "e")
    sys.stdout, sys.stderr = (cast(TextIO, stream) for stream in streams)

    def mask(values: Sequence[str]) -> None:
        masker = Masker(values)
        for stream in streams:
            stream.mask(masker)

    try:
        yield mask
    finally:
        sys.stdout, sys.stderr = kept
        for stream in streams:
            stream.end()
        log.close()


class _Tee:
    """Writes to the stream that was there, and line by line to a log file."""

    def __init__(self, stream: TextIO, log: LogFile, letter: str) -> None:
        self._stream = stream
        self._log = log
        self._splitter = LineSplitter(letter)
        self._mask: MaskedStream | None = None

    def mask(self, masker: Masker) -> None:
        """Mask values in all that is written from now on."""
        self._mask = MaskedStream(masker)

    def write(self, text: str) -> int:
        written = text.encode("utf-8", "surrogateescape")
        if self._mask is None:
            self._keep(text, written)
        else:
            shown = self._mask.feed(written)
            self._keep(shown.decode("utf-8", "surrogateescape"), shown)
        return len(text)

    def _keep(self, text: str, written: bytes) -> None:
        self._stream.write(text)
        self._log.append(time.time(), self._splitter.letter, self._splitter.feed(written))

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def end(self) -> None:
        """Keep a last line without a newline."""
        if self._mask is not None and self._mask.has_rest:
            rest = self._mask.rest()
            self._keep(rest.decode("utf-8", "surrogateescape"), rest)
        self._log.append(time.time(), self._splitter.letter, self._splitter.rest())

    def __getattr__(self, name: str) -> object:
        # Whatever else a program asks of a stream (encoding, fileno, isatty) is the business of the one beneath.
        return getattr(self._stream, name)
