"""A flow whose steps run in three environments; each import of this file leaves a line behind."""

import os
import sys

from headwater import FlowSpec, pypi, schedule, step

with open(os.environ["IMPORTED"], "a") as imported:
    imported.write(sys.prefix + "\n")


@schedule(cron="0 6 * * *", timezone="Europe/Berlin")
class Isolated(FlowSpec):
    """Values of a package pass through steps that do not have it."""

    @step
    def start(self):
        self.items = list(range(6))
        self.next(self.make)

    @pypi(packages={"tiny": "1.0", "shapes": ""})
    @step
    def make(self):
        import shapes
        import tiny

        self.version = tiny.version
        self.shape = shapes.Square(3)
        self.next(self.each, foreach="items")

    @pypi(packages={"tiny": "2.0"})
    @step
    def each(self):
        import tiny

        self.found = (tiny.version, _can_import("shapes"), _can_import("click"), sys.prefix)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.found = [one.found for one in inputs]
        self.merge_artifacts(inputs, include=["shape"])
        self.outer = sys.prefix
        self.next(self.use)

    @pypi(packages={"shapes": "", "Tiny": "1.0"})
    @step
    def use(self):
        self.area = self.shape.area()
        self.inner = sys.prefix
        self.next(self.end)

    @step
    def end(self):
        pass


def _can_import(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    Isolated()
