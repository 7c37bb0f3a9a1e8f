"""Many tasks that do nothing, in an environment of 600 MB or, with PLAIN set, in the flow's own interpreter."""

import os

from headwater import FlowSpec, Parameter, pypi, step

LARGE = {"pandas": "", "scikit-learn": "", "pyarrow": "", "polars": "", "matplotlib": ""}


class Isolated(FlowSpec):
    """A foreach of empty tasks."""

    width = Parameter("width", default=1)

    @step
    def start(self):
        self.items = list(range(self.width))
        self.next(self.each, foreach="items")

    @pypi(packages=LARGE, disabled="PLAIN" in os.environ)
    @step
    def each(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Isolated()
