"""What a flow lacks for production, though it runs at a desk: told by `check`, refused by `deploy`."""

from collections.abc import Collection

from headwater.flow.production import Noun, mistake_at, nouns_of
from headwater.flow.step import mark_of
from headwater.flow.steps import shown
from headwater.flow.values import parameters_of
from headwater.model.errors import Mistake
from headwater.model.nearest import did_you_mean
from headwater.model.production import EventTrigger, FinishTrigger, Schedule, Triggers


def deploy_mistakes(flow: type, given: Collection[str] = ()) -> list[Mistake]:
    """Give what keeps a flow from being deployed (errors), and what will do nothing there (warnings).

    Only for a flow that passes its own checks. `given` names the parameters that the deploy itself gives a value.
    """
    required = [each.name for each in parameters_of(flow) if each.spec().required and each.name not in given]
    known = [parameter.name for parameter in parameters_of(flow)]
    found: list[Mistake] = []
    for noun in nouns_of(flow):
        if isinstance(noun.value, Schedule):
            found += _check_schedule(noun, required)
        elif isinstance(noun.value, Triggers):
            found += _check_triggers(noun, required, known)
            found += _check_circle(noun, flow.__name__)
    return sorted([*found, *_unsupported(flow)], key=lambda each: (each.file, each.line))


def _check_schedule(noun: Noun, required: list[str]) -> list[Mistake]:
    return [
        mistake_at(
            noun.decorator,
            f"`@schedule` starts runs without `{name}`, a parameter that has no default",
            f"give the parameter a default, or write parameters={{{name!r}: ...}} into the schedule",
        )
        for name in required
        if name not in noun.value.parameters
    ]


def _check_triggers(noun: Noun, required: list[str], known: list[str]) -> list[Mistake]:
    name = noun.decorator.name
    events: tuple[EventTrigger, ...] = noun.value.events
    mapped = {parameter for event in events for parameter in event.parameters or ()}
    found = [
        mistake_at(
            noun.decorator,
            f"`@{name}` maps `{parameter}`, which is no parameter of the flow",
            did_you_mean(parameter, known, what="the parameters") or "the flow has no parameters",
        )
        for parameter in sorted(mapped - set(known))
    ]
    if any(event.parameters is None for event in events):
        return found  # fields go to parameters of the same name; what is missing is told when the event comes
    remedy = "give the parameter a default"
    remedy += ", or map it to a field of the payload with parameters={...}" if events else ""
    return found + [
        mistake_at(
            noun.decorator,
            f"`@{name}` starts runs without `{parameter}`, a parameter that has no default",
            remedy,
        )
        for parameter in required
        if parameter not in mapped
    ]


def _check_circle(noun: Noun, flow: str) -> list[Mistake]:
    """Warn of a flow that follows itself alone: each run starts the next one, for ever."""
    flows: tuple[FinishTrigger, ...] = noun.value.flows
    if len(flows) != 1 or flows[0].flow != flow or flows[0].project is not None:
        return []
    text = f"`@{noun.decorator.name}` lets each run of `{flow}` that succeeds start the next one, without end"
    hint = "name the flow that comes before it; a schedule repeats at times of your choice"
    return [mistake_at(noun.decorator, text, hint, is_error=False)]


def _unsupported(flow: type) -> list[Mistake]:
    found: list[Mistake] = []
    for name in dir(flow):
        mark = mark_of(getattr(flow, name, None))
        for each in mark.options.unsupported if mark is not None else ():
            place = mark.used[each.name] if mark is not None else None
            if place is not None:
                text = f"`@{each.name}` of step `{name}` is ignored: its back end is not here"
                found.append(Mistake(text, shown(place.file), place.line, is_error=False))
    return found
