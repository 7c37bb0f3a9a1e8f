"""A flow with gates; each step notes its execution in a file that only grows."""

import os

from headwater import FlowSpec, approval, current, step


def note(flow):
    """Append one line: which task ran here."""
    stack = ".".join(str(index) for index, _, _ in flow.foreach_stack())
    descriptor = os.open(os.environ["EXECUTIONS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{current.step_name}[{stack}]\n".encode())
    os.close(descriptor)


class GateFlow(FlowSpec):
    @step
    def start(self):
        note(self)
        self.items = [1, 2]
        self.next(self.each, foreach="items")

    @approval
    @step
    def each(self):
        note(self)
        self.square = self.input**2
        self.next(self.join)

    @step
    def join(self, inputs):
        note(self)
        self.squares = [each.square for each in inputs]
        self.next(self.end)

    @approval
    @step
    def end(self):
        note(self)
        self.result = self.squares
