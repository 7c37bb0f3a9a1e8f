"""Frames and tables in a listing: shape, schema, and the first rows as text.

A table preview is `{"columns": [name ...], "rows": [[text ...] ...]}`: at most 10 rows of at most 20 columns.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from headwater.model.artifact import Header
from headwater.store.preview_text import clean, short_text

_ROWS = 10
_COLUMNS = 20
_SCHEMA = 200
_CELL_CHARACTERS = 80


def pandas_header(value: Any) -> Header | None:
    """Describe a pandas frame or series; None for other things of pandas."""
    import pandas

    if isinstance(value, pandas.Series):
        rows = [[_cell(cell)] for cell in value.iloc[:_ROWS]]
        return Header(
            shape=(len(value),),
            dtype=str(value.dtype),
            kind="table",
            preview={"columns": [_name(value.name)], "rows": rows},
        )
    if not isinstance(value, pandas.DataFrame):
        return None
    names = [_name(name) for name in value.columns[:_SCHEMA]]
    schema = zip(names, (str(dtype) for dtype in value.dtypes.iloc[:_SCHEMA]), strict=True)
    head = value.iloc[:_ROWS, :_COLUMNS]
    columns = [[_cell(cell) for cell in head.iloc[:, place]] for place in range(head.shape[1])]
    return _table_header(value.shape, schema, names, columns)


def polars_header(value: Any) -> Header | None:
    """Describe a polars frame or series; None for other things of polars."""
    import polars

    if isinstance(value, polars.Series):
        rows = [[_cell(cell)] for cell in value.head(_ROWS).to_list()]
        preview = {"columns": [_name(value.name)], "rows": rows}
        return Header(shape=(len(value),), dtype=str(value.dtype), kind="table", preview=preview)
    if not isinstance(value, polars.DataFrame):
        return None
    schema = [(_name(name), str(dtype)) for name, dtype in list(value.schema.items())[:_SCHEMA]]
    head = value.head(_ROWS)
    columns = [[_cell(cell) for cell in head[name].to_list()] for name in value.columns[:_COLUMNS]]
    return _table_header(value.shape, schema, [name for name, _ in schema], columns)


def arrow_header(value: Any) -> Header | None:
    """Describe an Arrow table or record batch; None for other things of pyarrow."""
    import pyarrow

    if not isinstance(value, pyarrow.Table | pyarrow.RecordBatch):
        return None
    schema = [(_name(field.name), str(field.type)) for field in list(value.schema)[:_SCHEMA]]
    head = value.slice(0, _ROWS)
    places = range(min(_COLUMNS, value.num_columns))
    columns = [[_cell(cell) for cell in head.column(place).to_pylist()] for place in places]
    return _table_header((value.num_rows, value.num_columns), schema, [name for name, _ in schema], columns)


def _table_header(
    shape: Sequence[int], schema: Iterable[tuple[str, str]], names: Sequence[str], columns: Sequence[Sequence[str]]
) -> Header:
    rows = [list(row) for row in zip(*columns, strict=True)]
    preview = {"columns": list(names[:_COLUMNS]), "rows": rows}
    return Header(shape=(int(shape[0]), int(shape[1])), schema=tuple(schema), kind="table", preview=preview)


def _cell(value: object) -> str:
    return clean(value, _CELL_CHARACTERS) if type(value) is str else short_text(value, _CELL_CHARACTERS)


def _name(value: object) -> str:
    return clean(value, _CELL_CHARACTERS) if type(value) is str else short_text(value, _CELL_CHARACTERS)
