"""numpy arrays: their description as JSON, their memory as one buffer, nothing executable."""

from typing import Any

import msgspec

from headwater.store.codecs.encoded import Encoded, Naming


class _Description(msgspec.Struct, frozen=True):
    """What it takes to see an array in a buffer."""

    #: As `numpy.lib.format.dtype_to_descr` writes it: text, or a list of fields.
    dtype: Any
    shape: tuple[int, ...]
    #: C or F
    order: str


class ArrayCodec:
    """Arrays of numbers, times, texts and records; those of Python objects go to pickle."""

    name = "numpy/1"

    def encode(self, value: Any, naming: Naming) -> Encoded | None:
        numpy = _numpy()

        if type(value) is not numpy.ndarray or not _is_describable(value.dtype):
            return None
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        flat = value.ravel(order="K") if value.flags.forc else numpy.ascontiguousarray(value).reshape(-1)
        description = _Description(numpy.lib.format.dtype_to_descr(value.dtype), value.shape, order)
        buffers = (memoryview(flat.view(numpy.uint8)).cast("B"),) if flat.nbytes else ()
        return Encoded(self.name, msgspec.json.encode(description), buffers)

    def decode(self, in_band: memoryview, buffers: list[memoryview]) -> object:
        numpy = _numpy()

        description = msgspec.json.decode(in_band, type=_Description)
        dtype = numpy.lib.format.descr_to_dtype(_with_tuples(description.dtype))
        memory = buffers[0] if buffers else bytearray()
        if not dtype.itemsize or not buffers:
            return numpy.zeros(description.shape, dtype, order="F" if description.order == "F" else "C")
        flat = numpy.frombuffer(memory, dtype)
        return flat.reshape(description.shape, order="F" if description.order == "F" else "C")


def _numpy() -> Any:
    import numpy

    return numpy


def _is_describable(dtype: Any) -> bool:
    """Tell whether the dtype comes back equal from its description (extensions and object fields do not)."""
    numpy = _numpy()
    if dtype.hasobject or dtype.metadata is not None or dtype.isalignedstruct or dtype.kind not in "biufcmMSUV":
        return False
    if not dtype.itemsize or (dtype.kind == "V" and dtype.fields is None and dtype.subdtype is None):
        return False
    described = _with_tuples(msgspec.json.decode(msgspec.json.encode(numpy.lib.format.dtype_to_descr(dtype))))
    return bool(numpy.lib.format.descr_to_dtype(described) == dtype)


def _with_tuples(described: Any) -> Any:
    """Turn the JSON form of a record's description back into the list of tuples that numpy wants."""
    if isinstance(described, str):
        return described
    fields = []
    for field in described:
        name, kind, *shape = field
        name = tuple(name) if isinstance(name, list) else name
        fields.append((name, _with_tuples(kind), *(tuple(part) for part in shape)))
    return fields
