"""`headwater compare`: shows how runs differ."""

import click

from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import find_run, gives_json, opened, reads_store
from headwater.cli.words import duration
from headwater.client.compare import Comparison, Difference, compare_runs
from headwater.model.errors import UserMistake

#: Differences of one kind that are printed.
_MOST = 20


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("--all", "is_all", is_flag=True, help=f"Print all differences, not the first {_MOST} of each kind.")
@gives_json
@reads_store
def command(runs: tuple[str, ...], is_all: bool, as_json: bool, home: str | None) -> int:
    """Show how runs differ: parameters, metrics, artifacts, data files, code, packages, what each step took.

    Artifacts and files are compared by digest, nothing is loaded. What is the same in all runs is left out, but for
    the times.
    """
    if len(runs) < 2:
        raise UserMistake("one run cannot differ", hint=f"name another: headwater compare {runs[0]} RUN")
    with opened(home) as view:
        comparison = compare_runs([find_run(view, path) for path in runs])
    if as_json:
        print_json(comparison)
    else:
        _print(comparison, None if is_all else _MOST)
    return 0


def _print(comparison: Comparison, most: int | None) -> None:
    if comparison.is_same:
        print("the runs differ in nothing but their times")
    for title, differences in comparison.sections():
        print()
        print_table((title, *comparison.runs), [(one.name, *_values(title, one)) for one in differences[:most]])
        if most is not None and len(differences) > most:
            print(f"and {len(differences) - most} more: --all")


def _values(title: str, difference: Difference) -> list[str]:
    return [_value(title, value) for value in difference.values]


def _value(title: str, value: object) -> str:
    if value is None:
        return "-"
    if title == "timing" and isinstance(value, float | int):
        return duration(value)
    if title in ("artifacts", "code"):
        return str(value)[:12]
    return f"{value:.6g}" if isinstance(value, float) else str(value)
