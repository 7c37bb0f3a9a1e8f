"""What happens in a run, as it happens: rows of the tasks that changed, and of the run."""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool

from headwater.client.records import RunRecord
from headwater.model.ids import RunId
from headwater.model.ports import Ledger
from headwater.model.rows import RunStatus
from headwater.web.api.runs import RunSummary, summaries
from headwater.web.api.tasks import TaskSummary, task_summary
from headwater.web.asked import Asked
from headwater.web.going_on import number_to_go_on_after
from headwater.web.routes import Route, Sent
from headwater.web.run_paths import RunPath, find_run, project_of_run

#: Events of one message, and seconds between two messages.
_MOST_EVENTS = 500
_PAUSE_SECONDS = 0.1
#: Seconds after which it is looked at whether the driver died, which no write tells.
_LOOK_SECONDS = 2.0


class StreamQuery(msgspec.Struct, frozen=True):
    """From where a run is followed."""

    #: Number of an event; None = from now on.
    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


class RunChanges(msgspec.Struct, frozen=True):
    """What changed since the message before; the event `changes`, whose id is `to`."""

    #: Numbers of the events that it tells of: those behind `after`, up to `to`.
    after: int
    to: int
    #: The tasks that they concern, as they stand now.
    tasks: tuple[TaskSummary, ...]
    #: The run as it stands now, when its row changed.
    run: RunSummary | None


class RunOver(msgspec.Struct, frozen=True):
    """The run is over, nothing more comes; the event `end`."""

    status: RunStatus


async def follow_run(asked: Asked, at: RunPath, query: StreamQuery) -> AsyncIterator[Sent | None]:
    """Send what happens in a run; ids are numbers of events, going on after one misses and repeats nothing."""
    record = await run_in_threadpool(find_run, asked, at)
    number = number_to_go_on_after(asked.last_event_id, query.after)
    if number is None:
        number = await run_in_threadpool(last_event, asked.ledger, record.run)
    known: RunSummary | None = None
    while not asked.pulse.is_stopped:
        mark = asked.pulse.mark()
        changes, is_full = await run_in_threadpool(_read, asked, record, number, known)
        if changes.run is not None or changes.to > number:
            known, number = changes.run or known, changes.to
            yield Sent(str(number), "changes", changes)
            if is_full:
                continue
        elif known is not None and known.finished_at is not None:
            yield Sent(str(number), "end", RunOver(known.status))
            return
        yield None
        # Messages keep a distance, so that what comes in between is told in one.
        await asyncio.sleep(_PAUSE_SECONDS)
        await asked.pulse.after(mark, _LOOK_SECONDS)


def last_event(ledger: Ledger, run: RunId) -> int:
    """Give the number of a run's last event: they count from 1 without gaps, so that few looks find it."""
    high = 1
    while _has_event(ledger, run, high + 1):
        high *= 2
    low = high // 2
    while low + 1 < high + 1:
        middle = (low + high + 1) // 2
        if _has_event(ledger, run, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _has_event(ledger: Ledger, run: RunId, number: int) -> bool:
    return next(iter(ledger.events(run, number - 1)), None) is not None


def _read(asked: Asked, record: RunRecord, after: int, known: RunSummary | None) -> tuple[RunChanges, bool]:
    """Read what comes behind an event, a bounded part of it; and whether there may be more."""
    events = list(islice(asked.ledger.events(record.run, after), _MOST_EVENTS))
    keys = dict.fromkeys(event.key for _, event in events if hasattr(event, "key"))
    rows = record.tasks_by_key(list(keys))
    tasks = tuple(task_summary(record.path, rows[key]) for key in keys if key in rows)
    run = summaries(asked, [record.fresh()])[0]
    to = events[-1][0] if events else after
    return RunChanges(after, to, tasks, None if run == known else run), len(events) == _MOST_EVENTS


_PATH = "/runs/{flow}/{label}/stream"
_EVENTS = {"changes": RunChanges, "end": RunOver}
ROUTES = (Route("GET", _PATH, follow_run, needs="viewer", of=project_of_run, events=_EVENTS),)
