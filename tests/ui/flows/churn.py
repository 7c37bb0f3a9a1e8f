"""A flow with a split, a foreach and two joins, which fails when it is told to."""

import sys

from headwater import FlowSpec, Parameter, current, retry, step


class Churn(FlowSpec):
    """Predicts who leaves."""

    alpha = Parameter("alpha", default=0.5, type=float)
    is_broken = Parameter("broken", default=False, type=bool)

    @step
    def start(self):
        self.folds = [1, 2, 3, 4]
        self.next(self.features, self.profile)

    @step
    def profile(self):
        self.rows = 12_345
        self.next(self.merge)

    @step
    def features(self):
        self.next(self.train, foreach="folds")

    @retry(times=1, minutes_between_retries=0)
    @step
    def train(self):
        print(f"\x1b[32mtraining\x1b[0m fold {self.input}")
        print("few rows", file=sys.stderr)
        if self.is_broken and self.input == 3:
            raise ValueError("column `tenure` is not in the table")
        self.f1 = round(0.6 + self.alpha * self.input / 20, 4)
        self.next(self.choose)

    @step
    def choose(self, inputs):
        self.f1 = max(each.f1 for each in inputs)
        current.metrics.summary(f1=self.f1)
        self.next(self.merge)

    @step
    def merge(self, inputs):
        self.merge_artifacts(inputs)
        self.next(self.end)

    @step
    def end(self):
        print("best f1", self.f1)


if __name__ == "__main__":
    Churn()
