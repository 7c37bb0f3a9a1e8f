"""What fires next, and how each schedule stands."""

import heapq
import math
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment
from headwater.model.deployment import AliasState, Deployment
from headwater.model.errors import NotFound
from headwater.model.launch import Firing
from headwater.model.ports import Ledger
from headwater.model.production import Schedule
from headwater.model.rows import FiringQuery
from headwater.production.slots import fires_at, next_slot, slots_between

#: Firings that are named of each schedule.
FIRINGS = 2


class ScheduleState(msgspec.Struct, frozen=True):
    """One schedule of a live alias."""

    alias: AliasState
    schedule: Schedule
    #: When it fires next, jitter included; None = it has ended, is paused, or is that of a shadow.
    next_at: float | None
    #: A slot that is due and has no record yet: nobody fires; None = there is none.
    due: float | None
    #: The record of its latest slot; None = it has never fired.
    last: Firing | None

    @property
    def stands(self) -> Literal["fires", "paused", "shadow", "ended"]:
        """`fires`, `paused`, `shadow` (it follows another alias), `ended`."""
        if self.alias.shadow_of is not None:
            return "shadow"
        if self.alias.is_paused:
            return "paused"
        return "fires" if self.next_at is not None else "ended"


class NextFiring(msgspec.Struct, frozen=True):
    """A firing that is to come."""

    target: str
    schedule: Schedule
    #: The slot with its jitter.
    at: float


def next_firings(schedule: Schedule, target: str, now: float, count: int = FIRINGS) -> list[float]:
    """Give when a schedule fires next, jitter included, as Unix times."""
    found: list[float] = []
    for slot in slots_between(schedule, now, math.inf):
        if len(found) == count:
            break
        found.append(fires_at(schedule, target, slot))
    return found


def next_of_all(
    ledger: Ledger, now: float, count: int, *, each: int = 1, target: str | None = None
) -> list[NextFiring]:
    """Give the next firings of all deployments, soonest first.

    Args:
        ledger: where they are.
        now: Unix time.
        count: firings in all.
        each: firings of one schedule.
        target: of this alias only; None = of all.
    """
    firings = [
        islice(_firings(state.target, schedule, now), each)
        for state, deployment in live_deployments(ledger)
        if target in (None, state.target)
        for schedule in deployment.graph.production.schedules
    ]
    return list(islice(heapq.merge(*firings, key=lambda firing: firing.at), count))


def live_deployments(ledger: Ledger) -> Iterator[tuple[AliasState, Deployment]]:
    """Yield the aliases whose schedules and triggers count, with what they name: not paused, and no shadows."""
    for state in Aliases(ledger).all():
        if not state.is_paused and state.shadow_of is None:
            try:
                deployment = find_deployment(ledger, state.name, state.number)
            except NotFound:
                continue
            yield state, deployment


def schedule_states(ledger: Ledger, state: AliasState, deployment: Deployment, now: float) -> Iterator[ScheduleState]:
    """Yield how each schedule of what an alias names stands."""
    fires = not state.is_paused and state.shadow_of is None
    for schedule in deployment.graph.production.schedules:
        name = schedule.key
        source = f"schedule:{name}"
        slot = ledger.last_slot(state.target, source)
        last = None if slot is None else _firing(ledger, state.target, source, slot)
        since = max(state.schedules_since.get(name, now), slot or 0)
        due = next_slot(schedule, since) if fires else None
        # What comes after the last slot and has not passed is also what comes next.
        coming = due if due is None or due > now else next_slot(schedule, now)
        yield ScheduleState(
            state,
            schedule,
            None if coming is None else fires_at(schedule, state.target, coming),
            due if due is not None and fires_at(schedule, state.target, due) <= now else None,
            last,
        )


def _firings(target: str, schedule: Schedule, now: float) -> Iterator[NextFiring]:
    """Yield the firings of a schedule in their order: a short jitter waits for a long one before it."""
    last = now
    for slot in slots_between(schedule, now, math.inf):
        last = max(last, fires_at(schedule, target, slot))
        yield NextFiring(target, schedule, last)


def _firing(ledger: Ledger, target: str, source: str, slot: float) -> Firing | None:
    rows = ledger.firings(FiringQuery(target=target, source=source, since=slot, limit=1)).rows
    return rows[0] if rows else None
