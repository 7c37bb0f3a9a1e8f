"""The one connection of a ledger: opened, upgraded, used by this process only, written in turns."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from headwater.ledger.locks import Locks
from headwater.ledger.statements import Migration, migrations_after, read_statements
from headwater.model.errors import (
    DiskFull,
    FormatUnknown,
    HeadwaterError,
    InternalError,
    LedgerDamaged,
    UserMistake,
)
from headwater.model.failpoints import failpoint

#: Number of the last migration that this Headwater knows, as in `PRAGMA user_version`.
FORMAT = 3

#: Longer than any commit takes; writers queue before they ask SQLite, so that it hardly ever waits.
_BUSY_MILLISECONDS = 60_000

#: With less than this free, an input/output error of SQLite is taken for a full disk (the shared-memory file).
_NO_ROOM = 65536


class Database:
    """An open database file, or one in memory (`:memory:`)."""

    def __init__(self, path: str, locks: Locks) -> None:
        self.path = path
        self.locks = locks
        #: All statements of this room, by name.
        self.sql = read_statements()
        #: Grows with every write of this object.
        self.writes = 0
        #: Told of every write of this object.
        self.written = threading.Condition()
        self._pid = os.getpid()
        self._mutex = threading.RLock()
        try:
            self._connection = apsw.Connection(path)
        except apsw.Error as error:
            raise explained(error, path) from error
        self._connection.set_busy_timeout(_BUSY_MILLISECONDS)
        try:
            self._upgrade()
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "cache_size = -16384", "temp_store = MEMORY"):
                self.rows(f"PRAGMA {pragma}")
        except BaseException:
            self.close()
            raise
        self._connection.create_scalar_function("holds_text", _holds_text, -1, deterministic=True)

    def rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[Any]:
        """Give all rows; the read is over on return, so that it never holds a checkpoint back.

        Raises:
            UserMistake: a binding is a number or text that no row can hold (beyond 64 bits, half a character).
        """
        self.refuse_other_process()
        with self._mutex:
            try:
                return self._connection.execute(sql, bindings).fetchall()
            except (OverflowError, UnicodeEncodeError) as error:
                raise UserMistake(f"what was asked cannot be compared with anything: {error}") from error
            except apsw.Error as error:
                raise explained(error, self.path) from error

    def row(self, sql: str, bindings: Sequence[Any] = ()) -> Any:
        """Give the first row, or None."""
        found = self.rows(sql, bindings)
        return found[0] if found else None

    def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        """Execute once for each set of bindings; only inside `transaction`."""
        if many:
            try:
                self._connection.executemany(sql, many)
            except apsw.Error as error:
                raise explained(error, self.path) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing, durably on leaving the block; waits for its turn among all writers.

        Raises:
            DiskFull: nothing was written.
        """
        self.refuse_other_process()
        with self._mutex, self.locks.writing():
            failpoint("ledger.before_begin")
            self.rows("BEGIN IMMEDIATE")
            try:
                yield
                failpoint("ledger.before_commit")
                self.rows("COMMIT")
            except BaseException:
                # Some errors (disk full) roll back by themselves.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            failpoint("ledger.after_commit")
        with self.written:
            self.writes += 1
            self.written.notify_all()

    def version(self) -> int:
        """Give a number that changes whenever another connection has written."""
        return int(self.row("PRAGMA data_version")[0])

    def refuse_other_process(self) -> None:
        """Raise in a forked child: SQLite's locks stayed with the parent.

        Raises:
            InternalError: names both processes.
        """
        if self._pid != os.getpid():
            raise InternalError(
                f"the ledger at {self.path} was opened by process {self._pid} and is used by its fork {os.getpid()}",
                hint="open the ledger again in the child",
            )

    def close(self) -> None:
        """Close the file; in a forked child only this object is given up."""
        if self._pid == os.getpid():
            with self._mutex:
                self._connection.close()
            self.locks.close()

    def _upgrade(self) -> None:
        """Bring the database to our format, one transaction a migration, while no other process writes."""
        if self._format() == FORMAT:
            return
        with self.locks.writing():
            if self._format() > FORMAT:
                raise FormatUnknown(
                    f"{self.path} has format {self._format()}, this Headwater knows formats up to {FORMAT}",
                    hint="a newer Headwater wrote it; pip install --upgrade headwater",
                )
            # Switching to WAL needs the file for itself and does not wait for it: the queue above keeps others out.
            self.rows("PRAGMA journal_mode = WAL")
            self.rows("PRAGMA synchronous = FULL")
            for migration in migrations_after(self._format()):
                try:
                    self._apply(migration)
                except apsw.Error as error:
                    raise explained(error, self.path) from error

    def _apply(self, migration: Migration) -> None:
        with self._connection:
            self.rows(migration.sql)
            self.rows(
                "INSERT INTO migrations VALUES (?, ?, ?, unixepoch('subsec'))",
                (migration.number, migration.file, migration.checksum),
            )
            self.rows(f"PRAGMA user_version = {migration.number}")
            failpoint("ledger.before_migrated")
        failpoint("ledger.after_migrated")

    def _format(self) -> int:
        return int(self.row("PRAGMA user_version")[0])


def _holds_text(*texts: Any) -> bool:
    """SQL function: the first text, which is in folded case, is in one of the others in whatever case (or NULL)."""
    part, *others = texts
    return any(text is not None and part in text.casefold() for text in others)


def explained(error: apsw.Error, path: str) -> HeadwaterError:
    """Say in our words what SQLite could not do."""
    folder = os.path.dirname(path) or "."
    volume = os.statvfs(folder)
    free = volume.f_bavail * volume.f_frsize
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and free < _NO_ROOM):
        return DiskFull(path, None, free)
    if isinstance(error, apsw.CantOpenError | apsw.IOError) and volume.f_files and not volume.f_favail:
        full = DiskFull(path, None, free)
        full.hint = "the volume has no room for one more file (no free inode); remove some, then `headwater resume`"
        return full
    if isinstance(error, apsw.ConstraintError):
        return InternalError(f"the ledger at {path} refused a write: {error}")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        hint = f"restore {path} from a backup; `headwater fsck` says what still reads"
        return LedgerDamaged(f"the ledger at {path} is damaged: {error}", hint=hint)
    hint = f"look at the permissions and the disk of {folder}"
    return LedgerDamaged(f"the ledger at {path} cannot be used: {error}", hint=hint)
