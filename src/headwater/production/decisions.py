"""Decides what waits at a step's gate: finds it, and leaves the answer for the run's driver."""

from collections.abc import Callable
from typing import Literal

import msgspec

from headwater.client.records import RunRecord
from headwater.model.errors import InternalError, NotFound, RunIsFinished, UserMistake
from headwater.model.events import Decide, GateReached
from headwater.model.nearest import did_you_mean
from headwater.plan.frontier import Frontier
from headwater.production.alerts.text import moment

Verdict = Literal["approved", "rejected"]


class Decided(msgspec.Struct, frozen=True):
    """What was decided."""

    step: str
    #: Tasks that waited there.
    tasks: int


def decide_step(
    run: RunRecord,
    step: str | None,
    verdict: Verdict,
    *,
    user: str,
    reason: str,
    now: float,
    time_text: Callable[[float], str] = moment,
) -> Decided:
    """Approve or reject all tasks that wait at a step; durable on return, the run's next driver goes on with it.

    Args:
        run: whose tasks.
        step: which; None = the only one at which tasks wait.
        verdict: the answer.
        user: who answers.
        reason: kept with it.
        now: Unix time.
        time_text: how times are written in refusals.

    Raises:
        NotFound: there is no such step.
        RunIsFinished: nothing is to be decided any more.
        UserMistake: nothing waits there, several steps could be meant, or the answer comes too late.
    """
    gates = open_gates(run)
    meant = [gate for gate in gates if step is None or gate.step == step]
    if not meant:
        raise _nothing_waits(run, step, gates)
    steps = list(dict.fromkeys(gate.step for gate in meant))
    if len(steps) > 1:
        raise UserMistake(
            f"several steps of {run.path} wait", hint=f"name one: {', '.join(f'{run.path}/{each}' for each in steps)}"
        )
    # A clock that was set back must not make the decision older than what it decides.
    at = max(now, *(gate.at for gate in meant))
    _refuse_late(run, steps[0], meant, at, time_text)
    run.view.ledger.request(run.run, Decide(at, user, steps[0], verdict, reason))
    return Decided(steps[0], len(meant))


def open_gates(run: RunRecord) -> list[GateReached]:
    """Give the gates at which tasks of a run wait now; reads all of its events.

    Raises:
        RunIsFinished: it has ended.
        UserMistake: its events contradict each other, as those of a driver elsewhere may.
    """
    frontier = Frontier()
    for _, event in run.view.ledger.events(run.run):
        try:
            frontier.apply(event)
        except InternalError as error:
            hint = f"`headwater cancel {run.path}` ends it"
            raise UserMistake(f"the events of {run.path} contradict each other: {error.message}", hint=hint) from error
    if frontier.finished is not None:
        raise RunIsFinished(f"{run.path} has {frontier.finished.end} already: nothing is to be decided")
    return list(frontier.gates.values())


def _refuse_late(
    run: RunRecord, step: str, gates: list[GateReached], at: float, time_text: Callable[[float], str]
) -> None:
    """Refuse an answer that counts for none of the tasks: silence was a rejection before it came."""
    if all(gate.expires_at is not None and gate.expires_at <= at for gate in gates):
        until = time_text(max(gate.expires_at or 0.0 for gate in gates))
        raise UserMistake(
            f"`{step}` of {run.path} had to be decided by {until}: silence counted as a rejection from then on",
            hint=f"`headwater resume {run.path}` ends it, and once more begins a new run, which asks again",
        )


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
