"""Watches a run on a terminal: what tasks print scrolls by above a table of the steps that is drawn anew."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

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
    started_text,
)
from headwater.cli.tally import StepTally, Tally
from headwater.cli.words import duration
from headwater.model.events import (
    CancelRequested,
    CodeChanged,
    GateDecided,
    GateReached,
    RunFinished,
    RunStarted,
    TaskFailed,
)
from headwater.model.ports import Notice, Wrote
from headwater.runtime.drive import Continued, Happening, Left, Parked
from headwater.runtime.hooks import HookEnded, HookWrote

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

#: Seconds between two drawings.
_DRAW_EVERY = 0.1
#: Columns of the bar at most, and of what stands beside it as a rule.
_BAR = 24
_WIDTH_OF_WORDS = 36
_COLUMNS = 4
_END_STYLES = {"succeeded": "bold green", "failed": "bold red", "cancelled": "bold yellow"}


class LiveWatcher:
    """Draws one line a step, with a bar for what is done."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console

        self._console: Console = Console(file=out, highlight=False, soft_wrap=True)
        self._tally = Tally()
        self._live: Live | None = None
        self._drawn_at = 0.0
        self._page: str | None = None

    def store(self, path: str, source: str, user: str, page: str | None = None) -> None:
        """Name the store, first of all, and where its page is shown; None = nowhere."""
        self._page = page
        self._print(f"Headwater {__version__}, store {path} ({source}), user {user}", "dim")

    def __enter__(self) -> "LiveWatcher":
        from rich.live import Live

        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _tell_page(self) -> None:
        if self._page is not None:
            self._print(page_text(self._page, self._tally.path), "dim")

    def interrupted(self, count: int) -> None:
        """Say what Ctrl-C does."""
        self._print(interrupt_text(count), "yellow")

    def see(self, happening: Happening) -> None:
        """Show one thing that happened."""
        self._tally.fold(happening)
        match happening:
            case RunStarted():
                self._print(started_text(happening), "bold")
                self._tell_page()
            case Continued():
                self._print(continued_text(self._tally), "bold")
                self._tell_page()
            case Wrote():
                name = self._tally.name(happening.key)
                for line in happening.lines:
                    stamp = time.strftime("%H:%M:%S", time.localtime(line.at))
                    self._print(f"{stamp} {name} | {line.text}", "red" if line.stream == "stderr" else None)
            case TaskFailed():
                self._print("\n".join(failed_lines(self._tally, happening)), "red")
            case CodeChanged():
                self._print(code_changed_text(happening), "yellow")
            case Notice():
                self._print(f"note: {happening.text}", "yellow")
            case CancelRequested():
                self._print(f"cancelled by {happening.user}: {happening.reason or 'no reason given'}", "yellow")
            case GateReached() if not self._tally.is_gate_repeated:
                self._print(f"step `{happening.step}` waits for approval (role {happening.role})", "yellow")
            case GateDecided() if not self._tally.is_gate_repeated:
                self._print(decided_text(happening), "green" if happening.verdict == "approved" else "red")
            case Left():
                self._print(left_text(self._tally), "yellow")
            case HookWrote():
                for line in happening.lines:
                    self._print(f"hook {happening.name} | {line.text}", "red" if line.stream == "stderr" else None)
            case HookEnded():
                if happening.message:
                    self._print(hook_text(happening), "yellow")
            case _:
                pass
        if isinstance(happening, RunFinished):
            self._finish(finished_lines(self._tally, happening), _END_STYLES[happening.end])
        elif isinstance(happening, Parked):
            self._finish(parked_lines(self._tally, happening), "bold yellow")
        elif time.monotonic() - self._drawn_at > _DRAW_EVERY:
            self._draw()

    def _finish(self, lines: list[str], style: str) -> None:
        self._draw()
        self.__exit__(None, None, None)
        head, *rest = lines
        self._print(head, style)
        for line in rest:
            self._print(line, None)

    def _print(self, text: str, style: str | None) -> None:
        from rich.text import Text

        self._console.print(Text(text, style=style or ""))

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        if self._live is not None:
            self._live.update(self._table(), refresh=True)

    def _table(self) -> "Table":
        from rich.table import Table

        table = Table(box=None, padding=(0, 1), show_header=False)
        for _ in range(_COLUMNS):
            table.add_column(no_wrap=True)
        width = max(0, min(_BAR, self._console.width - _WIDTH_OF_WORDS))
        for step in self._tally.steps.values():
            if step.expected or step.done:
                table.add_row(*_cells(step, width))
        return table


def _cells(step: StepTally, width: int) -> tuple[str, ...]:
    """Give name, bar, counts and time of a step, the bar in so many columns."""
    expected = max(step.expected, step.done + step.running + step.failed, 1)
    filled = round(width * step.done / expected)
    colour = "red" if step.failed else "green" if step.done == expected else "cyan"
    bar = f"[{colour}]{'━' * filled}[/][dim]{'━' * (width - filled)}[/]"
    told = [f"{step.done}/{expected}"]
    told += [f"{step.running} running"] if step.running else []
    told += [f"[red]{step.failed} failed[/]"] if step.failed else []
    told += [f"{step.retried} retried"] if step.retried else []
    told += [f"{step.reused} reused"] if step.reused else []
    until = time.time() if step.running else step.ended_at
    took = duration(until - step.started_at) if step.started_at and until else ""
    return step.name, bar, ", ".join(told), f"[dim]{took}[/]"
