"""Payments that nobody made: rules first, a model where they do not say."""

from headwater import FlowSpec, Parameter, approval, project, retry, step


@project(name="fraud")
class Fraud(FlowSpec):
    """Payments that nobody made."""

    threshold = Parameter("threshold", default=0.9)
    is_strict = Parameter("is-strict", default=False)

    @retry(times=1)
    @step
    def start(self):
        """Read the payments of the day."""
        self.day = "quiet"
        self.next(self.look)

    @step
    def look(self):
        """Decide who looks at them."""
        self.next({"quiet": self.rules, "busy": self.model}, condition="day")

    @step
    def rules(self):
        """Follow the rules."""
        self.flags = []
        self.next(self.publish)

    @step
    def model(self):
        """Ask the model."""
        self.flags = [1, 2, 3]
        self.next(self.publish)

    @approval(role="deployer")
    @step
    def publish(self):
        """Stop the payments."""
        self.stopped = len(self.flags)
        self.next(self.end)

    @step
    def end(self):
        """Nothing more."""


if __name__ == "__main__":
    Fraud()
