"""From logged requests to rows of plain values, and from their columns to those of the reference."""

import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec

#: What a cell holds; None = missing.
Value = bool | int | float | str | None
Row = dict[str, Value]

#: Rows of one request that are looked at, and columns of one row.
_MOST_ROWS = 100
_MOST_COLUMNS = 200
#: What pandas calls a missing time, and a missing anything.
_NO_VALUES = ("NaT", "<NA>")


def rows_of_request(body: str) -> list[Row]:
    """Give the rows that a logged request holds: one, or many of a frame or a list; none when it does not read."""
    try:
        request = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return []
    if not isinstance(request, dict) or not request:
        return []
    if _is_tensors(request):
        return _rows_of_tensors(request["inputs"])
    if len(request) > 1:
        return [dict(_cells("", request))]
    name, value = next(iter(request.items()))
    return rows_of_value(value, name)


def rows_of_value(value: object, name: str) -> list[Row]:
    """Give the rows of one value: of a list those of its items, of a list of numbers one row with a column each."""
    if not isinstance(value, list):
        return [dict(_cells("" if isinstance(value, dict) else name, value))]
    kept = value[:_MOST_ROWS]
    if kept and all(isinstance(each, int | float) or each is None for each in kept):
        return [dict(_cells(name, value))]
    return [dict(_cells("" if isinstance(each, dict) else name, each)) for each in kept]


def aligned(columns: Sequence[str], names: Sequence[str]) -> Mapping[str, str] | None:
    """Say which column of requests is which of the reference; None when they have nothing to do with each other.

    By name, or by the last part of a dotted one; where no name is common to both, by place.
    """
    by_name = {name: name for name in names} | {name.rpartition(".")[2]: name for name in names}
    found = {column: by_name[column] for column in columns if column in by_name}
    if found:
        return found
    return dict(zip(columns, names, strict=True)) if len(columns) == len(names) else None


def _is_tensors(request: Mapping[str, object]) -> bool:
    inputs = request.get("inputs")
    return isinstance(inputs, list) and all(isinstance(each, dict) and "data" in each for each in inputs)


def _rows_of_tensors(inputs: Sequence[Mapping[str, object]]) -> list[Row]:
    """A request of the Open Inference Protocol: each tensor is a column, a matrix as many as it is wide."""
    rows: list[Row] = []
    for tensor in inputs:
        name, data, shape = str(tensor.get("name", "")), tensor["data"], tensor.get("shape")
        if not isinstance(data, list):
            continue
        width = shape[1] if isinstance(shape, list) and len(shape) > 1 and isinstance(shape[1], int) else 1
        is_flat = width > 1 and not any(isinstance(each, list) for each in data)
        cells = [data[at : at + width] for at in range(0, len(data), width)] if is_flat else data
        for place, cell in enumerate(cells[:_MOST_ROWS]):
            if place == len(rows):
                rows.append({})
            rows[place].update(_cells(name, cell))
    return rows


def _cells(name: str, value: object) -> Iterator[tuple[str, Value]]:
    """Flatten a value: `customer.age` of a nested object, `x[3]` of a list of numbers."""
    if isinstance(value, dict):
        for key, each in list(value.items())[:_MOST_COLUMNS]:
            yield from _cells(f"{name}.{key}" if name else str(key), each)
    elif isinstance(value, list):
        for place, each in enumerate(value[:_MOST_COLUMNS]):
            if not isinstance(each, list | dict):
                yield f"{name}[{place}]", plain(each)
    else:
        yield name, plain(value)


def plain(value: object) -> Value:
    """Give a cell as it is compared: numbers that are none are missing."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    text = str(value)
    return None if text in _NO_VALUES else text
