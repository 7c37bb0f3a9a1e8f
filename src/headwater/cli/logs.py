"""`headwater logs`: prints what tasks wrote."""

import sys
import time
from collections.abc import Callable, Iterator

import click

from headwater.cli.log_files import LogFile, Wanted, find_logs, follow, merge
from headwater.cli.printing import print_json_line
from headwater.cli.reading import gives_json, opened, reads_store, split_run
from headwater.client.records import RunRecord
from headwater.client.session import View
from headwater.model.errors import InvalidPathspec, NotFound
from headwater.store.lines import LogRecord

#: Longest line that is printed as one.
_LINE_BYTES = 1 << 20


@click.command("logs")
@click.argument("path", metavar="RUN[/STEP[/TASK]]")
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on with what is written, until the run ends.")
@click.option("--stdout", "only_stdout", is_flag=True, help="Standard output only.")
@click.option("--stderr", "only_stderr", is_flag=True, help="Standard error only.")
@click.option("--timestamps", is_flag=True, help="Begin each line with its time.")
@click.option("--attempt", type=click.IntRange(0), help="This attempt, from 0  [default: the latest].")
@gives_json
@reads_store
def command(
    path: str,
    is_followed: bool,
    only_stdout: bool,
    only_stderr: bool,
    timestamps: bool,
    attempt: int | None,
    as_json: bool,
    home: str | None,
) -> int:
    """Print what tasks wrote to standard output and standard error, in the order in which it came.

    Of a task: byte for byte. Of a run or a step: each line with its task before it, control characters made visible.
    As JSON: one object a line. Of a task that was taken over from another run: what it wrote there.
    """
    stream = None if only_stdout == only_stderr else "stdout" if only_stdout else "stderr"
    with opened(home) as view:
        wanted = _wanted(view, path, attempt)
        show = _printer(wanted, timestamps=timestamps, as_json=as_json)
        is_growing = is_followed and wanted.record.row.status == "running"
        entries = follow(wanted) if is_growing else merge(find_logs(wanted))
        for entry in entries:
            if entry is None:
                sys.stdout.flush()
            elif stream in (None, entry[1].stream):
                show(*entry)
        show.close()
    return 0


def _wanted(view: View, path: str, attempt: int | None) -> Wanted:
    record, *parts = split_run(view, path)
    if len(parts) > 2:
        raise InvalidPathspec(f"`{path}` is the path of an artifact", hint="logs are of a run, a step or a task")
    step = parts[0] if parts else None
    label = _label(record, parts[1]) if len(parts) == 2 else None
    return Wanted(record, step, label, attempt)


def _label(record: RunRecord, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(f"{record.path} has no task `{text}`", hint="tasks are numbers, as in Churn/17/train/4")
    return int(text)


def _printer(wanted: Wanted, *, timestamps: bool, as_json: bool) -> "_Raw | _Lines":
    if as_json:
        return _Lines(lambda line: print_json_line(_facts(wanted.record.path, line)))
    is_one = wanted.label is not None
    if is_one and not timestamps:
        return _Raw()
    return _Lines(lambda line: print(_text(line, names_task=not is_one, timestamps=timestamps)))


class _Raw:
    """Prints bytes as they were written."""

    def __call__(self, log: LogFile, record: LogRecord) -> None:
        sys.stdout.buffer.write(record.content)
        if record.is_complete:
            sys.stdout.buffer.write(b"\n")

    def close(self) -> None:
        sys.stdout.buffer.flush()


class _Line:
    """A line, put together from its records."""

    __slots__ = ("at", "is_complete", "log", "stream", "text")

    def __init__(self, log: LogFile, records: list[LogRecord]) -> None:
        self.log = log
        self.at = records[0].at
        self.stream = records[0].stream
        self.is_complete = records[-1].is_complete
        # Joined before decoding: a cut may have gone through a character.
        self.text = b"".join(record.content for record in records).decode("utf-8", "replace")


class _Lines:
    """Puts lines together, each attempt's and stream's apart, and prints them."""

    def __init__(self, show: Callable[[_Line], None]) -> None:
        self._show = show
        self._begun: dict[tuple[str, int, str], tuple[LogFile, list[LogRecord]]] = {}

    def __call__(self, log: LogFile, record: LogRecord) -> None:
        key = (log.task, log.attempt, record.stream)
        _, records = self._begun.setdefault(key, (log, []))
        records.append(record)
        if record.is_complete or sum(len(piece.content) for piece in records) >= _LINE_BYTES:
            del self._begun[key]
            self._show(_Line(log, records))

    def close(self) -> None:
        """Print the lines that never ended."""
        for line in self._unfinished():
            self._show(line)
        sys.stdout.flush()

    def _unfinished(self) -> Iterator[_Line]:
        for log, records in self._begun.values():
            yield _Line(log, records)


def _facts(run: str, line: _Line) -> dict[str, object]:
    return {
        "at": line.at,
        "task": f"{run}/{line.log.task}",
        "attempt": line.log.attempt,
        "stream": line.stream,
        "text": line.text,
        "is_complete": line.is_complete,
    }


def _text(line: _Line, *, names_task: bool, timestamps: bool) -> str:
    stamp = ""
    if timestamps:
        stamp = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(line.at))}.{int(line.at % 1 * 1000):03d} "
    return f"{stamp}{line.log.task} | {_visible(line.text)}" if names_task else f"{stamp}{line.text}"


def _visible(text: str) -> str:
    """Make control characters visible: a line must not be able to rewrite the lines of other tasks."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\t" else repr(letter)[1:-1] for letter in text)
