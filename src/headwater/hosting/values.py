"""Values that JSON does not know by itself: arrays, frames, numbers of NumPy; told by name, none is imported."""

import sys
from typing import Any


def is_array(kind: object) -> bool:
    """Whether this type is `numpy.ndarray`."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and kind is numpy.ndarray


def is_frame(kind: object) -> bool:
    """Whether this type is `pandas.DataFrame`."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and kind is pandas.DataFrame


def from_json(kind: type, value: object) -> object:
    """Make an array of nested lists, or a frame of a list of rows (or a dictionary of columns).

    Raises:
        ValueError: it is not of one shape, or holds something that is no number.
        NotImplementedError: another type.
    """
    if is_array(kind):
        return _array(value)
    if is_frame(kind):
        return _frame(value)
    raise NotImplementedError(f"values of type {kind.__name__} cannot be read from JSON")


def _array(value: object) -> object:
    import numpy

    if isinstance(value, numpy.ndarray):
        return value
    if not isinstance(value, list):
        raise ValueError(f"expected nested lists of numbers, got {type(value).__name__}")
    try:
        found = numpy.asarray(value)
    except ValueError as error:
        raise ValueError("the lists are not all of one length") from error
    if found.dtype.kind not in "biuf":
        raise ValueError("expected numbers")
    return found


def _frame(value: object) -> object:
    import pandas

    if isinstance(value, pandas.DataFrame):
        return value
    is_rows = isinstance(value, list) and all(isinstance(row, dict) for row in value)
    is_columns = isinstance(value, dict) and all(isinstance(column, list) for column in value.values())
    if not is_rows and not is_columns:
        raise ValueError("expected a list of rows, each an object with a value a column")
    return pandas.DataFrame(value)


def to_json(value: Any) -> object:
    """Give what JSON can hold for an array, a frame, a series or a number of NumPy.

    Raises:
        NotImplementedError: another type.
    """
    if is_frame(type(value)):
        return value.to_dict(orient="records")
    for method in ("tolist", "to_list"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise NotImplementedError(f"an answer of type {type(value).__name__} has no JSON form")


def schema_of(kind: type) -> dict[str, object]:
    """Give the JSON schema of an array or a frame.

    Raises:
        NotImplementedError: another type.
    """
    if is_array(kind):
        return {"type": "array", "items": {}, "description": "numbers, nested as the array's dimensions"}
    if is_frame(kind):
        return {"type": "array", "items": {"type": "object"}, "description": "rows, with a value a column"}
    raise NotImplementedError
