"""Gates before steps: conditions on the run's metrics (`@promote_if`) and somebody's approval (`@approval`)."""

from collections.abc import Iterable

from headwater.model.conditions import Metric, evaluate
from headwater.model.errors import UserMistake
from headwater.model.events import GateDecided, GateReached
from headwater.model.ids import TaskKey
from headwater.plan.frontier import Frontier


def look_at_gates(frontier: Frontier, now: float) -> tuple[GateReached | GateDecided, ...]:
    """Give what has come about at the gates: expired ones, and tasks that have just come to one.

    The conditions of a step are asked before its approval, and once: nobody is bothered with what cannot go on.
    """
    expired = tuple(
        GateDecided(at=now, key=key, verdict="expired")
        for key, gate in frontier.gates.items()
        if gate.expires_at is not None and gate.expires_at <= now
    )
    if expired:
        return expired
    found: list[GateReached | GateDecided] = []
    for step, tasks in frontier.before_gates.items():
        unmet = _unmet(frontier, step)
        if unmet:
            return (GateDecided(at=now, key=next(iter(tasks)), verdict="unmet", reason=unmet),)
        found += _reached(frontier, step, tasks, now)
    return tuple(found)


def _unmet(frontier: Frontier, step: str) -> str:
    """Say which condition of a step does not hold; empty when all do."""
    for condition in frontier.graph.steps[step].options.promote_if:
        explanation = _explain(condition, frontier.metrics)
        if explanation:
            return f"step `{step}` does not start: {explanation}"
    return ""


def _explain(condition: str, metrics: dict[str, Metric]) -> str:
    try:
        verdict = evaluate(condition, metrics)
    except UserMistake as mistake:  # the checks let none through; a graph may be older than they are
        return mistake.message
    return "" if verdict.holds else verdict.explanation


def _reached(frontier: Frontier, step: str, tasks: Iterable[TaskKey], now: float) -> list[GateReached]:
    approval = frontier.graph.steps[step].options.approval
    if approval is None:
        return []
    expires_at = None if approval.expires_seconds is None else now + approval.expires_seconds
    return [GateReached(at=now, key=key, step=step, role=approval.role, expires_at=expires_at) for key in tasks]
