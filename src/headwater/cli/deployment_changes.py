"""`headwater deployment pause|unpause|promote|rollback|delete|token|secrets`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from headwater.cli.deployment_facts import state_facts
from headwater.cli.deployment_names import find_state
from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json, reads_store
from headwater.deployments.aliases import Aliases
from headwater.deployments.changes import Changes
from headwater.deployments.owners import Person, is_taken, person_of
from headwater.deployments.tokens import is_token
from headwater.home import Home, open_home
from headwater.model.deployment import AliasState
from headwater.model.errors import DeploymentRefused, HeadwaterError, UserMistake

Body = TypeVar("Body", bound=Callable[..., object])


def changes_alias(body: Body) -> Body:
    """Give a command the options of those that change an alias."""
    body = gives_json(body)
    body = reads_store(body)
    help_text = "Token of somebody else's deployment  [default: HEADWATER_TOKEN]."
    body = click.option("--token", "given_token", metavar="TOKEN", help=help_text)(body)
    return click.argument("target", metavar="NAME@ALIAS")(body)


_says_why = click.option("--reason", default="", metavar="TEXT", help="Why: kept with the alias.")


@click.command("pause")
@changes_alias
@_says_why
def pause(target: str, reason: str, given_token: str | None, as_json: bool, home: str | None) -> int:
    """Keep schedules and triggers from starting runs; runs that are at work go on."""
    state, _ = _changed(home, given_token, target, lambda changes, name: changes.pause(name, time.time(), reason))
    return _say(state, as_json, f"{state.target} is paused: nothing of it fires")


@click.command("unpause")
@changes_alias
@_says_why
def unpause(target: str, reason: str, given_token: str | None, as_json: bool, home: str | None) -> int:
    """Let schedules and triggers start runs again; what passed meanwhile is not made up for."""
    state, _ = _changed(home, given_token, target, lambda changes, name: changes.unpause(name, time.time(), reason))
    return _say(state, as_json, f"{state.target} fires again, from now on; to run what passed: headwater backfill")


@click.command("promote")
@changes_alias
@click.option("--to", "goal", metavar="NAME@ALIAS", help="Alias that moves  [default: what it shadows, or production].")
def promote(target: str, goal: str | None, given_token: str | None, as_json: bool, home: str | None) -> int:
    """Let production name what this alias names; nothing is computed again."""
    with _changing(home, given_token) as (opened, changes, person):
        source = find_state(opened.ledger, target)
        aim = goal or source.shadow_of or f"{source.name}@production"
        before = Aliases(opened.ledger).get(aim)
        state = changes.promote(source.target, aim, time.time())
        if not as_json and state.pending is not None:
            print(f"{state.target} moves to deployment {state.pending.number} after an approval")
            _tell(f"{state.pending.approval.role}: headwater approve {state.target}")
            return 0
        if (before is None or not is_taken(before)) and state.token_hash is not None and not as_json:
            print(f"token: {person.kept.get(state.target)}")
    return _say(state, as_json, f"{state.target} is deployment {state.number} now, as {source.target}")


@click.command("rollback")
@changes_alias
@click.option("--to", "number", type=int, metavar="NUMBER", help="Deployment  [default: the one before].")
@_says_why
def rollback(
    target: str, number: int | None, reason: str, given_token: str | None, as_json: bool, home: str | None
) -> int:
    """Let an alias name an earlier deployment again."""
    state, before = _changed(
        home, given_token, target, lambda changes, name: changes.roll_back(name, time.time(), number, reason)
    )
    return _say(state, as_json, f"{state.target} is deployment {state.number} again, it was {before.number}")


@click.command("delete")
@changes_alias
@click.option("--deployment", "number", type=int, metavar="NUMBER", help="Delete this deployment of NAME, no alias.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@_says_why
def delete(
    target: str,
    number: int | None,
    is_sure: bool,
    reason: str,
    given_token: str | None,
    as_json: bool,
    home: str | None,
) -> int:
    """Let an alias name nothing any more. Its runs and deployments stay.

    With --deployment NUMBER a deployment that no alias names gives up its package; its runs stay and keep theirs.
    """
    with _changing(home, given_token) as (opened, changes, _):
        if number is not None:
            name = target.partition("@")[0]
            _be_sure(f"{name}, deployment {number}: its package can then be collected; its runs stay", is_sure)
            changes.delete_deployment(name, number, time.time())
            if as_json:
                print_json({"name": name, "number": number})
            else:
                print(f"{name}, deployment {number} is deleted; `headwater gc` frees what nobody else needs")
            return 0
        state = find_state(opened.ledger, target)
        _be_sure(f"{state.target}: its schedules and triggers end; its runs and deployments stay", is_sure)
        state = changes.delete_alias(state.target, time.time(), reason)
    return _say(
        state, as_json, f"{state.target} is deleted; its runs stay: headwater list {state.name.rpartition('.')[2]}"
    )


@click.command("token")
@click.argument("target", metavar="NAME@ALIAS")
@click.option("--new", "is_new", is_flag=True, help="Make a new one; the old one opens nothing any more.")
@reads_store
def token(target: str, is_new: bool, home: str | None) -> int:
    """Print the token that others need to change an alias; only who made the alias can."""
    with _changing(home, None) as (opened, changes, person):
        state = find_state(opened.ledger, target)
        if is_new:
            print(changes.rotate_token(state.target, time.time()))
            return 0
        if state.token_hash is None:
            raise DeploymentRefused(
                f"{state.target} has no token", hint=f"make one: headwater deployment token {target} --new"
            )
        kept = person.kept.get(state.target)
        if not is_token(kept, state.token_hash):
            where = person.kept.path
            hint = f"make a new one: headwater deployment token {state.target} --new"
            if person.name != state.owner:
                hint = f"ask {state.owner}"
            raise DeploymentRefused(f"the token of {state.target} is not in {where}", hint=hint)
        print(kept)
    return 0


@click.command("secrets")
@changes_alias
@click.option("--withdraw", "is_withdrawn", is_flag=True, help="Take them away.")
def secrets(target: str, is_withdrawn: bool, given_token: str | None, as_json: bool, home: str | None) -> int:
    """Let a shadow have the secrets of what it shadows; needs the token of that."""
    state, _ = _changed(
        home,
        given_token,
        target,
        lambda changes, name: changes.grant_secrets(name, time.time(), is_granted=not is_withdrawn),
    )
    return _say(state, as_json, f"{state.target} runs {'without' if is_withdrawn else 'with'} secrets from now on")


def _changed(
    folder: str | None, given_token: str | None, target: str, change: Callable[[Changes, str], AliasState]
) -> tuple[AliasState, AliasState]:
    """Change the alias that people mean by `target`; gives its state after and before."""
    with _changing(folder, given_token) as (opened, changes, _):
        before = find_state(opened.ledger, target)
        return change(changes, before.target), before


@contextmanager
def _changing(folder: str | None, given_token: str | None) -> Iterator[tuple[Home, Changes, Person]]:
    home = open_home(folder)
    try:
        person = person_of(home, given_token)
        yield home, Changes(home.ledger, person), person
    finally:
        home.close()


def _be_sure(what: str, is_sure: bool) -> None:
    if is_sure:
        return
    if not sys.stdin.isatty():
        raise UserMistake("nobody is here to ask", hint="`--yes` deletes without asking")
    _tell(what)
    if not click.confirm("delete?", err=True):
        raise HeadwaterError("nothing was deleted")


def _say(state: AliasState, as_json: bool, text: str) -> int:
    if as_json:
        print_json(state_facts(state))
    else:
        print(text)
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
