"""Finds a name that a JSON object has twice: parsers differ in which value they take, so we take neither."""

import json
import re

#: A text, and the colon that makes it a name.
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?')
#: With more quotes than this, looking at each object is faster than at each text.
_MANY_QUOTES = 200


class _Twice(Exception):
    """A name that stands twice in one object."""


def repeated_name(body: bytes) -> str | None:
    """Give a name that some object has twice; None when there is none.

    Args:
        body: valid JSON.
    """
    if body.count(b":") < 2:
        return None
    if body.count(b'"') <= _MANY_QUOTES and b"\\" not in body:
        names = [name for name, colon in _TEXT.findall(body) if colon]
        if len(names) == len(set(names)):
            return None
    try:
        # Values do not matter here, and a number of 5,000 digits is no reason to fail.
        json.loads(body.decode(), object_pairs_hook=_checked, parse_int=len, parse_float=len)
    except _Twice as twice:
        return str(twice)
    return None


def _checked(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) == len(pairs):
        return
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _Twice(name)
        seen.add(name)
