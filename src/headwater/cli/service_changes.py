"""The verbs that change a service: promote, rollback, pause, unpause, delete."""

import time
from collections.abc import Callable
from typing import Any

import click

from headwater.deployments.owners import person_of
from headwater.home import open_home
from headwater.hosting.changes import ServiceChanges
from headwater.model.deployment import AliasState

_Command = Callable[..., Any]


def _changes(command: _Command) -> _Command:
    """Add the options that all of them have."""
    for option in (
        click.option("--home", metavar="FOLDER", help="Folder of store and ledger."),
        click.option("--token", metavar="TOKEN", help="Token of somebody else's service  [default: HEADWATER_TOKEN]."),
        click.argument("name", metavar="SERVICE"),
    ):
        command = option(command)
    return command


def _do(home: str | None, token: str | None, change: Callable[[ServiceChanges], AliasState]) -> AliasState:
    opened = open_home(home)
    try:
        return change(ServiceChanges(opened.ledger, person_of(opened, token)))
    finally:
        opened.close()


@click.command("promote")
@_changes
@click.option("--version", "number", type=click.IntRange(1), help="Which  [default: the newest].")
@click.option("--reason", default="", help="Why: kept with the change.")
def promote(name: str, number: int | None, reason: str, token: str | None, home: str | None) -> int:
    """Let a version answer from now on."""
    state = _do(home, token, lambda changes: changes.promote(name, time.time(), number, reason))
    print(f"{state.name} answers with version {state.number}")
    return 0


@click.command("rollback")
@_changes
@click.option("--to", "number", type=click.IntRange(1), help="Which  [default: the one before].")
@click.option("--reason", default="", help="Why: kept with the change.")
def rollback(name: str, number: int | None, reason: str, token: str | None, home: str | None) -> int:
    """Let an earlier version answer again: one pointer, and its workers are still warm.

    While a version is rolled out, that is what goes back: the live one answers alone again.
    """
    state = _do(home, token, lambda changes: changes.roll_back(name, time.time(), number, reason))
    print(f"{state.name} answers with version {state.number} again")
    return 0


@click.command("pause")
@_changes
@click.option("--reason", default="", help="Why: callers are told.")
def pause(name: str, reason: str, token: str | None, home: str | None) -> int:
    """Turn callers away (503) until it is unpaused."""
    state = _do(home, token, lambda changes: changes.pause(name, time.time(), reason))
    print(f"{state.name} is paused: callers are turned away")
    return 0


@click.command("unpause")
@_changes
def unpause(name: str, token: str | None, home: str | None) -> int:
    """Answer again."""
    state = _do(home, token, lambda changes: changes.unpause(name, time.time()))
    print(f"{state.name} answers with version {state.number}")
    return 0


@click.command("delete")
@_changes
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def delete(name: str, is_sure: bool, token: str | None, home: str | None) -> int:
    """Take a service down: nobody answers any more. Its versions and their artifacts stay."""
    if not is_sure:
        click.confirm(f"take {name} down? callers get 404 from then on", abort=True, err=True)
    state = _do(home, token, lambda changes: changes.delete(name, time.time()))
    print(f"{state.name} is taken down; its versions stay: headwater deploy brings it back")
    return 0
