"""Labels: what turned out to be true of a prediction, known later, joined by the prediction's id.

`HOME/services/<service>/labels/2026-11-22.jsonl` holds a line `[id, label, time]` for each; the day is that of the
prediction, which its id holds. A later line for the same id counts.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from headwater.hosting.predictions import arrow_and_parquet, read_predictions, time_of
from headwater.model.errors import UserMistake
from headwater.model.private_files import make_private_folder

#: Below a service's folder.
FOLDER = "labels"
_DAY = 86400.0


class Label(msgspec.Struct, frozen=True, array_like=True):
    """One label."""

    id: str
    value: msgspec.Raw
    #: When it was given, Unix time.
    at: float


def add_labels(home: str, service: str, labels: Iterable[tuple[str, object]], at: float) -> int:
    """Keep labels, on the disk when it returns; gives how many. The same ones again change nothing.

    Args:
        home: folder of the store.
        service: its name.
        labels: prediction ids, and what turned out to be true: anything that JSON can hold.
        at: now, Unix time.

    Raises:
        UserMistake: an id is none, or a label cannot be kept; nothing was kept.
    """
    lines: dict[str, list[bytes]] = {}
    for id, value in labels:
        given = time_of(id) if isinstance(id, str) else None
        if given is None:
            hint = "it is in the header `prediction-id` of an answer, and in the column `prediction_id` of a batch"
            raise UserMistake(f"{id!r} is no prediction id", hint=hint)
        lines.setdefault(_day_of(given), []).append(_line(id, value, at))
    folder = _folder(home, service)
    for day, added in sorted(lines.items()):
        make_private_folder(folder)
        _append(os.path.join(folder, f"{day}.jsonl"), b"".join(added))
    return sum(map(len, lines.values()))


def read_labels(home: str, service: str, since: float, until: float) -> dict[str, msgspec.Raw]:
    """Give the labels (as JSON) of predictions that were made between two times, to the day, by their ids."""
    found: dict[str, msgspec.Raw] = {}
    at = since
    while _day_of(at) <= _day_of(until):
        found |= _read_day(os.path.join(_folder(home, service), f"{_day_of(at)}.jsonl"))
        at += _DAY
    return found


def read_labelled(
    home: str,
    service: str,
    *,
    since: float | None = None,
    until: float | None = None,
    version: int | None = None,
    columns: Sequence[str] | None = None,
    damaged: list[str] | None = None,
) -> Iterator[Any]:
    """Give logged predictions that have a label, as `read_predictions`, with the column `label` (JSON) beside.

    Raises:
        NotInstalled: pyarrow is missing.
        PredictionsDamaged: a file of the log cannot be read, and `damaged` is None.
    """
    arrow, _ = arrow_and_parquet()
    wanted = None if columns is None else list(dict.fromkeys([*columns, "id", "at"]))
    days: dict[str, dict[str, msgspec.Raw]] = {}
    for table in read_predictions(
        home, service, since=since, until=until, version=version, columns=wanted, damaged=damaged
    ):
        labels = _labels_of(home, service, table["at"].to_pylist(), days)
        values = [labels.get(id) for id in table["id"].to_pylist()]
        texts = arrow.array([None if value is None else bytes(value).decode() for value in values], arrow.string())
        kept = table.append_column("label", texts).filter(texts.is_valid())
        if kept.num_rows:
            yield kept.select([*columns, "label"]) if columns is not None else kept


def _labels_of(
    home: str, service: str, times: Sequence[float], days: dict[str, dict[str, msgspec.Raw]]
) -> dict[str, msgspec.Raw]:
    """Give the labels of predictions that were answered at these times; keeps the days of the last call."""
    # An id is given before its answer.
    first, last = min(times) - _DAY, max(times)
    wanted = {_day_of(first + _DAY * number) for number in range(int((last - first) / _DAY) + 2)}
    for day in set(days) - wanted:
        del days[day]
    for day in wanted - set(days):
        days[day] = _read_day(os.path.join(_folder(home, service), f"{day}.jsonl"))
    return {id: value for day in days.values() for id, value in day.items()} if any(days.values()) else {}


def _folder(home: str, service: str) -> str:
    return os.path.join(home, "services", service, FOLDER)


def _day_of(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def _line(id: str, value: object, at: float) -> bytes:
    try:
        return msgspec.json.encode(Label(id, msgspec.Raw(msgspec.json.encode(value, enc_hook=_plain)), at)) + b"\n"
    except (TypeError, ValueError, NotImplementedError) as error:
        raise UserMistake(f"the label of {id} cannot be kept: {error}") from error


def _plain(value: Any) -> object:
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise NotImplementedError(f"a {type(value).__name__} has no JSON form")


def _append(path: str, lines: bytes) -> None:
    """Add lines; others may add at the same time, and a line that a power cut has torn stays by itself."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        view = memoryview(lines)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_day(path: str) -> dict[str, msgspec.Raw]:
    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return {}
    found: dict[str, msgspec.Raw] = {}
    decoder = msgspec.json.Decoder(Label)
    for line in lines:
        try:
            label = decoder.decode(line)
        except msgspec.DecodeError:
            continue  # torn by a power cut: whoever added it was never told that it was kept
        found[label.id] = label.value.copy()
    return found
