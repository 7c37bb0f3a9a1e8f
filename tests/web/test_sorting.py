"""Lists that are sorted in memory, and what all lists of the API have in common."""

from typing import Literal, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.ledger.paging import cursor_at
from headwater.model.errors import CursorRefused
from headwater.web.openapi import describe
from headwater.web.routes import shape_of
from headwater.web.sorting import SortedQuery, Sorting, page_of
from headwater.web.tables import all_routes


class Row(msgspec.Struct, frozen=True):
    name: str
    text: str
    number: float | None


class Query(SortedQuery, frozen=True):
    search: str = ""
    sort: Literal["text", "-text", "number", "-number"] = "text"


SORTING = Sorting({"text": lambda row: row.text, "number": lambda row: row.number}, lambda row: row.name)
ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from([f"r{number}" for number in range(12)]),
        st.sampled_from(["a", "A", "b", "É", "é", ""]),
        st.sampled_from([None, 0.0, 1.0, -2.5]),
    ),
    max_size=12,
    unique_by=lambda row: row.name,
)


def expected(rows, sort):
    """A plain sort: by value, then by name; without a value last, both ways."""
    by_name = sorted(rows, key=lambda row: row.name)
    if sort.endswith("text"):
        ordered, others = sorted(by_name, key=lambda row: row.text.casefold()), []
    else:
        ordered = sorted((row for row in by_name if row.number is not None), key=lambda row: row.number)
        others = [row for row in by_name if row.number is None]
    return [*ordered[::-1], *others[::-1]] if sort.startswith("-") else [*ordered, *others]


@settings(max_examples=150, deadline=None)
@given(
    rows=ROWS,
    later=ROWS,
    gone=st.sets(st.integers(0, 11)),
    limit=st.integers(1, 5),
    sort=st.sampled_from(["text", "-text", "number", "-number"]),
)
def test_rows_come_once_each_in_order_also_while_others_come_and_go(rows, later, gone, limit, sort):
    coming = [row for row in later if row.name not in {each.name for each in rows}]
    leaving = {row.name for place, row in enumerate(rows) if place in gone}
    now = list(rows)
    page, cursor = page_of(now, SORTING, Query(sort=sort, limit=limit))
    found = list(page)
    while cursor is not None:
        assert len(page) == limit
        now = [row for row in rows if row.name not in leaving] + coming
        page, cursor = page_of(now, SORTING, Query(sort=sort, limit=limit, cursor=cursor))
        found += page

    stay = {row.name for row in rows} - leaving
    assert [row for row in found if row.name in stay] == [row for row in expected(rows, sort) if row.name in stay]
    assert len({row.name for row in found}) == len(found)


def test_a_cursor_of_another_order_filter_or_list_is_refused():
    rows = [Row("a", "x", 1.0), Row("b", "y", None), Row("c", "z", 2.0)]
    _, cursor = page_of(rows, SORTING, Query(limit=1), of="Churn")

    assert page_of(rows, SORTING, Query(limit=5, cursor=cursor), of="Churn")[0] == rows[1:]
    for query, of in (
        (Query(sort="-text", cursor=cursor), "Churn"),
        (Query(search="x", cursor=cursor), "Churn"),
        (Query(cursor=cursor), "Fraud"),
        (Query(cursor="odd"), "Churn"),
        (Query(cursor="5b315d"), "Churn"),
        (Query(cursor="00" * 3000), "Churn"),
    ):
        with pytest.raises(CursorRefused):
            page_of(rows, SORTING, query, of=of)


def test_a_cursor_that_somebody_made_up_is_refused_too():
    rows = [Row("a", "x", 1.0), Row("b", "y", None)]

    class Stolen(msgspec.Struct, frozen=True):
        """Takes the place of the question in a cursor: its number is worked out from names and fields alone."""

        kind: str
        of: str
        asked: dict[str, object]

    stolen = msgspec.defstruct("_Question", [("kind", str), ("of", str), ("asked", dict)], frozen=True)
    question = stolen("Query", "", {"sort": "text", "search": ""})

    def forged(*position):
        return Query(cursor=cursor_at(question, position))

    assert page_of(rows, SORTING, forged(1, "x", "a"))[0] == [rows[1]]
    for position in ((1, 5, "a"), (1, "x", 5), ("x", "x", "a"), (1, "x"), (1, "x", "a", "b")):
        with pytest.raises(CursorRefused):
            page_of(rows, SORTING, forged(*position))


# What all lists have in common

#: Lists that have one order only, and why.
UNSORTED = {
    "GET /alert-channels": "a few lines of a file",
    "GET /firings/next": "it has no end: the soonest are those that there are",
    "GET /runs/{flow}/{label}/metrics/{name:path}": "curves, drawn together",
    "GET /deployments/{target}/versions/{number}/files": "a tree of files, by path",
}


def lists():
    """Give every route that answers with rows and a cursor."""
    for route in all_routes():
        shape = shape_of(route)
        fields = getattr(shape.answer, "__struct_fields__", ())
        if route.method == "GET" and {"rows", "cursor"} <= set(fields):
            yield f"{route.method} {route.path}", route, shape


def orders_of(query):
    return get_args(get_type_hints(query)["sort"])


def test_every_list_can_be_sorted_or_there_is_a_reason():
    unsorted = {name for name, _, shape in lists() if not (shape.query and issubclass(shape.query, SortedQuery))}

    assert unsorted == set(UNSORTED)


def test_every_order_goes_both_ways_and_is_named_in_the_description():
    paths = describe([route for _, route, _ in lists()])["paths"]
    for name, route, shape in lists():
        if name in UNSORTED:
            continue
        orders = orders_of(shape.query)
        told = {each["name"]: each["schema"] for each in paths[f"/api/v1{route.path}"]["get"]["parameters"]}

        assert {order.removeprefix("-") for order in orders} == {order for order in orders if order[0] != "-"}, name
        assert len(orders) % 2 == 0, name
        assert set(told["sort"]["enum"]) == set(orders), name
        assert told["sort"]["default"] in orders, name
