"""A score for every customer, many at a time: the run with very many tasks."""

from headwater import FlowSpec, Parameter, retry, step


class Scoring(FlowSpec):
    """A score for every customer."""

    parts = Parameter("parts", default=10_000)

    @step
    def start(self):
        """Cut the customers into parts."""
        self.numbers = list(range(self.parts))
        self.next(self.score, foreach="numbers")

    @retry(times=1)
    @step
    def score(self):
        """Score one part."""
        self.mean = self.input / self.parts
        self.next(self.gather)

    @step
    def gather(self, inputs):
        """Put the parts together."""
        self.means = [one.mean for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        """Nothing more."""


if __name__ == "__main__":
    Scoring()
