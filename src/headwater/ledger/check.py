"""Checks of the ledger: is the file whole, are the streams, do the rows say what the events say?"""

import os
from collections.abc import Iterator

import apsw
import msgspec

from headwater.ledger.check_production import production_findings
from headwater.ledger.database import Database
from headwater.ledger.replay import replay_findings
from headwater.ledger.run_conditions import status_without_driver
from headwater.ledger.statements import migrations_after
from headwater.model.findings import Finding

#: The first without the WAL-reset bug.
_SOUND_SQLITE = (3, 51, 3)

_FROM_BACKUP = "restore HOME/ledger.db from a backup; a copy of the damaged file may still give up other runs"


def check_database(database: Database, *, is_quick: bool) -> Iterator[Finding]:
    """Yield what is wrong, and what may be worth knowing; reads only."""
    yield from library_findings(apsw.sqlitelibversion())
    yield from _damage(database)
    yield from _ownership(database.path)
    yield from _migrations(database)
    yield from _gaps(database)
    yield from _missing_small(database)
    yield from production_findings(database)
    yield from _without_driver(database)
    if not is_quick:
        yield from replay_findings(database)


def library_findings(version: str) -> Iterator[Finding]:
    """Name a SQLite that has the WAL-reset bug; see docs/decisions/002-apsw.md."""
    if tuple(int(part) for part in version.split(".")) < _SOUND_SQLITE:
        expected = "SQLite " + ".".join(str(part) for part in _SOUND_SQLITE) + " or newer"
        yield Finding("unsound-sqlite", "apsw", expected, version, "pip install --upgrade apsw", "warning")


def _damage(database: Database) -> Iterator[Finding]:
    for (said,) in database.rows(database.sql["damage"]):
        if said != "ok":
            yield Finding("damaged-ledger", database.path, "a whole database", str(said), _FROM_BACKUP)
    for table, row, parent, _ in database.rows(database.sql["dangling_rows"]):
        found = f"row {row} of `{table}` without its row of `{parent}`"
        yield Finding("dangling-row", database.path, "every row to have what it points to", found, _FROM_BACKUP)


def _ownership(path: str) -> Iterator[Finding]:
    if path == ":memory:":
        return
    status = os.stat(path)
    if status.st_uid != os.getuid():
        found = f"user {status.st_uid}"
        yield Finding("foreign-owner", path, f"user {os.getuid()}", found, f"chown it, or run as {found}", "warning")
    if status.st_mode & 0o022:
        found = f"mode {status.st_mode & 0o777:o}"
        yield Finding("foreign-permissions", path, "writable by its owner only", found, f"chmod go-w {path}", "warning")


def _migrations(database: Database) -> Iterator[Finding]:
    made = {file: (number, checksum) for number, file, checksum in database.rows(database.sql["migrations"])}
    known = {migration.file: (migration.number, migration.checksum) for migration in migrations_after(0)}
    for file in sorted(made.keys() | known.keys()):
        if made.get(file) != known.get(file):
            found = "another text" if file in made and file in known else "none" if file in known else "an unknown one"
            remedy = "another build of Headwater made it: use that one, or start a new store"
            yield Finding("unknown-format", database.path, f"migration {file} as it is known", found, remedy)


def _gaps(database: Database) -> Iterator[Finding]:
    for _, path, last, count, highest in database.rows(database.sql["gaps"]):
        found = f"{count} events, the last with number {highest}"
        yield Finding("gap-in-events", path, f"events 1 to {last}", found, _FROM_BACKUP)


def _missing_small(database: Database) -> Iterator[Finding]:
    for path, step, label, name, digest, size in database.rows(database.sql["missing_small"]):
        where = f"{path}/{step}/{label}/{name or '_items'}" if label else f"{path}/_parameters/{name}"
        remedy = "producing the value again heals it"
        yield Finding("missing-object", where, f"{size} bytes in the ledger", "nothing", remedy, digest=digest.hex())


def _without_driver(database: Database) -> Iterator[Finding]:
    for run, path, host, pid, count, task, epoch, counts, gates in database.rows(database.sql["running"]):
        if database.locks.holder(run) is not None:
            continue
        has_gates = bool(msgspec.json.decode(gates))
        if status_without_driver(epoch, msgspec.json.decode(counts), has_gates=has_gates) == "interrupted":
            driver = f"process {pid} on {host}"
            found = f"it is gone, {count} attempts are `running`" + (f", first {path}/{task}" if task else "")
            yield Finding("run-without-driver", path, driver, found, f"`headwater resume {path}` goes on", "info")
