import numpy
import pandas
import polars
import pyarrow
import pytest

from headwater.hosting.monitor.reference_program import MOST_ROWS, sample

FRAME = {"age": [31, 52], "plan": ["basic", "plus"]}
ROWS = [{"age": 31, "plan": "basic"}, {"age": 52, "plan": "plus"}]
TWO_TEXTS = [{"X": "so good"}, {"X": "so bad"}]


@pytest.mark.parametrize(
    "value, rows",
    [
        (["so good", "so bad"], TWO_TEXTS),
        (numpy.array(["so good", "so bad"]), TWO_TEXTS),
        (numpy.array(["so good", "so bad"], dtype=object), TWO_TEXTS),
        (pandas.Series(["so good", "so bad"], index=[7, 9]), TWO_TEXTS),
        ([1.5, 2.5], [{"X": 1.5}, {"X": 2.5}]),
        ([[1, 2], [3, 4]], [{"X[0]": 1, "X[1]": 2}, {"X[0]": 3, "X[1]": 4}]),
        (numpy.array([[1, 2], [3, 4]]), [{"X[0]": 1, "X[1]": 2}, {"X[0]": 3, "X[1]": 4}]),
        (ROWS, ROWS),
        (FRAME, ROWS),
        (pandas.DataFrame(FRAME), ROWS),
        (polars.DataFrame(FRAME), ROWS),
        (pyarrow.table(FRAME), ROWS),
        (pandas.DataFrame({"age": [1.5, None], "on": pandas.to_datetime(["2025-03-01", None])}), None),
    ],
)
def test_rows_are_read_from_what_people_keep(value: object, rows: list[object] | None) -> None:
    expected = rows or [{"age": 1.5, "on": "2025-03-01 00:00:00"}, {"age": None, "on": None}]

    assert expected == sample(value, "X").rows


@pytest.mark.parametrize("value", [7, "text", None, [], numpy.zeros((2, 2, 2)), {"a": 1}, object()])
def test_what_has_no_rows_is_told(value: object) -> None:
    found = sample(value, "X")

    assert found.rows == []
    assert "has no rows" in found.problem


def test_large_references_are_sampled_from_end_to_end() -> None:
    found = [row["X"] for row in sample(list(range(100_000)), "X").rows]

    assert len(found) == MOST_ROWS
    assert found == [row["X"] for row in sample(list(range(100_000)), "X").rows]
    assert found == sorted(found)
    assert found[-1] > 99_000
