"""Who holds an object: runs by their projects, records by their names."""

import msgspec

from headwater.ledger.database import Database
from headwater.model.ids import Digest


class Holder(msgspec.Struct, frozen=True):
    """Something that refers to an object: runs of a project, or a record."""

    #: Of the runs, `""` = none; None when a record holds it.
    project: str | None
    #: Kind and key of the record.
    kind: str = ""
    key: str = ""


class Holders:
    """The holders of one database's objects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holders_of(self, digest: Digest) -> list[Holder]:
        """Give who holds an artifact, a tree, a lock or a record's object; that a task read it does not count."""
        raw = bytes.fromhex(digest)
        rows = self._database.rows(self._database.sql["holders_of"], (raw, digest))
        return [Holder(project, kind, key) for project, kind, key in rows]

    def buffer_holders_of(self, digest: Digest) -> list[Holder]:
        """Give who holds an artifact that has it as a buffer; looks at all artifacts that have any."""
        rows = self._database.rows(self._database.sql["buffer_holders_of"], (digest,))
        return [Holder(project) for (project,) in rows]
