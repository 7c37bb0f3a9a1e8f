"""How runs differ: parameters, metrics, artifacts, data files, code, environment, timing."""

from collections.abc import Mapping, Sequence

import msgspec

from headwater.client.code import files_of
from headwater.client.packages import packages_of_run
from headwater.client.plain import plain_values
from headwater.client.records import RunRecord
from headwater.client.siblings import is_shown
from headwater.model.outcome import FileRead
from headwater.model.rows import TaskQuery


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not the same in all runs."""

    name: str
    #: What it is in each run, in the order of the runs; None = it is not there.
    values: tuple[object, ...]


class Comparison(msgspec.Struct, frozen=True):
    """What differs between runs; what is the same in all of them is left out."""

    #: Paths of the runs.
    runs: tuple[str, ...]
    #: Values, or `<package.Class>` and the start of the digest for what is not plain data.
    parameters: tuple[Difference, ...]
    metrics: tuple[Difference, ...]
    #: `train.model`: digests of what the tasks set themselves.
    artifacts: tuple[Difference, ...]
    #: Data files that all of the runs read: size, digest, and the columns of a table.
    files: tuple[Difference, ...]
    #: Files of the project: digests.
    code: tuple[Difference, ...]
    #: Packages and `python`: versions. `train: numpy` is of the environment of a step.
    environment: tuple[Difference, ...]
    #: Steps: seconds that their tasks took in all; also where they are the same.
    timing: tuple[Difference, ...]

    @property
    def is_same(self) -> bool:
        """Nothing but the timing differs."""
        return not (self.parameters or self.metrics or self.artifacts or self.files or self.code or self.environment)

    def sections(self) -> list[tuple[str, tuple[Difference, ...]]]:
        """Give (title, differences) of each section that has any."""
        titles = ("parameters", "metrics", "artifacts", "files", "code", "environment", "timing")
        found = [(title, getattr(self, title)) for title in titles]
        return [(title, differences) for title, differences in found if differences]


def compare_runs(records: Sequence[RunRecord], *, most_tasks: int | None = None) -> Comparison:
    """Compare runs, by digest and without loading an artifact.

    Args:
        records: the runs.
        most_tasks: tasks of each run that are read, the first ones; None = all of them.
    """
    tasks = [_read_tasks(record, most_tasks) for record in records]
    return Comparison(
        tuple(record.path for record in records),
        parameters=_differences([_parameters(record) for record in records]),
        metrics=_differences([record.row.metrics for record in records]),
        artifacts=_differences([found.artifacts for found in tasks]),
        files=_read_by_all([found.files for found in tasks]),
        code=_differences([files_of(record.view, record.started.code) for record in records]),
        environment=_differences([packages_of_run(record) for record in records]),
        timing=_all([found.seconds for found in tasks]),
    )


def _differences(found: Sequence[Mapping[str, object]]) -> tuple[Difference, ...]:
    return tuple(difference for difference in _all(found) if len(set(map(repr, difference.values))) > 1)


def _all(found: Sequence[Mapping[str, object]]) -> tuple[Difference, ...]:
    names = dict.fromkeys(name for one in found for name in one)
    return tuple(Difference(name, tuple(one.get(name) for one in found)) for name in names)


def _parameters(record: RunRecord) -> dict[str, object]:
    refs = record.row.parameters
    plain = plain_values(record.view, refs)
    return {
        name: plain[name] if ref.codec.startswith("json/") else f"{plain[name]} {ref.digest[:12]}"
        for name, ref in refs.items()
    }


def _read_by_all(found: Sequence[Mapping[str, str]]) -> tuple[Difference, ...]:
    """Leave out what one of them did not read: it may have reused the task that did."""
    return tuple(difference for difference in _differences(found) if None not in difference.values)


class _Found(msgspec.Struct):
    """What the tasks of a run left behind and used."""

    #: Digest by `train.model`, where it was set.
    artifacts: dict[str, str] = {}
    #: By path.
    files: dict[str, str] = {}
    #: By step.
    seconds: dict[str, float] = {}


def _read_tasks(record: RunRecord, most: int | None) -> _Found:
    found = _Found()
    left = most
    for rows in record.tasks(TaskQuery(record.run)):
        if left is not None:
            rows, left = rows[:left], left - len(rows)
        for artifact in record.view.ledger.artifacts(record.run, [row.key for row in rows]):
            if is_shown(artifact.name):
                found.artifacts[f"{artifact.key}.{artifact.name}"] = artifact.ref.digest
        for row in rows:
            found.files.update((path, _file_text(file)) for path, file in row.usage.files.items())
            if row.finished_at is not None:
                found.seconds[row.step] = found.seconds.get(row.step, 0.0) + row.finished_at - row.started_at
        if left is not None and left <= 0:
            break
    return found


def _file_text(file: FileRead) -> str:
    what = file.digest[:12] if file.digest is not None else f"changed at {file.modified_at:.0f}"
    columns = f", columns: {file.head}" if file.head else ""
    return f"{file.size_bytes} bytes, {what}{columns}"
