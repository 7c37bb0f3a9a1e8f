"""`current.metrics`: points over time, live while the step runs, and a summary that stays with the run."""

import os
import threading
import time
from array import array
from collections import deque
from collections.abc import Mapping
from operator import itemgetter

import msgspec

from headwater.model.errors import UserMistake
from headwater.store.points import NO_STEP, Points, encode_points

#: Seconds between two writes: what a kill may lose.
_WRITE_EVERY = 0.5
#: Calls after which a write comes earlier.
_MOST_CALLS = 20_000

Scalar = float | int | str | bool | None
#: Time, step, values.
_Call = tuple[float, int | None, dict[str, float]]


class Metrics:
    """Takes the metrics of one attempt.

    `log` only remembers; a thread that starts with the first call writes twice a second, so that a point costs
    well below a microsecond and is on disk, readable by everybody, half a second later.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._calls: deque[_Call] = deque()
        self._remember = self._calls.append
        self._summary: dict[str, Scalar] = {}
        self._writer: threading.Thread | None = None
        self._is_over = threading.Event()
        self._lock = threading.Lock()

    def log(self, *, step: int | None = None, **values: float) -> None:
        """Keep numbers under their names, e.g. `log(step=10, loss=0.3)`; time is noted."""
        self._remember((time.time(), step, values))
        if self._writer is None:
            self._start()
        elif len(self._calls) > _MOST_CALLS:
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
        """Write what is left and give the summary."""
        self._is_over.set()
        if self._writer is not None:
            self._writer.join()
            self._write()
        return self._summary

    def _start(self) -> None:
        self._writer = threading.Thread(target=self._keep_writing, name="headwater-metrics", daemon=True)
        self._writer.start()

    def _keep_writing(self) -> None:
        while not self._is_over.wait(_WRITE_EVERY):
            self._write()

    def _write(self) -> None:
        with self._lock:
            # another thread may log meanwhile: what is there now is taken, the rest stays
            take = self._calls.popleft
            calls = [take() for _ in range(len(self._calls))]
            if calls and self._path:
                _append(self._path, encode_points(_columns(calls)))


def _plain(value: object) -> Scalar:
    """Take a numpy or torch scalar for the number that it is."""
    item = getattr(value, "item", None)
    if item is not None and not isinstance(value, float | int | str | bool):
        value = item()
    return value  # type: ignore[return-value]


def _columns(calls: list[_Call]) -> Points:
    """Turn calls into columns; most calls log the same names, so the columns are made a name at a time."""
    groups: dict[tuple[str, ...], list[_Call]] = {}
    for call in calls:
        groups.setdefault(tuple(call[2]), []).append(call)
    names: dict[str, int] = {}
    points = Points((), array("H"), array("q"), array("d"), array("d"))
    for keys, group in groups.items():
        times, steps, values = zip(*group, strict=True)
        if None in steps:
            steps = tuple(NO_STEP if step is None else step for step in steps)
        for key in keys:
            number = names.setdefault(key, len(names))
            points.numbers.extend(array("H", [number]) * len(group))
            points.steps.extend(steps)
            points.times.extend(times)
            points.values.extend(map(itemgetter(key), values))
    return msgspec.structs.replace(points, names=tuple(names))


def _append(path: str, block: bytes) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, block)
    finally:
        os.close(descriptor)
