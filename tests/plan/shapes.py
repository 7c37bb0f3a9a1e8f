"""Flow shapes for the planner's tests: compiled from real source, run without a process."""

from headwater import FlowSpec, approval, parallel, promote_if, retry, step


class Linear(FlowSpec):
    @step
    def start(self):
        self.next(self.middle)

    @step
    def middle(self):
        self.next(self.end)

    @step
    def end(self):
        pass


class Branch(FlowSpec):
    @step
    def start(self):
        self.next(self.a, self.b)

    @step
    def a(self):
        self.next(self.join)

    @step
    def b(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class Foreach(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2, 3]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class NestedForeach(FlowSpec):
    @step
    def start(self):
        self.items = "ab"
        self.next(self.outer, foreach="items")

    @step
    def outer(self):
        self.items = "xy"
        self.next(self.inner, foreach="items")

    @step
    def inner(self):
        self.next(self.join_inner)

    @step
    def join_inner(self, inputs):
        self.next(self.after)

    @step
    def after(self):
        self.next(self.join_outer)

    @step
    def join_outer(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class BranchInForeach(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2]
        self.next(self.fan, foreach="items")

    @step
    def fan(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        self.next(self.merge)

    @step
    def right(self):
        self.next(self.merge)

    @step
    def merge(self, inputs):
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class SwitchToEnd(FlowSpec):
    @step
    def start(self):
        self.which = "a"
        self.next({"a": self.a, "b": self.b, "stop": self.end}, condition="which")

    @step
    def a(self):
        self.next(self.end)

    @step
    def b(self):
        self.next(self.end)

    @step
    def end(self):
        pass


class SwitchInBranch(FlowSpec):
    """One branch may skip a step on its way to the join."""

    @step
    def start(self):
        self.next(self.pick, self.other)

    @step
    def pick(self):
        self.which = "long"
        self.next({"long": self.extra, "short": self.join}, condition="which")

    @step
    def extra(self):
        self.next(self.join)

    @step
    def other(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class Loop(FlowSpec):
    @step
    def start(self):
        self.next(self.work)

    @step
    def work(self):
        self.next(self.judge)

    @step
    def judge(self):
        self.verdict = "again"
        self.next({"again": self.work, "self": self.judge, "done": self.end}, condition="verdict")

    @step
    def end(self):
        pass


class LoopAroundForeach(FlowSpec):
    @step
    def start(self):
        self.next(self.fan)

    @step
    def fan(self):
        self.items = [1, 2, 3]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.again = "no"
        self.next({"yes": self.body, "no": self.out}, condition="again")

    @step
    def out(self):
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.again = "no"
        self.next({"yes": self.fan, "no": self.end}, condition="again")

    @step
    def end(self):
        pass


class LoopInBranch(FlowSpec):
    @step
    def start(self):
        self.next(self.a, self.b)

    @step
    def a(self):
        self.again = "no"
        self.next({"yes": self.a, "no": self.join}, condition="again")

    @step
    def b(self):
        self.again = "no"
        self.next({"yes": self.b, "no": self.join}, condition="again")

    @step
    def join(self, inputs):
        self.again = "no"
        self.next({"yes": self.start2, "no": self.end}, condition="again")

    @step
    def start2(self):
        self.next(self.end)

    @step
    def end(self):
        pass


class Depths(FlowSpec):
    """Joins in part, and at different depths."""

    @step
    def start(self):
        self.next(self.a, self.b, self.c)

    @step
    def a(self):
        self.next(self.d, self.e)

    @step
    def d(self):
        self.next(self.part)

    @step
    def e(self):
        self.next(self.whole)

    @step
    def b(self):
        self.next(self.part)

    @step
    def part(self, inputs):
        self.next(self.whole)

    @step
    def c(self):
        self.next(self.whole)

    @step
    def whole(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class ForeachBesideBranch(FlowSpec):
    """One join closes a foreach and a branch at once."""

    @step
    def start(self):
        self.next(self.fan, self.single)

    @step
    def fan(self):
        self.items = [1, 2, 3]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.next(self.join)

    @step
    def single(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class Gang(FlowSpec):
    @step
    def start(self):
        self.next(self.train, num_parallel=3)

    @parallel
    @step
    def train(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class RetriedGang(FlowSpec):
    @step
    def start(self):
        self.next(self.train, num_parallel=3)

    @retry(times=1, minutes_between_retries=0)
    @parallel
    @step
    def train(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class Retried(FlowSpec):
    @retry(times=2, minutes_between_retries=1)
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


class GateBeforeEnd(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @approval(expires=600)
    @promote_if("f1 >= 0.7")
    @step
    def end(self):
        pass


class GateInForeach(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2, 3]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.next(self.release)

    @approval
    @step
    def release(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class TwoGates(FlowSpec):
    """One branch waits at a gate, the other at two; the join between them has one as well."""

    @step
    def start(self):
        self.next(self.a, self.b, self.free)

    @approval(role="lead")
    @step
    def a(self):
        self.next(self.join)

    @approval
    @step
    def b(self):
        self.next(self.c)

    @approval
    @step
    def c(self):
        self.next(self.join)

    @step
    def free(self):
        self.next(self.join)

    @approval
    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class GateInLoop(FlowSpec):
    @step
    def start(self):
        self.next(self.work)

    @approval
    @step
    def work(self):
        self.way = "done"
        self.next({"again": self.work, "done": self.end}, condition="way")

    @step
    def end(self):
        pass


class GatedGang(FlowSpec):
    @step
    def start(self):
        self.next(self.train, num_parallel=3)

    @approval
    @retry(times=2)
    @parallel
    @step
    def train(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


GATED = [GateInForeach, TwoGates, GateInLoop, GatedGang]

SHAPES = [
    *GATED,
    Linear,
    Branch,
    Foreach,
    NestedForeach,
    BranchInForeach,
    SwitchToEnd,
    SwitchInBranch,
    Loop,
    LoopAroundForeach,
    LoopInBranch,
    Depths,
    ForeachBesideBranch,
    Gang,
    RetriedGang,
    Retried,
]
