"""Questions about runs."""

from collections.abc import Iterator
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.model.artifact import Ref
from headwater.model.errors import NotFound
from headwater.model.ids import RunId, TaskKey
from headwater.model.launch import Launch
from headwater.model.projections import OpenGate
from headwater.model.rows import Page, RunQuery, RunRow, RunStatus

_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_refs = msgspec.json.Decoder(dict[str, Ref]).decode
_decode_metrics = msgspec.json.Decoder(dict[str, float | int | str | bool | None]).decode
_decode_counts = msgspec.json.Decoder(dict[str, int]).decode
_decode_launch = msgspec.json.Decoder(Launch).decode
_decode_gates = msgspec.json.Decoder(dict[TaskKey, OpenGate]).decode


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
        found: list[tuple[int, RunRow]] = []
        for run_id, row in self._matching(query):
            found.append((run_id, row))
            if len(found) > query.limit:
                # One more than asked says that there is a next page, which begins below the last row of this one.
                return Page(tuple(row for _, row in found[:-1]), str(found[-2][0]))
        return Page(tuple(row for _, row in found))

    def _matching(self, query: RunQuery) -> Iterator[tuple[int, RunRow]]:
        """Walk down the matching runs, newest first, in short reads."""
        below = int(query.cursor) if query.cursor else None
        size = query.limit + 1
        while True:
            sql, bindings = _where(query, below)
            rows = self._database.rows(
                f"{self._database.sql['run_row']} {sql} ORDER BY id DESC LIMIT ?", (*bindings, size)
            )
            for row in rows:
                answer = self._run_row(row)
                # Whether a run is driven is not in its row.
                if query.status is None or answer.status == query.status:
                    yield row[0], answer
            if len(rows) < size:
                return
            below = rows[-1][0]

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


def status_without_driver(epoch: int, task_counts: dict[str, int], *, has_gates: bool) -> RunStatus:
    """Say what a run is that is not finished and that nobody drives.

    Args:
        epoch: how often a driver has taken it.
        task_counts: its tasks by status, as its row has them.
        has_gates: some task waits at a gate.
    """
    if not epoch:
        return "queued"
    # A driver leaves a run at a gate only when there is nothing else to do; else it was killed.
    is_at_rest = not any(task_counts.get(status) for status in ("running", "retrying", "lost"))
    return "waiting" if has_gates and is_at_rest else "interrupted"


#: What is stored of runs with these statuses; the rest is worked out from locks.
_STORED = {
    "running": "status = 'running'",
    "queued": "status = 'running' AND epoch = 0",
    "waiting": "status = 'running' AND gates <> x'7b7d'",
    "interrupted": "status = 'running' AND epoch > 0",
}


def _where(query: RunQuery, below: int | None) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    bindings: list[Any] = []

    def ask(condition: str, *values: Any) -> None:
        conditions.append(condition)
        bindings.extend(values)

    if below is not None:
        ask("id < ?", below)
    if query.flow is not None:
        ask("flow = ?", query.flow)
    if query.status is not None:
        if query.status in _STORED:
            ask(_STORED[query.status])
        else:
            ask("status = ?", query.status)
    if query.target is not None:
        ask("target = ?", query.target)
    if query.user is not None:
        ask("user = ?", query.user)
    if query.since is not None:
        ask("started_at >= ?", query.since)
    if query.until is not None:
        ask("started_at < ?", query.until)
    for tag in query.tags:
        ask("EXISTS (SELECT 1 FROM tags WHERE tags.run = runs.id AND tag = ?)", tag)
    for name, digest in query.parameters.items():
        ask(
            "EXISTS (SELECT 1 FROM artifacts AS parameter"
            " WHERE parameter.run = runs.id AND label = 0 AND name = ? AND digest = ?)",
            name,
            bytes.fromhex(digest),
        )
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), bindings
