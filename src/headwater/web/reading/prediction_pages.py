"""Pages of the prediction log, sorted: the narrow columns of many entries first, then those of the page whole."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headwater.hosting.predictions import arrow_and_parquet, read_predictions
from headwater.model.errors import CursorRefused

#: Entries that are looked through for one page.
MOST_ROWS = 20_000
#: What is filtered and sorted by.
_NARROW = ("id", "at", "version", "endpoint", "origin", "status", "seconds")
#: Entries lie in the order of time only to some seconds: files are written side by side.
_SLACK_SECONDS = 60.0


class Wanted(msgspec.Struct, frozen=True):
    """Which entries, and in which order."""

    home: str
    service: str
    #: Unix times; `until` stays out.
    since: float
    until: float
    version: int | None
    endpoint: str | None
    origin: str | None
    failed: bool
    #: `at`, or another narrow column; equal ones by time, then id.
    column: str
    is_rising: bool
    limit: int
    #: What the last entry of the page before is sorted by, its time and its id; None = the first page.
    behind: tuple[float | int | str, float, str] | None


class Found(msgspec.Struct, frozen=True):
    """A page."""

    #: Whole entries, in the order that was asked for.
    rows: list[dict[str, Any]]
    #: What the next page begins behind; None at the end.
    behind: tuple[float | int | str, float, str] | None
    #: Older entries were not looked at.
    is_cut: bool
    #: Files of the log that could not be read.
    damaged: int


def read_page(wanted: Wanted) -> Found:
    """Give a page of the log.

    By time, the pages go on to the end of the log, however long; a page may have fewer entries than asked for. By other
    columns, the newest 20,000 entries are sorted.

    Raises:
        NotInstalled: pyarrow is missing.
        CursorRefused: what the page is to begin behind is not of the column's kind.
    """
    arrow, _ = arrow_and_parquet()
    damaged: list[str] = []
    table, edge = (_by_time if wanted.column == "at" else _newest)(wanted, damaged)
    if table is None:
        return Found([], None, edge is not None, len(damaged))
    try:
        table = _behind(table, wanted)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, arrow.ArrowTypeError) as error:
        raise CursorRefused("is none") from error
    order = "ascending" if wanted.is_rising else "descending"
    table = table.sort_by([(name, order) for name in dict.fromkeys((wanted.column, "at", "id"))])
    places = table.slice(0, wanted.limit).select(list(dict.fromkeys((wanted.column, "at", "id")))).to_pylist()
    last = None
    if table.num_rows > wanted.limit:
        last = (places[-1][wanted.column], places[-1]["at"], places[-1]["id"])
    elif edge is not None and wanted.column == "at":
        last = (edge, edge, "")
    return Found(_whole(wanted, places, damaged), last, edge is not None, len(damaged))


def _by_time(wanted: Wanted, damaged: list[str]) -> tuple[Any, float | None]:
    """Give the entries among which the page is, and where looking stopped: beyond there may be more."""
    since, until = wanted.since, wanted.until
    if wanted.behind is not None:
        at = wanted.behind[1]
        since, until = (max(since, at), until) if wanted.is_rising else (since, min(until, at + 0.001))
    seen = 0
    kept: list[Any] = []
    count = 0
    for table in _tables(wanted, since, until, damaged, newest_first=not wanted.is_rising):
        seen += table.num_rows
        matching = _matching(table, wanted)
        kept.append(matching)
        count += _behind(matching, wanted).num_rows
        ends = _ends(table)
        if count > wanted.limit and _is_enough(kept, wanted, ends):
            break
        if seen >= MOST_ROWS:
            slack = min(_SLACK_SECONDS, (ends[1] - ends[0]) / 2)
            edge = ends[1] - slack if wanted.is_rising else ends[0] + slack
            return _up_to(_joined(kept), edge, wanted), edge
    return _joined(kept), None


def _newest(wanted: Wanted, damaged: list[str]) -> tuple[Any, float | None]:
    """Give the newest entries, and the time of the oldest of them when there may be more."""
    kept: list[Any] = []
    seen = 0
    for table in _tables(wanted, wanted.since, wanted.until, damaged, newest_first=True):
        room = MOST_ROWS - seen
        part = table.slice(max(0, table.num_rows - room))
        seen += part.num_rows
        kept.append(_matching(part, wanted))
        if table.num_rows >= room:
            return _joined(kept), _ends(part)[0]
    return _joined(kept), None


def _tables(wanted: Wanted, since: float, until: float, damaged: list[str], *, newest_first: bool) -> Iterator[Any]:
    return read_predictions(
        wanted.home,
        wanted.service,
        since=since,
        until=until,
        version=wanted.version,
        columns=_NARROW,
        newest_first=newest_first,
        damaged=damaged,
    )


def _matching(table: Any, wanted: Wanted) -> Any:
    import pyarrow.compute as compute

    if wanted.endpoint is not None:
        table = table.filter(compute.field("endpoint") == wanted.endpoint)
    if wanted.origin is not None:
        table = table.filter(compute.field("origin") == wanted.origin)
    return table.filter(compute.field("status") >= 400) if wanted.failed else table


def _behind(table: Any, wanted: Wanted) -> Any:
    """Give the entries that come after the page before."""
    import pyarrow.compute as compute

    if wanted.behind is None:
        return table
    value, at, name = wanted.behind
    if isinstance(value, str) != (wanted.column in ("id", "endpoint", "origin")):
        raise CursorRefused("is none")

    def after(column: str, than: float | int | str) -> Any:
        field = compute.field(column)
        return field > than if wanted.is_rising else field < than

    alike = compute.field(wanted.column) == value
    same_time = compute.field("at") == at
    return table.filter(after(wanted.column, value) | (alike & (after("at", at) | (same_time & after("id", name)))))


def _is_enough(kept: Sequence[Any], wanted: Wanted, ends: tuple[float, float]) -> bool:
    """Whether nothing that comes later in the log belongs onto the page."""
    order = "ascending" if wanted.is_rising else "descending"
    times = _behind(_joined(kept), wanted).sort_by([("at", order)]).column("at")
    last = times[wanted.limit].as_py()
    return bool(ends[0] - _SLACK_SECONDS > last if wanted.is_rising else ends[1] + _SLACK_SECONDS < last)


def _up_to(table: Any, edge: float, wanted: Wanted) -> Any:
    import pyarrow.compute as compute

    if table is None:
        return None
    at = compute.field("at")
    return table.filter(at < edge if wanted.is_rising else at >= edge)


def _whole(wanted: Wanted, places: Sequence[dict[str, Any]], damaged: list[str]) -> list[dict[str, Any]]:
    """Give the entries of a page with everything that was logged, in this order."""
    import pyarrow.compute as compute

    if not places:
        return []
    times = [place["at"] for place in places]
    ids = [place["id"] for place in places]
    found: dict[str, dict[str, Any]] = {}
    for table in read_predictions(
        wanted.home,
        wanted.service,
        since=min(times),
        until=max(times) + 0.001,
        version=wanted.version,
        damaged=damaged,
    ):
        found.update((row["id"], row) for row in table.filter(compute.field("id").isin(ids)).to_pylist())
        if len(found) == len(ids):
            break
    return [found[name] for name in ids if name in found]


def _ends(table: Any) -> tuple[float, float]:
    import pyarrow.compute as compute

    ends = compute.min_max(table.column("at")).as_py()
    return ends["min"], ends["max"]


def _joined(tables: Sequence[Any]) -> Any:
    arrow, _ = arrow_and_parquet()
    return arrow.concat_tables(tables) if tables else None
