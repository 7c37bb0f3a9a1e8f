"""What a listing shows of a value: shape, schema and a short excerpt, made when it is saved.

Nothing here raises, runs long or runs code of the user's classes: a broken `__repr__` does not matter.
"""

import sys
from collections.abc import Callable, Iterable

import msgspec

from headwater.model.artifact import Header
from headwater.store.preview_arrays import array_header, tensor_header
from headwater.store.preview_frames import arrow_header, pandas_header, polars_header
from headwater.store.preview_images import figure_header, image_header
from headwater.store.preview_text import clean, html_title, model_text, short_text, tree

_PREVIEW_BYTES = 48 * 1024
_SCALARS = (int, float, bool, type(None))
#: By the top package of the class: what describes its values; None = as text.
_BY_PACKAGE: dict[str, Callable[[object], Header | None]] = {
    "numpy": array_header,
    "pandas": pandas_header,
    "polars": polars_header,
    "pyarrow": arrow_header,
    "torch": tensor_header,
    "PIL": image_header,
    "matplotlib": figure_header,
}


def type_name(value: object) -> str:
    """Give the full name of a value's class as its users write it: `int`, `numpy.ndarray`, `pandas.DataFrame`."""
    kind = type(value)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    package = kind.__module__.partition(".")[0]
    if package in _BY_PACKAGE and getattr(sys.modules.get(package), kind.__name__, None) is kind:
        return f"{package}.{kind.__name__}"
    return f"{kind.__module__}.{kind.__qualname__}"


def describe(value: object) -> Header:
    """Describe a value."""
    if type(value) in _SCALARS:
        return Header(preview=clean(repr(value) if type(value) is not int else _number(value)))
    try:
        header = _describe(value)
        if len(msgspec.json.encode(header.preview)) <= _PREVIEW_BYTES:
            return header
    except Exception:  # noqa: BLE001 - any library may raise anything about its own values
        return Header(preview=f"<{type_name(value)}>")
    return Header(shape=header.shape, dtype=header.dtype, preview=f"<{type_name(value)}>")


def describe_items(first: Iterable[object], count: int) -> Header:
    """Describe the items of a foreach by their first few."""
    shown = [tree(value, levels=2, most=40) for value in first]
    return Header(shape=(count,), kind="json", preview={"count": count, "first": shown})


def _describe(value: object) -> Header:
    for kind in type(value).__mro__:
        describe_known = _BY_PACKAGE.get(kind.__module__.partition(".")[0])
        header = None if describe_known is None else describe_known(value)
        if header is not None:
            return header
    if isinstance(value, str):
        return _text_header(value)
    if isinstance(value, dict | list | tuple | set | frozenset):
        return Header(shape=(len(value),), kind="json", preview=tree(value))
    if hasattr(type(value), "get_params") and hasattr(type(value), "fit"):
        return Header(kind="model", preview=model_text(value))
    return Header(preview=short_text(value))


def _text_header(value: str) -> Header:
    start = value[:200].lstrip().lower()
    if start.startswith(("<!doctype html", "<html")):
        return Header(shape=(len(value),), kind="html", preview={"size": len(value), "title": html_title(value)})
    return Header(shape=(len(value),), preview=clean(value))


def _number(value: int) -> str:
    # Python refuses to write very long numbers, and is slow at it.
    return repr(value) if value.bit_length() < 2000 else f"an int of {value.bit_length()} bits"
