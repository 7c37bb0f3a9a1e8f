"""Eight processes that read one large array at the same time."""

import json
import os
import time

import numpy

from headwater import FlowSpec, Parameter, current, parallel, step


def memory():
    """Proportional share of this process's memory, bytes: a page that eight share counts an eighth for each."""
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


class ReadersBench(FlowSpec):
    """Eight processes that read one large array at the same time."""

    megabytes = Parameter("megabytes", default=1024)
    readers = Parameter("readers", default=8)

    @step
    def start(self):
        self.array = numpy.random.default_rng(1).random(self.megabytes * 2**17)
        self.next(self.read, num_parallel=self.readers)

    @parallel
    @step
    def read(self):
        before = memory()
        self.wait("begun")
        began = time.perf_counter()
        array = self.array
        opened = time.perf_counter() - began
        total = float(array.sum())
        self.wait("read")
        with open(os.environ["BENCH_OUT"], "a") as file:
            file.write(json.dumps({"open": opened, "share": memory() - before, "total": total}) + "\n")
        # Nobody leaves before all have looked: who leaves makes the others' shares grow.
        self.wait("looked")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass

    def wait(self, what):
        """Come back when all readers are here."""
        folder = os.path.dirname(os.environ["BENCH_OUT"])
        open(os.path.join(folder, f"{what}.{current.parallel.node_index}"), "w").close()
        while not all(os.path.exists(os.path.join(folder, f"{what}.{other}")) for other in range(self.readers)):
            time.sleep(0.005)


if __name__ == "__main__":
    ReadersBench()
