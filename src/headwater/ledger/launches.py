"""Launches of runs, with the record of each that makes a slot fire exactly once; and the cursors of their readers."""

from collections.abc import Sequence

import msgspec

from headwater.ledger.database import Database
from headwater.ledger.paging import LAST, cursor_at, one_more, position_of
from headwater.ledger.run_conditions import Where
from headwater.ledger.writing import insert_run, write_events, write_objects
from headwater.model.errors import CursorRefused, InternalError, UserMistake
from headwater.model.events import RunStarted
from headwater.model.failpoints import failpoint
from headwater.model.launch import Firing
from headwater.model.ports import Commit, PlannedFiring
from headwater.model.projections import Course
from headwater.model.rows import FiringQuery, Page

_COLUMNS = ", ".join(Firing.__struct_fields__)
#: `{last}` sorts behind all numbers in the direction that is asked for.
_SORT_KEYS = {
    "at": "number",
    "slot": "coalesce(slot, {last})",
    "target": "lower(target)",
    "source": "lower(source)",
    "verdict": "verdict",
}


class Launches:
    """Firings and cursors of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def launch(self, planned: Sequence[PlannedFiring], *, cursor: tuple[str, int] | None = None) -> list[Firing]:
        for one in planned:
            if contradiction := contradiction_in(one):
                raise InternalError(contradiction)
        with self._database.transaction():
            recorded = [self._record(one) for one in planned]
            if cursor is not None:
                self._database.execute_many(self._database.sql["move_cursor"], [cursor])
        return recorded

    def _record(self, planned: PlannedFiring) -> Firing:
        firing = planned.firing
        earlier = self.firing(firing.key)
        if earlier is not None:
            return earlier
        if planned.commit is not None:
            started = self._start(planned.commit)
            path = f"{started.flow}/{started.label}"
            firing = msgspec.structs.replace(firing, run=started.run, run_path=path)
            failpoint("ledger.after_launched_run")
        self._database.execute_many(self._database.sql["insert_firing"], [msgspec.structs.astuple(firing)])
        failpoint("ledger.after_firing")
        return firing

    def _start(self, commit: Commit) -> RunStarted:
        """Write a run that nobody drives yet."""
        first = commit.events[0]
        assert isinstance(first, RunStarted)
        label = int(self._database.row(self._database.sql["next_label"], (first.flow,))[0])
        started = msgspec.structs.replace(first, label=label)
        run_id = insert_run(self._database, started, len(commit.events), is_queued=True)
        write_objects(self._database, commit)
        write_events(self._database, run_id, 1, [started, *commit.events[1:]], Course())
        return started

    def cursor(self, name: str) -> int:
        return int(self._database.row(self._database.sql["cursor"], (name,))[0])

    def firing(self, key: str) -> Firing | None:
        row = self._database.row(self._database.sql["firing"], (key,))
        return None if row is None else Firing(*row)

    def firings(self, query: FiringQuery) -> Page[Firing]:
        if query.sort not in _SORT_KEYS:
            raise UserMistake(f"firings are not sorted by `{query.sort}`", hint=f"sort by {', '.join(_SORT_KEYS)}")
        order, compares = ("ASC", ">") if query.is_ascending else ("DESC", "<")
        key = _SORT_KEYS[query.sort].format(last=LAST if query.is_ascending else -LAST)
        where = _where(query)
        if query.cursor:
            sorted_by, name = position_of(query, query.cursor, 2)
            number = self._database.row(self._database.sql["firing_number"], (name,))
            if number is None:
                raise CursorRefused("is none")
            where.ask(f"({key}, number) {compares} (?, ?)", sorted_by, number[0])
        rows = self._database.rows(
            f"SELECT {_COLUMNS}, {key} FROM firings {where} ORDER BY {key} {order}, number {order} LIMIT ?",
            (*where.bindings, one_more(query.limit)),
        )
        page = rows[: query.limit]
        firings = tuple(Firing(*row[:-1]) for row in page)
        return Page(firings, cursor_at(query, (page[-1][-1], firings[-1].key)) if len(rows) > query.limit else None)

    def firing_targets(self) -> list[str]:
        return [row[0] for row in self._database.rows(self._database.sql["firing_targets"])]

    def last_slot(self, target: str, source: str) -> float | None:
        row = self._database.row(self._database.sql["last_slot"], (target, source))
        return None if row[0] is None else float(row[0])


def contradiction_in(planned: PlannedFiring) -> str:
    """Say how the record and the run that it starts contradict each other; empty = they say the same."""
    firing, commit = planned.firing, planned.commit
    if (commit is None) == (firing.verdict == "started"):
        run = "no run" if commit is None else "a run"
        return f"the firing {firing.key} is `{firing.verdict}` and comes with {run}"
    if commit is None:
        named = firing.run or firing.run_path
        return f"the firing {firing.key} names the run {named}, and starts none" if named else ""
    first = commit.events[0] if commit.events else None
    if not isinstance(first, RunStarted) or first.label:
        return f"a run starts with a RunStarted of label 0, not with {first!r}"
    if first.launch is None or (first.launch.idempotency_key, first.launch.target) != (firing.key, firing.target):
        return f"the firing {firing.key} of {firing.target} starts a run of {first.launch!r}"
    return ""


def _where(query: FiringQuery) -> Where:
    """Give the conditions of the query, its cursor aside."""
    where = Where()
    for condition, value in (
        ("target = ?", query.target),
        ("source = ?", query.source),
        ("slot >= ?", query.since),
        ("slot < ?", query.until),
    ):
        if value is not None:
            where.ask(condition, value)
    if query.targets is not None:
        where.among("target", query.targets)
    if query.verdicts:
        where.among("verdict", query.verdicts)
    if query.search:
        where.ask("holds_text(?, target, source, reason, run_path)", query.search.casefold())
    return where
