"""Four steps that do nothing."""

from headwater import FlowSpec, step


class HelloBench(FlowSpec):
    """Four steps that do nothing."""

    @step
    def start(self):
        self.next(self.one)

    @step
    def one(self):
        self.next(self.two)

    @step
    def two(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    HelloBench()
