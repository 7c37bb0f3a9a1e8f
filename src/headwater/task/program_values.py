"""Values on their way to and from a step's program."""

import os
from typing import Any

from headwater.model.errors import ExecutableFailed, NotInstalled
from headwater.store.codecs.encoded import Naming
from headwater.store.codecs.registry import encode
from headwater.task.failure import type_name
from headwater.task.program import ArrowFile, Inline, Opaque, RawFile

_FRAMES = ("DataFrame", "Table", "RecordBatch")
_ANY_NAMING = Naming()


def write_value(value: object, path: str) -> Inline | ArrowFile | RawFile | Opaque:
    """Describe a value; what is no JSON goes to a file that begins with `path`."""
    kind = type(value)
    if isinstance(value, bytes):
        with open(path, "wb") as file:
            file.write(value)
        return RawFile(path)
    if kind.__module__.partition(".")[0] in ("pandas", "polars", "pyarrow") and kind.__name__ in _FRAMES:
        return _write_arrow(value, f"{path}.arrow")
    if kind.__module__ == "builtins" and encode(value, _ANY_NAMING).codec.startswith("json/"):
        return Inline(value)
    return Opaque(type_name(kind))


def read_value(value: Inline | ArrowFile | RawFile, folder: str, name: str) -> object:
    """Give the value that a program answered under this name.

    Raises:
        ExecutableFailed: its file is not there, or is no Arrow file.
        NotInstalled: it is a frame, and what it is to be loaded with is missing.
    """
    if isinstance(value, Inline):
        return value.value
    path = os.path.join(folder, value.path)
    try:
        if isinstance(value, ArrowFile):
            return _read_arrow(path, value.load_as, name)
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ExecutableFailed(f"the file of artifact `{name}` cannot be read: {path}: {error}") from error


def _write_arrow(frame: Any, path: str) -> ArrowFile:
    pyarrow = _pyarrow()
    if isinstance(frame, pyarrow.RecordBatch):
        table = pyarrow.Table.from_batches([frame])
    elif type(frame).__module__.startswith("pandas"):
        table = pyarrow.Table.from_pandas(frame)
    else:
        table = frame.to_arrow() if hasattr(frame, "to_arrow") else frame
    with pyarrow.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    columns = tuple((field.name, str(field.type)) for field in table.schema)
    return ArrowFile(path, rows=table.num_rows, columns=columns)


def _read_arrow(path: str, load_as: str, name: str) -> object:
    pyarrow = _pyarrow()
    try:
        # Read into memory: the file goes away with the folder.
        with open(path, "rb") as file:
            table = pyarrow.ipc.open_file(pyarrow.py_buffer(file.read())).read_all()
    except pyarrow.ArrowInvalid as error:
        raise ExecutableFailed(f"the file of artifact `{name}` is no Arrow IPC file: {error}") from error
    if load_as == "arrow":
        return table
    if load_as == "polars":
        return _polars_frame(table)
    if load_as in ("", "pandas"):
        return _pandas_frame(table, is_asked=load_as == "pandas")
    raise ExecutableFailed(f"artifact `{name}` is to be loaded as {load_as!r}", hint="pandas, polars or arrow")


def _pandas_frame(table: Any, *, is_asked: bool) -> object:
    try:
        import pandas  # noqa: F401 - optional
    except ImportError as error:
        if is_asked:
            raise NotInstalled("pandas", "ml", "an artifact that is to be loaded as a pandas frame") from error
        return table
    frame: object = table.to_pandas()
    return frame


def _polars_frame(table: object) -> object:
    try:
        import polars  # optional
    except ImportError as error:
        raise NotInstalled("polars", "arrow", "an artifact that is to be loaded as a polars frame") from error
    frame: object = polars.from_arrow(table)
    return frame


def _pyarrow() -> Any:
    try:
        import pyarrow  # optional
        import pyarrow.ipc  # optional
    except ImportError as error:
        raise NotInstalled("pyarrow", "arrow", "an executable step with data frames") from error
    return pyarrow
