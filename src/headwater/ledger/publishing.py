"""Events that somebody, or a finished run, tells everybody: kept once an id, numbered as they came."""

from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.model.errors import UserMistake
from headwater.model.failpoints import failpoint
from headwater.model.launch import PublishedEvent

#: Ids and sources of the ends of runs begin so; the database writes them itself (`ended_runs_are_published`).
_OF_RUNS = "run:"

_encode = msgspec.json.Encoder().encode
_decode_payload = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Publishing:
    """The published events of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def publish(self, event: PublishedEvent) -> PublishedEvent:
        if event.id.startswith(_OF_RUNS) or event.source.startswith(_OF_RUNS):
            raise UserMistake(
                f"event `{event.name}` has the id `{event.id}` and the source `{event.source}`: "
                f"what begins with `{_OF_RUNS}` is kept for the ends of runs",
                hint="choose another id or source",
            )
        with self._database.transaction():
            earlier = self._database.row(self._database.sql["published_by_id"], (event.id,))
            if earlier is not None:
                return published_of(earlier)
            row = self._database.row(
                self._database.sql["insert_published"],
                (event.id, event.name, event.at, _encode(event.payload), event.source, event.run, event.scope),
            )
            failpoint("ledger.after_published")
        return msgspec.structs.replace(event, number=int(row[0]))

    def published(self, after: int = 0, *, name: str | None = None, limit: int = 1000) -> list[PublishedEvent]:
        if name is None:
            rows = self._database.rows(self._database.sql["published"], (after, limit))
        else:
            rows = self._database.rows(self._database.sql["published_of_name"], (after, name, limit))
        return [published_of(row) for row in rows]


def published_of(row: tuple[Any, ...]) -> PublishedEvent:
    """Build an event from the columns number, id, name, at, payload, source, run, scope."""
    number, event_id, name, at, payload, source, run, scope = row
    return PublishedEvent(event_id, name, at, _decode_payload(payload), source, run, scope, number)
