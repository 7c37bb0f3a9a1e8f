"""Retries of whole runs: a failed run of a deployment is resumed by a new one, which keeps what had finished."""

import os

import msgspec

from headwater.home import Home
from headwater.model.events import RunStarted
from headwater.model.ids import new_ulid
from headwater.model.launch import Firing, Launch, Trigger
from headwater.model.ports import Commit, PlannedFiring
from headwater.model.production import RunPolicy
from headwater.model.rows import RunRow
from headwater.plan.frontier import Frontier
from headwater.plan.reuse import reuse
from headwater.production.alerts.rules import is_worth_another_try
from headwater.runtime.resume import plan_reuse

_MARK = "/retry:"


def next_retry(row: RunRow, policy: RunPolicy) -> str | None:
    """Give the idempotency key of the retry that follows a failed run; None when none does."""
    if row.launch is None or row.status != "failed" or not is_worth_another_try(row.cause):
        return None
    first, number = _position(row.path, row.launch)
    return f"{first}{_MARK}{number + 1}" if number < policy.retries else None


def plan_retry(failed: RunStarted, path: str, key: str, at: float) -> PlannedFiring:
    """Plan the run that resumes a failed one: the same deployment, parameters and slot.

    Its driver takes over what had finished, when it starts.

    Args:
        failed: first event of the failed run.
        path: its path.
        key: the idempotency key.
        at: now, Unix time.
    """
    assert failed.launch is not None
    trigger = Trigger("retry", key.partition(_MARK)[0], failed.launch.trigger.events)
    launch = msgspec.structs.replace(failed.launch, idempotency_key=key, trigger=trigger)
    started = msgspec.structs.replace(
        failed,
        at=at,
        run=new_ulid(at, os.urandom(10)),
        label=0,
        host=os.uname().nodename,
        pid=os.getpid(),
        origin=path,
        note="",
        launch=launch,
    )
    firing = Firing(
        key=key,
        target=launch.target,
        source="retry",
        at=at,
        verdict="started",
        slot=launch.logical_date,
        run=started.run,
    )
    return PlannedFiring(firing, Commit(events=[started]))


def take_finished_over(home: Home, row: RunRow, started: RunStarted, now: float) -> None:
    """Let a retry begin with what the run that it resumes has finished; does nothing the second time, or for no retry.

    Raises:
        RunIsDriven, RunIsFinished: nothing is to be done here.
    """
    if started.origin is None or started.launch is None or started.launch.trigger.kind != "retry":
        return
    flow, _, label = started.origin.partition("/")
    planned = Frontier()
    for _, event in home.ledger.events(row.run):
        planned.apply(event)
    if any(task.label for task in planned.tasks.values()):
        return
    origin = home.ledger.find_run(flow, int(label))
    taken = plan_reuse(home, origin, started.graph, from_step=None, changed={})
    lease, _ = home.ledger.take(row.run, now)
    try:
        events = reuse(planned, taken.finished, taken.is_reusable, now)
        if events:
            home.ledger.append(lease, Commit(events=events))
    finally:
        lease.release()


def _position(path: str, launch: Launch) -> tuple[str, int]:
    """Give the run that was tried first, and how often it was tried again before this one ended."""
    first, mark, number = launch.idempotency_key.rpartition(_MARK)
    return (first, int(number)) if mark and launch.trigger.kind == "retry" else (path, 0)
