"""Options that several commands share."""

from collections.abc import Callable
from typing import TypeVar

import click

Body = TypeVar("Body", bound=Callable[..., object])

_RUN_OPTIONS = (
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="Tag the run (repeatable)."),
    click.option("--note", default="", help="Why this run: kept with it."),
    click.option("--seed", type=int, help="Seed of the run's random numbers; the record of each run holds it."),
    click.option("--max-workers", type=click.IntRange(1), help="Tasks at the same time  [default: cpus]."),
    click.option("--with", "decorators", multiple=True, metavar="NAME:K=V", help="Decorate every step (repeatable)."),
    click.option("--engine", type=click.Choice(["local", "inline"]), default="local", help="Where tasks run."),
    click.option("--strict", "is_strict", is_flag=True, help="Refuse steps that this machine can never fit."),
    click.option("--branch", help="Branch of the flow's project: runs as test.BRANCH  [default: user.NAME]."),
    click.option("--production", is_flag=True, help="Run as the project's branch prod."),
    click.option("--namespace", help="Namespace in which the steps read  [default: user:NAME]."),
    click.option("--run-id-file", type=click.Path(dir_okay=False), help="File that gets the run's path first of all."),
    click.option("--home", metavar="FOLDER", help="Folder of store and ledger."),
    click.option("--quiet", is_flag=True, help="Print what goes wrong, and nothing else."),
    click.option("--no-pylint", is_flag=True, hidden=True),
    click.option("--max-num-splits", type=int, hidden=True),
)


def run_options(body: Body) -> Body:
    """Give a command the options of a run."""
    for option in reversed(_RUN_OPTIONS):
        body = option(body)
    return body
