"""Questions about the tasks of a run, their attempts and artifacts."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.ledger.columns import ref_of
from headwater.ledger.database import Database
from headwater.ledger.lineage import Lineage
from headwater.ledger.paging import cursor_at, one_more, position_of
from headwater.ledger.run_conditions import Where, as_json, digest_bytes
from headwater.model.artifact import Header
from headwater.model.errors import NotFound, UserMistake
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.outcome import TaskError, Transition, Usage
from headwater.model.rows import ArtifactRow, AttemptRow, Page, TaskQuery, TaskRow, TaskStatus

_encode = msgspec.json.Encoder().encode
_decode_keys = msgspec.json.Decoder(tuple[TaskKey, ...]).decode
_decode_error = msgspec.json.Decoder(TaskError).decode
_decode_transition = msgspec.json.Decoder(Transition).decode
_decode_usage = msgspec.json.Decoder(Usage).decode
_decode_reads = msgspec.json.Decoder(dict[str, Digest]).decode
_decode_header = msgspec.json.Decoder(Header).decode
_NO_USAGE = Usage()

#: `{last}` sorts behind all numbers, `{last_text}` behind all texts, in the direction that is asked for.
_SORT_KEYS = {
    "label": "label",
    "step": "step",
    "status": "CASE WHEN status = 'running' THEN '{running}' ELSE status END",
    "started": "started_at",
    "finished": "coalesce(finished_at, 1.7e308)",
    "waited": "CASE WHEN ready_at > 0 THEN max(0, started_at - ready_at) ELSE {last} END",
    "duration": "coalesce(finished_at - started_at, 1.7e308)",
    "cpu": (
        "coalesce(json_extract(CAST(usage AS TEXT), '$.user_cpu'), 0)"
        " + coalesce(json_extract(CAST(usage AS TEXT), '$.system_cpu'), 0)"
    ),
    "peak_memory": "coalesce(json_extract(CAST(usage AS TEXT), '$.peak_memory_bytes'), 0)",
    "attempts": "attempt",
    "error": (
        "CASE WHEN error IS NULL THEN {last_text} ELSE lower((CAST(error AS TEXT) ->> '$.type') || ': '"
        " || substr(CAST(error AS TEXT) ->> '$.message', 1, 500)) END"
    ),
}
_ERROR = "CAST(error AS TEXT) ->> '$.type', CAST(error AS TEXT) ->> '$.message'"


class TaskQuestions:
    """Answers about the tasks of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lineage = Lineage(database)

    def tasks(self, query: TaskQuery) -> Page[TaskRow]:
        run_id = self._run_id(query.run)
        is_driven = self._database.locks.holder(query.run) is not None
        where = _where(query, run_id, is_driven)
        if query.follows is not None:
            where.among("label", self._lineage.labels_after(run_id, query.follows))
        order, compares = ("ASC", ">") if query.is_ascending else ("DESC", "<")
        if query.sort not in _SORT_KEYS:
            raise UserMistake(f"tasks are not sorted by `{query.sort}`", hint=f"sort by {', '.join(_SORT_KEYS)}")
        key = _SORT_KEYS[query.sort].format(
            last="1.7e308" if query.is_ascending else "-1.7e308",
            last_text="char(0x10ffff)" if query.is_ascending else "''",
            running="running" if is_driven else "lost",
        )
        if query.cursor:
            where.ask(f"({key}, label) {compares} (?, ?)", *position_of(query, query.cursor, 2))
        rows = self._database.rows(
            f"SELECT *, {key} FROM ({self._database.sql['task_row']} {where}) ORDER BY {key} {order}, label {order}"
            " LIMIT ?",
            (*where.bindings, one_more(query.limit)),
        )
        answers = tuple(_task_row(query.run, row[:-1], is_driven) for row in rows[: query.limit])
        if len(rows) <= query.limit:
            return Page(answers)
        last = rows[query.limit - 1]
        return Page(answers, cursor_at(query, (last[-1], last[0])))

    def parents_of(self, run: RunId, key: TaskKey) -> list[TaskKey]:
        return self._lineage.parents_of(self._run_id(run), key)

    def attempts(self, run: RunId, key: TaskKey) -> list[AttemptRow]:
        run_id = self._run_id(run)
        row = self._database.row(f"{self._database.sql['task_row']} WHERE run = ? AND key = ?", (run_id, key))
        if row is None:
            raise NotFound(f"there is no task {key} in run {run}")
        task = _task_row(run, row, self._database.locks.holder(run) is not None)
        past = self._database.rows(self._database.sql["past_attempts"], (run_id, task.label, task.attempt))
        return [*(_past_attempt(run, key, row) for row in past), _latest_attempt(task)]

    def artifacts(self, run: RunId, keys: Sequence[TaskKey], name: str | None = None) -> list[ArtifactRow]:
        run_id = self._run_id(run)
        wanted = _encode(keys).decode()
        if name is None:
            rows = self._database.rows(self._database.sql["artifacts"], (run_id, wanted))
        else:
            rows = self._database.rows(self._database.sql["artifacts_of_name"], (name, run_id, wanted))
        return [_artifact_row(run, row) for row in rows]

    def visible(self, run: RunId, key: TaskKey) -> dict[str, ArtifactRow]:
        # The nearest comes last and wins.
        rows = self._database.rows(self._database.sql["visible"], (self._run_id(run), key))
        return {row[1]: _artifact_row(run, row) for row in rows}

    def users_of(
        self, digest: Digest, limit: int, projects: Sequence[str] | None
    ) -> list[tuple[RunId, TaskKey, str, bool]]:
        scope = None if projects is None else as_json(list(projects))
        rows = self._database.rows(self._database.sql["users_of"], (digest_bytes(digest), limit, scope))
        return [(run, key, name, bool(was_set)) for run, key, name, was_set in rows]

    def _run_id(self, run: RunId) -> int:
        row = self._database.row(self._database.sql["run_position"], (run,))
        if row is None:
            raise NotFound(f"there is no run {run}")
        return int(row[0])


