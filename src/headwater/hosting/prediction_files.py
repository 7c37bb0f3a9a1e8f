"""Writes the files of the prediction log, joins those of past hours, and keeps them within a budget."""

import os
import shutil
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.hosting.predictions import (
    COLUMNS,
    ENDING,
    Prediction,
    arrow_and_parquet,
    hour_of,
    hours_of,
    parts_of,
)
from headwater.model.failpoints import failpoint
from headwater.model.private_files import make_private_folder

#: Files begin with it until they are whole.
_STAGED = ".staged-"
#: Seconds after which a file that never became whole is somebody's who died.
_ABANDONED_SECONDS = 3600.0
#: Seconds after its end that an hour is joined, and after that that its parts go: who reads them has them open by then.
SETTLED_SECONDS = 600.0
#: An hour with more bytes stays in parts: joining it would take longer than the host's buffer lasts.
_LARGEST_JOINED = 64 << 20
_GROUP_ROWS = 20_000
#: Columns whose values repeat; for the others a dictionary costs time and room.
_REPEATED = ["service", "version", "endpoint", "origin", "status", "share"]


def write_predictions(folder: str, entries: Sequence[Prediction], name: str) -> int:
    """Write entries of one hour as one file, whole or not at all, there after a power cut too; gives its bytes.

    Args:
        folder: of the service's predictions.
        entries: what to write, in order of time.
        name: of the file, without ending; unique in its hour.

    Raises:
        NotInstalled: pyarrow is missing.
        OSError: the disk is full, or worse; nothing is left behind.
    """
    return write_columns(folder, list(zip(*map(msgspec.structs.astuple, entries), strict=True)), name)


def write_columns(folder: str, columns: Sequence[Sequence[object]], name: str) -> int:
    """As `write_predictions`, of entries that are columns already, in the order of `COLUMNS`.

    Raises:
        NotInstalled: pyarrow is missing.
        OSError: the disk is full, or worse; nothing is left behind.
    """
    arrow, parquet = arrow_and_parquet()
    at = columns[COLUMNS.index("at")][0]
    assert isinstance(at, float)
    hour = _open_hour(folder, at)
    table = arrow.table(dict(zip(COLUMNS, columns, strict=True)), schema=_schema(arrow))

    def write(staged: str) -> None:
        parquet.write_table(table, staged, compression="zstd", use_dictionary=_REPEATED)

    return _put(os.path.join(hour, name + ENDING), write)


def join_hours(folder: str, now: float) -> int:
    """Make one file of the parts of each hour that is over for a while; gives how many hours were joined.

    The parts stay for as long again, for those who read them; while both are there, the one file counts.
    """
    arrow, _ = arrow_and_parquet()
    joined = 0
    for hour, is_whole in sorted(hours_of(folder).items()):
        parts, whole = os.path.join(folder, hour), os.path.join(folder, hour + ENDING)
        try:
            if is_whole:
                if os.path.isdir(parts) and now - os.path.getmtime(whole) > SETTLED_SECONDS:
                    shutil.rmtree(parts)
            elif hour <= hour_of(now - SETTLED_SECONDS - 3600) and _is_worth_joining(parts):
                _join(parts, whole)
                joined += 1
        except FileNotFoundError:
            continue  # over the budget meanwhile, or another writer did it
        except (arrow.ArrowInvalid, OSError):
            continue  # a part is damaged, as its readers are told; or the disk is full
    return joined


def keep_within(folder: str, budget_bytes: int, now: float) -> int:
    """Remove the oldest files until the rest fits into the budget, and what was never finished; gives how many."""
    files = _all_files(folder, now)
    total, removed = sum(size for _, size in files), 0
    for path, size in files[:-1]:
        if total <= budget_bytes:
            break
        _unlink(path)
        total -= size
        removed += 1
    for hour, is_whole in hours_of(folder).items():
        if not is_whole and hour < hour_of(now):
            try:
                os.rmdir(os.path.join(folder, hour))
            except OSError:
                continue  # not empty, as nearly always
    return removed


def _open_hour(folder: str, at: float) -> str:
    """Give the folder for parts of that hour; of the present one when that hour was joined already."""
    hour = os.path.join(folder, hour_of(at))
    if os.path.exists(hour + ENDING):
        hour = os.path.join(folder, hour_of(time.time()))
    make_private_folder(hour)
    return hour


def _put(path: str, write: Any) -> int:
    """Let a file be written beside its place, and put it there when it is on the disk; gives its bytes."""
    folder, name = os.path.split(path)
    staged = os.path.join(folder, f"{_STAGED}{os.getpid()}-{name}")
    try:
        write(staged)
        descriptor = os.open(staged, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fchmod(descriptor, 0o600)
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        failpoint("hosting.before_prediction_file")
        os.replace(staged, path)
    except BaseException:
        _unlink(staged)
        raise
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return size


def _is_worth_joining(hour: str) -> bool:
    sizes = [os.path.getsize(path) for path in parts_of(hour)]
    return len(sizes) > 1 and sum(sizes) <= _LARGEST_JOINED


def _join(hour: str, whole: str) -> None:
    arrow, parquet = arrow_and_parquet()

    def write(staged: str) -> None:
        with parquet.ParquetWriter(staged, _schema(arrow), compression="zstd", use_dictionary=_REPEATED) as writer:
            held, rows = [], 0
            for path in parts_of(hour):
                held.append(parquet.read_table(path))
                rows += held[-1].num_rows
                if rows >= _GROUP_ROWS:
                    writer.write_table(arrow.concat_tables(held))
                    held, rows = [], 0
            if held:
                writer.write_table(arrow.concat_tables(held))

    _put(whole, write)


def _all_files(folder: str, now: float) -> list[tuple[str, int]]:
    """All files of a log with their bytes, the oldest first, parts that were joined too; abandoned ones are removed."""
    found: list[tuple[str, int]] = []
    for path, _, names in os.walk(folder):
        for name in names:
            file = os.path.join(path, name)
            try:
                facts = os.stat(file)
            except FileNotFoundError:
                continue
            if not name.startswith(_STAGED):
                found.append((file, facts.st_size))
            elif now - facts.st_mtime > _ABANDONED_SECONDS:
                _unlink(file)
    return sorted(found)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _schema(arrow: Any) -> Any:
    kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64()}
    return arrow.schema([(name, kinds[Prediction.__annotations__[name]]) for name in COLUMNS])
