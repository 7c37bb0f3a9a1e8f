"""A naive machine that moves tokens through a laid-out flow in a random order, one step at a time.

It knows nothing of how the layout was worked out. What it did must not depend on the order in which it happened to do
it: joins that fire too early or too late, inputs that come too late and runs that get stuck all show.
"""

import random
from collections import Counter

from headwater.flow.levels import Layout, Node


class Stuck(AssertionError):
    """Tokens are left, and none of them can move."""


class Place:
    """One instance of a level: the root, or one child of a foreach."""

    def __init__(self, path, parent=None, group=None):
        self.path = path
        self.parent = parent
        self.group = group
        self.tokens = []
        self.groups = []
        self.arrived = {}
        self.visits = Counter()
        self.delivered = []


class Group:
    def __init__(self, opener, children):
        self.opener = opener
        self.open_children = children
        self.delivered = []


class Machine:
    def __init__(self, nodes: dict[str, Node], layout: Layout, start: str, end: str, decide: int, schedule: int):
        self.nodes = nodes
        self.layout = layout
        self.end = end
        self.decide = decide
        self.random = random.Random(schedule)
        self.root = Place(())
        self.places = [self.root]
        self.ran = []
        self.ended = 0
        self.root.tokens.append((start, ()))

    def run(self):
        while True:
            moves = [(place, token) for place in self.places for token in place.tokens]
            fires = [(place, join) for place in self.places for join in place.arrived if self._fires(place, join)]
            if not moves and not fires:
                break
            number = self.random.randrange(len(moves) + len(fires))
            if number < len(moves):
                place, token = moves[number]
                place.tokens.remove(token)
                self._execute(place, *token)
            else:
                place, join = fires[number - len(moves)]
                self._execute(place, join, tuple(sorted(place.arrived.pop(join))))
        left = [
            (place.path, place.tokens, place.groups, place.arrived) for place in self.places if self._is_busy(place)
        ]
        if left or self.ended != 1:
            raise Stuck(f"ended {self.ended} times, left: {left}")
        return sorted(self.ran)

    def _is_busy(self, place):
        return bool(place.tokens or place.groups or place.arrived)

    def _fires(self, place, join):
        busy = (
            {step for step, _ in place.tokens} | {group.opener for group in place.groups} | set(place.arrived) - {join}
        )
        return not busy & set(self.layout.waits_for[join])

    def _execute(self, place, step, parents):
        place.visits[step] += 1
        name = f"{step}~{place.visits[step]}@{place.path}"
        self.ran.append((name, parents))
        node = self.nodes[step]
        assert len(place.path) == len(self.layout.levels[step]), f"{name} runs on another level than it was laid out on"
        if node.kind == "end":
            self.ended += 1
        elif node.is_opener:
            self._open(place, node, name)
        else:
            targets = [self._choose(place, node)] if node.kind == "switch" else node.targets
            for target in targets:
                self._send(place, target, name)
        self._settle(place)

    def _choose(self, place, node):
        visit = place.visits[node.name]
        chance = random.Random(f"{self.decide}/{node.name}/{place.path}/{visit}")
        back = self.layout.back_targets.get(node.name, ())
        choices = [target for target in node.targets if visit < 3 or target not in back]
        return chance.choice(choices or node.targets)

    def _open(self, place, node, name):
        group = Group(node.name, [])
        place.groups.append(group)
        for index in range(2):
            child = Place((*place.path, f"{name}.{index}"), place, group)
            child.tokens.append((node.targets[0], (name,)))
            group.open_children.append(child)
            self.places.append(child)

    def _send(self, place, target, name):
        level = self.layout.levels[target]
        if len(level) < len(place.path):
            place.delivered.append((target, name))
        elif self.nodes[target].is_join:
            place.arrived.setdefault(target, []).append(name)
        else:
            place.tokens.append((target, (name,)))

    def _settle(self, place):
        """A child with nothing left has delivered; a group with no children left hands on what they delivered."""
        while place.group is not None and not self._is_busy(place):
            group, parent = place.group, place.parent
            group.delivered += place.delivered
            group.open_children.remove(place)
            self.places.remove(place)
            if group.open_children:
                return
            parent.groups.remove(group)
            for target, name in group.delivered:
                if len(self.layout.levels[target]) < len(parent.path):
                    parent.delivered.append((target, name))
                else:
                    parent.arrived.setdefault(target, []).append(name)
            place = parent
