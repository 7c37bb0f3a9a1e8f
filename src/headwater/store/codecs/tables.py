"""Frames of polars and tables of Arrow: the Arrow IPC file format, one buffer that is mapped when it is read.

The in-band part is JSON: what the buffer comes back as, and the schema as text. Encoding takes a copy of the data.
"""

import io
from typing import Any

import msgspec

from headwater.model.errors import NotInstalled
from headwater.store.codecs.encoded import Encoded, Naming

#: What polars raises for columns that have no Arrow form.
_REFUSALS = ("PanicException", "ComputeError", "SchemaError", "InvalidOperationError")


class _Description(msgspec.Struct, frozen=True):
    """What the buffer comes back as."""

    #: frame, series; table, batch.
    kind: str
    #: Text of the schema, as the library that wrote it shows it.
    schema: str


class PolarsCodec:
    """polars frames and series; read without a copy when pyarrow is there too."""

    name = "polars/1"

    def encode(self, value: Any, naming: Naming) -> Encoded | None:
        import polars

        if type(value) is polars.DataFrame:
            kind, frame = "frame", value
        elif type(value) is polars.Series:
            kind, frame = "series", value.to_frame()
        else:
            return None
        stream = io.BytesIO()
        try:
            frame.write_ipc(stream, compression="uncompressed")
        except BaseException as error:  # a panic of polars is no Exception
            if type(error).__name__ in _REFUSALS:
                return None
            raise
        description = _Description(kind, str(frame.schema))
        return Encoded(self.name, msgspec.json.encode(description), (stream.getbuffer(),))

    def decode(self, in_band: memoryview, buffers: list[memoryview]) -> object:
        description = msgspec.json.decode(in_band, type=_Description)
        frame = _mapped_frame(buffers[0], description.schema)
        if frame is None:
            frame = _polars().read_ipc(bytes(buffers[0]))
        return frame.to_series(0) if description.kind == "series" else frame


class ArrowCodec:
    """Arrow tables and record batches; read without a copy."""

    name = "arrow/1"

    def encode(self, value: Any, naming: Naming) -> Encoded | None:
        import pyarrow

        if type(value) not in (pyarrow.Table, pyarrow.RecordBatch):
            return None
        kind = "table" if type(value) is pyarrow.Table else "batch"
        sink = pyarrow.BufferOutputStream()
        try:
            with pyarrow.ipc.new_file(sink, value.schema) as writer:
                writer.write(value)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):  # dictionaries that differ between chunks
            return None
        description = _Description(kind, str(value.schema.remove_metadata()))
        return Encoded(self.name, msgspec.json.encode(description), (memoryview(sink.getvalue()),))

    def decode(self, in_band: memoryview, buffers: list[memoryview]) -> object:
        try:
            import pyarrow
        except ImportError as error:
            raise NotInstalled("pyarrow", "arrow", "reading an Arrow table") from error
        description = msgspec.json.decode(in_band, type=_Description)
        with pyarrow.ipc.open_file(pyarrow.py_buffer(buffers[0])) as reader:
            return reader.get_batch(0) if description.kind == "batch" else reader.read_all()


def _polars() -> Any:
    try:
        import polars
    except ImportError as error:
        raise NotInstalled("polars", "ml", "reading a polars frame") from error
    return polars


def _mapped_frame(buffer: memoryview, schema: str) -> Any:
    """Read a frame without a copy; None where that would not give the same columns."""
    try:
        import pyarrow
    except ImportError:
        return None
    try:
        with pyarrow.ipc.open_file(pyarrow.py_buffer(buffer)) as reader:
            frame = _polars().from_arrow(reader.read_all(), rechunk=False)
    except pyarrow.ArrowException:  # types that Arrow for Python does not know
        return None
    return frame if str(frame.schema) == schema else None
