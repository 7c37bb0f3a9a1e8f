"""Questions about runs."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.ledger.paging import cursor_at, number_of, one_more, position_of
from headwater.ledger.run_conditions import (
    as_json,
    runs_where,
    status_without_driver,
    unfinished_statuses,
)
from headwater.model.artifact import Ref
from headwater.model.errors import NotFound, UserMistake
from headwater.model.ids import RunId, TaskKey
from headwater.model.launch import Launch
from headwater.model.overviews import RunFailure
from headwater.model.projections import OpenGate
from headwater.model.rows import STATUSES, Page, RunQuery, RunRow, RunStatus

_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_refs = msgspec.json.Decoder(dict[str, Ref]).decode
_decode_metrics = msgspec.json.Decoder(dict[str, float | int | str | bool | None]).decode
_decode_counts = msgspec.json.Decoder(dict[str, int]).decode
_decode_launch = msgspec.json.Decoder(Launch).decode
_decode_gates = msgspec.json.Decoder(dict[TaskKey, OpenGate]).decode

#: Sorts behind every number that a run has.
_LAST = 1.7e308

_SORT_KEYS: dict[str, str | None] = {
    "started": None,
    "finished": f"coalesce(finished_at, {_LAST})",
    "duration": f"coalesce(finished_at - started_at, {_LAST})",
    "flow": "lower(flow)",
    "user": "lower(user)",
    "project": "lower(coalesce(project, ''))",
    "host": "lower(host)",
    "note": "lower(note)",
}
_BY_STATUS = (
    "CASE status "
    + " ".join(
        f"WHEN '{status}' THEN {STATUSES.index(status)}"
        for status in STATUSES
        if status in ("succeeded", "failed", "cancelled")
    )
    + " ELSE coalesce(json_extract(?, '$.' || id), 1) END"
)
_BY_METRIC = (
    "coalesce((SELECT value FROM json_each(CAST(metrics AS TEXT)) WHERE key = ? AND type IN ('integer', 'real')), ?)"
)
#: Numbers come before words, as SQLite sorts them; what looks like a number is one.
_BY_PARAMETER = (
    "coalesce((SELECT CASE WHEN preview GLOB '[0-9]*' OR preview GLOB '-[0-9]*' THEN CAST(preview AS REAL)"
    " ELSE lower(preview) END FROM (SELECT CAST(header AS TEXT) ->> '$.preview' AS preview FROM artifacts AS parameter"
    " JOIN headers ON headers.digest = parameter.digest"
    " WHERE parameter.run = runs.id AND label = 0 AND name = ?)), ?)"
)
#: Sort before and behind every text.
_LAST_TEXT, _BEFORE_ALL = "\U0010ffff", -1.7e308


class RunQuestions:
    """Answers about the runs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, run: RunId) -> RunRow:
        row = self._database.row(f"{self._database.sql['run_row']} WHERE run = ?", (run,))
        if row is None:
            raise NotFound(f"there is no run {run}")
        return self._run_row(row)

    def find_run(self, flow: str, label: int) -> RunRow:
        row = self._database.row(f"{self._database.sql['run_row']} WHERE flow = ? AND label = ?", (flow, label))
        if row is None:
            raise self._not_found(flow, label)
        return self._run_row(row)

    def _not_found(self, flow: str, label: int) -> NotFound:
        near = [f"{flow}/{row[0]}" for row in self._database.rows(self._database.sql["near_labels"], (flow, label))]
        if near:
            return NotFound(f"there is no run {flow}/{label}", choices=near, hint=f"the nearest is {near[0]}")
        flows = self.flows()
        hint = f"flows with runs: {', '.join(flows[:10])}" if flows else "no flow has been run here yet"
        return NotFound(f"there is no run of {flow}", choices=flows, hint=hint)

    def flows(self) -> list[str]:
        return [row[0] for row in self._database.rows(self._database.sql["flows"])]

    def oldest_live_run(self) -> float | None:
        row = self._database.row(self._database.sql["oldest_live_run"])
        return None if row[0] is None else float(row[0])

    def runs(self, query: RunQuery) -> Page[RunRow]:
        places = self._places(query)
        page = places[: query.limit]
        known = self.rows([run_id for _, run_id in page])
        rows = tuple(known[run_id] for _, run_id in page)
        return Page(rows, cursor_at(query, (page[-1][0], rows[-1].run)) if len(places) > query.limit else None)

    def count_runs(self, query: RunQuery, *, at_most: int = 10_000) -> int:
        where = runs_where(self._database, query)
        sql = f"SELECT count(*) FROM (SELECT 1 FROM runs {where} LIMIT ?)"
        return int(self._database.row(sql, (*where.bindings, at_most))[0])

    def _places(self, query: RunQuery) -> list[tuple[float | int | str, int]]:
        """Give (what it is sorted by, number) of the runs of a page; one more than it has says: go on."""
        order, compares = ("ASC", ">") if query.is_ascending else ("DESC", "<")
        where = runs_where(self._database, query)
        key, bindings = self._sort_key(query)
        behind: tuple[Any, ...] = ()
        if query.cursor:
            sorted_by, run = position_of(query, query.cursor, 2)
            behind = (sorted_by, number_of(self._database, run))
        if key is None:
            if behind:
                where.ask(f"id {compares} ?", behind[1])
            sql = f"SELECT 0, id FROM runs {where} ORDER BY id {order} LIMIT ?"
            return self._database.rows(sql, (*where.bindings, one_more(query.limit)))
        sql = (
            f"SELECT key, id FROM (SELECT {key} AS key, id FROM runs {where})"
            f"{f' WHERE (key, id) {compares} (?, ?)' if behind else ''} ORDER BY key {order}, id {order} LIMIT ?"
        )
        return self._database.rows(sql, (*bindings, *where.bindings, *behind, one_more(query.limit)))

    def _sort_key(self, query: RunQuery) -> tuple[str | None, tuple[str | float, ...]]:
        """Give what to sort by before the number (None = nothing), and the values in it."""
        if query.sort == "status":
            ranks = {str(run): STATUSES.index(status) for run, status in self._unfinished().items()}
            return _BY_STATUS, (as_json(ranks),)
        if query.sort == "metric":
            return _BY_METRIC, (query.sort_metric, _LAST if query.is_ascending else -_LAST)
        if query.sort == "parameter":
            return _BY_PARAMETER, (query.sort_parameter, _LAST_TEXT if query.is_ascending else _BEFORE_ALL)
        if query.sort not in _SORT_KEYS:
            raise UserMistake(f"runs are not sorted by `{query.sort}`", hint=f"sort by {', '.join(_SORT_KEYS)}")
        return _SORT_KEYS[query.sort], ()

    def statuses(self, runs: Sequence[RunId]) -> dict[RunId, RunStatus]:
        found: dict[RunId, RunStatus] = {}
        rows = self._database.rows(self._database.sql["run_statuses"], (as_json(list(dict.fromkeys(runs))),))
        for run, status, epoch, counts, gates in rows:
            if status == "running" and self._database.locks.holder(run) is None:
                status = status_without_driver(epoch, _decode_counts(counts), has_gates=bool(_decode_gates(gates)))
            found[run] = status
        return found

    def failures(self, runs: Sequence[RunId]) -> dict[RunId, RunFailure]:
        rows = self._database.rows(self._database.sql["run_failures"], (as_json(list(dict.fromkeys(runs))),))
        return {run: RunFailure(step, label, kind or "", message or "") for run, step, label, kind, message in rows}

    def _unfinished(self) -> dict[int, RunStatus]:
        return unfinished_statuses(self._database, STATUSES)

    def rows(self, run_ids: list[int]) -> dict[int, RunRow]:
        """Give the rows of these numbers."""
        rows = self._database.rows(
            f"{self._database.sql['run_row']} WHERE id IN (SELECT value FROM json_each(?))", (as_json(run_ids),)
        )
        return {row[0]: self._run_row(row) for row in rows}

    def _run_row(self, row: tuple[Any, ...]) -> RunRow:
        (
            _,
            run,
            flow,
            label,
            status,
            user,
            host,
            started_at,
            finished_at,
            tags,
            system_tags,
            namespace,
            note,
            origin,
            parameters,
            metrics,
            counts,
            cause,
            message,
            failed_key,
            end_step,
            epoch,
            launch,
            encoded_gates,
            project,
        ) = row
        task_counts = _decode_counts(counts)
        gates = _decode_gates(encoded_gates)
        if status == "running" and self._database.locks.holder(run) is None:
            status = status_without_driver(epoch, task_counts, has_gates=bool(gates))
            if lost := task_counts.pop("running", 0):
                task_counts["lost"] = task_counts.get("lost", 0) + lost
        return RunRow(
            run,
            flow,
            label,
            status,
            user,
            host,
            started_at,
            finished_at,
            _decode_tags(tags),
            _decode_tags(system_tags),
            namespace,
            note,
            origin,
            _decode_refs(parameters),
            _decode_metrics(metrics),
            task_counts,
            cause,
            message,
            failed_key,
            end_step,
            None if launch is None else _decode_launch(launch),
            tuple(dict.fromkeys(gate.step for gate in gates.values())),
            min((gate.expires_at for gate in gates.values() if gate.expires_at is not None), default=None),
            project or "",
        )
