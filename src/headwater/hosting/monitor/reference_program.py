"""Loads a reference artifact and gives rows of it: the version comes on standard input, rows go to standard output.

It runs with the packages of the version, so it uses nothing but what the value itself brings.
"""

import os
import random
import sys
from typing import Any

import msgspec

from headwater.home import open_home
from headwater.hosting.loading import make_service
from headwater.hosting.monitor.columns import Row, rows_of_value
from headwater.hosting.sources import small_of
from headwater.model.service import ServiceVersion

#: Rows that are looked at, drawn by lot from all.
MOST_ROWS = 5000
#: Fixed: the same reference gives the same profile.
_SEED = 11


class Sampled(msgspec.Struct, frozen=True):
    """Rows of a reference."""

    rows: list[Row]
    #: Why there are none, to be put behind its name.
    problem: str = ""


def main() -> None:
    """Load, draw, tell."""
    version = msgspec.json.decode(sys.stdin.buffer.read(), type=ServiceVersion)
    # What user code prints is no row.
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    name = version.definition.reference
    assert name is not None
    home = open_home(version.home)
    service, _ = make_service(version, small_of(home, version))
    with results:
        results.write(msgspec.json.encode(sample(getattr(service.artifacts, name), name)))


def sample(value: Any, name: str) -> Sampled:
    """Draw rows from an array, a frame, a series, a table, or a list of texts, numbers or rows."""
    try:
        rows = [row for item in _drawn(value, name) for row in rows_of_value(item, name)]
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        return Sampled([], f"({type(value).__name__}) has no rows: {error}")
    return Sampled(rows) if rows else Sampled([], f"({type(value).__name__}) has no rows")


def _drawn(value: Any, name: str) -> list[object]:
    """Give some items of a value, as plain ones."""
    if hasattr(value, "to_pandas") and not hasattr(value, "iloc"):  # tables of Arrow, frames of Polars
        value = value.to_pandas()
    if hasattr(value, "iloc"):
        value = value.iloc[_places(len(value))]
        return list(value.to_dict(orient="records")) if hasattr(value, "columns") else list(value.tolist())
    if hasattr(value, "tolist") and hasattr(value, "ndim"):
        if value.ndim == 0 or value.ndim > 2:
            raise ValueError(f"it has {value.ndim} dimensions")
        return [_vector(each) for each in value[_places(len(value))].tolist()]
    if isinstance(value, dict):
        if not all(isinstance(column, list | tuple) for column in value.values()):
            raise ValueError("a dictionary must hold a list for each column")
        rows = [dict(zip(value, cells, strict=False)) for cells in zip(*value.values(), strict=False)]
        return [rows[place] for place in _places(len(rows))]
    if not isinstance(value, list | tuple):
        raise ValueError("an array, a frame or a list is expected")
    return [_vector(value[place]) for place in _places(len(value))]


def _vector(item: object) -> object:
    """A row of numbers stays one row, whatever else is in it."""
    if hasattr(item, "tolist"):
        item = item.tolist()
    return [list(item)] if isinstance(item, list | tuple) else item


def _places(count: int) -> list[int]:
    if count <= MOST_ROWS:
        return list(range(count))
    return sorted(random.Random(_SEED).sample(range(count), MOST_ROWS))


if __name__ == "__main__":
    main()
