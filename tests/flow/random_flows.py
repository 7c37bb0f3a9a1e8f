"""Random flows for the tests of the layout, as nodes without any code."""

import random

from msgspec.structs import replace

from headwater.flow.levels import Node


def flow(**steps: str) -> dict[str, Node]:
    """`a="split b c"`: kind, then targets; `join` is a linear step that takes inputs, `end_join` such an end."""
    nodes = {}
    for name, text in steps.items():
        kind, *targets = text.split()
        is_join = kind.startswith("join") or kind == "end_join"
        kind = {"join": "linear", "end_join": "end"}.get(kind, kind.removeprefix("join_"))
        nodes[name] = Node(name, kind, tuple(targets), is_join)
    return nodes


def random_nodes(seed: int, size: int) -> dict[str, Node]:
    """Any graph at all: most of them mean nothing."""
    chance = random.Random(seed)
    names = [f"s{number}" for number in range(size)]
    nodes = {}
    for number, name in enumerate(names):
        later = names[number + 1 :]
        if not later:
            kind, targets = "end", ()
        else:
            kind = chance.choice(["linear", "linear", "split", "split", "foreach", "switch"])
            count = chance.choice([2, 2, 3]) if kind in ("split", "switch") else 1
            targets = tuple(dict.fromkeys(chance.choice(later[:4]) for _ in range(count)))
            if kind == "switch" and chance.random() < 0.3:
                targets = (*targets, chance.choice(names[: number + 1]))
            if kind in ("split", "switch") and len(set(targets)) < 2:
                kind, targets = "linear", targets[:1]
        nodes[name] = Node(name, kind, tuple(dict.fromkeys(targets)), chance.random() < 0.4 and number > 0)
    return nodes


class Builder:
    """Builds a flow that has a meaning, block by block."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.steps: list[list] = []

    def build(self, depth: int) -> dict[str, Node]:
        first = self._add("linear")
        last = self._block(first, depth)
        end = self._add("end")
        self._link(last, end)
        return {name: Node(name, kind, tuple(targets), is_join) for name, kind, targets, is_join in self.steps}

    def _add(self, kind: str, is_join: bool = False) -> int:
        self.steps.append([f"s{len(self.steps)}", kind, [], is_join])
        return len(self.steps) - 1

    def _link(self, source: int, target: int) -> None:
        name = self.steps[target][0]
        if name not in self.steps[source][2]:
            self.steps[source][2].append(name)

    def _block(self, at: int, depth: int) -> int:
        """Put blocks after step `at`, which has no target yet; give the last step."""
        for _ in range(self.chance.choice([1, 1, 2])):
            if depth == 0:
                following = self._add("linear")
                self._link(at, following)
                at = following
            else:
                at = self.chance.choice([self._split, self._foreach, self._switch, self._loop])(at, depth - 1)
        return at

    def _split(self, at: int, depth: int) -> int:
        """Two or three branches; the first two may meet before the others."""
        self.steps[at][1] = "split"
        ends = []
        for _ in range(self.chance.choice([2, 3])):
            branch = self._add("linear")
            self._link(at, branch)
            ends.append(self._block(branch, depth))
        if len(ends) == 3 and self.chance.random() < 0.6:
            early = self._add("linear", is_join=True)
            self._link(ends.pop(), early)
            self._link(ends.pop(), early)
            ends.append(self._block(early, 0))
        join = self._add("linear", is_join=True)
        for end in ends:
            self._link(end, join)
        return join

    def _foreach(self, at: int, depth: int) -> int:
        self.steps[at][1] = "foreach"
        body = self._add("linear")
        self._link(at, body)
        last = self._block(body, depth)
        join = self._add("linear", is_join=True)
        self._link(last, join)
        return join

    def _switch(self, at: int, depth: int) -> int:
        self.steps[at][1] = "switch"
        ends = []
        for _ in range(2):
            case = self._add("linear")
            self._link(at, case)
            ends.append(self._block(case, depth))
        meeting = self._add("linear")
        for end in ends:
            self._link(end, meeting)
        return meeting

    def _loop(self, at: int, depth: int) -> int:
        head = self._add("linear")
        self._link(at, head)
        last = self._block(head, depth)
        if self.steps[last][1] != "linear" or self.steps[last][3]:
            turn = self._add("linear")
            self._link(last, turn)
            last = turn
        self.steps[last][1] = "switch"
        after = self._add("linear")
        self._link(last, after)
        self.steps[last][2].append(self.steps[head][0])
        return after


def mutated_nodes(seed: int) -> dict[str, Node]:
    """A flow that has a meaning, changed in one to three places: some still have one."""
    chance = random.Random(seed)
    nodes = Builder(seed).build(chance.choice([1, 2]))
    names = list(nodes)
    for _ in range(chance.choice([1, 2, 3])):
        name = chance.choice(names[:-1])
        node = nodes[name]
        what = chance.choice(["join", "target", "kind", "retarget"])
        if what == "join" and name != names[0]:
            node = replace(node, is_join=not node.is_join)
        elif what == "target" and node.kind in ("split", "switch"):
            node = replace(node, targets=tuple(dict.fromkeys([*node.targets, chance.choice(names[1:])])))
        elif what == "kind" and len(node.targets) == 1:
            kind = "linear" if node.kind == "foreach" else chance.choice(["foreach", "split", "switch"])
            extra = [] if kind in ("foreach", "linear") else [chance.choice(names[1:])]
            targets = tuple(dict.fromkeys([*node.targets, *extra]))
            node = replace(node, kind=kind if len(targets) > 1 or kind == "foreach" else "linear", targets=targets)
        elif what == "retarget":
            targets = (*node.targets[:-1], chance.choice(names[1:]))
            if len(set(targets)) == len(targets):
                node = replace(node, targets=targets)
        nodes[name] = node
    return nodes
