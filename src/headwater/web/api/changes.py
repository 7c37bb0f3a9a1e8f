"""Everything that changes, as it changes: runs, records, published events, firings."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool

from headwater.model.overviews import Change
from headwater.web.asked import Asked
from headwater.web.routes import Route, Sent

#: Changes of one message, and seconds between two messages: many changes at once are told together.
_MOST_CHANGES = 500
_PAUSE_SECONDS = 0.05
#: Seconds after which a stream looks whether it is to end.
_LOOK_SECONDS = 5.0


class ChangesQuery(msgspec.Struct, frozen=True):
    """From where changes are followed; `Last-Event-ID` in the header says the same, and counts before it."""

    #: Number of a change; None = from now on.
    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


class ChangesBegin(msgspec.Struct, frozen=True):
    """The first message, event `begin`: what comes is behind this change."""

    after: int


class ChangesMessage(msgspec.Struct, frozen=True):
    """What changed, event `changes`; its id is the number of the last one."""

    changes: tuple[Change, ...]


async def follow_changes(asked: Asked, query: ChangesQuery) -> AsyncIterator[Sent | None]:
    """Send what changes; going on after an id misses nothing and repeats nothing.

    A run that was written many times since comes once, as its latest change.
    """
    number = _begin(asked.last_event_id, query.after)
    if number is None:
        number = await run_in_threadpool(asked.ledger.last_change)
    yield Sent(str(number), "begin", ChangesBegin(number))
    while not asked.pulse.is_stopped:
        mark = asked.pulse.mark()
        found = await run_in_threadpool(_read, asked, number)
        if found:
            number = found[-1].number
            yield Sent(str(number), "changes", ChangesMessage(tuple(found)))
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            yield None
            await asked.pulse.after(mark, _LOOK_SECONDS)


def _read(asked: Asked, after: int) -> list[Change]:
    return [_as_it_stands(asked, change) for change in asked.ledger.changes(after, limit=_MOST_CHANGES)]


def _as_it_stands(asked: Asked, change: Change) -> Change:
    """Give the status of a run that goes on with a look at who drives it; `running` is stored of all of them."""
    if change.status != "running" or change.run is None:
        return change
    return msgspec.structs.replace(change, status=asked.ledger.run(change.run).status)


def _begin(last_event_id: str, after: int | None) -> int | None:
    is_number = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 16
    return int(last_event_id) if is_number else after


_EVENTS = {"begin": ChangesBegin, "changes": ChangesMessage}
ROUTES = (Route("GET", "/stream", follow_changes, needs="viewer", events=_EVENTS),)
