"""The conditions of `@promote_if`: what the newest run of a candidate must have reached before production names it."""

from headwater.model.conditions import evaluate
from headwater.model.deployment import Deployment
from headwater.model.errors import DeploymentRefused
from headwater.model.ports import Ledger
from headwater.model.rows import RunQuery, RunRow

#: Runs of an alias among which the newest one of a deployment is looked for.
_LOOKED_AT = 1000


def require_conditions(ledger: Ledger, candidate: Deployment, target: str, source: str | None) -> None:
    """Refuse a candidate whose newest run does not fulfil its conditions; a flow without any is let through.

    Args:
        ledger: where its runs are.
        candidate: what would be named.
        target: the alias that would name it.
        source: the alias for which it ran; None = it is new and never ran.

    Raises:
        DeploymentRefused: says which condition does not hold, with the numbers.
    """
    conditions = candidate.graph.production.promote_if
    if not conditions:
        return
    asked = " and ".join(conditions)
    run = None if source is None else newest_run(ledger, candidate, source)
    if run is None:
        raise DeploymentRefused(
            f"{target} moves only to a version whose newest run fulfils `{asked}`, and this one has not run",
            hint=_steps(candidate, target, source),
        )
    if run.status != "succeeded":
        raise DeploymentRefused(
            f"{target} moves only to a version whose newest run fulfils `{asked}`: {run.path} {_stands(run)}",
            hint=f"headwater status {run.path}",
        )
    verdicts = [evaluate(condition, run.metrics) for condition in conditions]
    failed = [verdict.explanation for verdict in verdicts if not verdict.holds]
    if failed:
        raise DeploymentRefused(f"{target} stays where it is: {'; '.join(failed)} in {run.path}")


def newest_run(ledger: Ledger, deployment: Deployment, target: str) -> RunRow | None:
    """Give the newest run that an alias had of a deployment; None when it had none."""
    cursor, seen = None, 0
    while seen < _LOOKED_AT:
        page = ledger.runs(RunQuery(target=target, limit=100, cursor=cursor))
        for row in page.rows:
            if row.launch is not None and row.launch.deployment == deployment.id:
                return row
        seen, cursor = seen + len(page.rows), page.cursor
        if cursor is None:
            break
    return None


def _stands(run: RunRow) -> str:
    return "failed" if run.status == "failed" else f"is {run.status}"


def _steps(candidate: Deployment, target: str, source: str | None) -> str:
    if source is not None:
        return f"headwater deployment run {source}"
    trial = f"{candidate.name}@test.trial"
    return (
        "try it beside: `headwater deploy FILE.py --branch trial`, "
        f"`headwater deployment run {trial}`, `headwater deployment promote {trial} --to {target}`"
    )
