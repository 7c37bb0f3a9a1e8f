"""The prediction log: requests, answers and how long they took, in Parquet files by hour, within a budget.

The host's loop only puts an entry into a bounded queue; a process of its own writes. What does not fit is dropped and
counted: a log that slows answers down would be switched off.
"""

import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headwater.model.errors import NotFound, NotInstalled

#: Below a service's folder.
FOLDER = "predictions"
_COLUMNS = ("id", "at", "service", "version", "endpoint", "origin", "status", "seconds", "share", "request", "answer")
#: Files begin with it until they are whole.
_STAGED = ".staged-"


class Prediction(msgspec.Struct, frozen=True, array_like=True):
    """One logged answer."""

    #: The prediction id: a ULID, so its time is in it.
    id: str
    #: Unix time of the answer.
    at: float
    service: str
    #: Number of the version.
    version: int
    endpoint: str
    #: `live`, `shadow`, `batch`.
    origin: str
    #: HTTP status.
    status: int
    seconds: float
    #: Share of all requests that is logged: each entry stands for 1 / share of them.
    share: float
    #: JSON, personal fields masked.
    request: str
    #: JSON; what went wrong when the status says so.
    answer: str


def predictions_folder(home: str, service: str) -> str:
    """Give the folder with the logged predictions of a service."""
    return os.path.join(home, "services", service, FOLDER)


def write_predictions(folder: str, entries: Sequence[Prediction], name: str) -> int:
    """Write entries of one hour as one file, whole or not at all; gives its bytes.

    Args:
        folder: of the service's predictions.
        entries: what to write, in order of time.
        name: of the file, without ending; unique in its hour.

    Raises:
        NotInstalled: pyarrow is missing.
    """
    arrow, parquet = _arrow()
    hour = os.path.join(folder, hour_of(entries[0].at))
    os.makedirs(hour, mode=0o700, exist_ok=True)
    columns = [list(column) for column in zip(*(msgspec.structs.astuple(entry) for entry in entries), strict=True)]
    table = arrow.table(dict(zip(_COLUMNS, columns, strict=True)))
    staged, path = os.path.join(hour, f"{_STAGED}{name}"), os.path.join(hour, f"{name}.parquet")
    parquet.write_table(table, staged, compression="zstd")
    os.replace(staged, path)
    return os.path.getsize(path)


def read_predictions(
    home: str,
    service: str,
    *,
    since: float | None = None,
    until: float | None = None,
    version: int | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[Any]:
    """Give the logged predictions of a service as Arrow tables, a file each, in order of time.

    Args:
        home: folder of the store.
        service: its name.
        since: Unix time from which on; None = from the first.
        until: Unix time before which; None = to the last.
        version: of one version only; None = of all.
        columns: fields of `Prediction`; None = all.

    Raises:
        NotInstalled: pyarrow is missing.
    """
    arrow, parquet = _arrow()
    conditions = []
    if since is not None:
        conditions.append(("at", ">=", since))
    if until is not None:
        conditions.append(("at", "<", until))
    if version is not None:
        conditions.append(("version", "=", version))
    for path in _files(predictions_folder(home, service), since, until):
        try:
            table = parquet.read_table(path, columns=columns, filters=conditions or None)
        except (FileNotFoundError, arrow.ArrowInvalid):
            continue  # it was over the budget and went, or a power cut took it
        if table.num_rows:
            yield table


def find_prediction(home: str, services: Sequence[str], id: str) -> Prediction:
    """Find a logged prediction by its id.

    Raises:
        NotFound: it was not logged (sampled out, dropped), or is older than the budget kept.
        NotInstalled: pyarrow is missing.
    """
    _, parquet = _arrow()
    at = time_of(id)
    for service in services:
        for path in _files(predictions_folder(home, service), None if at is None else at - 120, None):
            found = parquet.read_table(path, filters=[("id", "=", id)]).to_pylist()
            if found:
                return Prediction(**found[0])
    raise NotFound(
        f"prediction {id} is in no log",
        hint="it was sampled out, dropped under load, or is older than what the budget keeps",
    )


def hour_of(at: float) -> str:
    """Give the name of an hour's folder: `2026-11-22T15`, UTC."""
    return time.strftime("%Y-%m-%dT%H", time.gmtime(at))


def time_of(id: str) -> float | None:
    """Give the time that a ULID holds, in Unix seconds; None when it is none."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    try:
        return sum(alphabet.index(digit) << (5 * place) for place, digit in enumerate(reversed(id[:10]))) / 1000
    except ValueError:
        return None


def keep_within(folder: str, budget_bytes: int) -> int:
    """Remove the oldest files until the rest fits into the budget; gives how many were removed."""
    files = [(path, os.path.getsize(path)) for path in _files(folder, None, None)]
    total, removed = sum(size for _, size in files), 0
    for path, size in files[:-1]:
        if total <= budget_bytes:
            break
        os.unlink(path)
        total -= size
        removed += 1
        hour = os.path.dirname(path)
        if not os.listdir(hour):
            os.rmdir(hour)
    return removed


def _files(folder: str, since: float | None, until: float | None) -> list[str]:
    first = hour_of(since) if since is not None else ""
    last = hour_of(until) if until is not None else "~"
    try:
        hours = sorted(hour for hour in os.listdir(folder) if first <= hour <= last)
    except FileNotFoundError:
        return []
    return [
        os.path.join(folder, hour, name)
        for hour in hours
        for name in sorted(os.listdir(os.path.join(folder, hour)))
        if name.endswith(".parquet")
    ]


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise NotInstalled("pyarrow", "hosting", "the prediction log") from error
    return pyarrow, pyarrow.parquet
