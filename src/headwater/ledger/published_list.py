"""Lists published events for people: filtered, sorted, page by page."""

from headwater.ledger.database import Database
from headwater.ledger.paging import cursor_at, one_more, position_of
from headwater.ledger.publishing import published_of
from headwater.ledger.run_conditions import Where, as_json
from headwater.model.errors import UserMistake
from headwater.model.launch import PublishedEvent
from headwater.model.rows import Page, PublishedQuery

_SORT_KEYS = {"at": "number", "name": "name", "source": "lower(source)"}

#: The project that an event was told in: that of the run that ended or told it, else the one in front of the branch.
_PROJECT = """
    CASE
        WHEN substr(id, 1, 4) = 'run:' THEN coalesce(CAST(payload AS TEXT) ->> '$.project', '')
        WHEN run IS NOT NULL THEN (
            SELECT coalesce(teller.project, '') FROM runs AS teller
            WHERE teller.flow = substr(published.run, 1, instr(published.run, '/') - 1)
                AND teller.label = CAST(substr(published.run, instr(published.run, '/') + 1) AS INTEGER)
        )
        ELSE substr(scope, 1, instr(scope || '.', '.') - 1)
    END
"""
_IS_FOR_EVERYBODY = "run IS NULL AND scope IS NULL AND substr(id, 1, 4) <> 'run:'"


class PublishedList:
    """Published events of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list_published(self, query: PublishedQuery) -> Page[PublishedEvent]:
        if query.sort not in _SORT_KEYS:
            raise UserMistake(f"events are not sorted by `{query.sort}`", hint=f"sort by {', '.join(_SORT_KEYS)}")
        order, compares = ("ASC", ">") if query.is_ascending else ("DESC", "<")
        key = _SORT_KEYS[query.sort]
        where = _where(query)
        if query.cursor:
            where.ask(f"({key}, number) {compares} (?, ?)", *position_of(query, query.cursor, 2))
        rows = self._database.rows(
            f"SELECT number, id, name, at, payload, source, run, scope, {key} FROM published {where}"
            f" ORDER BY {key} {order}, number {order} LIMIT ?",
            (*where.bindings, one_more(query.limit)),
        )
        events = tuple(published_of(row[:-1]) for row in rows[: query.limit])
        if len(rows) <= query.limit:
            return Page(events)
        return Page(events, cursor_at(query, (rows[query.limit - 1][-1], events[-1].number)))


def _where(query: PublishedQuery) -> Where:
    """Give the conditions of the query, its cursor aside."""
    where = Where()
    for condition, value in (
        ("name = ?", query.name),
        ("source = ?", query.source),
        ("at >= ?", query.since),
        ("at < ?", query.until),
    ):
        if value is not None:
            where.ask(condition, value)
    if query.search:
        where.ask("holds_text(?, name, source, run, id)", query.search.casefold())
    if query.projects is not None:
        where.ask(
            f"(({_IS_FOR_EVERYBODY}) OR {_PROJECT} IN (SELECT value FROM json_each(?)))", as_json(list(query.projects))
        )
    return where