def _where(query: TaskQuery, run_id: int, is_driven: bool) -> Where:
    where = Where()
    where.ask("run = ?", run_id)
    wanted = _stored_statuses(query, is_driven)
    if wanted is not None:
        where.among("status", wanted)
    for column, value in (("step", query.step), ("label", query.label)):
        if value is not None:
            where.ask(f"{column} = ?", value)
    if query.keys:
        where.among("key", query.keys)
    if query.search:
        where.ask(f"holds_text(?, step || '/' || label, key, {_ERROR})", query.search.casefold())
    return where


def _stored_statuses(query: TaskQuery, is_driven: bool) -> set[TaskStatus] | None:
    """Give what the rows of the wanted tasks say; None = anything."""
    if query.status is None and not query.statuses:
        return None
    wanted = set(query.statuses)
    if query.status is not None:
        wanted = {query.status} & (wanted or {query.status})
    if not is_driven:
        wanted.discard("running")
        if "lost" in wanted:
            wanted.add("running")
    return wanted


def _task_row(run: RunId, row: tuple[Any, ...], is_driven: bool) -> TaskRow:
    """Make the row; a task that runs for nobody is lost, though its row stands still until the next driver says so."""
    (
        label,
        key,
        step,
        attempt,
        status,
        started_at,
        finished_at,
        parent,
        parents,
        origin,
        cause,
        error,
        transition,
        usage,
        reads,
        ready_at,
    ) = row
    follows = (parent,) if parent is not None else ()
    if status == "running" and not is_driven:
        status = "lost"
    return TaskRow(
        run,
        key,
        step,
        label,
        attempt,
        status,
        started_at,
        finished_at,
        parent,
        follows if parents is None else _decode_keys(parents),
        origin,
        cause,
        None if error is None else _decode_error(error),
        None if transition is None else _decode_transition(transition),
        _NO_USAGE if usage is None else _decode_usage(usage),
        {} if reads is None else _decode_reads(reads),
        ready_at,
    )


def _past_attempt(run: RunId, key: TaskKey, row: tuple[Any, ...]) -> AttemptRow:
    attempt, status, started_at, finished_at, cause, error, usage = row
    return AttemptRow(
        run,
        key,
        attempt,
        _ended(status),
        started_at,
        finished_at,
        cause,
        None if error is None else _decode_error(error),
        _NO_USAGE if usage is None else _decode_usage(usage),
    )


def _latest_attempt(task: TaskRow) -> AttemptRow:
    return AttemptRow(
        task.run,
        task.key,
        task.attempt,
        _ended(task.status),
        task.started_at,
        task.finished_at,
        task.cause,
        task.error,
        task.usage,
    )


def _ended(status: TaskStatus) -> TaskStatus:
    """A task that is retrying has an attempt that failed."""
    return "failed" if status == "retrying" else status


def _artifact_row(run: RunId, row: tuple[Any, ...]) -> ArtifactRow:
    key, name, *columns, header = row
    return ArtifactRow(run, key, name, ref_of(columns), None if header is None else _decode_header(header))
