"""`headwater deployment compare`: shows the runs of two aliases side by side."""

import sys

import click
import msgspec

from headwater.cli.deployment_names import find_state
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import duration, local_time
from headwater.client.compare import Comparison, compare_runs
from headwater.client.records import RunRecord, find_record
from headwater.client.session import View
from headwater.client.siblings import is_shown
from headwater.deployments.shadows import Pair, pair_runs
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


@click.command("compare")
@click.argument("left", metavar="NAME@ALIAS")
@click.argument("right", metavar="[NAME@ALIAS]", required=False)
@click.option("--last", type=click.IntRange(1), default=10, help="Most pairs  [default: 10].")
@gives_json
@reads_store
def compare(left: str, right: str | None, last: int, as_json: bool, home: str | None) -> int:
    """Show metrics, artifacts and times of two aliases side by side, for the last slots that both have run.

    A shadow needs no second alias: it is compared with what it shadows.
    """
    with opened(home) as view:
        first = find_state(view.ledger, left)
        if right is None and first.shadow_of is None:
            raise DeploymentRefused(f"compare {first.target} with what?", hint="name a second alias")
        second = find_state(view.ledger, right or first.shadow_of or "")
        if first.shadow_of == second.target:
            first, second = second, first
        names = (first.target, second.target)
        pairs = pair_runs(*(_ended(view, name, last * _LOOKED_AT) for name in names))[:last]
        compared = [_compare(view, pair) for pair in pairs]
    if as_json:
        print_json({"aliases": names, "pairs": compared})
    elif not compared:
        print(f"{names[0]} and {names[1]} have no slot that both have run to its end", file=sys.stderr)
    else:
        _print(names, compared)
    return 0


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


def _print(names: tuple[str, str], compared: list[ComparedPair]) -> None:
    for pair in compared:
        print()
        title = "asked for" if pair.slot is None else local_time(pair.slot)
        same = f"{pair.equal_artifacts} artifacts are equal, {len(pair.different_artifacts)} differ"
        rows: list[tuple[object, ...]] = [("run", *pair.runs), ("status", *pair.status)]
        rows += [("took", *("-" if seconds is None else duration(seconds) for seconds in pair.seconds))]
        rows += [(name, *map(_text, values)) for name, values in pair.metrics.items()]
        print_table((title, *names), rows)
        differing = ", ".join(pair.different_artifacts[:8]) + (" ..." if len(pair.different_artifacts) > 8 else "")
        print(f"{same}{': ' if differing else ''}{differing}")


def _text(value: object) -> str:
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
