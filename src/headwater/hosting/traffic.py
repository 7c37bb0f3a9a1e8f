"""Traffic, errors and latency of a service over time, worked out from its prediction log."""

import os
from collections.abc import Iterator
from typing import Any

import msgspec

from headwater.hosting.predictions import arrow_and_parquet, prediction_files, predictions_folder

#: Logged answers that are looked at, the newest; more are left out.
MOST_ROWS = 400_000
_COLUMNS = ["at", "version", "endpoint", "origin", "status", "seconds", "share"]
#: What is in a file was answered at most so long before it was written.
_WRITTEN_SECONDS = 60.0


class TrafficPoint(msgspec.Struct, frozen=True):
    """The answers of one version in one stretch of time."""

    #: Begin of the stretch, Unix time.
    at: float
    version: int
    #: Requests, as many as the logged ones stand for.
    requests: float
    #: Answers that were logged.
    logged: int
    #: Of these: status from 400, and 429 or from 500.
    refused: int
    failed: int
    #: Seconds of the middle one, and of those that are slower than 95 and 99 of 100.
    p50: float
    p95: float
    p99: float


class Traffic(msgspec.Struct, frozen=True):
    """Traffic, errors and latency over time."""

    since: float
    until: float
    #: Seconds of a stretch.
    width: float
    #: Answers before this were not looked at, as there are too many; `since` = all were.
    told_since: float
    #: In order of time, then of version; stretches without answers are left out.
    points: tuple[TrafficPoint, ...]
    #: Files that could not be read.
    damaged: int = 0


def read_traffic(
    home: str,
    service: str,
    since: float,
    until: float,
    *,
    stretches: int = 60,
    version: int | None = None,
    endpoint: str | None = None,
    most_rows: int = MOST_ROWS,
) -> Traffic:
    """Count the answers that callers got (not those of shadows and batches) in stretches of equal length.

    Args:
        home: folder of the store.
        service: its name.
        since: Unix time from which on.
        until: Unix time before which.
        stretches: how many.
        version: of one version only; None = of all.
        endpoint: of one endpoint only; None = of all.
        most_rows: logged answers that are looked at, the newest.

    Raises:
        NotInstalled: pyarrow is missing.
    """
    arrow, _ = arrow_and_parquet()
    width = (until - since) / stretches
    tables, rows, told_since = [], 0, since
    damaged: list[str] = []
    for table in _tables(home, service, since, until, damaged):
        kept = _kept(table, since, until, version, endpoint)
        tables.append(kept)
        rows += kept.num_rows
        if rows >= most_rows:
            told_since = min(each["at"][0].as_py() for each in tables if each.num_rows)
            break
    points = _points(arrow.concat_tables(tables), since, width) if rows else []
    return Traffic(since, until, width, told_since, tuple(points), len(damaged))


def _tables(home: str, service: str, since: float, until: float, damaged: list[str]) -> Iterator[Any]:
    """Yield what the log holds of a time, the newest file first."""
    arrow, parquet = arrow_and_parquet()
    for path in reversed(prediction_files(predictions_folder(home, service), since, until)):
        try:
            if os.stat(path).st_mtime + _WRITTEN_SECONDS >= since:
                yield parquet.read_table(path, columns=_COLUMNS)
        except FileNotFoundError:
            continue  # it was over the budget, and went
        except (arrow.ArrowInvalid, OSError):
            damaged.append(path)


def _kept(table: Any, since: float, until: float, version: int | None, endpoint: str | None) -> Any:
    import pyarrow.compute

    field = pyarrow.compute.field
    wanted = (field("at") >= since) & (field("at") < until) & (field("origin") == "live")
    if version is not None:
        wanted &= field("version") == version
    if endpoint is not None:
        wanted &= field("endpoint") == endpoint
    return table.filter(wanted)


def _points(table: Any, since: float, width: float) -> list[TrafficPoint]:
    import pyarrow.compute as compute

    place = compute.floor(compute.divide(compute.subtract(table["at"], since), width))
    failed = compute.or_(compute.greater_equal(table["status"], 500), compute.equal(table["status"], 429))
    refused = compute.and_not(compute.greater_equal(table["status"], 400), failed)
    told = table.select(["version", "seconds"])
    told = told.append_column("place", place)
    told = told.append_column("weight", compute.divide(1.0, table["share"]))
    told = told.append_column("failed", failed.cast("int64")).append_column("refused", refused.cast("int64"))
    told = told.sort_by([("place", "ascending"), ("version", "ascending"), ("seconds", "ascending")])
    groups = told.group_by(["place", "version"], use_threads=False).aggregate(
        [("seconds", "count"), ("weight", "sum"), ("failed", "sum"), ("refused", "sum")]
    )
    seconds, begin, points = told["seconds"], 0, []
    for group in groups.to_pylist():
        count = group["seconds_count"]
        middle, most, last = (
            seconds[begin + min(count - 1, int(share * count))].as_py() for share in (0.5, 0.95, 0.99)
        )
        points.append(
            TrafficPoint(
                since + group["place"] * width,
                group["version"],
                group["weight_sum"],
                count,
                group["refused_sum"],
                group["failed_sum"],
                middle,
                most,
                last,
            )
        )
        begin += count
    return points
