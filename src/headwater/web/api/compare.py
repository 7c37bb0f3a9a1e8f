"""How two to twenty runs differ."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from headwater.client.compare import Difference, compare_runs
from headwater.client.records import RunRecord
from headwater.web.api.code import run_named
from headwater.web.api.runs import RunSummary, summaries
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Text
from headwater.web.views.shown import Shown, cut, shown

#: Tasks of each run whose artifacts, files and times are compared.
_MOST_TASKS = 2000
#: Differences of one kind that are listed, and artifacts whose previews come along.
_MOST_LISTED = 500
_MOST_PREVIEWS = 100


class CompareQuery(msgspec.Struct, frozen=True):
    """Which runs, `Churn/16` and `Churn/17`; the first is what the others are compared with."""

    run: Annotated[tuple[Text, ...], msgspec.Meta(min_length=2, max_length=20)]


class ComparedArtifact(msgspec.Struct, frozen=True):
    """An artifact that is not the same in all runs."""

    #: `train.model`, `score/start.17.result`.
    name: str
    #: In the order of the runs; None = it is not there.
    digests: tuple[str | None, ...]
    #: The same with previews; empty beyond the first hundred artifacts.
    values: tuple[Shown | None, ...]


class CompareView(msgspec.Struct, frozen=True):
    """What differs between runs; values in the order of the runs, None where a run has none."""

    runs: tuple[RunSummary, ...]
    #: Parameters and metrics that are not the same; `runs` has all of them.
    parameters: tuple[Difference, ...]
    metrics: tuple[Difference, ...]
    artifacts: tuple[ComparedArtifact, ...]
    #: Data files that all of them read: size, digest, columns.
    files: tuple[Difference, ...]
    #: Files of the project: digests.
    code: tuple[Difference, ...]
    #: Packages: versions.
    environment: tuple[Difference, ...]
    #: Steps: seconds of their tasks in all, also where they are the same.
    timing: tuple[Difference, ...]
    #: Kind -> number of differences, listed or not.
    counts: dict[str, int]
    #: Only the first tasks of the larger runs were compared.
    is_cut: bool


def compare(asked: Asked, query: CompareQuery) -> CompareView:
    """Compare runs, by digest and without loading anything."""
    if len(set(query.run)) < len(query.run):
        raise Refused(400, "a run is named twice")
    records = [run_named(asked, path) for path in query.run]
    found = compare_runs(records, most_tasks=_MOST_TASKS)
    kinds = ("parameters", "metrics", "artifacts", "files", "code", "environment", "timing")
    listed = {kind: [_cut(each) for each in getattr(found, kind)[:_MOST_LISTED]] for kind in kinds}
    return CompareView(
        runs=summaries(asked, [record.row for record in records]),
        parameters=tuple(listed["parameters"]),
        metrics=tuple(listed["metrics"]),
        artifacts=_artifacts(records, listed["artifacts"]),
        files=tuple(listed["files"]),
        code=tuple(listed["code"]),
        environment=tuple(listed["environment"]),
        timing=tuple(listed["timing"]),
        counts={kind: len(getattr(found, kind)) for kind in kinds},
        is_cut=any(sum(record.row.task_counts.values()) > _MOST_TASKS for record in records),
    )


def _cut(difference: Difference) -> Difference:
    return Difference(difference.name, tuple(cut(value) for value in difference.values))


def _artifacts(records: Sequence[RunRecord], differences: Sequence[Difference]) -> tuple[ComparedArtifact, ...]:
    names = [difference.name for difference in differences[:_MOST_PREVIEWS]]
    values = [_previews(record, names) for record in records]
    return tuple(
        ComparedArtifact(
            difference.name,
            tuple(None if value is None else str(value) for value in difference.values),
            tuple(each.get(difference.name) for each in values) if difference.name in names else (),
        )
        for difference in differences
    )


def _previews(record: RunRecord, names: Sequence[str]) -> dict[str, Shown]:
    """Give what a list shows of artifacts named `train.model`."""
    keys = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    rows = record.view.ledger.artifacts(record.run, keys) if keys else []
    wanted = set(names)
    found = {f"{row.key}.{row.name}": shown(row.ref, row.header) for row in rows}
    return {name: value for name, value in found.items() if name in wanted}


ROUTES = (Route("GET", "/compare", compare, needs="viewer"),)
