"""`current.metrics`: points over time, live while the step runs, and a summary that stays with the run."""

import os
import threading
import time
from array import array
from collections.abc import Mapping
from operator import index
from typing import Any

from headwater.model.errors import UserMistake
from headwater.model.masking import masked
from headwater.model.private_files import make_private_folder
from headwater.store.points import NO_STEP, Points, encode_points

#: Seconds between two writes: what a kill may lose.
_WRITE_EVERY = 0.5
#: Entries (four a point) that wait at most before a write comes earlier.
_MOST_WAITING = 200_000
#: Steps are below this.
_STEPS_END = 1 << 63

Scalar = float | int | str | bool | None


class Metrics:
    """Takes the metrics of one attempt.

    `log` puts numbers at the end of one flat list, about a third of a microsecond each; a thread that starts with the
    first call makes columns of them twice a second and writes these, so that they are on disk, readable by everybody,
    half a second later. (Columns at once cost half as much again, tuples or dictionaries wake the garbage collector.)
    """

    def __init__(self, path: str) -> None:
        self._path = path
        #: Time, step, name, value, time, step, name, value ...; only ever extended by whole points, and cut from the
        #: front by `_write`, each in one step that no other thread can divide.
        self._flat: list[Any] = []
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
        else:
            if type(step) is not int:
                step = index(step)
            if not NO_STEP < step < _STEPS_END:
                raise OverflowError(f"step {step} does not fit into 64 bits")
        flat = self._flat
        for name, value in values.items():
            number = value + 0.0
            flat.extend((at, step, name, number if type(number) is float else float(number)))
        if self._writer is None:
            self._start()
        elif len(flat) > _MOST_WAITING:
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
            count = len(self._flat) // 4 * 4
            flat = self._flat[:count]
            del self._flat[:count]
            if flat and self._path:
                _append(self._path, encode_points(_points(flat)))


def _plain(value: object) -> Scalar:
    """Take a numpy or torch scalar for the number that it is."""
    item = getattr(value, "item", None)
    if item is not None and not isinstance(value, float | int | str | bool):
        value = item()
    return value  # type: ignore[return-value]


def _points(flat: list[Any]) -> Points:
    names = flat[2::4]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return Points(
        names=tuple(map(masked, numbers)),
        numbers=array("H", [numbers[name] for name in names]),
        steps=array("q", flat[1::4]),
        times=array("d", flat[0::4]),
        values=array("d", flat[3::4]),
    )


def _append(path: str, block: bytes) -> None:
    make_private_folder(os.path.dirname(path))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, block)
    finally:
        os.close(descriptor)
