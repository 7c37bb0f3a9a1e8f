"""Questions about many tasks, runs or flows at once, answered in few words each."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from headwater.ledger.database import Database
from headwater.ledger.paging import cursor_at, one_more, position_of
from headwater.ledger.run_conditions import Where, as_json, ask_projects, runs_where
from headwater.ledger.run_questions import RunQuestions
from headwater.model.errors import NotFound, UserMistake
from headwater.model.ids import RunId
from headwater.model.overviews import FinishedRun, FlowQuery, FlowRow, Seconds, StepCount, TaskSpan, TaskUsage
from headwater.model.rows import Page, RunQuery, TaskStatus

_decode_seconds = msgspec.json.Decoder(Seconds).decode
_decode_many_seconds = msgspec.json.Decoder(list[Seconds]).decode
_NONE = Seconds()
_KINDS = Seconds.__struct_fields__


class _Used(msgspec.Struct, gc=False):
    """The numbers of a `Usage` that are summed up."""

    started_at: float = 0.0
    ended_at: float = 0.0
    user_cpu: float = 0.0
    system_cpu: float = 0.0
    peak_memory_bytes: int = 0


_decode_many_used = msgspec.json.Decoder(list[_Used]).decode

#: Finished runs that a flow's row shows.
_RECENT = 20

#: The time of the start, not the number of the run, which would tell how many there are that one may not see.
_FLOW_KEYS = {"flow": "lower(flow)", "last": "max(started_at)", "runs": "count(*)"}


class Overviews:
    """Sums over the rows of one database."""

    def __init__(self, database: Database, runs: RunQuestions) -> None:
        self._database = database
        self._runs = runs

    def step_counts(self, run: RunId) -> list[StepCount]:
        run_id, is_driven = self._position(run)
        sums: dict[tuple[str, TaskStatus], _Sum] = {}
        for step, status, started_at, finished_at, is_reused, usage in self._database.rows(
            self._database.sql["step_tasks"], (run_id,)
        ):
            key = (step, _status(status, is_driven))
            known = sums.get(key)
            if known is None:
                known = sums[key] = _Sum(started_at)
            known.add(started_at, finished_at, is_reused, usage)
        return [known.row(step, status) for (step, status), known in sums.items()]

    def step_statuses(self, runs: Sequence[RunId]) -> dict[RunId, dict[str, dict[TaskStatus, int]]]:
        found: dict[RunId, dict[str, dict[TaskStatus, int]]] = {}
        driven: dict[RunId, bool] = {}
        for run, step, stored, count in self._database.rows(
            self._database.sql["step_statuses"], (as_json(list(dict.fromkeys(runs))),)
        ):
            if run not in driven:
                driven[run] = self._database.locks.holder(run) is not None
            status = _status(stored, driven[run])
            counts = found.setdefault(run, {}).setdefault(step, {})
            counts[status] = counts.get(status, 0) + count
        return found

    def task_spans(self, run: RunId, *, after_label: int = 0, limit: int = 10_000) -> list[TaskSpan]:
        run_id, is_driven = self._position(run)
        rows = self._database.rows(self._database.sql["task_spans"], (run_id, after_label, limit))
        if not rows:
            return []
        past: dict[int, list[Any]] = {}
        for row in self._database.rows(self._database.sql["past_spans"], (run_id, after_label, rows[-1][0])):
            past.setdefault(row[0], []).append(row)
        many = _decode_many_seconds(_joined(row[8] for row in rows))
        latest = [_span(row, seconds, is_driven) for row, seconds in zip(rows, many, strict=True)]
        if not past:
            return latest
        spans: list[TaskSpan] = []
        for row, span in zip(rows, latest, strict=True):
            spans += [_past_span(earlier, row) for earlier in past.get(row[0], ()) if earlier[2] < row[4]]
            spans.append(span)
        return spans

    def task_usages(self, run: RunId, *, limit: int) -> list[TaskUsage]:
        run_id, _ = self._position(run)
        rows = self._database.rows(self._database.sql["task_usages"], (run_id, limit))
        many = _decode_many_used(_joined(row[3] for row in rows))
        return [
            TaskUsage(
                label,
                step,
                bool(is_reused),
                used.ended_at - used.started_at if used.ended_at else None,
                used.user_cpu + used.system_cpu,
                used.peak_memory_bytes,
            )
            for (label, step, is_reused, _), used in zip(rows, many, strict=True)
        ]

    def flow_rows(self, projects: Sequence[str] | None, *, after: str, limit: int) -> list[FlowRow]:
        where = Where()
        where.ask("flow > ?", after)
        ask_projects(projects, where)
        counted = self._database.rows(
            f"SELECT flow, count(*), max(id) FROM runs {where} GROUP BY flow ORDER BY flow LIMIT ?",
            (*where.bindings, limit),
        )
        return self._flow_rows(projects, counted)

    def list_flows(self, query: FlowQuery) -> Page[FlowRow]:
        if query.sort not in _FLOW_KEYS:
            raise UserMistake(f"flows are not sorted by `{query.sort}`", hint=f"sort by {', '.join(_FLOW_KEYS)}")
        order, compares = ("ASC", ">") if query.is_ascending else ("DESC", "<")
        where = Where()
        ask_projects(query.projects, where)
        if query.search:
            where.ask("holds_text(?, flow)", query.search.casefold())
        behind: tuple[float | int | str, ...] = ()
        if query.cursor:
            behind = position_of(query, query.cursor, 2)
        counted = self._database.rows(
            f"SELECT flow, runs, last, key FROM (SELECT flow, count(*) AS runs, max(id) AS last,"
            f" {_FLOW_KEYS[query.sort]} AS key FROM runs {where} GROUP BY flow)"
            f"{f' WHERE (key, flow) {compares} (?, ?)' if behind else ''} ORDER BY key {order}, flow {order} LIMIT ?",
            (*where.bindings, *behind, one_more(query.limit)),
        )
        page = counted[: query.limit]
        rows = tuple(self._flow_rows(query.projects, [row[:3] for row in page]))
        if len(counted) <= query.limit:
            return Page(rows)
        return Page(rows, cursor_at(query, (page[-1][3], page[-1][0])))

    def _flow_rows(self, projects: Sequence[str] | None, counted: Sequence[tuple[str, int, int]]) -> list[FlowRow]:
        """Give the rows of flows of which the number of runs and the last run are known."""
        last = self._runs.rows([row[2] for row in counted])
        return [
            FlowRow(flow, count, last[run_id], *self._recent(flow, projects, last[run_id].project))
            for flow, count, run_id in counted
        ]

    def _recent(
        self, flow: str, projects: Sequence[str] | None, last: str
    ) -> tuple[tuple[FinishedRun, ...], tuple[str, ...]]:
        where = Where()
        where.ask("flow = ? AND status <> 'running'", flow)
        ask_projects(projects, where)
        rows = self._database.rows(
            "SELECT label, status, started_at, finished_at, coalesce(project, '')"
            f" FROM runs {where} ORDER BY id DESC LIMIT {_RECENT}",
            where.bindings,
        )
        return tuple(FinishedRun(*row[:4]) for row in rows), tuple(sorted({last, *(row[4] for row in rows)}))

    def metric_names(self, query: RunQuery, *, limit: int) -> list[str]:
        return self._names("SELECT key FROM chosen CROSS JOIN json_each(CAST(metrics AS TEXT))", query, limit)

    def tag_names(self, query: RunQuery, *, limit: int) -> list[str]:
        return self._names(
            "SELECT tag FROM chosen CROSS JOIN tags ON tags.run = chosen.id AND NOT is_system", query, limit
        )

    def user_names(self, query: RunQuery, *, limit: int) -> list[str]:
        return self._names("SELECT user FROM chosen", query, limit)

    def _names(self, sql: str, query: RunQuery, limit: int) -> list[str]:
        where = runs_where(self._database, query)
        rows = self._database.rows(
            f"WITH chosen AS (SELECT id, user, metrics FROM runs {where}), named (name) AS ({sql})"
            " SELECT name FROM named GROUP BY name ORDER BY count(*) DESC, name LIMIT ?",
            (*where.bindings, limit),
        )
        return [row[0] for row in rows]

    def _position(self, run: RunId) -> tuple[int, bool]:
        row = self._database.row(self._database.sql["run_position"], (run,))
        if row is None:
            raise NotFound(f"there is no run {run}")
        return int(row[0]), self._database.locks.holder(run) is not None


class _Sum:
    """What is summed up of the tasks of one step and status."""

    def __init__(self, started_at: float) -> None:
        self.count = 0
        self.reused = 0
        self.first = started_at
        self.last: float | None = None
        self.seconds = dict.fromkeys(_KINDS, 0.0)

    def add(self, started_at: float, finished_at: float | None, is_reused: int, usage: bytes | None) -> None:
        self.count += 1
        self.reused += is_reused
        self.first = min(self.first, started_at)
        if finished_at is not None and (self.last is None or finished_at > self.last):
            self.last = finished_at
        if usage is not None:
            took, seconds = _decode_seconds(usage), self.seconds
            for kind in _KINDS:
                seconds[kind] += getattr(took, kind)

    def row(self, step: str, status: TaskStatus) -> StepCount:
        return StepCount(step, status, self.count, self.first, self.last, Seconds(**self.seconds), self.reused)


def _status(stored: TaskStatus, is_driven: bool) -> TaskStatus:
    """What runs for nobody is lost."""
    return "lost" if stored == "running" and not is_driven else stored


def _joined(texts: Iterable[bytes | None]) -> bytes:
    """Write one list of many JSON texts (None: an empty object): ten thousand are decoded at once."""
    return b"[" + b",".join(text or b"{}" for text in texts) + b"]"


def _span(row: tuple[Any, ...], seconds: Seconds, is_driven: bool) -> TaskSpan:
    label, step, key, status, attempt, ready_at, started_at, finished_at, _, parent, is_reused = row
    return TaskSpan(
        label,
        step,
        key,
        _status(status, is_driven),
        attempt,
        ready_at,
        started_at,
        finished_at,
        seconds,
        parent,
        bool(is_reused),
    )


def _past_span(row: tuple[Any, ...], task: tuple[Any, ...]) -> TaskSpan:
    label, status, attempt, ready_at, started_at, finished_at, usage = row
    seconds = _NONE if usage is None else _decode_seconds(usage)
    ended: TaskStatus = "failed" if status == "retrying" else status
    return TaskSpan(label, task[1], task[2], ended, attempt, ready_at, started_at, finished_at, seconds, task[9])
