"""Tables in files, read piece by piece and written whole or not at all: Parquet, CSV, JSON lines."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headwater.hosting.predictions import arrow_and_parquet
from headwater.model.errors import NotFound, UserMistake

ENDINGS = (".parquet", ".csv", ".jsonl")
#: Rows that are in memory at once.
PIECE_ROWS = 4096
#: Bytes of a CSV file from which the types of columns are guessed that the endpoint does not know.
_CSV_BLOCK = 8 << 20


class Piece(msgspec.Struct, frozen=True):
    """Some rows of a table."""

    #: An Arrow table with all columns.
    table: Any
    #: The rows, as Python values; only the columns asked for.
    rows: list[dict[str, object]]


class TableFile:
    """A file with rows."""

    def __init__(self, path: str) -> None:
        """Look at its columns.

        Raises:
            NotFound: there is no such file.
            UserMistake: it is of another kind, empty, or cannot be read.
        """
        self.path = path
        self.name = os.path.basename(path)
        self.ending = ending_of(path)
        if not os.path.isfile(path):
            raise NotFound(f"there is no file {path}")
        self.columns: tuple[str, ...] = tuple(self._read_columns())

    def pieces(self, used: Sequence[str], schemas: Mapping[str, Any]) -> Iterator[Piece]:
        """Give the rows piece by piece.

        Args:
            used: columns whose values are wanted.
            schemas: JSON schema of columns, as far as known: a CSV file does not say what is text.

        Raises:
            UserMistake: a row cannot be read.
        """
        arrow, _ = arrow_and_parquet()
        reading = {".parquet": self._parquet, ".csv": self._csv, ".jsonl": self._jsonl}[self.ending]
        try:
            for table in reading(schemas):
                yield piece_of(table, used)
        except (arrow.ArrowInvalid, arrow.ArrowKeyError, msgspec.DecodeError) as error:
            raise UserMistake(f"{self.path} cannot be read: {str(error).partition(chr(10))[0]}") from error

    def _read_columns(self) -> list[str]:
        arrow, parquet = arrow_and_parquet()
        try:
            if self.ending == ".parquet":
                return list(parquet.read_schema(self.path).names)
            if self.ending == ".csv":
                return self._csv_columns()
            with open(self.path, "rb") as file:
                first = next((line for line in file if line.strip()), b"{}")
                return list(msgspec.json.decode(first, type=dict[str, object]))
        except (arrow.ArrowInvalid, msgspec.DecodeError) as error:
            raise UserMistake(f"{self.path} cannot be read: {str(error).partition(chr(10))[0]}") from error

    def _csv_columns(self) -> list[str]:
        import pyarrow.csv

        with pyarrow.csv.open_csv(self.path) as reader:
            return list(reader.schema.names)

    def _parquet(self, schemas: Mapping[str, Any]) -> Iterator[Any]:
        arrow, parquet = arrow_and_parquet()
        with parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(PIECE_ROWS):
                yield arrow.Table.from_batches([batch])

    def _csv(self, schemas: Mapping[str, Any]) -> Iterator[Any]:
        arrow, _ = arrow_and_parquet()
        import pyarrow.csv

        kinds = {name: arrow_type(arrow, schema) for name, schema in schemas.items()}
        options = pyarrow.csv.ConvertOptions(
            column_types={name: kind for name, kind in kinds.items() if kind is not None and not _is_nested(kind)}
        )
        block = pyarrow.csv.ReadOptions(block_size=_CSV_BLOCK)
        with pyarrow.csv.open_csv(self.path, read_options=block, convert_options=options) as reader:
            for batch in reader:
                table = arrow.Table.from_batches([batch])
                for start in range(0, table.num_rows, PIECE_ROWS):
                    yield table.slice(start, PIECE_ROWS)

    def _jsonl(self, schemas: Mapping[str, Any]) -> Iterator[Any]:
        arrow, _ = arrow_and_parquet()
        decoder = msgspec.json.Decoder(dict[str, object])
        schema = None
        with open(self.path, "rb") as file:
            while rows := [
                decoder.decode(line) for _, line in zip(range(PIECE_ROWS), file, strict=False) if line.strip()
            ]:
                table = arrow.Table.from_pylist(rows, schema=schema or _schema_of(arrow, rows))
                schema = schema or table.schema
                yield table


def piece_of(table: Any, used: Sequence[str]) -> Piece:
    """Give a table with its rows as Python values."""
    rows = table.select(list(used)).to_pylist() if used else [{} for _ in range(table.num_rows)]
    return Piece(table, rows)


def ending_of(path: str) -> str:
    """Give the kind of a table's file by its ending.

    Raises:
        UserMistake: it is none that can be read and written.
    """
    ending = os.path.splitext(path)[1].lower()
    if ending not in ENDINGS:
        raise UserMistake(f"{path} is no table by its name", hint=f"files end with {', '.join(ENDINGS)}")
    return ending


def write_table_file(path: str, tables: Iterable[Any]) -> int:
    """Write tables of one schema into a file, which is there whole or not at all; gives the number of rows.

    Raises:
        UserMistake: a table does not fit the first one.
        OSError: the disk is full, or worse; what was there before stays.
    """
    arrow, _ = arrow_and_parquet()
    folder, name = os.path.split(os.path.abspath(path))
    staged = os.path.join(folder, f".{name}.{os.getpid()}.staged")
    writing = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}[ending_of(path)]
    try:
        rows = writing(staged, tables)
        descriptor = os.open(staged, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(staged, path)
    except arrow.ArrowInvalid as error:
        raise UserMistake(f"{path} cannot be written: {error}") from error
    finally:
        if os.path.exists(staged):
            os.unlink(staged)
    return rows


def arrow_type(arrow: Any, schema: Mapping[str, Any]) -> Any:
    """Give the Arrow type of values with a JSON schema; None where it does not say."""
    kinds = {"string": arrow.string(), "number": arrow.float64(), "integer": arrow.int64(), "boolean": arrow.bool_()}
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == 1:
        return arrow_type(arrow, choices[0])
    if "enum" in schema:
        return arrow.string() if all(isinstance(value, str) for value in schema["enum"]) else None
    kind = schema.get("type")
    if kind == "array" and isinstance(schema.get("items"), dict):
        inner = arrow_type(arrow, schema["items"])
        return None if inner is None else arrow.list_(inner)
    return kinds.get(kind) if isinstance(kind, str) else None


def _is_nested(kind: Any) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_nested(kind))


def _schema_of(arrow: Any, rows: Sequence[Mapping[str, object]]) -> Any:
    """All keys of the first rows, with the types that they have there."""
    names = dict.fromkeys(name for row in rows for name in row)
    return arrow.schema([(name, arrow.array([row.get(name) for row in rows]).type) for name in names])


def _write_parquet(path: str, tables: Iterable[Any]) -> int:
    arrow, parquet = arrow_and_parquet()
    rows, writer = 0, None
    try:
        for table in tables:
            if writer is None:
                writer = parquet.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
            rows += table.num_rows
        if writer is None:
            parquet.write_table(arrow.table({}), path)
    finally:
        if writer is not None:
            writer.close()
    return rows


def _write_csv(path: str, tables: Iterable[Any]) -> int:
    import pyarrow.csv

    rows, is_first = 0, True
    with open(path, "wb") as file:
        for table in tables:
            options = pyarrow.csv.WriteOptions(include_header=is_first)
            pyarrow.csv.write_csv(_flat(table), file, options)
            is_first = False
            rows += table.num_rows
    return rows


def _write_jsonl(path: str, tables: Iterable[Any]) -> int:
    rows = 0
    encoder = msgspec.json.Encoder(enc_hook=str)
    with open(path, "wb") as file:
        for table in tables:
            file.writelines(encoder.encode(row) + b"\n" for row in table.to_pylist())
            rows += table.num_rows
    return rows


def _flat(table: Any) -> Any:
    """Write lists and objects as JSON: a cell of CSV holds text."""
    import pyarrow

    for place, field in enumerate(table.schema):
        if _is_nested(field.type):
            texts = [
                None if value is None else msgspec.json.encode(value, enc_hook=str).decode()
                for value in table.column(place).to_pylist()
            ]
            table = table.set_column(place, field.name, pyarrow.array(texts, pyarrow.string()))
    return table
