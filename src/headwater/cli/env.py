"""`headwater env`: the environments in which steps run."""

import importlib

import click

from headwater.cli.reading import gives_json, reads_store

#: Imported by the words that need it: it brings uv.
_WORDS = "headwater.cli.env_words"


@click.group("env")
def command() -> None:
    """Show, compare, rebuild and remove the environments that steps declare with @pypi, @uv or @conda."""


@command.command("show")
@click.argument("path", metavar="RUN[/STEP]")
@click.option("--requirements", "is_lock", is_flag=True, help="Print the lock as requirements, each with its hashes.")
@gives_json
@reads_store
def show(path: str, is_lock: bool, as_json: bool, home: str | None) -> int:
    """Show which environment each step of a run has, or the packages of one step, exactly as they were."""
    return _do("show", path, is_lock, as_json, home)


@command.command("list")
@gives_json
@reads_store
def list_built(as_json: bool, home: str | None) -> int:
    """List the environments that are built, and who needs them now."""
    return _do("list_built", as_json, home)


@command.command("rebuild")
@click.argument("path", metavar="RUN[/STEP]")
@click.option("--upgrade", is_flag=True, help="Resolve anew what the steps ask for; later runs use the result.")
@reads_store
def rebuild(path: str, upgrade: bool, home: str | None) -> int:
    """Build the environments of a run again from their locks; with the wheels kept in the store no network is needed.

    With --upgrade the run keeps what it had: runs that start from now on get the new versions.
    """
    return _do("rebuild", path, upgrade, home)


@command.command("diff")
@click.argument("first", metavar="RUN[/STEP]")
@click.argument("second", metavar="RUN[/STEP]")
@gives_json
@reads_store
def diff(first: str, second: str, as_json: bool, home: str | None) -> int:
    """Show in which packages two runs differ, step by step. Exit code 1: they differ."""
    return _do("diff", first, second, as_json, home)


@command.command("gc")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@gives_json
@reads_store
def gc(is_sure: bool, as_json: bool, home: str | None) -> int:
    """Remove built environments that no open run and no deployment needs.

    Locks and wheels stay: a run that needs one again builds it in a second or two, without the network.
    """
    return _do("collect", is_sure, as_json, home)


def _do(word: str, *arguments: object) -> int:
    code: int = getattr(importlib.import_module(_WORDS), word)(*arguments)
    return code
