"""From a flow's class to its graph."""

from headwater.flow.checks import check_flow
from headwater.model.errors import FlowMistakes
from headwater.model.graph import Graph

_GRAPH = "_headwater_graph"


def compile_flow(flow: type) -> Graph:
    """Give the graph of a flow; worked out once a class.

    Raises:
        FlowMistakes: the checks found errors; holds them, and the warnings.
    """
    known = vars(flow).get(_GRAPH)
    if isinstance(known, Graph):
        return known
    graph, mistakes = check_flow(flow)
    if graph is None:
        raise FlowMistakes(flow.__name__, mistakes)
    setattr(flow, _GRAPH, graph)
    return graph
