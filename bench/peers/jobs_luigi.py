"""Luigi: tasks with files as results, local scheduler, in one process (no isolation)."""

import os
import sys

import luigi


class Chain(luigi.Task):
    number = luigi.IntParameter()

    def requires(self):
        return [Chain(number=self.number - 1)] if self.number else []

    def output(self):
        return luigi.LocalTarget(f"chain-{self.number}")

    def run(self):
        with self.output().open("w") as file:
            file.write(str(self.number))


class Square(luigi.Task):
    number = luigi.IntParameter()

    def output(self):
        return luigi.LocalTarget(f"square-{self.number}")

    def run(self):
        with self.output().open("w") as file:
            file.write(str(self.number * self.number))


class Join(luigi.Task):
    width = luigi.IntParameter()

    def requires(self):
        return [Square(number=number) for number in range(self.width)]

    def output(self):
        return luigi.LocalTarget("sum")

    def run(self):
        result = 0
        for target in self.input():
            with target.open() as file:
                result += int(file.read())
        with self.output().open("w") as file:
            file.write(str(result))


class Make(luigi.Task):
    megabytes = luigi.IntParameter()

    def output(self):
        return luigi.LocalTarget("array.npy")

    def run(self):
        import numpy

        with self.output().temporary_path() as path, open(path, "wb") as file:
            numpy.save(file, numpy.random.default_rng(1).random(self.megabytes * 2**17))
            file.flush()
            os.fsync(file.fileno())


class Total(luigi.Task):
    megabytes = luigi.IntParameter()

    def requires(self):
        return Make(megabytes=self.megabytes)

    def output(self):
        return luigi.LocalTarget("total")

    def run(self):
        import numpy

        with self.output().open("w") as file:
            file.write(str(numpy.load(self.input().path).sum()))


def build(task):
    if not luigi.build([task], local_scheduler=True, workers=1, log_level="ERROR"):
        sys.exit(1)


if __name__ == "__main__":
    job, *numbers = sys.argv[1:]
    width = int(numbers[0]) if numbers else 0
    build(
        {"hello": lambda: Chain(number=3), "foreach": lambda: Join(width=width), "array": lambda: Total(width)}[job]()
    )
