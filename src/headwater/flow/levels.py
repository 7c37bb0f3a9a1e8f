"""What follows from how steps follow each other: back edges, levels, which join closes what and waits for whom.

A *level* is the tuple of foreach and gang openers that a step is inside of. The forward graph is the graph without
its back edges, which only switches may have. A join is one of three things:

- its inputs come from different levels: it closes everything deeper than what they have in common;
- two ways from one split of its level meet in it for the first time: it joins them, and stays on the level;
- neither: it closes the innermost foreach or gang.
"""

import msgspec

from headwater.flow.shape import Shape
from headwater.model.graph import StepKind

Level = tuple[str, ...]


class Node(msgspec.Struct, frozen=True):
    """A step, as far as the layout is concerned."""

    name: str
    kind: StepKind
    targets: tuple[str, ...]
    is_join: bool = False

    @property
    def is_opener(self) -> bool:
        """Tell whether its target is on a deeper level."""
        return self.kind in ("foreach", "parallel")


class Problem(msgspec.Struct, frozen=True):
    """Something in the layout that has no meaning."""

    step: str
    message: str
    hint: str = ""
    #: It is the step's `self.next` that is wrong, not the step.
    is_of_next: bool = False


class Layout(msgspec.Struct):
    """What was worked out, by step."""

    levels: dict[str, Level] = {}
    back_targets: dict[str, tuple[str, ...]] = {}
    closed_by: dict[str, str] = {}
    waits_for: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []


def lay_out(nodes: dict[str, Node], start: str, end: str) -> Layout:
    """Work out the layout of a flow whose targets all exist.

    Args:
        nodes: All steps by name, in the order written.
        start: Where it begins.
        end: Where it ends.
    """
    layout = Layout()
    reachable = _check_reach(nodes, start, end, layout.problems)
    inside = {name: node for name, node in nodes.items() if name in reachable}
    forward, order = _split_back_edges(inside, start, layout)
    _find_levels(inside, forward, order, layout)
    _check_back_edges(inside, forward, end, layout)
    if not layout.problems:
        _find_waits(inside, start, layout)
    return layout


def _edges(nodes: dict[str, Node]) -> list[tuple[str, str]]:
    return [(name, target) for name, node in nodes.items() for target in node.targets]


def _check_reach(nodes: dict[str, Node], start: str, end: str, problems: list[Problem]) -> set[str]:
    shape = Shape(list(nodes), _edges(nodes))
    reachable, ending = shape.reachable(start), shape.reaching(end)
    for name in nodes:
        if name not in reachable:
            hint = f"let some step that comes after `{start}` go to it, or remove it"
            problems.append(Problem(name, f"step `{name}` is never reached from `{start}`", hint))
        elif name not in ending:
            hint = "give it a way out: a case of a switch that leads on"
            problems.append(Problem(name, f"step `{name}` never leads to the end, `{end}`", hint))
    return reachable


def _split_back_edges(nodes: dict[str, Node], start: str, layout: Layout) -> tuple[Shape, list[str]]:
    """Give the forward graph and its steps in order; records the back edges of switches, reports all others."""
    edges = _edges(nodes)
    whole = Shape(list(nodes), edges)
    dominators = whole.dominators(start)
    order, back = whole.order(start)
    for source, target in back:
        if target not in dominators[source]:
            text = f"step `{source}` goes back to `{target}`, which does not come before it on every path"
            hint = f"go back to a step that every path to `{source}` passes"
            layout.problems.append(Problem(source, text, hint, is_of_next=True))
        elif nodes[source].kind != "switch":
            text = f"step `{source}` goes back to `{target}` whatever happens: the loop has no end"
            hint = f'decide with a switch: self.next({{True: self.{target}, False: ...}}, condition="attribute")'
            layout.problems.append(Problem(source, text, hint, is_of_next=True))
        else:
            layout.back_targets[source] = (*layout.back_targets.get(source, ()), target)
    gone = set(back)
    return Shape(list(nodes), [edge for edge in edges if edge not in gone]), order


def _find_levels(nodes: dict[str, Node], forward: Shape, order: list[str], layout: Layout) -> None:
    splits = {name: forward.nearest_dominator(name) for name in order if nodes[name].kind == "split"}
    closers: dict[str, dict[str, None]] = {name: {} for name, node in nodes.items() if node.is_opener}
    for name in order:
        node = nodes[name]
        sources = [source for source in forward.before[name] if source in layout.levels]
        arriving = {source: _level_after(nodes[source], layout.levels[source]) for source in sources}
        met = _split_that_meets(name, splits, forward, layout.levels, set(arriving.values()))
        if not arriving:
            layout.levels[name] = ()
        elif node.is_join:
            layout.levels[name] = _level_of_join(node, arriving, met, nodes, layout.problems)
        else:
            layout.levels[name] = _level_of_plain(node, arriving, splits, forward, layout.problems)
        if node.kind == "end" and layout.levels[name]:
            layout.problems.append(_end_inside(node, layout.levels[name][-1]))
        for level in arriving.values():
            for opener in level[len(layout.levels[name]) :]:
                closers[opener][name] = None
    for opener, joins in closers.items():
        if len(joins) == 1:
            layout.closed_by[opener] = next(iter(joins))
        elif joins:
            listed = ", ".join(f"`{name}`" for name in nodes if name in joins)
            text = f"the {nodes[opener].kind} of step `{opener}` is closed by more than one join: {listed}"
            layout.problems.append(Problem(opener, text, "let all of its paths meet in one join"))


def _level_after(node: Node, level: Level) -> Level:
    return (*level, node.name) if node.is_opener else level


