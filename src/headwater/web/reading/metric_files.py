"""The points that the tasks of a run logged: which files hold them, which metrics they have, one metric's curves."""

import os
import re
from array import array
from collections.abc import Iterable, Sequence

import msgspec

from headwater.client.logs import attempt_file
from headwater.client.records import RunRecord
from headwater.model.ids import RunId
from headwater.model.rows import TaskQuery, TaskRow
from headwater.store.points import NO_STEP, read_points

#: Files that are looked through for names and curves of one run.
MOST_FILES = 2000
#: Tasks that stand in from other runs whose points are shown.
_MOST_REUSED = 200
_NAME = re.compile(r"(\d+)\.(\d+)\.points")


class PointsFile(msgspec.Struct, frozen=True):
    """The points of one attempt."""

    label: int
    attempt: int
    path: str


class Curve(msgspec.Struct):
    """The points of one metric of one task, in the order in which they were logged."""

    #: None where none was given.
    steps: list[int | None]
    #: Unix seconds.
    times: list[float]
    #: None = it was no number.
    values: list[float | None]
    #: How many there were before they were thinned out.
    count: int


def files_of_run(home: str, run: RunId) -> list[PointsFile]:
    """Find the points of the latest attempt of each task that logged any, by label."""
    try:
        names = os.listdir(os.path.join(home, "runs", run))
    except FileNotFoundError:
        return []
    latest: dict[int, int] = {}
    for name in names:
        found = _NAME.fullmatch(name)
        if found is not None:
            latest[int(found[1])] = max(int(found[2]), latest.get(int(found[1]), 0))
    return [
        PointsFile(label, attempt, attempt_file(home, run, label, attempt, "points"))
        for label, attempt in sorted(latest.items())
    ]


def reused_files(record: RunRecord, home: str, where: Iterable[tuple[TaskRow, RunRecord, TaskRow]]) -> list[PointsFile]:
    """Find the points of tasks that stand in from other runs.

    Args:
        record: the run that shows them.
        home: folder of the store.
        where: each such task with the run and task that it really ran as.
    """
    files = []
    for row, ran_in, ran in where:
        path = attempt_file(home, ran_in.run, ran.label, ran.attempt, "points")
        if ran_in is not record and os.path.exists(path):
            files.append(PointsFile(row.label, ran.attempt, path))
    return files


def reused_tasks(record: RunRecord) -> list[TaskRow]:
    """Give the first tasks of a run that stand in from other runs."""
    if record.row.origin is None:
        return []
    rows = record.view.ledger.tasks(TaskQuery(record.run, limit=_MOST_REUSED)).rows
    return [row for row in rows if row.origin is not None]


def names_in(files: Sequence[PointsFile]) -> dict[str, int]:
    """Count the tasks that logged each metric."""
    counts: dict[str, int] = {}
    for file in files[:MOST_FILES]:
        names: dict[str, None] = {}
        for points, _ in read_points(file.path):
            names.update(dict.fromkeys(points.names))
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return counts


def read_curve(path: str, name: str, most: int) -> Curve | None:
    """Read the points of a metric, thinned out to at most so many; None when there are none."""
    steps, times, values = array("q"), array("d"), array("d")
    for points, _ in read_points(path):
        if name not in points.names:
            continue
        number = points.names.index(name)
        if len(points.names) == 1:
            places: Iterable[int] = range(len(points.values))
        else:
            places = [place for place, each in enumerate(points.numbers) if each == number]
        steps.extend(points.steps[place] for place in places)
        times.extend(points.times[place] for place in places)
        values.extend(points.values[place] for place in places)
    if not values:
        return None
    kept = thinned(values, most)
    return Curve(
        [None if steps[place] == NO_STEP else steps[place] for place in kept],
        [times[place] for place in kept],
        [values[place] if _is_number(values[place]) else None for place in kept],
        len(values),
    )


def thinned(values: "array[float]", most: int) -> Sequence[int]:
    """Choose at most so many places: the least and the greatest of each stretch, the first and the last of all.

    No peak is lost, whatever its width; where values are no numbers, the stretch's first place stands for them.
    """
    count = len(values)
    if count <= most:
        return range(count)
    stretches = max(1, (most - 2) // 2)
    kept = {0, count - 1}
    for stretch in range(stretches):
        begin, end = stretch * count // stretches, (stretch + 1) * count // stretches
        part = values[begin:end]
        if any(map(_is_odd, part)):
            places = [place for place in range(begin, end) if _is_number(values[place])] or [begin]
            kept.add(min(places, key=values.__getitem__))
            kept.add(max(places, key=values.__getitem__))
        else:
            kept.add(begin + part.index(min(part)))
            kept.add(begin + part.index(max(part)))
    return sorted(kept)


def _is_odd(value: float) -> bool:
    return value != value


def _is_number(value: float) -> bool:
    return value - value == 0.0
