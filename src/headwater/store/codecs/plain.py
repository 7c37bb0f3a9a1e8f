"""Values that JSON holds exactly: None, bool, int, float, str, and lists and dicts of them."""

from math import isfinite

import msgspec

from headwater.store.codecs.encoded import Encoded, Naming

#: JSON numbers beyond this are not read back as int everywhere.
_LARGEST_INT = 1 << 63
#: Larger containers go to pickle, which is faster than looking at every element here.
_MOST_ELEMENTS = 20_000
_MOST_LEVELS = 50


class PlainCodec:
    """JSON; takes only what comes back equal in value, type and order, with nothing contained twice."""

    name = "json/1"

    def encode(self, value: object, naming: Naming) -> Encoded | None:
        if not _is_plain(value):
            return None
        try:
            return Encoded(self.name, msgspec.json.encode(value))
        except (UnicodeEncodeError, OverflowError, ValueError):  # lone surrogates
            return None

    def decode(self, in_band: memoryview, buffers: list[memoryview]) -> object:
        return msgspec.json.decode(in_band)


def _is_plain(value: object) -> bool:
    kind = type(value)
    if kind is list or kind is dict:
        return _is_plain_container(value)
    return _is_plain_scalar(value)


def _is_plain_scalar(value: object) -> bool:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_LARGEST_INT <= value < _LARGEST_INT  # type: ignore[operator]
    return kind is float and isfinite(value)  # type: ignore[arg-type]


def _is_plain_container(value: object) -> bool:
    """Walk the containers; one that is met twice would come back as two, so it is not plain."""
    left = _MOST_ELEMENTS
    met: set[int] = set()
    level: list[object] = [value]
    for _ in range(_MOST_LEVELS):
        below: list[object] = []
        for container in level:
            if id(container) in met:
                return False
            met.add(id(container))
            left -= len(container)  # type: ignore[arg-type]
            if left < 0:
                return False
            elements = container
            if type(container) is dict:
                if not all(type(key) is str for key in container):
                    return False
                elements = container.values()
            for element in elements:  # type: ignore[attr-defined]
                kind = type(element)
                if kind is list or kind is dict:
                    below.append(element)
                elif not _is_plain_scalar(element):
                    return False
        if not below:
            return True
        level = below
    return False
