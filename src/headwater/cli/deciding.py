"""What `approve` and `reject` share: finds what waits, records the decision, and says what happens next."""

import os
import sys
import time
from collections.abc import Callable
from typing import Literal, TypeVar

import click

from headwater.cli.reading import opened, reads_store, split_run
from headwater.cli.words import local_time
from headwater.client.records import RunRecord
from headwater.client.session import View
from headwater.deployments.changes import Changes
from headwater.deployments.owners import Person
from headwater.home import Home
from headwater.model.errors import InvalidPathspec, NotFound, RunIsFinished, UserMistake
from headwater.model.events import Decide, GateReached
from headwater.model.nearest import did_you_mean
from headwater.plan.frontier import Frontier

Body = TypeVar("Body", bound=Callable[..., object])
Verdict = Literal["approved", "rejected"]

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
    gates = _open_gates(run)
    step = rest[0] if rest else None
    meant = [gate for gate in gates if step is None or gate.step == step]
    if not meant:
        raise _nothing_waits(run, step, gates)
    steps = list(dict.fromkeys(gate.step for gate in meant))
    if len(steps) > 1:
        raise UserMistake(
            f"several steps of {run.path} wait", hint=f"name one: {', '.join(f'{run.path}/{each}' for each in steps)}"
        )
    # A clock that was set back must not make the decision older than what it decides.
    at = max(time.time(), *(gate.at for gate in meant))
    _refuse_late(run, steps[0], meant, at)
    view.ledger.request(run.run, Decide(at, view.home.user, steps[0], verdict, reason))
    count = f"{len(meant)} tasks of " if len(meant) > 1 else ""
    print(f"{run.path}: {count}`{steps[0]}` {verdict}")
    _tell_next(view.home, run)
    return 0


def _refuse_late(run: RunRecord, step: str, gates: list[GateReached], at: float) -> None:
    """Refuse an answer that counts for none of the tasks: silence was a rejection before it came."""
    if all(gate.expires_at is not None and gate.expires_at <= at for gate in gates):
        until = local_time(max(gate.expires_at or 0.0 for gate in gates))
        raise UserMistake(
            f"`{step}` of {run.path} had to be decided by {until}: silence counted as a rejection from then on",
            hint=f"`headwater resume {run.path}` ends it, and once more begins a new run, which asks again",
        )


def _open_gates(run: RunRecord) -> list[GateReached]:
    """Give the gates at which tasks of a run wait now."""
    frontier = Frontier()
    for _, event in run.view.ledger.events(run.run):
        frontier.apply(event)
    if frontier.finished is not None:
        raise RunIsFinished(f"{run.path} has {frontier.finished.end} already: nothing is to be decided")
    return list(frontier.gates.values())


def _nothing_waits(run: RunRecord, step: str | None, gates: list[GateReached]) -> UserMistake:
    known = run.started.graph.steps
    if step is not None and step not in known:
        hint = did_you_mean(step, known, what="Its steps")
        return NotFound(f"{run.path} has no step `{step}`", choices=tuple(known), hint=hint)
    waiting = ", ".join(dict.fromkeys(f"{run.path}/{gate.step}" for gate in gates))
    gated = [name for name, each in known.items() if each.options.approval is not None]
    hint = f"what waits: {waiting}" if waiting else f"`headwater status {run.path}` shows how it stands"
    if not gated:
        hint = f"no step of {run.path} has @approval"
    return UserMistake(f"nothing waits for approval at {run.path}" + (f"/{step}" if step else ""), hint=hint)


def _tell_next(home: Home, run: RunRecord) -> None:
    """Say who acts on the decision."""
    status = run.fresh().status
    if status == "running":
        print("its driver goes on with that now", file=sys.stderr)
    elif home.ledger.leader(_SCHEDULER) is not None:
        print("the daemon goes on with that now", file=sys.stderr)
    else:
        print(f"nothing drives it: headwater resume {run.path}    (or start the daemon: headwater up)", file=sys.stderr)
