"""What a listing shows of a value: shape, schema and a short excerpt, made when it is saved; never raises."""

import reprlib
from itertools import islice

from headwater.model.artifact import Header

_TEXT_CHARACTERS = 1024


def type_name(value: object) -> str:
    """Give the full name of a value's class: `int`, `numpy.ndarray`, `pandas.DataFrame`."""
    kind = type(value)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def describe(value: object) -> Header:
    """Describe a value."""
    return Header(preview=_text(value))


def describe_items(first: list[object], count: int) -> Header:
    """Describe the items of a foreach by their first few."""
    shown = [_text(value)[:200] for value in islice(first, 5)]
    return Header(shape=(count,), kind="json", preview={"count": count, "first": shown})


def _text(value: object) -> str:
    if isinstance(value, str):
        return value[:_TEXT_CHARACTERS]
    try:
        return reprlib.repr(value)[:_TEXT_CHARACTERS]
    except Exception:  # noqa: BLE001 - the user's repr may raise anything
        return f"<{type_name(value)}>"
