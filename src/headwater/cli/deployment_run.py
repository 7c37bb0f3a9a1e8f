"""`headwater deployment run`: starts a run of a deployment now."""

import sys
import time

import click

from headwater.cli.deployment_names import find_state
from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import local_time
from headwater.deployments.person_runs import start_run_of
from headwater.deployments.values import raw_values
from headwater.model.errors import UserMistake
from headwater.model.launch import Firing
from headwater.model.ports import Ledger

_EXIT_CODES = {"succeeded": 0, "failed": 1, "cancelled": 130}
#: Longest sleep between two looks while waiting.
_LOOK_SECONDS = 0.5


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True})
@click.argument("target", metavar="NAME@ALIAS")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--PARAMETER VALUE]...")
@click.option("--wait", "is_waiting", is_flag=True, help="Wait for its end; exit code as that of `headwater run`.")
@gives_json
@reads_store
def run(target: str, words: tuple[str, ...], is_waiting: bool, as_json: bool, home: str | None) -> int:
    """Start a run of what an alias names, now; prints its path. The daemon drives it."""
    given = parameters_in(words)
    with opened(home) as view:
        state = find_state(view.ledger, target)
        firing = start_run_of(view.home, state.target, raw_values(given), user=view.home.user, at=time.time())
        if as_json and not is_waiting:
            print_json(firing)
        elif not as_json:
            print(firing.run_path, flush=True)
        if view.ledger.leader("daemon") is None:
            text = f"{firing.run_path} is queued: no daemon runs on this store; start it with: headwater up"
            print(text, file=sys.stderr)
        if not is_waiting:
            return 0
        status = _wait(view.ledger, firing)
        if as_json:
            print_json({"run": firing.run_path, "status": status})
    return _EXIT_CODES[status]


def parameters_in(words: tuple[str, ...]) -> dict[str, object]:
    """Read `--alpha 0.5`, `--alpha=0.5` and flags; a name that comes several times gives a list.

    Raises:
        UserMistake: a word is no parameter.
    """
    found: dict[str, object] = {}
    place = 0
    while place < len(words):
        word = words[place]
        if not word.startswith("--") or len(word) == 2:
            raise UserMistake(f"what about `{word}`?", hint="parameters are written as --NAME VALUE")
        name, equals, value = word[2:].partition("=")
        place += 1
        given: object = value
        if not equals:
            is_flag = place == len(words) or words[place].startswith("--")
            given = True if is_flag else words[place]
            place += not is_flag
        found[name] = given if name not in found else [*_listed(found[name]), given]
    return found


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _wait(ledger: Ledger, firing: Firing) -> str:
    """Print to stderr how the run stands whenever that changes, until it has ended."""
    assert firing.run is not None
    if ledger.leader("daemon") is None:
        print("no daemon runs: waiting until one does; start it with: headwater up", file=sys.stderr, flush=True)
    told = ""
    while True:
        row = ledger.run(firing.run)
        if row.status != told:
            told = row.status
            gates = f" at {', '.join(row.gates)}: headwater approve {row.path}" if row.gates else ""
            print(f"{local_time(time.time())} {row.path} {row.status}{gates}", file=sys.stderr, flush=True)
        if row.status in _EXIT_CODES:
            return row.status
        ledger.wait(_LOOK_SECONDS)
