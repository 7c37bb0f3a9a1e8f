"""Checks that the rows of every run are what its events give when they are projected again."""

from collections.abc import Iterator
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.ledger.locks import MemoryLocks
from headwater.ledger.writing import insert_run, write_rows
from headwater.model.events import Event, RunStarted
from headwater.model.findings import Finding
from headwater.model.projections import Course

_PAGE = 2000

_REMEDY = "the events are the truth; report it, with the output of `headwater fsck --json`"


class _Undone(Exception):
    """Leaves the transaction of the scratch database without keeping anything."""


def replay_findings(database: Database) -> Iterator[Finding]:
    """Yield the differences; the streams are read up to the number that the run's row says, in short reads."""
    scratch = Database(":memory:", MemoryLocks())
    try:
        for run_id, run, path, last in database.rows(database.sql["all_runs"]):
            yield from _replay_run(database, scratch, run_id, run, path, last)
        yield from _reads_findings(database)
    finally:
        scratch.close()


def _replay_run(database: Database, scratch: Database, run_id: int, run: str, path: str, last: int) -> list[Finding]:
    findings: list[Finding] = []
    try:
        with scratch.transaction():
            try:
                _project_again(database, scratch, run_id, last)
            except msgspec.DecodeError as error:
                findings.append(Finding("unreadable-event", path, "events that read", str(error), _REMEDY))
            except (KeyError, ValueError) as error:
                findings.append(Finding("impossible-event", path, "events in a possible order", repr(error), _REMEDY))
            else:
                if last == _last_event(database, run_id):
                    # Else a driver has written meanwhile: its rows are ahead of what was projected.
                    findings.extend(_differences(database, scratch, run, path, run_id, last))
            raise _Undone
    except _Undone:
        return findings


def _last_event(database: Database, run_id: int) -> int:
    return int(database.row("SELECT last_event FROM runs WHERE id = ?", (run_id,))[0])


def _project_again(database: Database, scratch: Database, run_id: int, last: int) -> None:
    decode = msgspec.json.Decoder(Event).decode
    course = Course()
    number, row = 0, 0
    while page := database.rows(database.sql["events_of"], (run_id, number, last, _PAGE)):
        events: list[Event] = [decode(body) for _, body in page]
        if not number:
            started = events[0]
            if not isinstance(started, RunStarted):
                raise ValueError(f"the first event is a {type(started).__name__}")
            scratch.rows(scratch.sql["next_label"], (started.flow,))
            row = insert_run(scratch, started, last)
        write_rows(scratch, row, events, course)
        number = page[-1][0]


def _differences(
    database: Database, scratch: Database, run: str, path: str, run_id: int, last: int
) -> Iterator[Finding]:
    found = list(_run_differences(database, scratch, run, path))
    found += _task_differences(database, scratch, run, path)
    if _last_event(database, run_id) == last:
        yield from found


def _run_differences(database: Database, scratch: Database, run: str, path: str) -> Iterator[Finding]:
    stored, projected = (one.row(one.sql["stored_run"], (run,)) for one in (database, scratch))
    if _read([stored]) != _read([projected]):
        yield _difference(path, projected, stored)
    environments, anew = (one.rows(one.sql["stored_environments"], (run,)) for one in (database, scratch))
    if environments != anew:
        yield _difference(f"{path}: environments", anew, environments)
    yield from _end_differences(database, scratch, run, path)
    attempts, again = (one.rows(one.sql["stored_attempts"], (run,)) for one in (database, scratch))
    yield from _row_differences(f"{path}: attempts of task", _with_ready_times(attempts, again), again)


def _end_differences(database: Database, scratch: Database, run: str, path: str) -> Iterator[Finding]:
    if database.row(database.sql["ended_before_publishing"], (run,)) is not None:
        return
    stored, projected = (one.rows(one.sql["stored_end"], (run,)) for one in (database, scratch))
    if stored != projected:
        yield _difference(f"{path}: published end", projected, stored)


def _task_differences(database: Database, scratch: Database, run: str, path: str) -> Iterator[Finding]:
    last = max(int(one.row(one.sql["last_label"], (run,))[0]) for one in (database, scratch))
    for after in range(-1, last, _PAGE):
        bindings = (run, after, after + _PAGE)
        for question, where in (("stored_tasks", "task"), ("stored_artifacts", "artifacts of task")):
            stored, projected = (one.rows(one.sql[question], bindings) for one in (database, scratch))
            if question == "stored_tasks":
                stored = _with_ready_times(stored, projected)
            yield from _row_differences(f"{path}: {where}", stored, projected)


def _with_ready_times(stored: list[Any], projected: list[Any]) -> list[Any]:
    """Fill in when attempts became ready, the last column: who drove the run may have been too old to write it (0)."""
    if stored == projected:
        return stored
    known = {row[:2]: row[-1] for row in projected}
    return [row if row[-1] else (*row[:-1], known.get(row[:2], 0.0)) for row in stored]


def _row_differences(where: str, stored: list[Any], projected: list[Any]) -> Iterator[Finding]:
    if stored == projected:
        return
    for label in sorted({row[0] for row in set(stored) ^ set(projected)}):
        expected = [row for row in projected if row[0] == label]
        found = [row for row in stored if row[0] == label]
        if _read(expected) != _read(found):
            yield _difference(f"{where} {label}", expected, found)


def _read(rows: list[Any]) -> list[Any]:
    """Open the JSON in rows: numbers are equal that are written differently (0 and 0.0)."""
    return [[_open(value) for value in row] for row in rows]


def _open(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    return value


def _reads_findings(database: Database) -> Iterator[Finding]:
    for path, step, label, name in database.rows(database.sql["reads_differ"]):
        where = f"{path}/{step}/{label}: read of {name}"
        yield Finding("index-differs-from-events", where, "the same in tasks and lineage", "a difference", _REMEDY)


def _difference(where: str, expected: Any, found: Any) -> Finding:
    return Finding("index-differs-from-events", where, _shortened(expected), _shortened(found), _REMEDY)


def _shortened(row: Any) -> str:
    text = repr(row)
    return text if len(text) <= 400 else text[:400] + "..."
