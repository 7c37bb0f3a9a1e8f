"""The verbs that change a service: promote, rollback, pause, unpause, delete."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from headwater.deployments.owners import person_of
from headwater.home import Home, open_home
from headwater.hosting.awaiting import await_version
from headwater.hosting.changes import ServiceChanges
from headwater.hosting.status import ROLE
from headwater.model.deployment import AliasState

#: How long a command waits for a version to be loaded; the host goes on loading it.
_LOADING_SECONDS = 120.0

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


def _waits(command: _Command) -> _Command:
    """Add the options of those that wait until the host has done what they say."""
    return click.option("--no-wait", is_flag=True, help="Do not wait until the host has loaded it.")(command)


@contextmanager
def _changing(home: str | None, token: str | None) -> Iterator[tuple[Home, ServiceChanges]]:
    opened = open_home(home)
    try:
        yield opened, ServiceChanges(opened.ledger, person_of(opened, token))
    finally:
        opened.close()


def _do(home: str | None, token: str | None, change: Callable[[ServiceChanges], AliasState]) -> AliasState:
    with _changing(home, token) as (_, changes):
        return change(changes)


@click.command("promote")
@_changes
@click.option("--version", "number", type=click.IntRange(1), help="Which  [default: the newest].")
@click.option("--reason", default="", help="Why: kept with the change.")
@_waits
def promote(name: str, number: int | None, reason: str, no_wait: bool, token: str | None, home: str | None) -> int:
    """Let a version answer from now on; returns when it does."""
    with _changing(home, token) as (opened, changes):
        state = changes.promote(name, time.time(), number, reason)
        is_there = _awaited(opened, state, no_wait)
    print(f"{state.name} {'answers' if is_there else 'is to answer'} with version {state.number}")
    return 0


@click.command("rollback")
@_changes
@click.option("--to", "number", type=click.IntRange(1), help="Which  [default: the one before].")
@click.option("--reason", default="", help="Why: kept with the change.")
@_waits
def rollback(name: str, number: int | None, reason: str, no_wait: bool, token: str | None, home: str | None) -> int:
    """Let an earlier version answer again: one pointer, and its workers are still warm.

    While a version is rolled out, that is what goes back: the live one answers alone again.
    """
    with _changing(home, token) as (opened, changes):
        state = changes.roll_back(name, time.time(), number, reason)
        is_there = _awaited(opened, state, no_wait)
    print(f"{state.name} {'answers' if is_there else 'is to answer'} with version {state.number} again")
    return 0


def _awaited(home: Home, state: AliasState, no_wait: bool) -> bool:
    """Wait until the host does as it should, and tell when none runs."""
    if no_wait:
        return False
    if home.is_far and home.ledger.leader(ROLE) is not None:
        _tell(f"the host of {home.name} loads it now: how that goes is known there, and on its page")
        return False
    is_there = await_version(home, state.name, state.number, timeout_seconds=_LOADING_SECONDS, tell=_tell)
    if not is_there:
        _tell("no host runs on this store: nobody answers until one does; start it with: headwater up")
    return is_there


def _tell(text: str) -> None:
    click.echo(text, err=True)


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
