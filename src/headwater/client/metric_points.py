"""Points that tasks logged with `current.metrics.log`, as rows or as a pandas frame; a live run shows what is there."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from headwater.client.logs import fresh
from headwater.model.errors import NotInstalled
from headwater.store.points import NO_STEP, read_points


class MetricPoint(msgspec.Struct, frozen=True):
    """One logged number."""

    #: `train/4`
    task: str
    name: str
    #: None when none was given.
    step: int | None
    #: Unix seconds.
    at: float
    value: float


class MetricPoints:
    """The points of some attempts, read from their files each time that it is iterated."""

    def __init__(self, files: Iterable[tuple[str, str]], name: str | None) -> None:
        """Take (task, path) pairs and the metric's name; None = all metrics."""
        #: (task, path) pairs.
        self.files = tuple(files)
        self._name = name

    def __iter__(self) -> Iterator[MetricPoint]:
        """Yield them task by task, in the order in which each task wrote them."""
        for task, path in self.files:
            for points, _ in read_points(fresh(path)):
                columns = zip(points.numbers, points.steps, points.times, points.values, strict=True)
                for number, step, at, value in columns:
                    name = points.names[number]
                    if self._name in (None, name):
                        yield MetricPoint(task, name, None if step == NO_STEP else step, at, value)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"MetricPoints({self._name or 'all'}, of {len(self.files)} tasks)"

    def to_pandas(self) -> Any:
        """Give a frame with columns task, name, step (nullable), at (UTC time stamps) and value.

        Raises:
            NotInstalled: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise NotInstalled("pandas", "ml", "a frame of metric points") from error
        frame = pandas.DataFrame(
            [msgspec.structs.astuple(point) for point in self], columns=["task", "name", "step", "at", "value"]
        )
        frame["step"] = frame["step"].astype("Int64")
        frame["at"] = pandas.to_datetime(frame["at"], unit="s", utc=True)
        return frame
