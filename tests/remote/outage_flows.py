"""Flows that are driven in this process while their server is away."""

from headwater import FlowSpec, approval, step


class Steps(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.second)

    @step
    def second(self):
        self.x += 1
        self.next(self.third)

    @step
    def third(self):
        self.x += 1
        self.next(self.fourth)

    @step
    def fourth(self):
        self.x += 1
        self.next(self.end)

    @step
    def end(self):
        assert self.x == 4


class Gate(FlowSpec):
    """One branch waits for somebody, the other one works."""

    @step
    def start(self):
        self.next(self.release, self.beside)

    @approval(expires="1h")
    @step
    def release(self):
        self.next(self.join)

    @step
    def beside(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class Parks(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @approval
    @step
    def end(self):
        pass
