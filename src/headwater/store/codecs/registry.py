"""Which codec takes a value, and which one reads what was written."""

import sys

from headwater.model.errors import FormatUnknown
from headwater.store.codecs.arrays import ArrayCodec
from headwater.store.codecs.encoded import Codec, Encoded, Naming
from headwater.store.codecs.pickled import PickleCodec
from headwater.store.codecs.plain import PlainCodec
from headwater.store.codecs.tables import ArrowCodec, PolarsCodec
from headwater.store.codecs.tensors import TensorCodec

_PICKLE = PickleCodec()
_PLAIN = PlainCodec()
#: By the top package of the value's class; a codec is asked only when that package is imported anyway.
_BY_PACKAGE: dict[str, tuple[Codec, ...]] = {
    "builtins": (_PLAIN,),
    "numpy": (ArrayCodec(),),
    "polars": (PolarsCodec(),),
    "pyarrow": (ArrowCodec(),),
    "torch": (TensorCodec(),),
}
_BY_NAME: dict[str, Codec] = {
    codec.name: codec for codec in (_PICKLE, *(codec for codecs in _BY_PACKAGE.values() for codec in codecs))
}


def encode(value: object, naming: Naming) -> Encoded:
    """Turn a value into bytes; raises whatever its own reduction raises."""
    package = type(value).__module__.partition(".")[0]
    if package == "builtins" or package in sys.modules:
        for codec in _BY_PACKAGE.get(package, ()):
            encoded = codec.encode(value, naming)
            if encoded is not None:
                return encoded
    return _PICKLE.encode(value, naming)


def decode(codec: str, in_band: memoryview, buffers: list[memoryview]) -> object:
    """Turn bytes back into a value.

    Raises:
        FormatUnknown: no codec of this name and version is known here.
    """
    found = _BY_NAME.get(codec)
    if found is None:
        raise FormatUnknown(f"no codec {codec!r} is known here", hint="upgrade headwater to read it")
    return found.decode(in_band, buffers)
