import pytest

from headwater.hosting.monitor.columns import aligned, rows_of_request

CASES = [
    ('{"text": "so good"}', [{"text": "so good"}]),
    ('{"text": ["a", "b"]}', [{"text": "a"}, {"text": "b"}]),
    ('{"customer": {"age": 3, "plan": "plus"}}', [{"age": 3, "plan": "plus"}]),
    ('{"rows": [{"age": 3}, {"age": null}]}', [{"age": 3}, {"age": None}]),
    ('{"x": [1, 2.5]}', [{"x[0]": 1, "x[1]": 2.5}]),
    ('{"x": [[1, 2], [3, 4]]}', [{"x[0]": 1, "x[1]": 2}, {"x[0]": 3, "x[1]": 4}]),
    ('{"age": 3, "home": {"town": "Ulm"}}', [{"age": 3, "home.town": "Ulm"}]),
    (
        '{"inputs": [{"name": "x", "shape": [2, 2], "data": [1, 2, 3, 4]}]}',
        [{"x[0]": 1, "x[1]": 2}, {"x[0]": 3, "x[1]": 4}],
    ),
    ('{"inputs": [{"name": "text", "shape": [2], "data": ["a", "b"]}]}', [{"text": "a"}, {"text": "b"}]),
    ("{}", []),
    ("[1, 2]", []),
    ('{"text": "cut off', []),
    ("[" * 100_000, []),
]


@pytest.mark.parametrize("body, rows", CASES)
def test_a_request_is_rows_of_plain_values(body: str, rows: list[object]) -> None:
    assert rows == rows_of_request(body)


def test_columns_are_found_by_name_then_by_the_last_part_then_by_place() -> None:
    assert aligned(["age", "plan"], ["plan", "age", "extra"]) == {"age": "age", "plan": "plan"}
    assert aligned(["age"], ["customer.age", "customer.plan"]) == {"age": "customer.age"}
    assert aligned(["X_train"], ["text"]) == {"X_train": "text"}
    assert aligned(["X[0]", "X[1]"], ["width", "height"]) == {"X[0]": "width", "X[1]": "height"}
    assert aligned(["age", "plan"], ["width", "height", "depth"]) is None
