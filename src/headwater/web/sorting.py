"""Lists that are bounded by nature (aliases, versions, people), sorted in memory and given page by page.

What may have very many rows is sorted where it is kept: in the ledger. Either way a cursor names the last row that was
given by what it is sorted by and by its name, so that rows that come or go meanwhile shift nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Generic, TypeVar

import msgspec

from headwater.ledger.paging import cursor_at, position_of
from headwater.model.errors import CursorRefused
from headwater.web.run_paths import Limit

#: What rows are sorted by; None = the row has no such value, and comes last in both directions.
Value = float | int | str | None

Item = TypeVar("Item")

#: Fields of queries that do not change what is listed, and in which order.
_OF_THE_PAGE = ("cursor", "limit")


#: Where the page before ended.
Cursor = Annotated[str, msgspec.Meta(max_length=8000)]


class SortedQuery(msgspec.Struct, frozen=True):
    """Which part of a list, and in which order; what else it has narrows the list."""

    #: A column; `-` before it = falling.
    sort: str = ""
    limit: Limit = 50
    #: Of the page before; belongs to the same list, filters and order.
    cursor: Cursor | None = None


class Sorting(msgspec.Struct, Generic[Item], frozen=True):
    """How a list can be sorted."""

    #: Column -> its value in a row; texts are compared in lower case.
    columns: Mapping[str, Callable[[Item], Value]]
    #: Tells a row from all others; decides between equal ones.
    name: Callable[[Item], float | int | str]


class _Question(msgspec.Struct, frozen=True):
    """What a cursor belongs to."""

    kind: str
    #: Whose list: the deployment of versions, the service of rollouts.
    of: str
    asked: dict[str, object]


def direction(sort: str) -> tuple[str, bool]:
    """Give the column of a `sort`, and whether it rises: `-at` = the latest first."""
    return sort.removeprefix("-"), not sort.startswith("-")


def page_of(
    rows: Iterable[Item], sorting: Sorting[Item], query: SortedQuery, *, of: str = ""
) -> tuple[list[Item], str | None]:
    """Give the rows of a page in the order that is asked for, and the cursor behind them; None at the end.

    Args:
        rows: all that are asked for, in any order.
        sorting: how they can be sorted.
        query: the page, and the order; its `sort` is one of the columns.
        of: whose list it is, when the address says it.

    Raises:
        CursorRefused: the cursor is none, or that of another list, of other filters or of another order.
    """
    column, is_rising = direction(query.sort)
    value = sorting.columns[column]
    places = [((*_comparable(value(row)), sorting.name(row)), row) for row in rows]
    if query.cursor:
        has_value, behind, name = read_cursor(query, query.cursor, 3, of=of)
        try:
            places = [each for each in places if _is_behind(each[0], (int(has_value), behind, name), is_rising)]
        except (TypeError, ValueError) as error:
            raise CursorRefused("is none") from error
    valued = sorted((each for each in places if each[0][0]), key=_place, reverse=not is_rising)
    others = sorted((each for each in places if not each[0][0]), key=_place, reverse=not is_rising)
    found = [*valued, *others]
    page = found[: query.limit]
    return [row for _, row in page], cursor_behind(query, *page[-1][0], of=of) if len(found) > query.limit else None


def cursor_behind(query: SortedQuery, *position: float | int | str, of: str = "") -> str:
    """Give the cursor of what follows on a row, which its position tells from all others; it belongs to this query."""
    return cursor_at(_question(query, of), position)


def read_cursor(query: SortedQuery, cursor: str, size: int, *, of: str = "") -> tuple[float | int | str, ...]:
    """Give the position in a cursor.

    Raises:
        CursorRefused: it is none, or that of another list, of other filters or of another order.
    """
    return position_of(_question(query, of), cursor, size)


#: Whether there is a value, the value, and the row's name.
_Place = tuple[int, float | int | str, float | int | str]


def _place(each: tuple[_Place, object]) -> _Place:
    return each[0]


def _comparable(value: Value) -> tuple[int, float | int | str]:
    if value is None:
        return 0, 0
    return 1, value.casefold() if isinstance(value, str) else value


def _is_behind(place: _Place, behind: _Place, is_rising: bool) -> bool:
    if place[0] != behind[0]:
        return place[0] < behind[0]  # those without a value come last
    return place > behind if is_rising else place < behind


def _question(query: SortedQuery, of: str) -> _Question:
    asked = {name: value for name, value in msgspec.structs.asdict(query).items() if name not in _OF_THE_PAGE}
    return _Question(type(query).__name__, of, asked)
