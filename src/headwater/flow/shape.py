"""Questions about a directed graph of steps: what is reachable, what comes before on every path."""

from collections.abc import Iterable, Mapping, Sequence


class Shape:
    """A directed graph of steps, as sets of bits: step number i is the bit `1 << i`."""

    def __init__(self, names: Sequence[str], edges: Iterable[tuple[str, str]]) -> None:
        self.names = list(names)
        self._bit = {name: 1 << number for number, name in enumerate(self.names)}
        self.after: dict[str, list[str]] = {name: [] for name in self.names}
        self.before: dict[str, list[str]] = {name: [] for name in self.names}
        for source, target in edges:
            self.after[source].append(target)
            self.before[target].append(source)

    def reachable(self, source: str, *, without: str | None = None) -> set[str]:
        """Give the steps on paths from `source`, itself included; paths through `without` do not count."""
        return _closure(source, self.after, without)

    def reaching(self, target: str, *, without: str | None = None) -> set[str]:
        """Give the steps on paths to `target`, itself included; paths through `without` do not count."""
        return _closure(target, self.before, without)

    def dominators(self, source: str) -> dict[str, set[str]]:
        """For each step reachable from `source`: the steps that are on every path to it, both ends included."""
        bits = self._dominator_bits(source, self.after, self.before)
        return {name: {each for each in bits if bit & self._bit[each]} for name, bit in bits.items()}

    def nearest_dominator(self, source: str) -> dict[str, str]:
        """For each step reachable from `source` but itself: the last step that is on every path to it."""
        return self._nearest(source, self.after, self.before)

    def nearest_postdominator(self, target: str) -> dict[str, str]:
        """For each step that reaches `target` but itself: the first step that is on every path from it."""
        return self._nearest(target, self.before, self.after)

    def order(self, source: str) -> tuple[list[str], list[tuple[str, str]]]:
        """Give the steps from `source` with every step before those that follow it, and the edges that go back.

        Going back means: to a step that the walk is still inside of. Without these edges the graph has no cycles.
        """
        done: list[str] = []
        back: list[tuple[str, str]] = []
        state: dict[str, bool] = {source: True}
        stack = [(source, iter(self.after[source]))]
        while stack:
            name, targets = stack[-1]
            for target in targets:
                if target not in state:
                    state[target] = True
                    stack.append((target, iter(self.after[target])))
                    break
                if state[target]:
                    back.append((name, target))
            else:
                state[name] = False
                done.append(name)
                stack.pop()
        return done[::-1], back

    def _nearest(self, root: str, after: Mapping[str, list[str]], before: Mapping[str, list[str]]) -> dict[str, str]:
        bits = self._dominator_bits(root, after, before)
        size = {name: bit.bit_count() for name, bit in bits.items()}
        by_bit = {self._bit[name]: name for name in bits}
        nearest = {}
        for name, bit in bits.items():
            others = [by_bit[each] for each in _single_bits(bit & ~self._bit[name])]
            if others:
                nearest[name] = max(others, key=size.__getitem__)
        return nearest

    def _dominator_bits(
        self, root: str, after: Mapping[str, list[str]], before: Mapping[str, list[str]]
    ) -> dict[str, int]:
        order = _reverse_postorder(root, after)
        everything = (1 << len(self.names)) - 1
        bits = dict.fromkeys(order, everything)
        bits[root] = self._bit[root]
        changed = True
        while changed:
            changed = False
            for name in order[1:]:
                new = everything
                for each in before[name]:
                    new &= bits.get(each, everything)
                new |= self._bit[name]
                if new != bits[name]:
                    bits[name] = new
                    changed = True
        return bits


def _closure(source: str, neighbours: Mapping[str, list[str]], without: str | None) -> set[str]:
    found = {source}
    waiting = [source]
    while waiting:
        for each in neighbours[waiting.pop()]:
            if each not in found and each != without:
                found.add(each)
                waiting.append(each)
    return found


def _reverse_postorder(root: str, after: Mapping[str, list[str]]) -> list[str]:
    done: list[str] = []
    seen = {root}
    stack = [(root, iter(after[root]))]
    while stack:
        name, targets = stack[-1]
        for target in targets:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(after[target])))
                break
        else:
            done.append(name)
            stack.pop()
    return done[::-1]


def _single_bits(bits: int) -> Iterable[int]:
    while bits:
        lowest = bits & -bits
        yield lowest
        bits ^= lowest
