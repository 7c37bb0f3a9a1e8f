"""What `approve` and `reject` share: finds what waits, records the decision, and says what happens next."""

import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import click

from headwater.cli.reading import opened, reads_store, split_run
from headwater.cli.words import local_time
from headwater.client.records import RunRecord
from headwater.client.session import View
from headwater.deployments.changes import Changes
from headwater.deployments.owners import Person
from headwater.home import Home
from headwater.model.errors import InvalidPathspec
from headwater.production.decisions import Verdict, decide_step

Body = TypeVar("Body", bound=Callable[..., object])

#: Role of the process that continues waiting runs.
_SCHEDULER = "scheduler"


def decides(body: Body) -> Body:
    """Give a command the arguments of a decision."""
    body = reads_store(body)
    body = click.option("--reason", default="", help="Why: kept with the decision.")(body)
    return click.argument("path", metavar="PATH")(body)


def decide(path: str, verdict: Verdict, reason: str, folder: str | None) -> int:
    """Record a decision; gives the command's exit code."""
    with opened(folder) as view:
        if "@" in path:
            return _decide_move(view.home, path, verdict, reason)
        return _decide_step(view, path, verdict, reason)


def _decide_move(home: Home, target: str, verdict: Verdict, reason: str) -> int:
    changes = Changes(home.ledger, Person(home, os.environ))
    if verdict == "approved":
        state = changes.approve(target, time.time(), reason)
        print(f"{state.target} names deployment {state.number} now")
    else:
        state = changes.reject(target, time.time(), reason)
        print(
            f"{state.target}: the move is rejected"
            + (f"; it stays at deployment {state.number}" if state.number else "")
        )
    return 0


def _decide_step(view: View, path: str, verdict: Verdict, reason: str) -> int:
    run, *rest = split_run(view, path)
    if len(rest) > 1:
        raise InvalidPathspec(
            f"`{path}` names one task: a decision is for all that wait at a step", hint=f"{run.path}/{rest[0]}"
        )
    step = rest[0] if rest else None
    user = view.home.user
    done = decide_step(run, step, verdict, user=user, reason=reason, now=time.time(), time_text=local_time)
    count = f"{done.tasks} tasks of " if done.tasks > 1 else ""
    print(f"{run.path}: {count}`{done.step}` {verdict}")
    _tell_next(view.home, run)
    return 0


def _tell_next(home: Home, run: RunRecord) -> None:
    """Say who acts on the decision."""
    status = run.fresh().status
    if status == "running":
        print("its driver goes on with that now", file=sys.stderr)
    elif home.ledger.leader(_SCHEDULER) is not None:
        print("the daemon goes on with that now", file=sys.stderr)
    else:
        print(f"nothing drives it: headwater resume {run.path}    (or start the daemon: headwater up)", file=sys.stderr)
