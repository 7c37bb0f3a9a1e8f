"""The graph of a run as a drawing: steps from left to right, loops back below them."""

from collections.abc import Mapping, Sequence

from headwater.model.graph import Graph, Step
from headwater.web.export.markup import Markup, element
from headwater.web.views.edges import Edge, edges_of

_WIDTH, _HEIGHT = 168, 48
_GAP_X, _GAP_Y = 56, 26
#: Characters of a name that fit.
_NAME = 22
#: Statuses from the one that matters most, with the colour that they have.
TONES = {
    "failed": "bad",
    "lost": "bad",
    "running": "busy",
    "retrying": "odd",
    "caught": "odd",
    "cancelled": "odd",
    "interrupted": "bad",
    "queued": "busy",
    "waiting": "odd",
    "succeeded": "ok",
}


def draw_graph(graph: Graph, counts: Mapping[str, Mapping[str, int]]) -> Markup:
    """Draw a graph with the number of tasks of each step by status."""
    edges = edges_of(graph)
    places = _places(graph, edges)
    columns = max(column for column, _ in places.values()) + 1
    rows = max(row for _, row in places.values()) + 1
    has_back = any(edge.is_back for edge in edges)
    width = columns * (_WIDTH + _GAP_X) - _GAP_X + 16
    height = rows * (_HEIGHT + _GAP_Y) - _GAP_Y + 16 + 40 * has_back
    drawn = [_way(edge, places, height) for edge in edges]
    drawn += [_box(step, places[name], counts.get(name, {})) for name, step in graph.steps.items()]
    return element(
        "svg", *drawn, width=width, height=height, viewBox=f"0 0 {width} {height}", role="img", aria_label="graph"
    )


def tone_of(counts: Mapping[str, int]) -> str:
    """Give the colour of something with tasks of these statuses; empty when there are none."""
    return next((tone for status, tone in TONES.items() if counts.get(status)), "")


def _places(graph: Graph, edges: Sequence[Edge]) -> dict[str, tuple[int, int]]:
    """Give column and row of each step: behind all that lead to it, loops left aside."""
    column = dict.fromkeys(graph.steps, 0)
    for _ in graph.steps:
        for edge in edges:
            if not edge.is_back:
                column[edge.target] = max(column[edge.target], column[edge.source] + 1)
        if max(column.values()) >= len(column):  # no compiled graph goes round without saying so
            break
    taken: dict[int, int] = {}
    places = {}
    for name in sorted(graph.steps, key=lambda each: column[each]):
        at = min(column[name], len(column))
        places[name] = (at, taken.get(at, 0))
        taken[at] = taken.get(at, 0) + 1
    return places


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    return place[0] * (_WIDTH + _GAP_X) + 8, place[1] * (_HEIGHT + _GAP_Y) + 8


def _way(edge: Edge, places: Mapping[str, tuple[int, int]], height: int) -> Markup:
    x1, y1 = _corner(places[edge.source])
    x2, y2 = _corner(places[edge.target])
    if edge.is_back:
        start, end, low = x1 + _WIDTH / 2, x2 + _WIDTH / 2 - 10, height - 6
        path = f"M{start} {y1 + _HEIGHT}C{start} {low} {end} {low} {end} {y2 + _HEIGHT}"
        return element("path", d=path, class_="way back")
    start, end = x1 + _WIDTH, x2
    middle, here, there = (start + end) / 2, y1 + _HEIGHT / 2, y2 + _HEIGHT / 2
    drawn = element("path", d=f"M{start} {here}C{middle} {here} {middle} {there} {end} {there}", class_="way")
    if edge.case is None:
        return drawn
    at = (y1 + y2 + _HEIGHT) / 2 - 4
    return Markup(drawn + element("text", edge.case[:12], x=middle, y=at, text_anchor="middle", class_="soft"))


def _box(step: Step, place: tuple[int, int], counts: Mapping[str, int]) -> Markup:
    x, y = _corner(place)
    tone = tone_of(counts)
    order = sorted(counts.items(), key=lambda pair: list(TONES).index(pair[0]) if pair[0] in TONES else len(TONES))
    many = ", ".join(f"{count:,} {status}" for status, count in order) or "not reached"
    told = f"{step.name} ({step.kind}): {many}\n{step.file}:{step.line}"
    behind = [
        element("rect", x=x + shift, y=y + shift, width=_WIDTH, height=_HEIGHT, rx=8, class_=f"box {tone}")
        for shift in ((6, 3) if step.level else ())
    ]
    return element(
        "g",
        element("title", told),
        *behind,
        element("rect", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=8, class_=f"box {tone}"),
        element("text", _cut(step.name, _NAME), x=x + 12, y=y + 20),
        element("text", _cut(many, 26), x=x + 12, y=y + 37, class_="soft"),
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
