"""A flow that waits for somebody's approval."""

from headwater import FlowSpec, approval, step


class Gated(FlowSpec):
    """Asks before it goes on."""

    @step
    def start(self):
        self.next(self.release)

    @approval
    @step
    def release(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Gated()
