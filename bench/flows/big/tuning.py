"""Better settings, one round after the other, until they no longer help."""

from headwater import FlowSpec, Parameter, project, step


@project(name="fraud_research")
class Tuning(FlowSpec):
    """Better settings, one round after the other."""

    rounds = Parameter("rounds", default=6)

    @step
    def start(self):
        """Begin with what is known."""
        self.done = 0
        self.next(self.propose)

    @step
    def propose(self):
        """Draw settings."""
        self.settings = {"depth": self.done, "rate": 0.1}
        self.next(self.measure)

    @step
    def measure(self):
        """Try them."""
        self.loss = 1 / (1 + self.done)
        self.done += 1
        self.again = "yes" if self.done < self.rounds else "no"
        self.next({"yes": self.propose, "no": self.end}, condition="again")

    @step
    def end(self):
        """Nothing more."""


if __name__ == "__main__":
    Tuning()
