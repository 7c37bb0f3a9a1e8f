"""Shapes of graphs. Each step lets the behaviour of the hour act, and says where to go next.

`_tasks` tells how many tasks of each step a whole run has.
"""

from headwater import FlowSpec, parallel, step
from tests.flows.acting import act


class Linear(FlowSpec):
    _tasks = {"start": 1, "middle": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.next(self.middle)

    @step
    def middle(self):
        act(self)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class Single(FlowSpec):
    _tasks = {"only": 1}

    @step
    def only(self):
        act(self)


class CustomEnds(FlowSpec):
    _tasks = {"first": 1, "last": 1}

    @step(start=True)
    def first(self):
        act(self)
        self.next(self.last)

    @step(end=True)
    def last(self):
        act(self)


class Inherited(Linear):
    """`middle` is replaced, the rest is inherited."""

    _tasks = {"start": 1, "middle": 1, "extra": 1, "end": 1}

    @step
    def middle(self):
        act(self)
        self.next(self.extra)

    @step
    def extra(self):
        act(self)
        self.next(self.end)


class Branch(FlowSpec):
    _tasks = {"start": 1, "left": 1, "right": 1, "join": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.next(self.left, self.right)

    @step
    def left(self):
        act(self)
        self.next(self.join)

    @step
    def right(self):
        act(self)
        self.next(self.join)

    @step
    def join(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class NestedBranches(FlowSpec):
    """The inner join and a plain branch arrive together: branches that join at different depths."""

    _tasks = {"start": 1, "left": 1, "up": 1, "down": 1, "inner": 1, "right": 1, "outer": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.next(self.left, self.right)

    @step
    def left(self):
        act(self)
        self.next(self.up, self.down)

    @step
    def up(self):
        act(self)
        self.next(self.inner)

    @step
    def down(self):
        act(self)
        self.next(self.inner)

    @step
    def inner(self, inputs):
        act(self, inputs)
        self.next(self.outer)

    @step
    def right(self):
        act(self)
        self.next(self.outer)

    @step
    def outer(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class Foreach(FlowSpec):
    _tasks = {"start": 1, "each": 3, "after": 3, "join": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.letters = "cab"
        self.next(self.each, foreach="letters")

    @step
    def each(self):
        act(self)
        self.next(self.after)

    @step
    def after(self):
        act(self)
        self.next(self.join)

    @step
    def join(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class NestedForeach(FlowSpec):
    """Three deep, of different widths."""

    _tasks = {"start": 1, "one": 2, "two": 3, "three": 5, "join_three": 3, "join_two": 2, "join_one": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.first = [1, 2]
        self.next(self.one, foreach="first")

    @step
    def one(self):
        act(self)
        self.second = range(self.input)
        self.next(self.two, foreach="second")

    @step
    def two(self):
        act(self)
        self.third = (letter for letter in "xy"[: 2 - self.input])
        self.next(self.three, foreach="third")

    @step
    def three(self):
        act(self)
        self.next(self.join_three)

    @step
    def join_three(self, inputs):
        act(self, inputs)
        self.next(self.join_two)

    @step
    def join_two(self, inputs):
        act(self, inputs)
        self.next(self.join_one)

    @step
    def join_one(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class BranchInForeach(FlowSpec):
    _tasks = {"start": 1, "each": 2, "left": 2, "right": 2, "both": 2, "join": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.numbers = {"a": 1, "b": 2}
        self.next(self.each, foreach="numbers")

    @step
    def each(self):
        act(self)
        self.next(self.left, self.right)

    @step
    def left(self):
        act(self)
        self.next(self.both)

    @step
    def right(self):
        act(self)
        self.next(self.both)

    @step
    def both(self, inputs):
        act(self, inputs)
        self.next(self.join)

    @step
    def join(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class ForeachInBranch(FlowSpec):
    _tasks = {"start": 1, "fan": 1, "each": 3, "gather": 1, "plain": 1, "join": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.next(self.fan, self.plain)

    @step
    def fan(self):
        act(self)
        self.letters = ["x", "y", "z"]
        self.next(self.each, foreach="letters")

    @step
    def each(self):
        act(self)
        self.next(self.gather)

    @step
    def gather(self, inputs):
        act(self, inputs)
        self.next(self.join)

    @step
    def plain(self):
        act(self)
        self.next(self.join)

    @step
    def join(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class Switch(FlowSpec):
    """One way goes through a step of its own, the other straight to where they meet."""

    _tasks = {"start": 1, "slow": 1, "meet": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.kind = "slow"
        self.next({"slow": self.slow, "quick": self.meet}, condition="kind")

    @step
    def slow(self):
        act(self)
        self.next(self.meet)

    @step
    def meet(self):
        act(self)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class SwitchToEnd(FlowSpec):
    """`end` is fed by both ways of the switch."""

    _tasks = {"start": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.is_done = True
        self.next({True: self.end, False: self.more}, condition="is_done")

    @step
    def more(self):
        act(self)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class SwitchInForeach(FlowSpec):
    _tasks = {"start": 1, "each": 4, "odd": 2, "even": 2, "meet": 4, "join": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.numbers = [1, 2, 3, 4]
        self.next(self.each, foreach="numbers")

    @step
    def each(self):
        act(self)
        self.rest = self.input % 2
        self.next({0: self.even, 1: self.odd}, condition="rest")

    @step
    def even(self):
        act(self)
        self.next(self.meet)

    @step
    def odd(self):
        act(self)
        self.next(self.meet)

    @step
    def meet(self):
        act(self)
        self.next(self.join)

    @step
    def join(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class SelfLoop(FlowSpec):
    _tasks = {"start": 1, "again": 3, "end": 1}

    @step
    def start(self):
        self.count = 0
        act(self)
        self.next(self.again)

    @step
    def again(self):
        self.count += 1
        act(self)
        self.is_done = self.count == 3
        self.next({True: self.end, False: self.again}, condition="is_done")

    @step
    def end(self):
        act(self)


class LoopInForeach(FlowSpec):
    """Each item goes around as often as it says, back to a step before the one that decides."""

    _tasks = {"start": 1, "enter": 2, "work": 3, "decide": 3, "join": 1, "leave": 2, "end": 1}

    @step
    def start(self):
        act(self)
        self.rounds = [1, 2]
        self.next(self.enter, foreach="rounds")

    @step
    def enter(self):
        self.count = 0
        act(self)
        self.next(self.work)

    @step
    def work(self):
        self.count += 1
        act(self)
        self.next(self.decide)

    @step
    def decide(self):
        act(self)
        self.is_done = self.count == self.input
        self.next({True: self.leave, False: self.work}, condition="is_done")

    @step
    def leave(self):
        act(self)
        self.next(self.join)

    @step
    def join(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


class LoopAroundForeach(FlowSpec):
    _tasks = {"start": 1, "open": 2, "each": 4, "close": 2, "end": 1}

    @step
    def start(self):
        self.count = 0
        act(self)
        self.next(self.open)

    @step
    def open(self):
        self.count += 1
        act(self)
        self.items = [self.count, -self.count]
        self.next(self.each, foreach="items")

    @step
    def each(self):
        act(self)
        self.next(self.close)

    @step
    def close(self, inputs):
        self.count = inputs[0].count
        act(self, inputs)
        self.is_done = self.count == 2
        self.next({True: self.end, False: self.open}, condition="is_done")

    @step
    def end(self):
        act(self)


class Gang(FlowSpec):
    _tasks = {"start": 1, "member": 3, "join": 1, "end": 1}

    @step
    def start(self):
        act(self)
        self.next(self.member, num_parallel=3)

    @parallel
    @step
    def member(self):
        act(self)
        self.next(self.join)

    @step
    def join(self, inputs):
        act(self, inputs)
        self.next(self.end)

    @step
    def end(self):
        act(self)


#: All shapes by name.
SHAPES = {
    shape.__name__: shape
    for shape in (
        Linear,
        Single,
        CustomEnds,
        Inherited,
        Branch,
        NestedBranches,
        Foreach,
        NestedForeach,
        BranchInForeach,
        ForeachInBranch,
        Switch,
        SwitchToEnd,
        SwitchInForeach,
        SelfLoop,
        LoopInForeach,
        LoopAroundForeach,
        Gang,
    )
}
