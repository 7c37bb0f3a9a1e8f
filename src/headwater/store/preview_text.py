"""Excerpts of values as text and as trees, without running code of the user's classes."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from math import isfinite
from typing import Any

from headwater.model.masking import masked_bytes_start, masked_start

_CHARACTERS = 1024
_LEAF_CHARACTERS = 120
_WIDTH = 20
_LEVELS = 4
_NODES = 200


def clean(text: str, most: int = _CHARACTERS) -> str:
    """Cut a text to length, and replace what is no character (it could not be written as JSON)."""
    text = masked_start(text, most)
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    return cut.encode("utf-8", "replace").decode()


def short_text(value: object, most: int = _CHARACTERS) -> str:
    """Show a value in at most so many characters."""
    if isinstance(value, type):
        return clean(f"<class {value.__module__}.{value.__qualname__}>", most)
    package = type(value).__module__.partition(".")[0]
    if package in ("builtins", "numpy", "pandas"):
        return clean(_builtin_text(value), most)
    if package in sys.stdlib_module_names and not _has_elements(value):
        return clean(repr(value), most)
    fields = _fields(value)
    inside = ", ".join(f"{name}={_leaf(element)}" for name, element in islice(fields, _WIDTH))
    return clean(f"{type(value).__qualname__}({inside})", most)


def tree(value: object, levels: int = _LEVELS, most: int = _NODES) -> object:
    """Give a value as JSON-able data, cut in depth, in width and in number of nodes.

    What was cut shows as the text `...`; a mapping's keys become texts.
    """
    left = [most]
    return _tree(value, levels, left)


def model_text(value: Any) -> str:
    """Show an estimator: its class and the parameters it was made with."""
    parameters = value.get_params(deep=False)
    lines = [f"{type(value).__module__}.{type(value).__qualname__}"]
    lines += [f"  {name} = {_leaf(element)}" for name, element in islice(sorted(parameters.items()), 40)]
    return clean("\n".join(lines))


def html_title(text: str) -> str:
    """Give the title of a page; empty when it has none."""
    lower = text[:20_000].lower()
    start = lower.find("<title>")
    end = lower.find("</title>", start)
    return clean(text[start + 7 : end].strip(), 200) if 0 <= start < end else ""


def _tree(value: object, levels: int, left: list[int]) -> object:
    left[0] -= 1
    if not isinstance(value, dict | list | tuple | set | frozenset):
        return _leaf_data(value)
    if levels == 0 or left[0] <= 0:
        return "..."
    if isinstance(value, dict):
        pairs = islice(value.items(), _WIDTH)
        shown = {_plain_text(key): _tree(element, levels - 1, left) for key, element in pairs}
        return {**shown, "...": f"{len(value)} in all"} if len(value) > _WIDTH else shown
    listed = [_tree(element, levels - 1, left) for element in islice(value, _WIDTH)]
    return [*listed, f"... {len(value)} in all"] if len(value) > _WIDTH else listed


def _leaf_data(value: object) -> object:
    if value is None or type(value) is bool:
        return value
    if type(value) is int and -(1 << 53) <= value <= 1 << 53:
        return value
    if type(value) is float and isfinite(value):
        return value
    return _plain_text(value)


def _plain_text(value: object) -> str:
    if isinstance(value, str):
        return clean(str.__str__(value), _LEAF_CHARACTERS)
    return short_text(value, _LEAF_CHARACTERS)


def _leaf(value: object) -> str:
    """Show an element of a larger thing; what may have elements itself is only counted."""
    if _has_elements(value):
        return f"<{type(value).__qualname__} of {len(value)}>"  # type: ignore[arg-type]
    if type(value).__module__.partition(".")[0] in sys.stdlib_module_names:
        return clean(_builtin_text(value), _LEAF_CHARACTERS)
    return f"<{type(value).__qualname__}>"


def _has_elements(value: object) -> bool:
    return (
        isinstance(value, Iterable) and hasattr(type(value), "__len__") and not isinstance(value, str | bytes | range)
    )


def _builtin_text(value: object) -> str:
    if isinstance(value, str):
        return repr(masked_start(value, _CHARACTERS)[:_CHARACTERS])
    if isinstance(value, bytes | bytearray):
        return repr(masked_bytes_start(value, _CHARACTERS)[:_CHARACTERS])
    if type(value) is int and value.bit_length() > 2000:
        return f"an int of {value.bit_length()} bits"
    if _has_elements(value):
        return f"<{type(value).__qualname__} of {len(value)}>"  # type: ignore[arg-type]
    return repr(value)


def _fields(value: object) -> Iterator[tuple[str, object]]:
    held = getattr(value, "__dict__", None)
    if isinstance(held, dict):
        yield from list(held.items())
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            try:
                yield name, object.__getattribute__(value, name)
            except AttributeError:
                continue
