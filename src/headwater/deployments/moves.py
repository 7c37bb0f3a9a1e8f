"""Moves of an alias: what its state becomes, and what must hold first."""

from collections.abc import Mapping

import msgspec

from headwater.deployments.names import Target
from headwater.model.deployment import AliasChange, AliasState, Deployment, PendingMove
from headwater.model.graph import Graph
from headwater.model.ports import Ledger
from headwater.model.production import Schedule


def moved(
    before: AliasState | None,
    target: Target,
    deployment: Deployment,
    graph_before: Graph | None,
    *,
    change: AliasChange,
    user: str,
    at: float,
    latest_event: int,
    reason: str = "",
) -> AliasState:
    """Give the state of an alias after it moved; it stays paused when it was.

    Schedules that are as they were go on where they stood; a new or edited one begins now, so that it never fires for
    the past. The same holds for triggers.

    Args:
        before: the state before; None = it never was.
        target: the alias.
        deployment: what it names now.
        graph_before: the flow that it named before; None = it named none.
        change: why it moves.
        user: who moves it.
        at: now, Unix time.
        latest_event: number of the last event published by now.
        reason: what there is to say of it.
    """
    fresh = AliasState(target=str(target), name=target.name, alias=target.alias, change=change, at=at, user=user)
    base = fresh if before is None or before.deployment is None else before
    keeps_triggers = graph_before is not None and (
        graph_before.production.triggers == deployment.graph.production.triggers
    )
    return msgspec.structs.replace(
        base,
        change=change,
        at=at,
        user=user,
        reason=reason,
        deployment=deployment.id,
        number=deployment.number,
        owner=base.owner or (before.owner if before is not None and before.pending else "") or user,
        token_hash=base.token_hash or (before.token_hash if before is not None and before.pending else None),
        schedules_since=schedules_since(base.schedules_since, graph_before, deployment.graph, at),
        events_after=base.events_after if keeps_triggers else latest_event,
        pending=None,
    )


def schedules_since(
    before: Mapping[str, float], graph_before: Graph | None, graph: Graph, at: float
) -> dict[str, float]:
    """Give from when the slots of each schedule of a flow count."""
    old = {} if graph_before is None else {each.key: each for each in graph_before.production.schedules}
    since: dict[str, float] = {}
    for schedule in graph.production.schedules:
        key = schedule.key
        is_same = key in old and key in before and _slots_of(old[key]) == _slots_of(schedule)
        since[key] = before[key] if is_same else at
    return since


def asked(before: AliasState | None, target: Target, deployment: Deployment, *, user: str, at: float) -> AliasState:
    """Give the state of an alias whose move to a deployment waits for somebody's approval."""
    approval = deployment.graph.production.approval
    assert approval is not None
    fresh = AliasState(target=str(target), name=target.name, alias=target.alias, change="ask", at=at, user=user)
    base = before or fresh
    is_owned = before is not None and (before.deployment is not None or before.pending is not None)
    return msgspec.structs.replace(
        base,
        change="ask",
        at=at,
        user=user,
        reason=f"to deployment {deployment.number}",
        owner=base.owner if is_owned else user,
        pending=PendingMove(deployment.id, deployment.number, approval, at, user),
    )


def is_expired(pending: PendingMove, at: float) -> bool:
    """Tell whether a move has waited for its approval for too long: it counts as rejected."""
    expires = pending.approval.expires_seconds
    return expires is not None and at > pending.asked_at + expires


def latest_event(ledger: Ledger) -> int:
    """Give the number of the last published event, 0 when there is none; asks about 2 log2 of that number of times."""
    low, high = 0, 1
    while ledger.published(high - 1, limit=1):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if ledger.published(middle, limit=1):
            low = middle + 1
        else:
            high = middle
    return low


def _slots_of(schedule: Schedule) -> tuple[object, ...]:
    """Give what decides when a schedule fires."""
    return schedule.cron, schedule.timezone, schedule.starts_at, schedule.ends_at
