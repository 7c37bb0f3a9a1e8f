"""Records: versions of nouns that are not part of a run, and what their latest versions hold."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.ledger.writing import write_objects
from headwater.model.errors import InternalError, VersionConflict
from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest
from headwater.model.ports import Commit
from headwater.model.records import Held, Record
from headwater.model.rows import Reference

_PAGE = 500

_encode = msgspec.json.Encoder().encode
_decode_holds = msgspec.json.Decoder(tuple[Held, ...]).decode


class Records:
    """The records of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write_records(self, records: Sequence[Record], objects: Commit | None = None) -> None:
        if objects is not None and objects.events:
            raise InternalError(f"records come with objects, not with events: {objects.events[0]!r}")
        with self._database.transaction():
            if objects is not None:
                write_objects(self._database, objects)
            for record in records:
                self._write(record)

    def _write(self, record: Record) -> None:
        last = int(self._database.row(self._database.sql["last_version"], (record.kind, record.key))[0])
        if record.version != last + 1:
            raise VersionConflict(record.kind, record.key, last)
        holds = _encode(record.holds) if record.holds else None
        row = self._database.row(
            self._database.sql["insert_record"],
            (record.kind, record.key, record.version, record.at, bytes(record.body), holds),
        )
        held = [(bytes.fromhex(digest), row[0]) for digest in sorted(digests_of(record.holds))]
        self._database.execute_many(self._database.sql["insert_held"], held)
        failpoint("ledger.after_record")

    def record(self, kind: str, key: str) -> Record | None:
        row = self._database.row(self._database.sql["record"], (kind, key))
        return None if row is None else _record(row)

    def records(self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        rows = self._database.rows(self._database.sql["records"], (kind, prefix, after, limit))
        return [_record(row) for row in rows]

    def records_backwards(self, kind: str, *, before: str, limit: int) -> list[Record]:
        rows = self._database.rows(self._database.sql["records_backwards"], (kind, before, limit))
        return [_record(row) for row in rows]

    def record_history(self, kind: str, key: str) -> list[Record]:
        return [_record(row) for row in self._database.rows(self._database.sql["record_history"], (kind, key))]

    def references(self) -> Iterator[Reference]:
        """Everything that the latest version of some record holds."""
        after = ("", "")
        while page := self._database.rows(self._database.sql["latest_holds"], (*after, _PAGE)):
            for _, _, holds in page:
                for held in _decode_holds(holds) if holds is not None else ():
                    yield Reference("", held.holder, held.ref, held.tree, held.object)
            after = page[-1][:2]


def digests_of(holds: Sequence[Held]) -> set[Digest]:
    """Give every object that is named there, buffers of artifacts included."""
    found: set[Digest] = set()
    for held in holds:
        if held.ref is not None:
            found.update((held.ref.digest, *held.ref.buffers))
        found.update(digest for digest in (held.tree, held.object) if digest is not None)
    return found


def _record(row: tuple[Any, ...]) -> Record:
    kind, key, version, at, body, holds = row
    return Record(kind, key, version, at, msgspec.Raw(body), () if holds is None else _decode_holds(holds))
