"""What a deploy is refused for although the flow passes its checks: schedules whose runs could not start."""

from collections.abc import Mapping

from headwater.deployments.moves import schedule_key
from headwater.deployments.values import convert_given
from headwater.model.errors import DeploymentRefused
from headwater.model.graph import Graph


def refuse_unfit_schedules(graph: Graph, known: Mapping[str, object]) -> None:
    """Refuse schedules that name a parameter that there is not, or give it a value that does not convert.

    Args:
        graph: the flow.
        known: what has a value already, by attribute: defaults, and what the deploy gives.

    Raises:
        DeploymentRefused: names all of them at once.
    """
    messages: list[str] = []
    hints: list[str] = []
    for schedule in graph.production.schedules:
        try:
            convert_given(graph.parameters, schedule.parameters, known, f"the schedule `{schedule_key(schedule)}`")
        except DeploymentRefused as refused:
            messages.append(refused.message)
            hints.append(refused.hint)
    if messages:
        raise DeploymentRefused("\n".join(messages), hint="; ".join(dict.fromkeys(filter(None, hints))))
