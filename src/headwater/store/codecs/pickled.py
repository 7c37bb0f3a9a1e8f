"""Everything that Python can pickle: protocol 5, large buffers left where they are."""

import io
import pickle
import sys
import threading
from typing import Any

from headwater.store.codecs.encoded import Encoded, Naming
from headwater.store.codecs.reductions import dispatch_table

#: Buffers smaller than this go into the stream.
OUT_OF_BAND_FROM_BYTES = 1024
#: For values nested deeper than the interpreter's usual limit.
_DEEP_LEVELS = 200_000
_DEEP_STACK_BYTES = 512 << 20


class PickleCodec:
    """Pickle with out-of-band buffers; classes of the main module are written under its canonical name."""

    name = "pickle/1"

    def encode(self, value: object, naming: Naming) -> Encoded:
        """Pickle it; raises whatever the value's own reduction raises."""
        try:
            return self._dump(value, naming)
        except RecursionError:
            return _in_deep_thread(lambda: self._dump(value, naming))

    def decode(self, in_band: memoryview, buffers: list[memoryview]) -> object:
        return pickle.loads(in_band, buffers=buffers)

    def _dump(self, value: object, naming: Naming) -> Encoded:
        buffers: list[memoryview] = []

        def take(buffer: pickle.PickleBuffer) -> bool:
            view = buffer.raw()
            if view.nbytes < OUT_OF_BAND_FROM_BYTES:
                return True
            buffers.append(view)
            return False

        stream = io.BytesIO()
        _pickler(stream, take, naming).dump(value)
        return Encoded(self.name, stream.getvalue(), tuple(buffers))


def _pickler(stream: io.BytesIO, take: Any, naming: Naming) -> pickle.Pickler:
    # The plain pickler is several times faster: it asks nobody about each object.
    if naming.main_module is None or naming.main_module == "__main__":
        pickler = pickle.Pickler(stream, 5, buffer_callback=take)
    else:
        pickler = _CanonicalPickler(stream, take, naming.main_module)
    pickler.dispatch_table = dispatch_table()
    return pickler


class _CanonicalPickler(pickle.Pickler):
    """Writes what was defined in `__main__` under the name by which other processes import it."""

    def __init__(self, stream: io.BytesIO, take: Any, main_module: str) -> None:
        super().__init__(stream, 5, buffer_callback=take)
        self._main_module = main_module

    def reducer_override(self, value: Any) -> Any:
        if getattr(value, "__module__", None) != "__main__" or not isinstance(value, type | _FUNCTION):
            return NotImplemented
        if not _is_found(value.__qualname__, value):
            return NotImplemented  # a lambda or local class: the pickler says it best
        from pkgutil import resolve_name

        return resolve_name, (f"{self._main_module}:{value.__qualname__}",)


_FUNCTION = type(lambda: None)


def _is_found(qualified_name: str, value: object) -> bool:
    found: object = sys.modules.get("__main__")
    for part in qualified_name.split("."):
        found = getattr(found, part, None)
    return found is value


def _in_deep_thread(dump: Any) -> Encoded:
    """Run it where the stack is large; deep values are rare, so the interpreter's limit is raised only here."""
    results: list[Encoded] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(dump())
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            errors.append(error)

    limit = sys.getrecursionlimit()
    stack = threading.stack_size(_DEEP_STACK_BYTES)
    try:
        sys.setrecursionlimit(_DEEP_LEVELS)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(stack)
    if errors:
        raise errors[0]
    return results[0]
