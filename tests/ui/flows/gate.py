"""A flow that waits for somebody's approval."""

from headwater import FlowSpec, approval, step


class Gate(FlowSpec):
    """Waits before it releases."""

    @step
    def start(self):
        self.next(self.release)

    @approval(role="deployer")
    @step
    def release(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Gate()
