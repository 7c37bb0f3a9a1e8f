"""`current.metrics`: points over time, live while the step runs, and a summary that stays with the run."""

import os
import threading
import time
from array import array
from collections.abc import Mapping

from headwater.model.errors import UserMistake
from headwater.store.points import NO_STEP, Points, encode_points

#: Seconds between two writes: what a kill may lose.
_WRITE_EVERY = 0.5
#: Points of one name after which a write comes earlier.
_MOST_POINTS = 50_000

Scalar = float | int | str | bool | None
#: Steps, times, values of one name.
_Columns = tuple["array[int]", "array[float]", "array[float]"]


class Metrics:
    """Takes the metrics of one attempt.

    `log` appends to columns in memory, about half a microsecond a number; a thread that starts with the first call
    writes them twice a second, so that they are on disk, readable by everybody, half a second later.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        #: By name: steps, times, values.
        self._columns: dict[str, _Columns] = {}
        self._summary: dict[str, Scalar] = {}
        self._writer: threading.Thread | None = None
        self._is_over = threading.Event()
        self._lock = threading.Lock()

    def log(self, *, step: int | None = None, **values: float) -> None:
        """Keep numbers under their names, e.g. `log(step=10, loss=0.3)`; time is noted.

        Raises:
            TypeError: a value or the step is no number.
            OverflowError: the step does not fit into 64 bits.
        """
        at = time.time()
        if step is None:
            step = NO_STEP
        columns: _Columns | None = None
        with self._lock:
            for name, value in values.items():
                columns = self._columns.get(name)
                if columns is None:
                    columns = self._columns[name] = (array("q"), array("d"), array("d"))
                columns[2].append(value)
                try:
                    columns[0].append(step)
                except (TypeError, OverflowError):
                    columns[2].pop()
                    raise
                columns[1].append(at)
        if self._writer is None:
            self._start()
        elif columns is not None and len(columns[2]) > _MOST_POINTS:
            self._write()

    def summary(self, **values: Scalar) -> None:
        """Say in a value what the run came to, e.g. `summary(f1=0.71)`; a later value replaces an earlier one.

        Raises:
            UserMistake: a value is no number, text, bool or None.
        """
        plain = {name: _plain(value) for name, value in values.items()}
        for name, value in plain.items():
            if value is not None and not isinstance(value, float | int | str | bool):
                raise UserMistake(
                    f"metric `{name}` is of type {type(value).__name__}",
                    hint="a summary takes numbers, text, bools and None; keep other values as artifacts",
                )
        self._summary.update(plain)

    def close(self) -> Mapping[str, Scalar]:
        """Write what is left and give the summary; safe to call twice."""
        if self._writer is not None:
            self._is_over.set()
            self._writer.join()
            self._writer = None
            self._write()
        return self._summary

    def _start(self) -> None:
        self._is_over.clear()
        self._writer = threading.Thread(target=self._keep_writing, name="headwater-metrics", daemon=True)
        self._writer.start()

    def _keep_writing(self) -> None:
        while not self._is_over.wait(_WRITE_EVERY):
            self._write()

    def _write(self) -> None:
        with self._lock:
            columns, self._columns = self._columns, {}
        if columns and self._path:
            _append(self._path, encode_points(_points(columns)))


def _plain(value: object) -> Scalar:
    """Take a numpy or torch scalar for the number that it is."""
    item = getattr(value, "item", None)
    if item is not None and not isinstance(value, float | int | str | bool):
        value = item()
    return value  # type: ignore[return-value]


def _points(columns: dict[str, _Columns]) -> Points:
    points = Points(tuple(columns), array("H"), array("q"), array("d"), array("d"))
    for number, (steps, times, values) in enumerate(columns.values()):
        points.numbers.extend(array("H", [number]) * len(values))
        points.steps.extend(steps)
        points.times.extend(times)
        points.values.extend(values)
    return points


def _append(path: str, block: bytes) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, block)
    finally:
        os.close(descriptor)
