"""Lists artifacts of all runs, by name and type, newest first."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from headwater.ledger.columns import ref_of
from headwater.ledger.database import Database
from headwater.ledger.paging import cursor_at, number_of, one_more, position_of
from headwater.ledger.run_conditions import Where, as_json, ask_projects
from headwater.model.artifact import Header
from headwater.model.errors import UserMistake
from headwater.model.overviews import ArtifactQuery, NamedArtifact
from headwater.model.rows import Page

#: Number of a run, label of a task, name.
_Place = tuple[int, int, str]

#: Sorts behind every type.
_LAST_TEXT = "\U0010ffff"

_decode_header = msgspec.json.Decoder(Header).decode

#: With more pairs of name and type than this, all artifacts are walked through: some match soon.
_MOST_PAIRS = 50
#: Pairs that are looked through for some text in them; of more, the rest is not found.
_MOST_KNOWN = 5000

#: What the order goes by, one after the other; no two artifacts have all of them in common. That of names is the order
#: of an index; there is none of types or sizes: a walk over 130,000 artifacts takes 30 ms.
_SORT_COLUMNS = {
    "name": ("name", "type", "run", "label"),
    "type": ("type", "run", "label", "name"),
    "size": ("size", "run", "label", "name"),
}


class ArtifactList:
    """Artifacts of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def artifacts_named(self, query: ArtifactQuery) -> Page[NamedArtifact]:
        if query.sort != "run":
            return self._sorted(query)
        places = self._places(query)
        rows = tuple(_row(self._database.row(self._database.sql["named_artifact"], place)) for place in places)
        if len(rows) <= query.limit:
            return Page(rows)
        last = rows[-2]
        return Page(rows[:-1], cursor_at(query, (last.run, last.label, last.name)))

    def _places(self, query: ArtifactQuery) -> list[_Place]:
        """Give where the artifacts of the page are, one more than it has."""
        is_chosen = query.name is not None or query.type is not None or query.search
        if is_chosen and query.run is None:
            pairs = list(islice(self._pairs(query), _MOST_PAIRS + 1))
            if len(pairs) <= _MOST_PAIRS:
                found = [place for pair in pairs for place in self._places_of(query, "name = ? AND type = ?", *pair)]
                return sorted(found, key=_rising if query.is_ascending else _falling)[: one_more(query.limit)]
        return self._places_of(query, "name > ''")

    def _places_of(self, query: ArtifactQuery, condition: str, *bindings: str) -> list[_Place]:
        where = self._where(query)
        where.ask(f"artifacts.label > 0 AND {condition}", *bindings)
        is_scoped = query.flow is not None or query.run is not None or query.projects is not None
        # From the runs when only some of them count: a search of each is cheaper than a walk over what others set.
        source = "runs CROSS JOIN artifacts ON artifacts.run = runs.id" if is_scoped or not bindings else "artifacts"
        newest = "runs.id" if source != "artifacts" else "artifacts.run"
        order = "ASC" if query.is_ascending else "DESC"
        rows: list[_Place] = self._database.rows(
            f"SELECT artifacts.run, artifacts.label, name FROM {source} {where}"
            f" ORDER BY {newest} {order}, artifacts.label {order}, name LIMIT ?",
            (*where.bindings, one_more(query.limit)),
        )
        return rows

    def _sorted(self, query: ArtifactQuery) -> Page[NamedArtifact]:
        """Answer what is sorted by columns of artifacts: one walk over all of them, which keeps the first ones."""
        if query.sort not in _SORT_COLUMNS:
            raise UserMistake(
                f"artifacts are not sorted by `{query.sort}`", hint=f"sort by run, {', '.join(_SORT_COLUMNS)}"
            )
        order, compares = ("ASC", ">") if query.is_ascending else ("DESC", "<")
        columns = _SORT_COLUMNS[query.sort]
        where = self._where_of_artifacts(query)
        if query.cursor:
            position = list(position_of(query, query.cursor, len(columns)))
            place = columns.index("run")
            position[place] = number_of(self._database, position[place])
            where.ask(f"({', '.join(columns)}) {compares} ({', '.join('?' * len(columns))})", *position)
        rows = self._database.rows(
            f"SELECT run, label, name, {', '.join(columns)} FROM artifacts {where}"
            f" ORDER BY {', '.join(f'{column} {order}' for column in columns)} LIMIT ?",
            (*where.bindings, one_more(query.limit)),
        )
        answers = tuple(
            _row(self._database.row(self._database.sql["named_artifact"], row[:3])) for row in rows[: query.limit]
        )
        if len(rows) <= query.limit:
            return Page(answers)
        position = list(rows[query.limit - 1][3:])
        position[columns.index("run")] = answers[-1].run
        return Page(answers, cursor_at(query, tuple(position)))

    def _where_of_artifacts(self, query: ArtifactQuery) -> Where:
        """Give what is asked, of the table of artifacts alone; `+` keeps it off indexes that would not be in order."""
        where = Where()
        where.ask("label > 0 AND +name > ''" if query.sort == "size" else "label > 0 AND name > ''")
        if query.name is not None or query.type is not None or query.search:
            pairs = as_json(list(self._pairs(query)))
            where.ask("(name, type) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))", pairs)
        runs = Where()
        if query.run is not None:
            runs.ask("runs.run = ?", query.run)
        if query.flow is not None:
            runs.ask("runs.flow = ?", query.flow)
        ask_projects(query.projects, runs)
        if runs.bindings:
            column = "run" if query.run is not None else "+run"
            where.ask(f"{column} IN (SELECT id FROM runs {runs})", *runs.bindings)
        return where

    def _pairs(self, query: ArtifactQuery) -> Iterator[tuple[str, str]]:
        """Give the names and types that occur and match, one look at the index each."""
        part = query.search.casefold()
        # The empty name is that of items: no artifact.
        name, kind = (query.name, "") if query.name else ("", _LAST_TEXT)
        for _ in range(_MOST_KNOWN):
            row = self._database.row(self._database.sql["next_artifact_name"], (name, kind))
            if row is None or (query.name is not None and row[0] != query.name):
                return
            name, kind = row
            if query.type in (None, kind) and (part in name.casefold() or part in kind.casefold()):
                yield name, kind

    def _where(self, query: ArtifactQuery) -> Where:
        """Give what is asked of runs and place; and of name and type, for those that come by neither."""
        where = Where()
        if query.cursor:
            named, label, name = position_of(query, query.cursor, 3)
            run = number_of(self._database, named)
            compares = ">" if query.is_ascending else "<"
            where.ask(
                f"artifacts.run {compares}= ? AND (artifacts.run {compares} ? OR artifacts.label {compares} ?"
                " OR (artifacts.label = ? AND name > ?))",
                *(run, run, label, label, name),
            )
        if query.run is not None:
            where.ask("runs.run = ?", query.run)
        if query.flow is not None:
            where.ask("runs.flow = ?", query.flow)
        ask_projects(query.projects, where)
        if query.name is not None:
            where.ask("name = ?", query.name)
        if query.type is not None:
            where.ask("type = ?", query.type)
        if query.search:
            where.ask("holds_text(?, name, type)", query.search.casefold())
        return where


def _falling(place: _Place) -> tuple[int, int, str]:
    run, label, name = place
    return -run, -label, name


def _rising(place: _Place) -> tuple[int, int, str]:
    return place


def _row(row: tuple[Any, ...]) -> NamedArtifact:
    run, flow, run_label, project, step, label, key, name, at, *columns, header = row
    ref = ref_of(columns)
    decoded = None if header is None else _decode_header(header)
    return NamedArtifact(run, flow, run_label, project, step, label, key, name, ref, at, decoded)
