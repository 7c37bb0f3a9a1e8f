"""One turn of the scheduler, decided: what is due becomes firings; nothing here acts, reads a clock or draws lots."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from headwater.deployments.shadows import SOURCE as SHADOW
from headwater.deployments.shadows import shadow_key
from headwater.model.launch import Trigger
from headwater.production.backfill import Backfill
from headwater.production.listening import Heard
from headwater.production.missed import SlotDecision
from headwater.production.queue import choose_cancels, choose_runs, next_look
from headwater.production.standing import ActiveRun, Deployed, Standing
from headwater.production.timetable import DueSlots


class Fire(msgspec.Struct, frozen=True):
    """Command: record this, and start the run if the verdict says so."""

    target: str
    key: str
    source: str
    trigger: Trigger
    verdict: Literal["started", "skipped", "missed", "refused"] = "started"
    reason: str = ""
    slot: float | None = None
    parameters: Mapping[str, msgspec.Raw] = {}
    #: Deployment to run; None = what the alias names.
    number: int | None = None
    #: None = the deployment's.
    priority: int | None = None


class BackfillSlots(msgspec.Struct, frozen=True):
    """Slots of a backfill that it is the turn of."""

    backfill: Backfill
    slots: tuple[float, ...]


class Happened(msgspec.Struct, frozen=True):
    """What there is to fire for."""

    due: Sequence[DueSlots] = ()
    heard: Sequence[Heard] = ()
    backfills: Sequence[BackfillSlots] = ()


class Turn(msgspec.Struct, frozen=True):
    """Commands, in the order in which they are carried out."""

    fires: tuple[Fire, ...] = ()
    #: Runs to cancel, with the reason.
    cancels: tuple[tuple[ActiveRun, str], ...] = ()
    #: Runs to drive.
    drives: tuple[ActiveRun, ...] = ()
    #: When to look again if nothing happens before; None = whenever. What was fired now is to be looked at at once.
    look_at: float | None = None


def plan_turn(standing: Standing, happened: Happened, now: float) -> Turn:
    """Decide what follows from what stands and what happened; the same for the same, however often it is asked."""
    return Turn(
        fires=tuple(_fires(standing, happened)),
        cancels=tuple(choose_cancels(standing)),
        drives=tuple(choose_runs(standing, now)),
        look_at=next_look(standing, now),
    )


def slot_key(target: str, source: str, slot: float) -> str:
    """Give the idempotency key of a slot: `Churn@production/schedule:daily@2026-03-29T06:00:00Z`."""
    return f"{target}/{source}@{datetime.fromtimestamp(slot, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _fires(standing: Standing, happened: Happened) -> list[Fire]:
    fires: list[Fire] = []
    #: By target, a run that has not ended, or that this turn starts: it is in the way of those that follow.
    busy = standing.busy()
    for due in happened.due:
        deployed = standing.deployed.get(due.target)
        if deployed is None or not deployed.fires_by_itself:
            continue
        for decision in due.decisions:
            _add(fires, _of_slot(deployed, due, decision, busy), busy)
    for heard in happened.heard:
        deployed = standing.deployed.get(heard.target)
        if deployed is not None and deployed.fires_by_itself:
            _add(fires, _of_event(heard), busy)
    for each in happened.backfills:
        fires += [_of_backfill(each.backfill, slot) for slot in each.slots]
    return [*fires, *_shadows(standing, fires, busy)]


def _add(fires: list[Fire], fire: Fire, busy: dict[str, str]) -> None:
    fires.append(fire)
    if fire.verdict == "started":
        busy.setdefault(fire.target, f"the run for {fire.key}")


def _of_slot(deployed: Deployed, due: DueSlots, decision: SlotDecision, busy: Mapping[str, str]) -> Fire:
    key = slot_key(due.target, due.source, decision.slot)
    fire = Fire(
        due.target,
        key,
        due.source,
        Trigger("schedule", due.source.partition(":")[2]),
        reason=decision.reason,
        slot=decision.slot,
        parameters=due.schedule.parameters,
    )
    if decision.verdict == "missed":
        return msgspec.structs.replace(fire, verdict="missed")
    # Slots that are made up one by one wait for each other; it would be no policy if they were skipped for that.
    makes_up = due.schedule.missed == "all" and bool(decision.reason)
    if deployed.policy.overlap == "skip" and not makes_up and due.target in busy:
        return msgspec.structs.replace(fire, verdict="skipped", reason=f"{busy[due.target]} has not ended")
    return fire


def _of_event(heard: Heard) -> Fire:
    """An event stands for something that happened once: its run may have to wait, it is never skipped."""
    run = heard.run
    verdict: Literal["started", "refused"] = "refused" if run.refused else "started"
    return Fire(
        heard.target, run.key, "event", run.trigger, verdict=verdict, reason=run.refused, parameters=run.parameters
    )


def _of_backfill(backfill: Backfill, slot: float) -> Fire:
    return Fire(
        backfill.target,
        slot_key(backfill.target, backfill.source, slot),
        backfill.source,
        Trigger("backfill", backfill.id),
        slot=slot,
        parameters=backfill.parameters,
        number=backfill.number,
        priority=backfill.priority,
    )


def _shadows(standing: Standing, fires: Sequence[Fire], busy: dict[str, str]) -> list[Fire]:
    """Give the firings of shadows, beside each run that production starts by itself; one at a time."""
    shadows: dict[str, list[str]] = {}
    for target, deployed in standing.deployed.items():
        if deployed.state.shadow_of is not None and not deployed.state.is_paused and target not in standing.over:
            shadows.setdefault(deployed.state.shadow_of, []).append(target)
    found: list[Fire] = []
    for fire in fires:
        if fire.verdict == "started" and fire.trigger.kind != "backfill":
            for target in shadows.get(fire.target, ()):
                _add(found, _shadow_of(fire, target, busy), busy)
    return found


def _shadow_of(fire: Fire, target: str, busy: Mapping[str, str]) -> Fire:
    shadow = msgspec.structs.replace(
        fire,
        target=target,
        key=shadow_key(target, fire.key),
        source=SHADOW,
        trigger=Trigger("shadow", fire.key, fire.trigger.events),
        reason="",
    )
    if target not in busy:
        return shadow
    return msgspec.structs.replace(shadow, verdict="skipped", reason=f"{busy[target]} has not ended")
