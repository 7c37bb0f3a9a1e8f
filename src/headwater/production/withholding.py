"""Keeps from a shadow the variables of the daemon's environment that secrets are taken from."""

from collections.abc import Iterator

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment
from headwater.flow.secret_sources import env_names
from headwater.home import Home
from headwater.model.events import RunStarted
from headwater.model.graph import Graph


def withheld_variables(home: Home, started: RunStarted) -> frozenset[str]:
    """Name the variables that a run may not see: what `@secrets` of its flow, and of what it shadows, read.

    Empty for a run that gets its secrets: then only tasks that ask for them have them masked, as on a desk.
    """
    launch = started.launch
    if launch is None or not launch.is_without_secrets:
        return frozenset()
    graphs = [started.graph, *_shadowed(home, launch.target)]
    return frozenset(name for graph in graphs for name in _read_by(graph))


def _shadowed(home: Home, target: str) -> Iterator[Graph]:
    """Give the flow of what an alias shadows, as it is deployed now."""
    aliases = Aliases(home.ledger)
    state = aliases.get(target)
    origin = None if state is None or state.shadow_of is None else aliases.get(state.shadow_of)
    if origin is not None and origin.deployment is not None:
        yield find_deployment(home.ledger, origin.name, origin.number).graph


def _read_by(graph: Graph) -> Iterator[str]:
    for step in graph.steps.values():
        for source in step.options.secrets:
            if source.type == "env":
                yield from env_names(source)
