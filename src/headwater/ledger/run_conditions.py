"""What a `RunQuery` asks, as a WHERE of SQL; and what unfinished runs are, which no column says."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.model.errors import UserMistake
from headwater.model.ids import Digest, TaskKey
from headwater.model.projections import OpenGate
from headwater.model.rows import MetricCondition, RunQuery, RunStatus

_encode = msgspec.json.Encoder().encode
_decode_counts = msgspec.json.Decoder(dict[str, int]).decode
_decode_gates = msgspec.json.Decoder(dict[TaskKey, OpenGate]).decode

#: What is stored of runs with these statuses; the rest is worked out from locks.
_STORED: dict[RunStatus, str] = {
    "running": "status = 'running'",
    "queued": "status = 'running' AND epoch = 0",
    "waiting": "status = 'running' AND gates <> x'7b7d'",
    "interrupted": "status = 'running' AND epoch > 0",
}

_OPERATORS = ("=", "<", "<=", ">", ">=")


class Where:
    """Conditions, all of which must hold, with the values in them."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.bindings: list[Any] = []

    def ask(self, condition: str, *values: Any) -> None:
        """Add a condition with a `?` for each value."""
        self._conditions.append(condition)
        self.bindings.extend(values)

    def among(self, column: str, values: Collection[str | int]) -> None:
        """Ask for one of the values."""
        self.ask(f"{column} IN (SELECT value FROM json_each(?))", as_json(sorted(values)))

    def __str__(self) -> str:
        return "WHERE " + " AND ".join(self._conditions) if self._conditions else ""


def runs_where(database: Database, query: RunQuery) -> Where:
    """Give the conditions of the query, its cursor aside."""
    where = Where()
    if query.flow is not None:
        where.ask("flow = ?", query.flow)
    _ask_status(database, query, where)
    for column, value in (("target", query.target), ("user", query.user)):
        if value is not None:
            where.ask(f"{column} = ?", value)
    if query.since is not None:
        where.ask("started_at >= ?", query.since)
    if query.until is not None:
        where.ask("started_at < ?", query.until)
    for tag in query.tags:
        where.ask("EXISTS (SELECT 1 FROM tags WHERE tags.run = runs.id AND tag = ?)", tag)
    _ask_parameters(query, where)
    ask_projects(query.projects, where)
    for condition in query.metrics:
        _ask_metric(condition, where)
    if query.search:
        part = query.search.casefold()
        where.ask(
            "(holds_text(?, flow || '/' || label, user, note) OR EXISTS ("
            "SELECT 1 FROM tags WHERE tags.run = runs.id AND NOT is_system AND holds_text(?, tag)))",
            part,
            part,
        )
    return where


def ask_projects(projects: Sequence[str] | None, where: Where) -> None:
    """Ask for a run of one of the projects; None = of any."""
    if projects is not None:
        where.among("coalesce(project, '')", projects)


def unfinished_statuses(database: Database, wanted: Collection[RunStatus]) -> dict[int, RunStatus]:
    """Give the status of each unfinished run that may have one of these, by the run's number."""
    stored = " OR ".join(f"({condition})" for status, condition in _STORED.items() if status in wanted)
    if not stored:
        return {}
    found: dict[int, RunStatus] = {}
    for run_id, run, epoch, counts, gates in database.rows(f"{database.sql['unfinished_runs']} AND ({stored})"):
        if database.locks.holder(run) is not None:
            found[run_id] = "running"
        else:
            has_gates = bool(_decode_gates(gates))
            found[run_id] = status_without_driver(epoch, _decode_counts(counts), has_gates=has_gates)
    return found


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


def digest_bytes(digest: Digest) -> bytes:
    """Give a digest as columns hold it.

    Raises:
        UserMistake: the text is no digest.
    """
    try:
        return bytes.fromhex(digest)
    except ValueError as error:
        raise UserMistake(f"`{digest[:80]}` is no digest", hint="a digest has 64 hexadecimal digits") from error


def as_json(value: object) -> str:
    """Write a list for `json_each`."""
    return _encode(value).decode()


def _ask_status(database: Database, query: RunQuery, where: Where) -> None:
    wanted = _wanted_statuses(query)
    if wanted is None:
        return
    finished = wanted - _STORED.keys()
    unfinished = [run for run, status in unfinished_statuses(database, wanted).items() if status in wanted]
    if finished == wanted:
        where.among("status", finished)
    elif not finished:
        where.among("id", unfinished)
    else:
        where.ask(
            "(status IN (SELECT value FROM json_each(?)) OR id IN (SELECT value FROM json_each(?)))",
            as_json(sorted(finished)),
            as_json(unfinished),
        )


def _wanted_statuses(query: RunQuery) -> set[RunStatus] | None:
    """Give the statuses that a run may have; None = any."""
    if query.status is None:
        return set(query.statuses) or None
    return {query.status} & set(query.statuses or (query.status,))


def _ask_parameters(query: RunQuery, where: Where) -> None:
    for name, digest in query.parameters.items():
        where.ask(
            "EXISTS (SELECT 1 FROM artifacts AS parameter"
            " WHERE parameter.run = runs.id AND label = 0 AND name = ? AND digest = ?)",
            name,
            digest_bytes(digest),
        )
    for name, text in query.parameter_text.items():
        where.ask(
            "EXISTS (SELECT 1 FROM artifacts AS parameter JOIN headers ON headers.digest = parameter.digest"
            " WHERE parameter.run = runs.id AND label = 0 AND name = ?"
            " AND CAST(header AS TEXT) ->> '$.preview' = ?)",
            name,
            text,
        )


def _ask_metric(condition: MetricCondition, where: Where) -> None:
    value = condition.value
    if condition.op not in _OPERATORS:
        raise UserMistake(f"`{condition.op}` compares nothing", hint=f"metrics are compared with {_OPERATORS}")
    if isinstance(value, bool):
        types, operator = "('true', 'false')", "="
    elif isinstance(value, str):
        types, operator = "('text')", condition.op
    else:
        types, operator = "('integer', 'real')", condition.op
    where.ask(
        "EXISTS (SELECT 1 FROM json_each(CAST(metrics AS TEXT)) AS metric"
        f" WHERE metric.key = ? AND metric.type IN {types} AND metric.value {operator} ?)",
        condition.name,
        value,
    )
