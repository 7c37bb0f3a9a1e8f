"""Watches a run with plain time-stamped lines: for files, pipes and CI."""

import time
from types import TracebackType
from typing import TextIO

from headwater import __version__
from headwater.cli.report import (
    code_changed_text,
    continued_text,
    decided_text,
    failed_lines,
    finished_lines,
    hook_text,
    interrupt_text,
    left_text,
    page_text,
    parked_lines,
    reused_text,
    started_text,
)
from headwater.cli.tally import Tally
from headwater.cli.words import duration
from headwater.model.events import (
    CancelRequested,
    CodeChanged,
    GateDecided,
    GateReached,
    RunFinished,
    RunStarted,
    TaskFailed,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.ports import Notice, Wrote
from headwater.runtime.drive import Continued, Happening, Left, Parked
from headwater.runtime.hooks import HookEnded, HookWrote

#: Tasks of a step that get lines of their own; of wider steps only counts are told.
_TOLD_TASKS = 20
#: Seconds between two lines that count the tasks of a wide step.
_COUNT_EVERY = 2.0


class PlainWatcher:
    """Prints one line a fact, each with its time."""

    def __init__(self, out: TextIO, *, is_quiet: bool) -> None:
        self._out = out
        self._is_quiet = is_quiet
        self._tally = Tally()
        self._counted_at: dict[str, float] = {}
        self._page: str | None = None

    def store(self, path: str, source: str, user: str, page: str | None = None) -> None:
        """Name the store, first of all, and where its page is shown; None = nowhere."""
        self._page = page
        self._say(f"Headwater {__version__}, store {path} ({source}), user {user}")

    def __enter__(self) -> "PlainWatcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.flush()

    def _tell_page(self) -> None:
        if self._page is not None:
            self._say(page_text(self._page, self._tally.path))

    def interrupted(self, count: int) -> None:
        """Say what Ctrl-C does."""
        self._say(interrupt_text(count))

    def see(self, happening: Happening) -> None:
        """Show one thing that happened."""
        tally = self._tally
        tally.fold(happening)
        match happening:
            case RunStarted():
                self._say(started_text(happening), at=happening.at)
                self._tell_page()
            case Continued():
                self._say(continued_text(tally))
                self._tell_page()
            case TaskStarted() if self._is_told(happening.step):
                again = f" (attempt {happening.attempt + 1})" if happening.attempt else ""
                self._say(f"{tally.name(happening.key)} started{again}", at=happening.at)
            case TaskSucceeded():
                self._tell_success(happening)
            case TaskFailed():
                self._say("\n".join(failed_lines(tally, happening)), at=happening.at, is_important=True)
            case Wrote():
                for line in happening.lines:
                    self._say(f"{tally.name(happening.key)} | {line.text}", at=line.at)
            case CodeChanged():
                self._say(code_changed_text(happening), at=happening.at, is_important=True)
            case CancelRequested():
                self._say(f"cancelled by {happening.user}: {happening.reason or 'no reason given'}", at=happening.at)
            case Notice():
                self._say(f"note: {happening.text}", is_important=True)
            case GateReached() if not tally.is_gate_repeated:
                self._say(f"step `{happening.step}` waits for approval (role {happening.role})", at=happening.at)
            case GateDecided() if not tally.is_gate_repeated:
                is_refused = happening.verdict != "approved"
                self._say(decided_text(happening), at=happening.at, is_important=is_refused)
            case Parked():
                for text in parked_lines(tally, happening):
                    self._say(text)
            case Left():
                self._say(left_text(tally), is_important=True)
            case HookWrote():
                for line in happening.lines:
                    self._say(f"hook {happening.name} | {line.text}", at=line.at)
            case HookEnded():
                self._say(hook_text(happening), is_important=True)
            case RunFinished():
                self._say(reused_text(tally), at=happening.at)
                for text in finished_lines(tally, happening):
                    self._say(text, is_important=happening.end != "succeeded")
            case _:
                pass

    def _tell_success(self, event: TaskSucceeded) -> None:
        step = self._tally.steps[self._tally.labels[event.key][0]]
        if self._is_told(step.name):
            took = duration(event.usage.ended_at - event.usage.started_at)
            caught = f", failure caught: {event.error.message}" if event.is_caught and event.error else ""
            self._say(f"{self._tally.name(event.key)} done in {took}{caught}", at=event.at)
        elif event.at - self._counted_at.get(step.name, 0) > _COUNT_EVERY or step.done == step.expected:
            self._counted_at[step.name] = event.at
            self._say(f"{step.name}: {step.done} of {step.expected} done", at=event.at)

    def _is_told(self, step: str) -> bool:
        return self._tally.steps[step].expected <= _TOLD_TASKS

    def _say(self, text: str, *, at: float | None = None, is_important: bool = False) -> None:
        if not text or (self._is_quiet and not is_important):
            return
        stamp = "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S ", time.localtime(at))
        self._out.write(f"{stamp}{text}\n")
        self._out.flush()
