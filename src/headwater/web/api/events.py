"""Published events: the list, and publishing one."""

from typing import Annotated, Literal

import msgspec

from headwater.deployments.publishing import MOST_PAYLOAD_BYTES, publish
from headwater.model.errors import NotFound
from headwater.model.launch import PublishedEvent
from headwater.model.rows import PublishedQuery
from headwater.web.api.deployment_changes import idempotency_key
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Text, Time
from headwater.web.sorting import SortedQuery, direction
from headwater.web.targets import Number

#: Bytes of JSON up to which a payload stands in a list.
_LIST_BYTES = 2048


class EventsQuery(SortedQuery, frozen=True):
    """Which events; newest first, unless it says otherwise."""

    #: Of this name only.
    name: Text | None = None
    #: `user:ann`, `Churn@production`, `run:Churn`.
    source: Text | None = None
    #: Part of the name, source, run or id, in upper or lower case.
    search: Text = ""
    #: Told from then on, and before then.
    since: Time | None = None
    until: Time | None = None
    sort: Literal["at", "-at", "name", "-name", "source", "-source"] = "-at"


class EventRow(msgspec.Struct, frozen=True):
    """An event."""

    #: Place in the list of all events.
    number: int
    id: str
    name: str
    at: float
    #: `user:ann`, `Churn@production`, `run:Churn`.
    source: str
    #: `Churn/17`: the run that finished, or in which it was published.
    run: str | None
    #: `<project>.<branch>` in which it is heard; None = everywhere.
    scope: str | None
    payload: dict[str, msgspec.Raw]
    #: The payload is too long for a list; the event's own page has it.
    is_cut: bool = False


class EventPath(msgspec.Struct, frozen=True):
    """Place in the list of all events."""

    number: Number


class EventsPage(msgspec.Struct, frozen=True):
    """A part of the list of events."""

    rows: tuple[EventRow, ...]
    cursor: str | None = None


class EventWanted(msgspec.Struct, frozen=True):
    """An event to publish."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    #: JSON values by field.
    payload: dict[str, msgspec.Raw] = {}
    #: The same for every try; one that is there already is not published again. None = `Idempotency-Key`, else new.
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    #: `<project>.<branch>` (`fraud.prod`) in which it is heard; None = everywhere, which takes a role in all projects.
    scope: (
        Annotated[str, msgspec.Meta(max_length=300, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*\.[A-Za-z0-9_.-]+$")] | None
    ) = None


def list_events(asked: Asked, query: EventsQuery) -> EventsPage:
    """List published events, newest first; ends of runs are among them."""
    column, is_ascending = direction(query.sort)
    page = asked.ledger.list_published(
        PublishedQuery(
            name=query.name,
            source=query.source,
            search=query.search,
            since=query.since,
            until=query.until,
            sort=column,  # type: ignore[arg-type]
            is_ascending=is_ascending,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    return EventsPage(tuple(_row(event, _LIST_BYTES) for event in page.rows), page.cursor)


def show_event(asked: Asked, at: EventPath) -> EventRow:
    """Show an event, whole."""
    found = asked.ledger.published(at.number - 1, limit=1)
    if not found or found[0].number != at.number:
        raise NotFound(f"there is no event {at.number}")
    return _row(found[0])


def publish_event(asked: Asked, body: EventWanted) -> EventRow:
    """Publish an event, durably; deployments that wait for it start."""
    key = idempotency_key(asked)
    event = publish(
        asked.ledger,
        body.name,
        {field: msgspec.json.decode(value) for field, value in body.payload.items()},
        user=asked.access.user,
        at=asked.now,
        event_id=body.id or (f"{asked.access.user}:{key}"[:255] if key else None),
        scope=body.scope,
    )
    return _row(event)


def _row(event: PublishedEvent, most_bytes: int = MOST_PAYLOAD_BYTES) -> EventRow:
    size = sum(len(bytes(value)) for value in event.payload.values())
    return EventRow(
        number=event.number,
        id=event.id,
        name=event.name,
        at=event.at,
        source=event.source,
        run=event.run,
        scope=event.scope,
        payload=event.payload if size <= most_bytes else {},
        is_cut=size > most_bytes,
    )


ROUTES = (
    Route("GET", "/events", list_events, needs="viewer"),
    Route("GET", "/events/{number}", show_event, needs="viewer"),
    Route("POST", "/events", publish_event, needs="runner", status=201),
)
