"""Metrics that tasks logged: their names, and their curves, thinned out so that they can be drawn."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool

from headwater.client.records import RunRecord, is_run_over
from headwater.model.overviews import TaskSpan
from headwater.store.points import NO_STEP, read_points
from headwater.web.api.run_stream import RunOver
from headwater.web.api.tasks import ran_where
from headwater.web.asked import Asked
from headwater.web.reading.metric_files import (
    MOST_FILES,
    Curve,
    PointsFile,
    files_of_run,
    names_in,
    read_curve,
    reused_files,
    reused_tasks,
)
from headwater.web.routes import Route, Sent
from headwater.web.run_paths import Label, RunPart, RunPath, find_run, project_of_run

#: Points of one message of the stream.
_MOST_SENT = 5000
_LOOK_SECONDS = 0.25
#: Files whose growth the stream follows: those of the latest tasks.
_MOST_FOLLOWED = 200


class MetricName(msgspec.Struct, frozen=True):
    """A metric of a run."""

    name: str
    #: Tasks that logged it.
    tasks: int


class MetricNames(msgspec.Struct, frozen=True):
    """The metrics of a run."""

    rows: tuple[MetricName, ...]
    #: What `current.metrics.summary(...)` says of all tasks.
    summary: dict[str, float | int | str | bool | None]
    #: More tasks logged points than were looked at.
    is_cut: bool


class CurvesQuery(msgspec.Struct, frozen=True):
    """Which curves of a metric, and how fine."""

    #: Labels of tasks; none = the first ones that logged it.
    task: tuple[Label, ...] = ()
    #: Points of a curve; peaks are kept.
    points: Annotated[int, msgspec.Meta(ge=10, le=2000)] = 1000
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    #: Label of the last task of the part before.
    cursor: Label | None = None


class TaskCurve(msgspec.Struct, frozen=True):
    """The curve of one task, in columns."""

    #: `Churn/17/train/4`.
    task: str
    label: int
    attempt: int
    #: None where none was given.
    steps: list[int | None]
    #: Unix seconds.
    times: list[float]
    #: None = it was no number.
    values: list[float | None]
    #: Points before they were thinned out.
    count: int


class Curves(msgspec.Struct, frozen=True):
    """A metric of a run, task by task."""

    name: str
    rows: tuple[TaskCurve, ...]
    cursor: int | None = None


class PointsQuery(msgspec.Struct, frozen=True):
    """From where points are followed."""

    #: Id of the message after which to go on; empty = what is logged from now on.
    after: Annotated[str, msgspec.Meta(max_length=20_000)] = ""


class SentPoints(msgspec.Struct, frozen=True):
    """Points of one task that came in since; the event `points`, columns of equal length."""

    label: int
    attempt: int
    names: list[str]
    steps: list[int | None]
    times: list[float]
    values: list[float | None]


def list_metrics(asked: Asked, at: RunPath) -> MetricNames:
    """List the metrics of a run."""
    record = find_run(asked, at)
    files = _files(asked, record)
    counts = names_in(files)
    rows = tuple(MetricName(name, count) for name, count in sorted(counts.items())[:1000])
    return MetricNames(rows, record.row.metrics, len(files) > MOST_FILES or len(counts) > len(rows))


def show_metric(asked: Asked, at: RunPart, query: CurvesQuery) -> Curves:
    """Show the curves of a metric, task by task."""
    record = find_run(asked, at)
    files = [file for file in _files(asked, record) if file.label > (query.cursor or 0)]
    if query.task:
        files = [file for file in files if file.label in query.task]
    found: list[tuple[PointsFile, Curve]] = []
    for file in files[:MOST_FILES]:
        curve = read_curve(file.path, at.name, query.points)
        if curve is not None:
            found.append((file, curve))
        if len(found) > query.limit:
            break
    rows = _rows(record, found[: query.limit])
    return Curves(at.name, rows, rows[-1].label if len(found) > query.limit else None)


async def follow_metrics(asked: Asked, at: RunPath, query: PointsQuery) -> AsyncIterator[Sent | None]:
    """Send the points that the tasks of a run log, as they log them; the id says how far each file was told."""
    record = await run_in_threadpool(find_run, asked, at)
    told = _decoded(asked.last_event_id or query.after)
    if told is None:
        told = await run_in_threadpool(_ends, _followed(asked, record))
    while not asked.pulse.is_stopped:
        # Looked at before reading: what was logged before the end is then told before the end.
        row = await run_in_threadpool(record.fresh)
        sent = 0
        for name, file in (await run_in_threadpool(_followed, asked, record)).items():
            points, end = await run_in_threadpool(_points_behind, file, told.get(name, 0))
            if points is not None:
                sent += 1
                told[name] = end
                yield Sent(_encoded(told), "points", points)
        if sent == 0 and is_run_over(row):
            yield Sent(_encoded(told), "end", RunOver(row.status))
            return
        yield None
        await asyncio.sleep(_LOOK_SECONDS)


def _files(asked: Asked, record: RunRecord) -> list[PointsFile]:
    files = files_of_run(asked.home.path, record.run)
    where = [(row, *ran_where(record, row)) for row in reused_tasks(record)]
    files += reused_files(record, asked.home.path, where)
    return sorted(files, key=lambda file: file.label)


def _rows(record: RunRecord, found: list[tuple[PointsFile, Curve]]) -> tuple[TaskCurve, ...]:
    steps = {span.label: span.step for file, _ in found for span in _span(record, file.label)}
    return tuple(
        TaskCurve(
            f"{record.path}/{steps.get(file.label, '')}/{file.label}",
            file.label,
            file.attempt,
            curve.steps,
            curve.times,
            curve.values,
            curve.count,
        )
        for file, curve in found
    )


def _span(record: RunRecord, label: int) -> list[TaskSpan]:
    return record.view.ledger.task_spans(record.run, after_label=label - 1, limit=1)


def _followed(asked: Asked, record: RunRecord) -> dict[str, PointsFile]:
    files = files_of_run(asked.home.path, record.run)[-_MOST_FOLLOWED:]
    return {f"{file.label}.{file.attempt}": file for file in files}


def _ends(files: dict[str, PointsFile]) -> dict[str, int]:
    """Give where the last whole block of each file ends; another may be half written."""
    return {name: max((end for _, end in read_points(file.path)), default=0) for name, file in files.items()}


def _points_behind(file: PointsFile, offset: int) -> tuple[SentPoints | None, int]:
    """Read the blocks behind an offset, a bounded part of them."""
    sent = SentPoints(file.label, file.attempt, [], [], [], [])
    end = offset
    for points, behind in read_points(file.path, offset):
        sent.names.extend(points.names[number] for number in points.numbers)
        sent.steps.extend(None if step == NO_STEP else step for step in points.steps)
        sent.times.extend(points.times)
        sent.values.extend(value if value - value == 0.0 else None for value in points.values)
        end = behind
        if len(sent.names) >= _MOST_SENT:
            break
    return (sent if sent.names else None), end


def _encoded(told: dict[str, int]) -> str:
    return ",".join(f"{name}:{end}" for name, end in list(told.items())[-_MOST_FOLLOWED:])


def _decoded(text: str) -> dict[str, int] | None:
    """Take an id apart; None when it is none."""
    pairs = [pair.partition(":") for pair in text.split(",") if pair]
    if not pairs or not all(end.isascii() and end.isdigit() and len(end) < 17 for _, _, end in pairs):
        return None
    return {name: int(end) for name, _, end in pairs}


_EVENTS = {"points": SentPoints, "end": RunOver}
_STREAM = "/runs/{flow}/{label}/points/stream"
_METRICS = "/runs/{flow}/{label}/metrics"
ROUTES = (
    Route("GET", _METRICS, list_metrics, needs="viewer", of=project_of_run),
    Route("GET", f"{_METRICS}/{{name:path}}", show_metric, needs="viewer", of=project_of_run),
    Route("GET", _STREAM, follow_metrics, needs="viewer", of=project_of_run, events=_EVENTS),
)
