"""Six shapes of flows; each step notes its execution in a file that only grows."""

import os
import signal

from headwater import FlowSpec, current, retry, step


def note(flow, extra=""):
    """Append one line: which task ran here, in this attempt."""
    stack = ".".join(str(index) for index, _, _ in flow.foreach_stack())
    line = f"{current.step_name}[{stack}]{extra}\n"
    descriptor = os.open(os.environ["EXECUTIONS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)


class LinearFlow(FlowSpec):
    @step
    def start(self):
        note(self)
        self.x = 1
        self.big = b"x" * 100_000
        self.next(self.middle)

    @step
    def middle(self):
        note(self)
        self.x += 1
        self.next(self.end)

    @step
    def end(self):
        note(self)
        self.result = self.x + len(self.big)


class BranchFlow(FlowSpec):
    @step
    def start(self):
        note(self)
        self.next(self.a, self.b)

    @step
    def a(self):
        note(self)
        self.x = "a"
        self.next(self.join)

    @step
    def b(self):
        note(self)
        self.x = "b"
        self.next(self.join)

    @step
    def join(self, inputs):
        note(self)
        self.both = [inputs.a.x, inputs.b.x]
        self.next(self.end)

    @step
    def end(self):
        note(self)
        self.result = self.both


class ForeachFlow(FlowSpec):
    @step
    def start(self):
        note(self)
        self.items = list(range(8))
        self.next(self.body, foreach="items")

    @step
    def body(self):
        note(self)
        self.square = self.input**2
        self.big = bytes([self.input]) * 10_000
        self.next(self.join)

    @step
    def join(self, inputs):
        note(self)
        self.squares = [each.square for each in inputs]
        self.next(self.end)

    @step
    def end(self):
        note(self)
        self.result = self.squares


class NestedFlow(FlowSpec):
    @step
    def start(self):
        note(self)
        self.letters = "ab"
        self.next(self.outer, foreach="letters")

    @step
    def outer(self):
        note(self)
        self.numbers = (1, 2, 3)
        self.next(self.inner, foreach="numbers")

    @step
    def inner(self):
        note(self)
        self.word = "".join(value if isinstance(value, str) else str(value) for _, _, value in self.foreach_stack())
        self.next(self.join_inner)

    @step
    def join_inner(self, inputs):
        note(self)
        self.words = [each.word for each in inputs]
        self.next(self.join_outer)

    @step
    def join_outer(self, inputs):
        note(self)
        self.words = [word for each in inputs for word in each.words]
        self.next(self.end)

    @step
    def end(self):
        note(self)
        self.result = self.words


class RetryFlow(FlowSpec):
    """The join fails the first time by an exception, and the second time by a kill."""

    @step
    def start(self):
        note(self)
        self.items = [1, 2, 3]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        note(self)
        self.value = self.input * 10
        self.next(self.join)

    @retry(times=8, minutes_between_retries=0)
    @step
    def join(self, inputs):
        with open(os.environ["EXECUTIONS"]) as lines:
            marks = sum(1 for line in lines if line.startswith("join"))
        note(self)
        if marks == 0:
            raise RuntimeError("the first time")
        if marks == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        self.total = sum(each.value for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        note(self)
        self.result = self.total


class LoopFlow(FlowSpec):
    @step
    def start(self):
        note(self)
        self.count = 0
        self.next(self.work)

    @step
    def work(self):
        note(self, f"#{self.count}")
        self.count += 1
        self.next(self.judge)

    @step
    def judge(self):
        note(self, f"#{self.count}")
        self.verdict = "again" if self.count < 3 else "done"
        self.next({"again": self.work, "done": self.end}, condition="verdict")

    @step
    def end(self):
        note(self)
        self.result = self.count
