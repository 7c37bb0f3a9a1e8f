"""The ways between the steps of a graph."""

import msgspec

from headwater.model.graph import Graph


class Edge(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way from one step to another."""

    source: str
    target: str
    #: Switch: the case that takes this way.
    case: str | None = None
    #: It goes back: the next pass of a loop.
    is_back: bool = False


def edges_of(graph: Graph) -> tuple[Edge, ...]:
    """Give all ways between steps; a switch has one a case."""
    edges = []
    for step in graph.steps.values():
        cases = [(case, target) for case, target in step.cases if target in step.targets]
        known = {target for _, target in cases}
        ways: list[tuple[str | None, str]] = [*cases, *((None, each) for each in step.targets if each not in known)]
        edges += [Edge(step.name, target, case, target in step.back_targets) for case, target in ways]
    return tuple(edges)
