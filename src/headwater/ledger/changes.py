"""The one order of everything that is written, for those who follow it."""

from typing import Any

from headwater.ledger.database import Database
from headwater.model.overviews import Change


class Changes:
    """The changes of one database; the database itself writes them, by triggers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(self, after: int, *, limit: int) -> list[Change]:
        return [_change(row) for row in self._database.rows(self._database.sql["changes"], (after, limit))]

    def last_change(self) -> int:
        return int(self._database.row(self._database.sql["last_change"])[0])


def _change(row: tuple[Any, ...]) -> Change:
    number, kind, run, flow, label, project, has_run, event, status, *others = row
    record_kind, record_key, version, published, name, scope, firing, target = others
    is_run = kind == "run"
    return Change(
        number,
        kind,
        run,
        flow or "",
        label or 0,
        (project or "") if has_run else None,
        event if is_run else 0,
        status if is_run else "",
        record_kind or "",
        record_key or "",
        version or 0,
        published or 0,
        name or "",
        scope,
        firing or "",
        target or "",
    )
