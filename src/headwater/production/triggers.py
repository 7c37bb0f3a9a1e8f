"""Which published events start which runs of a deployment.

A trigger of one event starts a run for each. A trigger of several keeps the newest event of each name until all have
come within its window; then it starts one run with them and begins anew. What it keeps need not be stored: matching
again from the oldest event that still waits gives the same runs with the same keys.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from headwater.deployments.names import alias_branch, branch_alias, is_production, scope_of, split_target
from headwater.model.launch import PublishedEvent, Trigger, TriggerEvent
from headwater.model.production import EventTrigger, FinishTrigger, Triggers

#: Name of the event that every finished run publishes.
RUN_FINISHED = "run.finished"


class Listener(msgspec.Struct, frozen=True):
    """A deployment that waits for events, as one alias names it."""

    #: `fraud.Churn@production`.
    target: str
    #: Names of its flow's parameters.
    parameters: Collection[str] = ()


class TriggeredRun(msgspec.Struct, frozen=True):
    """A run that events ask for."""

    #: `<target>/event:<ids joined by +>`: the same events start one run, however often they are matched.
    key: str
    trigger: Trigger
    #: Number of the event that completed it.
    number: int
    parameters: dict[str, msgspec.Raw] = {}
    #: Why it cannot be started; empty when it can.
    refused: str = ""


class Match(msgspec.Struct, frozen=True):
    """What came of matching a batch of events."""

    runs: tuple[TriggeredRun, ...]
    #: Events that wait for others, by place in the trigger; give them to the next call.
    waiting: dict[int, PublishedEvent]
    #: Number of the last event looked at: the `since` of the next call.
    last: int
    #: Number behind which somebody who has lost `waiting` begins again: what a cursor should remember.
    resume_after: int


def match_triggers(
    triggers: Triggers,
    listener: Listener,
    events: Sequence[PublishedEvent],
    since: int,
    waiting: Mapping[int, PublishedEvent] | None = None,
    recorded: Sequence[Trigger] = (),
) -> Match:
    """Give the runs that a batch of events asks for, in the order of the events that complete them.

    Costs time in proportion to the events; keeps at most one event per name of the trigger.

    Args:
        triggers: one decorator of the flow.
        listener: the deployment.
        events: published events in the order of their numbers; those up to `since` are passed over.
        since: number of the last event that was looked at, or that came before the trigger counted.
        waiting: what the last call gave; None = nothing.
        recorded: what runs of the listener were started by, for somebody who has lost `waiting` and begins again
            behind `since`: what such a run used, and what came before that, waits for nothing any more.
    """
    wanted: list[EventTrigger | FinishTrigger] = [*triggers.events, *triggers.flows]
    names = {RUN_FINISHED if isinstance(each, FinishTrigger) else each.name for each in wanted}
    kept = dict(waiting or {})
    if not kept and names.isdisjoint(event.name for event in events):  # most of what is published is for others
        last = max(since, events[-1].number) if events else since
        return Match((), {}, last, last)
    hears = [_Hearing(each, listener) for each in wanted]
    used = _used(hears, recorded)
    runs: list[TriggeredRun] = []
    last = since
    for event in events:
        if event.number <= last:
            continue
        last = event.number
        if not kept and event.name not in names:
            continue
        if event.id in used:
            kept = {}
            continue
        kept = {place: other for place, other in kept.items() if other.at >= event.at - triggers.window_seconds}
        kept |= {place: event for place, hearing in enumerate(hears) if hearing.is_for(event)}
        if len(kept) == len(wanted) and any(other is event for other in kept.values()):
            runs.append(_run(wanted, listener, [kept[place] for place in range(len(wanted))], event.number))
            kept = {}
    oldest = min((event.number for event in kept.values()), default=last + 1)
    return Match(tuple(runs), kept, last, oldest - 1)


def waits_for_several(triggers: Triggers) -> bool:
    """Tell whether several events must come before a run starts."""
    return len(triggers.events) + len(triggers.flows) > 1


class _Hearing:
    """Tells whether an event is the one that a part of a trigger waits for."""

    def __init__(self, wanted: EventTrigger | FinishTrigger, listener: Listener) -> None:
        name, alias = split_target(listener.target).name, split_target(listener.target).alias
        self._scope = scope_of(name, alias)
        self._finish = _finish(wanted, name, alias) if isinstance(wanted, FinishTrigger) else None
        self._name = RUN_FINISHED if isinstance(wanted, FinishTrigger) else wanted.name

    def is_for(self, event: PublishedEvent) -> bool:
        if event.name != self._name:
            return False
        if self._finish is not None:
            return _finished(event.payload) == self._finish
        return event.scope is None or event.scope == self._scope

    def was_for(self, event: TriggerEvent) -> bool:
        """Tell whether an event that a run was started by had this part."""
        return event.name == self._name and (self._finish is None or _finished(event.payload) == self._finish)


def _used(hears: Sequence["_Hearing"], recorded: Sequence[Trigger]) -> set[str]:
    """Give the ids of events that runs of this trigger were started by; one of a single event needs none."""
    return {
        event.id
        for trigger in recorded
        if len(trigger.events) == len(hears) > 1
        and all(hearing.was_for(event) for hearing, event in zip(hears, trigger.events, strict=True))
        for event in trigger.events
    }


class _Finish(msgspec.Struct, frozen=True):
    """Runs of which flow, project and branch; None = without a project."""

    flow: str
    project: str | None
    branch: str


class _Ending(msgspec.Struct, frozen=True):
    """Payload of the event of a finished run."""

    flow: str
    end: str
    target: str | None = None
    project: str | None = None
    branch: str | None = None


def _finish(wanted: FinishTrigger, name: str, alias: str) -> _Finish:
    """Fill in what a trigger leaves open: the project and the branch of the deployment itself."""
    own_project = name.partition(".")[0] if "." in name else None
    project, dot, rest = wanted.flow.partition(".")
    branch, _, flow = rest.rpartition(".")
    if not dot:
        project, branch, flow = wanted.project or "", wanted.branch or "", wanted.flow
    return _Finish(flow, project or own_project, alias_branch(branch or alias))


def _finished(payload: Mapping[str, msgspec.Raw]) -> _Finish | None:
    """Give what run finished; None for one that did not succeed, and for a person's run of no branch.

    A run that no deployment started counts for its branch, but never for production: nobody sets off production's
    flows by running something at a desk.
    """
    try:
        said = msgspec.json.decode(msgspec.json.encode(payload), type=_Ending)
    except msgspec.ValidationError:
        return None  # somebody else's event of that name
    branch = said.branch if said.target is None else alias_branch(said.target.rpartition("@")[2])
    if said.end != "succeeded" or branch is None or (said.target is None and is_production(branch_alias(branch))):
        return None
    return _Finish(said.flow, said.project, branch)


def _run(
    wanted: Sequence[EventTrigger | FinishTrigger], listener: Listener, events: Sequence[PublishedEvent], number: int
) -> TriggeredRun:
    parameters: dict[str, msgspec.Raw] = {}
    missing: list[str] = []
    for part, event in zip(wanted, events, strict=True):
        if isinstance(part, EventTrigger):
            found, lacks = _parameters(part, listener, event)
            parameters |= found
            missing += lacks
    return TriggeredRun(
        key=f"{listener.target}/event:{'+'.join(event.id for event in events)}",
        trigger=_trigger(wanted, events),
        number=number,
        parameters={} if missing else parameters,
        refused="; ".join(missing),
    )


def _parameters(
    part: EventTrigger, listener: Listener, event: PublishedEvent
) -> tuple[dict[str, msgspec.Raw], list[str]]:
    """Give the parameters that an event brings, and a sentence for each that it should bring and does not."""
    if part.parameters is None:
        return {name: value for name, value in event.payload.items() if name in listener.parameters}, []
    found = {name: event.payload[field] for name, field in part.parameters.items() if field in event.payload}
    fields = ", ".join(sorted(event.payload)) or "nothing"
    lacks = [
        f"event `{event.name}` ({event.id}) has no `{field}` for the parameter `{name}`; it has {fields}"
        for name, field in part.parameters.items()
        if field not in event.payload
    ]
    return found, lacks


def _trigger(wanted: Sequence[EventTrigger | FinishTrigger], events: Sequence[PublishedEvent]) -> Trigger:
    types: list[Literal["event", "run"]] = ["run" if isinstance(part, FinishTrigger) else "event" for part in wanted]
    facts = [
        TriggerEvent(event.id, event.name, event.at, kind, dict(event.payload), event.run)
        for kind, event in zip(types, events, strict=True)
    ]
    return Trigger("event" if "event" in types else "finish", events=tuple(facts))
