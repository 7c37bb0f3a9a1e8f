"""Gates before steps: conditions on the run's metrics (`@promote_if`) and somebody's approval (`@approval`)."""

from headwater.model.conditions import Metric, evaluate
from headwater.model.errors import UserMistake
from headwater.model.events import GateDecided, GateReached
from headwater.plan.frontier import Frontier, TaskState


def look_at_gates(frontier: Frontier, now: float) -> tuple[GateReached | GateDecided, ...]:
    """Give what has come about at the gates: expired ones, and tasks that have just come to one.

    The conditions of a step are asked before its approval, and once: nobody is bothered with what cannot go on.
    """
    expired = tuple(
        GateDecided(at=now, key=key, verdict="expired")
        for key, gate in frontier.gates.items()
        if gate.expires_at is not None and gate.expires_at <= now
    )
    if expired or frontier.gated_steps.isdisjoint(frontier.ready_counts):
        return expired
    found: list[GateReached | GateDecided] = []
    unmet: dict[str, str] = {}
    for task in frontier.ready.values():
        if task.step not in frontier.gated_steps or task.attempt or task.key in frontier.passed:
            continue
        if task.step not in unmet:
            unmet[task.step] = _unmet(frontier, task)
        if unmet[task.step]:
            return (GateDecided(at=now, key=task.key, verdict="unmet", reason=unmet[task.step]),)
        reached = _reached(frontier, task, now)
        if reached is not None:
            found.append(reached)
    return tuple(found)


def _unmet(frontier: Frontier, task: TaskState) -> str:
    """Say which condition of a task's step does not hold; empty when all do."""
    for condition in frontier.graph.steps[task.step].options.promote_if:
        explanation = _explain(condition, frontier.metrics)
        if explanation:
            return f"step `{task.step}` does not start: {explanation}"
    return ""


def _explain(condition: str, metrics: dict[str, Metric]) -> str:
    try:
        verdict = evaluate(condition, metrics)
    except UserMistake as mistake:  # the checks let none through; a graph may be older than they are
        return mistake.message
    return "" if verdict.holds else verdict.explanation


def _reached(frontier: Frontier, task: TaskState, now: float) -> GateReached | None:
    approval = frontier.graph.steps[task.step].options.approval
    if approval is None:
        return None
    expires_at = None if approval.expires_seconds is None else now + approval.expires_seconds
    return GateReached(at=now, key=task.key, step=task.step, role=approval.role, expires_at=expires_at)
