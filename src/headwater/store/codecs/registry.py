"""Which codec takes a value, and which one reads what was written.

A codec's module is loaded when a value asks for it: who only lists and previews never loads one that could run code.
"""

import importlib
import sys
from functools import cache

from headwater.model.errors import FormatUnknown
from headwater.store.codecs.encoded import Codec, Encoded, Naming

#: Codec of everything that no other one takes.
PICKLE = "pickle/1"
_PLAIN = "json/1"
#: Codec -> its module below headwater.store.codecs, and its class.
_CODECS: dict[str, tuple[str, str]] = {
    _PLAIN: ("plain", "PlainCodec"),
    "numpy/1": ("arrays", "ArrayCodec"),
    "polars/1": ("tables", "PolarsCodec"),
    "arrow/1": ("tables", "ArrowCodec"),
    "torch/1": ("tensors", "TensorCodec"),
    PICKLE: ("pickled", "PickleCodec"),
}
#: By the top package of the value's class; a codec is asked only when that package is imported anyway.
_BY_PACKAGE = {
    "builtins": (_PLAIN,),
    "numpy": ("numpy/1",),
    "polars": ("polars/1",),
    "pyarrow": ("arrow/1",),
    "torch": ("torch/1",),
}


def encode(value: object, naming: Naming) -> Encoded:
    """Turn a value into bytes; raises whatever its own reduction raises."""
    package = type(value).__module__.partition(".")[0]
    if package == "builtins" or package in sys.modules:
        for name in _BY_PACKAGE.get(package, ()):
            encoded = _codec(name).encode(value, naming)
            if encoded is not None:
                return encoded
    encoded = _codec(PICKLE).encode(value, naming)
    assert encoded is not None
    return encoded


def decode(codec: str, in_band: memoryview, buffers: list[memoryview]) -> object:
    """Turn bytes back into a value.

    Raises:
        FormatUnknown: no codec of this name and version is known here.
    """
    if codec not in _CODECS:
        raise FormatUnknown(f"no codec {codec!r} is known here", hint="upgrade headwater to read it")
    return _codec(codec).decode(in_band, buffers)


@cache
def _codec(name: str) -> Codec:
    module, kind = _CODECS[name]
    made: Codec = getattr(importlib.import_module(f"headwater.store.codecs.{module}"), kind)()
    return made
