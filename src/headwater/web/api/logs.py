"""What tasks wrote: in parts, looked through, whole, and as it is written."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool

from headwater.client.logs import attempt_file
from headwater.client.records import RunRecord, is_task_over
from headwater.model.rows import TaskRow
from headwater.store.lines import read_lines
from headwater.web.api.tasks import ran_where
from headwater.web.asked import Asked
from headwater.web.going_on import number_to_go_on_after
from headwater.web.problems import Refused
from headwater.web.reading.log_pages import LogRow, Stream, read_backwards, read_forwards, size_of
from headwater.web.reading.log_search import Hit, Looking, search
from headwater.web.routes import Raw, Route, Sent
from headwater.web.run_paths import TaskPath, find_task, project_of_run

#: Bytes of a file.
Offset = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
#: Number of an attempt, from 0.
Attempt = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
#: Seconds that one look through a log may take.
_SEARCH_SECONDS = 0.25
#: Rows of one message of a stream, and seconds between two looks at the file.
_STREAM_ROWS = 1000
_LOOK_SECONDS = 0.1
_DOWNLOAD_BYTES = 1 << 16


class LogQuery(msgspec.Struct, frozen=True):
    """Which part of a log; its end when neither `offset` nor `before` is given."""

    #: None = the latest.
    attempt: Attempt | None = None
    stream: Stream | None = None
    #: From there on.
    offset: Offset | None = None
    #: What ends there.
    before: Offset | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 500


class LogPage(msgspec.Struct, frozen=True):
    """A part of a log."""

    rows: tuple[LogRow, ...]
    #: Number of the attempt.
    attempt: int
    #: Where this part begins (`before` gives what is in front of it) and where the next one does (`offset`).
    begin: int
    end: int
    #: Bytes of the whole log now.
    size: int
    #: Nothing more will be written.
    is_over: bool


class SearchQuery(msgspec.Struct, frozen=True):
    """What is looked for in a log."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    attempt: Attempt | None = None
    stream: Stream | None = None
    #: Capital letters count.
    exact: bool = False
    #: Where to begin: 0, or the `end` of the answer before.
    offset: Offset = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


class SearchPage(msgspec.Struct, frozen=True):
    """Lines in which a text occurs."""

    rows: tuple[Hit, ...]
    #: Where to go on.
    end: int
    #: Bytes of the whole log now.
    size: int
    #: All was looked through.
    is_done: bool


class DownloadQuery(msgspec.Struct, frozen=True):
    """Which log, and how."""

    attempt: Attempt | None = None
    stream: Stream | None = None
    #: Put its time and stream in front of each line.
    timestamps: bool = False


class FollowQuery(msgspec.Struct, frozen=True):
    """From where a log is followed."""

    attempt: Attempt | None = None
    #: Offset; None = what is written from now on.
    after: Offset | None = None


class Lines(msgspec.Struct, frozen=True):
    """What was written since the message before; the event `lines`."""

    attempt: int
    rows: tuple[LogRow, ...]
    end: int


class LogEnd(msgspec.Struct, frozen=True):
    """Nothing more comes; the event `end`."""

    attempt: int
    #: Status of the task, which may have begun another attempt.
    status: str
    latest_attempt: int


def show_log(asked: Asked, at: TaskPath, query: LogQuery) -> LogPage:
    """Show a part of what a task wrote."""
    log = _find(asked, at, query.attempt)
    if query.offset is not None:
        part = read_forwards(log.path, query.offset, query.limit, query.stream)
    else:
        part = read_backwards(log.path, query.before, query.limit, query.stream)
    return LogPage(part.rows, log.attempt, part.begin, part.end, size_of(log.path), log.is_over)


def search_log(asked: Asked, at: TaskPath, query: SearchQuery) -> SearchPage:
    """Look for a text in what a task wrote; the answer comes within a second, and says where to go on."""
    if "\n" in query.text or "\r" in query.text:
        raise Refused(400, "a text that is looked for is part of one line")
    log = _find(asked, at, query.attempt)
    looking = Looking(query.text, query.exact, query.stream)
    found = search(log.path, looking, query.offset, query.limit, _SEARCH_SECONDS)
    return SearchPage(found.hits, found.end, size_of(log.path), found.is_done)


def download_log(asked: Asked, at: TaskPath, query: DownloadQuery) -> Raw:
    """Give all that a task wrote, as text."""
    log = _find(asked, at, query.attempt)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{at.flow[:80]}-{at.label}-{at.step[:80]}-{at.task}")
    headers = {
        "content-disposition": f'attachment; filename="{name}.{log.attempt}.log"',
        "cache-control": "no-store",
    }
    return Raw("text/plain; charset=utf-8", _text(log.path, query.stream, with_times=query.timestamps), headers)


async def follow_log(asked: Asked, at: TaskPath, query: FollowQuery) -> AsyncIterator[Sent | None]:
    """Send what a task writes as it writes it; ids are offsets, going on after one misses and repeats nothing."""
    log = await run_in_threadpool(_find, asked, at, query.attempt)
    offset = number_to_go_on_after(asked.last_event_id, query.after)
    if offset is None:
        part = await run_in_threadpool(read_backwards, log.path, None, 1)
        offset = part.end
    while not asked.pulse.is_stopped:
        # Looked at before reading: what was written before the end is then read before the end is told.
        row = await run_in_threadpool(_latest, log)
        part = await run_in_threadpool(read_forwards, log.path, offset, _STREAM_ROWS)
        if part.rows:
            offset = part.end
            yield Sent(str(offset), "lines", Lines(log.attempt, part.rows, offset))
            continue
        if row.attempt > log.attempt or is_task_over(row):
            yield Sent(str(offset), "end", LogEnd(log.attempt, row.status, row.attempt))
            return
        yield None
        await asyncio.sleep(_LOOK_SECONDS)


class _Log(msgspec.Struct, frozen=True):
    """The log of one attempt."""

    path: str
    attempt: int
    #: Where it really ran.
    record: RunRecord
    row: TaskRow
    is_over: bool


def _find(asked: Asked, at: TaskPath, attempt: int | None) -> _Log:
    record, row = ran_where(*find_task(asked, at))
    number = row.attempt if attempt is None else attempt
    if number > row.attempt:
        raise Refused(404, f"{record.path}/{row.step}/{row.label} has no attempt {number}", error="NotFound")
    path = attempt_file(asked.home.path, record.run, row.label, number, "log")
    return _Log(path, number, record, row, number < row.attempt or is_task_over(row))


def _latest(log: _Log) -> TaskRow:
    return log.row if log.is_over else log.record.find_task(log.row.step, log.row.label)


def _text(path: str, stream: Stream | None, *, with_times: bool) -> Iterator[bytes]:
    """Yield a log in pieces of some size."""
    held = bytearray()
    for line in read_lines(path, stream=stream):
        text = f"{line.at:.6f} {line.stream} {line.text}\n" if with_times else f"{line.text}\n"
        held += text.encode()
        if len(held) >= _DOWNLOAD_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


_EVENTS = {"lines": Lines, "end": LogEnd}
_LOGS = "/runs/{flow}/{label}/tasks/{step}/{task}/logs"
ROUTES = (
    Route("GET", _LOGS, show_log, needs="viewer", of=project_of_run),
    Route("GET", f"{_LOGS}/search", search_log, needs="viewer", of=project_of_run),
    Route("GET", f"{_LOGS}/download", download_log, needs="viewer", of=project_of_run),
    Route("GET", f"{_LOGS}/stream", follow_log, needs="viewer", of=project_of_run, events=_EVENTS),
)
