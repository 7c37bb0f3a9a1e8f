"""A large array, made in one step and read in the next."""

import json
import os
import time

import numpy

from headwater import FlowSpec, Parameter, step


class LargeBench(FlowSpec):
    """A large array, made in one step and read in the next."""

    megabytes = Parameter("megabytes", default=1024)

    @step
    def start(self):
        self.array = numpy.random.default_rng(1).random(self.megabytes * 2**17)
        self.next(self.end)

    @step
    def end(self):
        began = time.perf_counter()
        array = self.array
        opened = time.perf_counter() - began
        total = float(array.sum())
        with open(os.environ["BENCH_OUT"], "a") as file:
            file.write(json.dumps({"open": opened, "total": total}) + "\n")


if __name__ == "__main__":
    LargeBench()
