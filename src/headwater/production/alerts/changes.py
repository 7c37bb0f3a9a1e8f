"""What is not as it was in the last good run: the first question of whoever is woken up.

What changes at night is most often the data, so what became of a column, a type or a file comes first. Nothing is
loaded: what is compared was noted when the values were saved and the files read.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from headwater.client.compare import Comparison, Difference, compare_runs
from headwater.client.display import listed, printable
from headwater.client.records import RunRecord
from headwater.model.artifact import Header
from headwater.model.errors import HeadwaterError
from headwater.model.ids import Digest, parse_task_key
from headwater.model.outcome import FileRead
from headwater.model.packages import EnvironmentLock
from headwater.model.rows import ArtifactRow, TaskQuery, TaskRow
from headwater.production.alerts.text import Change

#: Artifacts whose headers are compared.
_MOST_ARTIFACTS = 200
#: Characters of a value that are shown.
_LONGEST_VALUE = 60
#: Folder of a laid-out package: a file of it has another path in the next deployment.
_PACKAGE = re.compile(r"^.*/packages/[0-9a-f]{64}/")
_DIGITS = re.compile(r"\d+")
_SEPARATOR = re.compile(r"[,;\t|]")


class Changes(msgspec.Struct, frozen=True):
    """What is known to be different."""

    #: The most telling first.
    found: tuple[Change, ...] = ()
    #: Why not all could be compared; empty when it could.
    unknown: str = ""


def changes_since(good: RunRecord, bad: RunRecord, failed: TaskRow | None, *, most_tasks: int | None = None) -> Changes:
    """Compare a failed run with the last good one; reads the rows of their tasks, and loads nothing.

    Args:
        good: the run that succeeded.
        bad: the one that failed.
        failed: the task that failed it: what it reads comes first.
        most_tasks: tasks of each run that are read, the first ones; None = all of them.
    """
    found: list[Change] = []
    unknown = ""
    compared: list[Comparison] = []

    def compare() -> Comparison:
        if not compared:
            compared.append(compare_runs([good, bad], most_tasks=most_tasks))
        return compared[0]

    looks: tuple[Callable[[], Iterable[Change]], ...] = (
        lambda: _data(good, bad, failed, compare(), most_tasks),
        lambda: _settings(compare()),
        lambda: _locked_packages(good, bad),
    )
    for look in looks:
        try:
            found += look()
        except (HeadwaterError, OSError) as error:
            unknown = str(error).splitlines()[0]
    return Changes(tuple(found), unknown)


def _data(
    good: RunRecord, bad: RunRecord, failed: TaskRow | None, told: Comparison, most_tasks: int | None
) -> list[Change]:
    reached = [one.name for one in told.artifacts if None not in one.values]
    ranked = [*_inputs(good, bad, failed, reached[:_MOST_ARTIFACTS]), *_data_files(good, bad, most_tasks)]
    return [change for _, change in sorted(ranked, key=lambda one: one[0])]


def _inputs(
    good: RunRecord, bad: RunRecord, failed: TaskRow | None, names: Sequence[str]
) -> Iterator[tuple[int, Change]]:
    """Yield artifacts that are not as they were, with a rank: columns and types first, then what the task reads.

    Of those that many tasks of a step set, the one with the lowest rank speaks for all.
    """
    keys = [name.rpartition(".")[0] for name in names]
    before, now = _rows(good, keys), _rows(bad, keys)
    reads = _reads(good, failed)
    alike: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        if name in before and name in now:
            shape = describe_difference(before[name].header, now[name].header)
            is_read = now[name].name in reads
            by = f", which {failed.step} reads" if is_read and failed is not None else ""
            digests = f"{before[name].ref.digest[:12]} -> {now[name].ref.digest[:12]}"
            told = f"{shape.told} ({digests})" if shape.told else digests
            rank = 0 if shape.is_structural else 1 if is_read else 2
            alike.setdefault(_step_and_name(name), []).append((rank, f"{name}{by}: {told}"))
    for found in alike.values():
        rank, text = min(found, key=lambda one: one[0])
        more = f", and in {len(found) - 1} other tasks" if len(found) > 1 else ""
        yield rank, Change("inputs", f"{text}{more}")


def _step_and_name(name: str) -> str:
    key, _, artifact = name.rpartition(".")
    return f"{parse_task_key(key).step}.{artifact}"


def _rows(record: RunRecord, keys: Sequence[str]) -> dict[str, ArtifactRow]:
    """Give artifacts by `train.model`."""
    rows = record.view.ledger.artifacts(record.run, list(dict.fromkeys(keys)))
    return {f"{row.key}.{row.name}": row for row in rows}


def _reads(good: RunRecord, failed: TaskRow | None) -> frozenset[str]:
    """Give the names that the task read when it succeeded; a join's without its inputs' names."""
    if failed is None:
        return frozenset()
    row = good.tasks_by_key([failed.key]).get(failed.key)
    return frozenset() if row is None else frozenset(re.split(r"\W", name)[-1] for name in row.reads)


class Shape(msgspec.Struct, frozen=True):
    """How what was noted of two values differs."""

    #: Empty when nothing that was noted does.
    told: str
    #: Columns, types or kinds are not the same: code that took the one may not take the other.
    is_structural: bool = False


def describe_difference(before: Header | None, now: Header | None) -> Shape:
    """Tell how the notes of two values differ: columns, types, sizes, or the values when they are short."""
    if before is None or now is None:
        return Shape("")
    if before.schema or now.schema:
        told = _columns(dict(before.schema), dict(now.schema))
        if told:
            return Shape(told, is_structural=True)
    if before.dtype != now.dtype:
        return Shape(f"type {before.dtype} -> {now.dtype}", is_structural=True)
    if before.shape != now.shape:
        return Shape(f"{_shape(before)} -> {_shape(now)}", is_structural=_is_emptied(before, now))
    if before.kind == now.kind and now.kind in ("text", "json") and before.preview != now.preview:
        return Shape(f"{_excerpt(before.preview)} -> {_excerpt(now.preview)}")
    return Shape("")


def _excerpt(preview: object) -> str:
    text = printable(preview if isinstance(preview, str) else repr(preview))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _columns(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """`column amount is gone, amount_eur (float64) is new`; empty when all are as they were."""
    gone = [f"`{printable(name)}`" for name in before if name not in now]
    new = [f"`{printable(name)}`" for name in now if name not in before]
    other = [
        f"`{printable(name)}` {before[name]} -> {now[name]}"
        for name in before
        if name in now and before[name] != now[name]
    ]
    return _told(gone, new, other)


def _told(gone: Sequence[str], new: Sequence[str], other: Sequence[str] = ()) -> str:
    said = []
    for names, what in ((gone, "gone"), (new, "new")):
        if names:
            said.append(f"column{'s' * (len(names) > 1)} {listed(names, 5)} {'are' if len(names) > 1 else 'is'} {what}")
    if other:
        said.append(f"type of {listed(other, 5)}")
    return ", ".join(said)


def _shape(header: Header) -> str:
    return " × ".join(map(str, header.shape)) if header.shape is not None else "no size"


def _is_emptied(before: Header, now: Header) -> bool:
    return bool(before.shape and now.shape and 0 in now.shape and 0 not in before.shape)


def _data_files(good: RunRecord, bad: RunRecord, most_tasks: int | None) -> Iterator[tuple[int, Change]]:
    """Yield the files that steps read and that are not as they were."""
    before, now = _files(good, most_tasks), _files(bad, most_tasks)
    for name, (path, file) in now.items():
        if name not in before:
            continue
        earlier = before[name][1]
        if (earlier.digest, earlier.size_bytes) == (file.digest, file.size_bytes) and file.digest is not None:
            continue
        if file.digest is None and (earlier.size_bytes, earlier.modified_at) == (file.size_bytes, file.modified_at):
            continue
        columns = _head_difference(earlier.head, file.head)
        size = f"{earlier.size_bytes} -> {file.size_bytes} bytes"
        told = columns or size if earlier.size_bytes != file.size_bytes else columns or "other content"
        yield 0 if columns else 1, Change("data files", f"{printable(path)}: {told}")


def _files(record: RunRecord, most_tasks: int | None) -> dict[str, tuple[str, FileRead]]:
    """Give path and file of what the run read, by a name that is the same where only a date or a package differs."""
    found: dict[str, tuple[str, FileRead]] = {}
    left = most_tasks
    for rows in record.tasks(TaskQuery(record.run)):
        if left is not None:
            rows, left = rows[:left], left - len(rows)
        for row in rows:
            for path, file in row.usage.files.items():
                within = _PACKAGE.sub("", path)
                found.setdefault(_DIGITS.sub("#", within), (within, file))
        if left is not None and left <= 0:
            break
    return found


def _head_difference(before: str, now: str) -> str:
    if not before or not now or before == now:
        return ""
    names, others = _head(before), _head(now)
    gone = [f"`{printable(name)}`" for name in names if name not in others]
    new = [f"`{printable(name)}`" for name in others if name not in names]
    return _told(gone, new) or "columns in another order"


def _head(line: str) -> list[str]:
    return [name.strip().strip('"') for name in _SEPARATOR.split(line)]


def _settings(told: Comparison) -> list[Change]:
    return [*_plain("parameters", told.parameters), *_code(told), *_plain("packages", told.environment)]


def _plain(kind: str, differences: Iterable[Difference]) -> Iterator[Change]:
    for one in differences:
        before, now = (printable(_value(value)) for value in one.values)
        yield Change(kind, f"{printable(one.name)}: {before} -> {now}")


def _value(value: object) -> str:
    return "none" if value is None else str(value)


def _code(told: Comparison) -> Iterator[Change]:
    for one in told.code:
        before, now = one.values
        what = "is new" if before is None else "is gone" if now is None else "changed"
        yield Change("code", f"{printable(one.name)} {what}")


def _locked_packages(good: RunRecord, bad: RunRecord) -> list[Change]:
    before, now = good.started.environments, bad.started.environments
    found: list[Change] = []
    for step in dict.fromkeys([*before, *now]):
        if before.get(step) != now.get(step):
            packages, others = _packages(good, before.get(step)), _packages(bad, now.get(step))
            names = dict.fromkeys([*packages, *others])
            different = [Difference(name, (packages.get(name), others.get(name))) for name in names]
            found += _plain(f"packages of {step}", [one for one in different if one.values[0] != one.values[1]])
    return found


def _packages(record: RunRecord, lock: Digest | None) -> dict[str, str]:
    if lock is None:
        return {}
    decoded = msgspec.json.decode(bytes(record.view.home.objects.map_raw(lock)), type=EnvironmentLock)
    return {"python": decoded.python, **{name: package.version for name, package in decoded.packages.items()}}
