"""A wide foreach of tasks that do next to nothing, and a join that can be told to fail."""

import importlib
import json
import os
import time

from headwater import FlowSpec, Parameter, step

for _package in os.environ.get("BENCH_IMPORT", "").split():
    importlib.import_module(_package)


class WideBench(FlowSpec):
    """A wide foreach of tasks that do next to nothing."""

    width = Parameter("width", default=1000)

    @step
    def start(self):
        self.numbers = list(range(self.width))
        self.next(self.work, foreach="numbers")

    @step
    def work(self):
        self.x = self.input * self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        with open(os.environ["BENCH_OUT"], "a") as file:
            file.write(json.dumps({"joined_at": time.time()}) + "\n")
        if os.environ.get("BENCH_FAIL"):
            raise RuntimeError("told to fail")
        self.total = sum(one.x for one in inputs)
        self.next(self.end)

    @step
    def end(self):
        assert self.total == sum(number * number for number in range(self.width))


if __name__ == "__main__":
    WideBench()
