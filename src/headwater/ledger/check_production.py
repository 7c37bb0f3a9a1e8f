"""Checks of what stands beside the runs: records and what they hold, firings, published events, cursors, changes."""

from collections.abc import Iterator

import msgspec

from headwater.ledger.database import Database
from headwater.ledger.records import digests_of
from headwater.model.findings import Finding
from headwater.model.records import Held

_PAGE = 500

_FROM_BACKUP = "restore HOME/ledger.db from a backup"
_AGAIN = "deploying again stores it anew"

_decode_holds = msgspec.json.Decoder(tuple[Held, ...]).decode


def production_findings(database: Database) -> Iterator[Finding]:
    """Yield what is wrong with them; reads only."""
    yield from _gaps(database)
    yield from _firings_without_run(database)
    yield from _runs_without_firing(database)
    yield from _cursors_beyond(database)
    yield from _holds(database)
    yield from _missing_changes(database)


def _gaps(database: Database) -> Iterator[Finding]:
    for kind, key, count, last in database.rows(database.sql["record_gaps"]):
        found = f"{count} of them"
        yield Finding("gap-in-records", f"{kind} {key}", f"versions 1 to {last}", found, _FROM_BACKUP)
    for count, last in database.rows(database.sql["published_gaps"]):
        yield Finding("gap-in-published", database.path, f"events 1 to {last}", f"{count} of them", _FROM_BACKUP)


def _firings_without_run(database: Database) -> Iterator[Finding]:
    for key, run, path, found_path, launch_key in database.rows(database.sql["firings_without_run"]):
        found = "no such run" if found_path is None else f"{found_path}, started as {launch_key or 'no firing'}"
        yield Finding("firing-without-run", key, f"run {run}, {path}", found, _FROM_BACKUP)


def _runs_without_firing(database: Database) -> Iterator[Finding]:
    for path, key in database.rows(database.sql["runs_without_firing"]):
        yield Finding("run-without-firing", path, f"the record that it was started as {key}", "none", _FROM_BACKUP)


def _cursors_beyond(database: Database) -> Iterator[Finding]:
    for name, value, last in database.rows(database.sql["cursors_beyond"]):
        found = f"it stands at {value}: {value - last} events will not be seen by it"
        yield Finding("cursor-beyond-events", f"cursor {name}", f"at most {last} events read", found, _FROM_BACKUP)


def _holds(database: Database) -> Iterator[Finding]:
    """Look whether every version's index of held digests is right, and whether what the latest ones hold is there."""
    after = 0
    latest: dict[tuple[str, str], tuple[Held, ...]] = {}
    while page := database.rows(database.sql["all_holds"], (after, _PAGE)):
        for record, kind, key, version, encoded in page:
            holds = () if encoded is None else _decode_holds(encoded)
            latest[kind, key] = holds
            expected = digests_of(holds)
            indexed = {row[0].hex() for row in database.rows(database.sql["held_by"], (record,))}
            if indexed != expected:
                where = f"{kind} {key}, version {version}: held objects"
                remedy = "the record is the truth; report it, with the output of `headwater fsck --json`"
                yield Finding("index-differs-from-records", where, _listed(expected), _listed(indexed), remedy)
        after = page[-1][0]
    for holds in latest.values():
        yield from _missing_small(database, holds)


def _missing_changes(database: Database) -> Iterator[Finding]:
    for (what,) in database.rows(database.sql["missing_changes"]):
        remedy = (
            "the page shows it only after it is loaded again; report it, with the output of `headwater fsck --json`"
        )
        yield Finding("missing-change", what, "a place in the order of changes", "none", remedy)


def _missing_small(database: Database, holds: tuple[Held, ...]) -> Iterator[Finding]:
    wanted = {held.ref.digest: held for held in holds if held.ref is not None and held.ref.is_small}
    rows = database.rows(database.sql["small"], (msgspec.json.encode(list(wanted)).decode(),)) if wanted else []
    for digest in sorted(wanted.keys() - {row[0].hex() for row in rows}):
        yield Finding("missing-object", wanted[digest].holder, "a row of the ledger", "nothing", _AGAIN, digest=digest)


def _listed(digests: set[str]) -> str:
    return ", ".join(sorted(digest[:12] for digest in digests)) or "nothing"
