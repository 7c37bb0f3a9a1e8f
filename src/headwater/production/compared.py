"""Runs of two aliases side by side: a shadow and what it shadows, a candidate and production."""

import msgspec

from headwater.client.compare import Comparison, compare_runs
from headwater.client.records import RunRecord, find_record
from headwater.client.session import View
from headwater.client.siblings import is_shown
from headwater.deployments.aliases import Aliases
from headwater.deployments.shadows import Pair, pair_runs
from headwater.model.deployment import AliasState
from headwater.model.errors import DeploymentRefused
from headwater.model.rows import RunQuery, RunRow, TaskQuery

#: Runs of each alias among which pairs are looked for, for each pair that is asked for.
_LOOKED_AT = 10
_ENDED = ("succeeded", "failed", "cancelled")


class ComparedPair(msgspec.Struct, frozen=True):
    """Two runs of one slot, and how they differ."""

    slot: float | None
    runs: tuple[str, str]
    status: tuple[str, str]
    #: None while a run has not ended.
    seconds: tuple[float | None, float | None]
    #: Metric -> its value in each; None = it is not there.
    metrics: dict[str, tuple[object, object]]
    #: Artifacts that are the same, byte by byte.
    equal_artifacts: int
    #: Artifacts that differ or that only one of them has, as `train.model`.
    different_artifacts: tuple[str, ...]
    #: Step -> seconds that its tasks took in each.
    steps: dict[str, tuple[object, object]]


class ComparedAliases(msgspec.Struct, frozen=True):
    """Runs of two aliases, in pairs."""

    #: The first is what is shadowed, where one is a shadow of the other.
    names: tuple[str, str]
    #: Newest first.
    pairs: tuple[ComparedPair, ...]


def compare_aliases(view: View, first: AliasState, second: AliasState | None, count: int) -> ComparedAliases:
    """Compare the last slots that both aliases have run to the end; reads the rows of all tasks of these runs.

    Args:
        view: where the runs are.
        first: an alias.
        second: another one; None = what the first one is a shadow of.
        count: pairs at most.

    Raises:
        DeploymentRefused: the first one is no shadow, and there is no second.
        NotFound: what it is a shadow of is gone.
    """
    if second is None:
        if first.shadow_of is None:
            raise DeploymentRefused(f"compare {first.target} with what?", hint="name a second alias")
        second = Aliases(view.ledger).require(first.shadow_of)
    if first.shadow_of == second.target:
        first, second = second, first
    names = (first.target, second.target)
    pairs = pair_runs(*(_ended(view, name, count * _LOOKED_AT) for name in names))[:count]
    return ComparedAliases(names, tuple(_compare(view, pair) for pair in pairs))


def _ended(view: View, target: str, most: int) -> list[RunRow]:
    """Give the newest runs of an alias that have ended, newest first."""
    rows = view.ledger.runs(RunQuery(target=target, limit=most)).rows
    return [row for row in rows if row.status in _ENDED]


def _compare(view: View, pair: Pair) -> ComparedPair:
    records = [find_record(view, row.flow, str(row.label)) for row in (pair.left, pair.right)]
    left, right = (_digests(record) for record in records)
    metrics = {*pair.left.metrics, *pair.right.metrics}
    different = [name for name in dict.fromkeys([*left, *right]) if left.get(name) != right.get(name)]
    return ComparedPair(
        slot=pair.slot,
        runs=(pair.left.path, pair.right.path),
        status=(pair.left.status, pair.right.status),
        seconds=(_seconds(pair.left), _seconds(pair.right)),
        metrics={name: (pair.left.metrics.get(name), pair.right.metrics.get(name)) for name in sorted(metrics)},
        equal_artifacts=len({*left, *right}) - len(different),
        different_artifacts=tuple(different),
        steps=_steps(compare_runs(records)),
    )


def _digests(record: RunRecord) -> dict[str, str]:
    """Give the digests of what the tasks of a run set, by `train.model`."""
    return {
        f"{artifact.key}.{artifact.name}": artifact.ref.digest
        for rows in record.tasks(TaskQuery(record.run))
        for artifact in record.view.ledger.artifacts(record.run, [row.key for row in rows])
        if is_shown(artifact.name)
    }


def _steps(found: Comparison) -> dict[str, tuple[object, object]]:
    return {each.name: (each.values[0], each.values[1]) for each in found.timing}


def _seconds(row: RunRow) -> float | None:
    return None if row.finished_at is None else row.finished_at - row.started_at