def _split_that_meets(
    name: str,
    splits: dict[str, dict[str, str]],
    forward: Shape,
    levels: dict[str, Level],
    arriving: set[Level],
) -> str | None:
    """Give a split of the level on which all inputs arrive, two targets of which first meet in this step."""
    if len(arriving) != 1:
        return None
    level = next(iter(arriving))
    for split, nearest in splits.items():
        if levels.get(split) == level and _meet(split, name, nearest, forward):
            return split
    return None


def _meet(split: str, name: str, nearest: dict[str, str], forward: Shape) -> bool:
    if nearest.get(name) != split:
        return False
    leading = forward.reaching(name)
    return sum(target in leading for target in forward.after[split]) > 1


def _level_of_join(
    node: Node, arriving: dict[str, Level], met: str | None, nodes: dict[str, Node], problems: list[Problem]
) -> Level:
    for source in arriving:
        if nodes[source].is_opener:
            text = f"step `{source}` opens a {nodes[source].kind} straight into the join `{node.name}`"
            problems.append(Problem(source, text, "put a step in between, which runs once an item", is_of_next=True))
    levels = set(arriving.values())
    if len(levels) > 1:
        return _common(levels)
    level = next(iter(levels))
    if met is not None:
        return level
    if not level:
        text = f"step `{node.name}` takes `inputs`, but nothing runs side by side before it"
        problems.append(Problem(node.name, text, f"let it take `self` alone: def {node.name}(self)"))
        return level
    return level[:-1]


def _level_of_plain(
    node: Node,
    arriving: dict[str, Level],
    splits: dict[str, dict[str, str]],
    forward: Shape,
    problems: list[Problem],
) -> Level:
    levels = set(arriving.values())
    hint = f"let it take the inputs: def {node.name}(self, inputs)"
    if len(levels) > 1:
        listed = ", ".join(f"`{source}`" for source in arriving)
        text = f"step `{node.name}` is reached from inside and from outside of a foreach: from {listed}"
        problems.append(Problem(node.name, text, hint))
        return _common(levels)
    split = next((each for each, nearest in splits.items() if _meet(each, node.name, nearest, forward)), None)
    if split is not None:
        text = f"branches of `{split}` that run side by side meet in step `{node.name}`, which takes no inputs"
        problems.append(Problem(node.name, text, hint))
    return next(iter(levels))


def _end_inside(node: Node, opener: str) -> Problem:
    text = f"the end, `{node.name}`, is reached inside the foreach of `{opener}`, which no join has closed"
    return Problem(node.name, text, "put a join before it, a step that takes (self, inputs); each closes one foreach")


def _common(levels: set[Level]) -> Level:
    first, *others = levels
    length = len(first)
    for level in others:
        same = 0
        for left, right in zip(first[:length], level, strict=False):
            if left != right:
                break
            same += 1
        length = same
    return first[:length]


def _check_back_edges(nodes: dict[str, Node], forward: Shape, end: str, layout: Layout) -> None:
    if not layout.back_targets or end not in nodes:
        return
    meeting = forward.nearest_postdominator(end)
    for source, targets in layout.back_targets.items():
        for target in targets:
            if layout.levels[source] != layout.levels[target]:
                text = f"step `{source}` goes back to `{target}`, which is not inside the same foreach"
                hint = "a loop stays inside of one foreach, or goes around it"
                layout.problems.append(Problem(source, text, hint, is_of_next=True))
            elif _open_splits(source, nodes, forward, meeting) != _open_splits(target, nodes, forward, meeting):
                text = f"step `{source}` goes back to `{target}`, out of a branch whose siblings may still run"
                hint = "a loop stays inside of one branch, or goes around split and join"
                layout.problems.append(Problem(source, text, hint, is_of_next=True))


def _open_splits(name: str, nodes: dict[str, Node], forward: Shape, meeting: dict[str, str]) -> set[str]:
    """Give the splits whose branches have not all met yet at a step."""
    before = forward.reaching(name) - {name}
    return {
        split for split in before if nodes[split].kind == "split" and meeting.get(split) not in {*before, name, None}
    }


def _find_waits(nodes: dict[str, Node], start: str, layout: Layout) -> None:
    entries: dict[Level, str] = {(): start}
    for name, node in nodes.items():
        if node.is_opener:
            entries[(*layout.levels[name], name)] = node.targets[0]
    for level, entry in entries.items():
        shape = _shape_of_level(level, nodes, layout)
        joins = [name for name in shape.names if nodes[name].is_join]
        if not joins:
            continue
        nearest = shape.nearest_dominator(entry)
        for join in joins:
            layout.waits_for[join] = _waits_of(join, shape, nearest.get(join), nodes, layout.closed_by)


def _shape_of_level(level: Level, nodes: dict[str, Node], layout: Layout) -> Shape:
    """Give the graph of one level, back edges included; an opener leads to the join that closes it."""
    names = [name for name in nodes if layout.levels[name] == level]
    here = set(names)
    edges = []
    for name in names:
        node = nodes[name]
        targets = (layout.closed_by.get(name, ""),) if node.is_opener else node.targets
        edges += [(name, target) for target in targets if target in here]
    return Shape(names, edges)


def _waits_of(
    join: str, shape: Shape, gate: str | None, nodes: dict[str, Node], closed_by: dict[str, str]
) -> tuple[str, ...]:
    """Give the steps of the level from which another input of this round may still come.

    A round begins at the gate, the last step that comes before the join on every path: a token there belongs to the
    next round, unless the gate is the very foreach that the join closes.
    """
    waits = shape.reaching(join, without=gate) - {join}
    if gate is not None and nodes[gate].is_opener and closed_by.get(gate) == join:
        waits.add(gate)
    return tuple(name for name in shape.names if name in waits)
