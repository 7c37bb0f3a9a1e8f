"""What a deployment is refused for although its flow could run: starts that nobody gives all parameters for."""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from headwater.deployments.moves import schedule_key
from headwater.deployments.values import convert_given
from headwater.model.errors import DeploymentRefused
from headwater.model.graph import Graph, ParameterSpec
from headwater.model.nearest import did_you_mean


def refuse_starts_without_parameters(graph: Graph, known: Mapping[str, object]) -> None:
    """Refuse schedules and triggers whose runs could not start.

    Args:
        graph: the flow.
        known: what has a value already, by attribute: defaults, and what the deploy gives.

    Raises:
        DeploymentRefused: a schedule or trigger names a parameter that there is not, gives a value that does not
            convert, or leaves a required one without a value; all of them at once.
    """
    found = [*_of_schedules(graph, known), *_of_triggers(graph, known)]
    if found:
        hints = "; ".join(dict.fromkeys(hint for _, hint in found if hint))
        raise DeploymentRefused("\n".join(message for message, _ in found), hint=hints)


def _of_schedules(graph: Graph, known: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for schedule in graph.production.schedules:
        try:
            convert_given(graph.parameters, schedule.parameters, known, f"the schedule `{schedule_key(schedule)}`")
        except DeploymentRefused as refused:
            hint = refused.hint.replace(
                "deploy with it", "name it in @schedule(parameters={...}), or give it a default"
            )
            yield refused.message, hint


def _of_triggers(graph: Graph, known: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    by_name = {spec.name: spec for spec in graph.parameters}
    for triggers in graph.production.triggers:
        given: set[str] = set()
        for event in triggers.events:
            given |= set(by_name) if event.parameters is None else set(event.parameters)
            for name in event.parameters or ():
                if name not in by_name:
                    hint = did_you_mean(name, by_name, what="The parameters") or "the flow has no parameters"
                    yield f"the trigger on event `{event.name}` fills a parameter `{name}` that there is not", hint
        what = ", ".join(
            [*(f"event `{each.name}`" for each in triggers.events), *(each.flow for each in triggers.flows)]
        )
        for spec in _missing(graph.parameters, known, given):
            yield (
                f"the trigger on {what} leaves the required parameter `{spec.name}` without a value",
                f"map a field of the event to `{spec.name}`, give it a default, or deploy with `--{spec.name} VALUE`",
            )


def _missing(
    specs: tuple[ParameterSpec, ...], known: Mapping[str, object], given: Collection[str]
) -> Iterator[ParameterSpec]:
    for spec in specs:
        if spec.required and spec.attribute not in known and spec.name not in given:
            yield spec


def raw_values(values: Mapping[str, object]) -> dict[str, msgspec.Raw]:
    """Write values (texts of a command line, values of Python) as the JSON that launches take."""
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in values.items()}
