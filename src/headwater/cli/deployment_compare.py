"""`headwater deployment compare`: shows the runs of two aliases side by side."""

import sys
from collections.abc import Sequence

import click

from headwater.cli.deployment_names import find_state
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import duration, local_time
from headwater.production.compared import ComparedPair, compare_aliases


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
        second = None if right is None else find_state(view.ledger, right)
        found = compare_aliases(view, find_state(view.ledger, left), second, last)
    names, compared = found.names, found.pairs
    if as_json:
        print_json({"aliases": names, "pairs": compared})
    elif not compared:
        print(f"{names[0]} and {names[1]} have no slot that both have run to its end", file=sys.stderr)
    else:
        _print(names, compared)
    return 0


def _print(names: tuple[str, str], compared: Sequence[ComparedPair]) -> None:
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
