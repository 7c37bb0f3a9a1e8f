"""The prediction log: requests, answers and how long they took, in Parquet files by hour; here it is read.

`HOME/services/<service>/predictions/2026-11-22T15/` holds the parts of an hour, a file every few seconds. Once the hour
is over they become one file, `2026-11-22T15.parquet`; while both are there, the one file counts.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headwater.model.errors import HeadwaterError, NotFound, NotInstalled
from headwater.model.service import LogOptions

#: Below a service's folder.
FOLDER = "predictions"
ENDING = ".parquet"
_CROCKFORD = {digit: value for value, digit in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
#: An answer comes at most so long after its id was given.
_LONGEST_SECONDS = 86400.0
#: A clock may have gone back by so much between an id and its answer.
_CLOCK_SECONDS = 120.0


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
    #: JSON, personal fields masked; cut when it is long.
    request: str
    #: JSON; what went wrong when the status says so.
    answer: str


COLUMNS = Prediction.__struct_fields__

#: Fields as `Prediction` has them, requests and answers as they came.
Entry = tuple[str, float, str, int, str, str, int, float, float, bytes, bytes]


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """Entries that go to the writer at once."""

    entries: list[Entry]
    #: (service, version, what is logged of it), of those that the writer does not know yet.
    options: list[tuple[str, int, LogOptions]] = []


class PredictionsDamaged(HeadwaterError):
    """A file of the log cannot be read; holds its path."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} is damaged: {reason}", hint="move it away: what it held is lost, the rest can be read"
        )
        self.path = path


def predictions_folder(home: str, service: str) -> str:
    """Give the folder with the logged predictions of a service."""
    return os.path.join(home, "services", service, FOLDER)


def read_predictions(
    home: str,
    service: str,
    *,
    since: float | None = None,
    until: float | None = None,
    version: int | None = None,
    columns: Sequence[str] | None = None,
    newest_first: bool = False,
    damaged: list[str] | None = None,
) -> Iterator[Any]:
    """Give the logged predictions of a service as Arrow tables of bounded size, in order of time (to a few seconds).

    Args:
        home: folder of the store.
        service: its name.
        since: Unix time from which on; None = from the first.
        until: Unix time before which; None = to the last.
        version: of one version only; None = of all.
        columns: fields of `Prediction`; None = all.
        newest_first: the last table comes first; within a table the order of time stays.
        damaged: gets the paths of files that cannot be read, which are left out; None = the first one raises.

    Raises:
        NotInstalled: pyarrow is missing.
        PredictionsDamaged: a file cannot be read, and `damaged` is None.
    """
    arrow, _ = arrow_and_parquet()
    files = prediction_files(predictions_folder(home, service), since, until)
    for path in reversed(files) if newest_first else files:
        try:
            for table in _tables(path, columns, newest_first=newest_first):
                kept = _within(table, since, until, version)
                if kept.num_rows:
                    yield kept.select(list(columns)) if columns is not None else kept
        except FileNotFoundError:
            continue  # it was over the budget, and went
        except (arrow.ArrowInvalid, OSError) as error:
            if damaged is None:
                raise PredictionsDamaged(path, str(error).partition("\n")[0]) from error
            damaged.append(path)


def find_prediction(home: str, services: Sequence[str], id: str) -> Prediction:
    """Find a logged prediction by its id.

    Raises:
        NotFound: it is no id, was not logged (sampled out, dropped), or is older than the budget kept.
        NotInstalled: pyarrow is missing.
    """
    at = time_of(id)
    if at is None:
        hint = "it comes with the answer, in its header `prediction-id`: 26 digits and capital letters"
        raise NotFound(f"`{id[:100]}` is no prediction id", hint=hint)
    arrow, parquet = arrow_and_parquet()
    bounds = (at - _CLOCK_SECONDS, at + _LONGEST_SECONDS)
    damaged: list[str] = []
    for service in services:
        for path in prediction_files(predictions_folder(home, service), *bounds):
            try:
                found = parquet.read_table(path, filters=[("id", "=", id)], columns=list(COLUMNS)).to_pylist()
            except FileNotFoundError:
                continue
            except (arrow.ArrowInvalid, OSError):
                damaged.append(path)
                continue
            if found:
                return Prediction(**found[0])
    hint = "it was sampled out, dropped under load, or is older than what the budget keeps"
    if damaged:
        hint += f"; and these files are damaged: {', '.join(damaged)}"
    raise NotFound(f"prediction {id} is in no log", hint=hint)


def prediction_files(folder: str, since: float | None, until: float | None) -> list[str]:
    """Give the files that hold the predictions between two times, the oldest first."""
    first = hour_of(since) if since is not None else ""
    last = hour_of(until) if until is not None else "~"
    files: list[str] = []
    for hour, is_whole in sorted(hours_of(folder).items()):
        if not first <= hour <= last:
            continue
        path = os.path.join(folder, hour)
        files += [path + ENDING] if is_whole else parts_of(path)
    return files


def hours_of(folder: str) -> Mapping[str, bool]:
    """Give the hours that a log has, and of each whether it is one file."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return {}
    found = {name: False for name in names if not name.startswith(".") and not name.endswith(ENDING)}
    return found | {name.removesuffix(ENDING): True for name in names if name.endswith(ENDING) and name[0] != "."}


def parts_of(hour: str) -> list[str]:
    """Give the parts in an hour's folder, the oldest first."""
    try:
        names = os.listdir(hour)
    except FileNotFoundError:
        return []
    return [os.path.join(hour, name) for name in sorted(names) if name.endswith(ENDING) and name[0] != "."]


def hour_of(at: float) -> str:
    """Give the name of an hour's folder: `2026-11-22T15`, UTC."""
    return time.strftime("%Y-%m-%dT%H", time.gmtime(at))


def time_of(id: str) -> float | None:
    """Give the time that a ULID holds, in Unix seconds; None when it is none."""
    if len(id) != 26 or any(digit not in _CROCKFORD for digit in id):
        return None
    milliseconds = 0
    for digit in id[:10]:
        milliseconds = milliseconds * 32 + _CROCKFORD[digit]
    return milliseconds / 1000


def arrow_and_parquet() -> tuple[Any, Any]:
    """Give `pyarrow` and `pyarrow.parquet`.

    Raises:
        NotInstalled: pyarrow is missing.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise NotInstalled("pyarrow", "hosting", "the prediction log") from error
    return pyarrow, pyarrow.parquet


def _tables(path: str, columns: Sequence[str] | None, *, newest_first: bool) -> Iterator[Any]:
    """Read a file row group by row group: an hour may be larger than memory."""
    _, parquet = arrow_and_parquet()
    wanted = None if columns is None else list(dict.fromkeys([*columns, "at", "version"]))
    with parquet.ParquetFile(path) as file:
        groups = range(file.num_row_groups)
        for group in reversed(groups) if newest_first else groups:
            yield file.read_row_group(group, columns=wanted)


def _within(table: Any, since: float | None, until: float | None, version: int | None) -> Any:
    import pyarrow.compute

    field, conditions = pyarrow.compute.field, []
    if since is not None:
        conditions.append(field("at") >= since)
    if until is not None:
        conditions.append(field("at") < until)
    if version is not None:
        conditions.append(field("version") == version)
    for condition in conditions:
        table = table.filter(condition)
    return table
