"""A large array, a frame and a model that pass through five steps, untouched or read."""

import importlib
import json
import os

import numpy

from headwater import FlowSpec, Parameter, step

for _package in os.environ.get("BENCH_IMPORT", "").split():
    importlib.import_module(_package)


class UnchangedBench(FlowSpec):
    """A large array, a frame and a model that pass through five steps, untouched or read."""

    megabytes = Parameter("megabytes", default=1024)
    kind = Parameter("kind", default="array")

    @step
    def start(self):
        self.value = MAKERS[self.kind](self.megabytes)
        self.next(self.one)

    @step
    def one(self):
        with open(os.environ["BENCH_OUT"], "a") as file:
            file.write(json.dumps({"stored": stored()}) + "\n")
        self.look()
        self.next(self.two)

    @step
    def two(self):
        self.look()
        self.next(self.three)

    @step
    def three(self):
        self.look()
        self.next(self.four)

    @step
    def four(self):
        self.look()
        self.next(self.end)

    @step
    def end(self):
        self.look()

    def look(self):
        """Read all of the value, unless told to leave it alone."""
        if not os.environ.get("BENCH_READ"):
            return
        if self.kind == "array":
            float(self.value.sum())
        elif self.kind == "frame":
            float(self.value.select_dtypes("number").sum().sum())
        else:
            self.value.predict(self.value.rows)


def stored():
    """Bytes of all objects in the store."""
    folder = os.path.join(os.environ["HEADWATER_HOME"], "objects")
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def make_array(megabytes):
    return numpy.random.default_rng(1).random(megabytes * 2**17)


def make_frame(megabytes):
    import pandas

    columns = make_array(megabytes).reshape(8, -1)
    frame = pandas.DataFrame({f"x{number}": column for number, column in enumerate(columns)})
    frame["word"] = pandas.Categorical.from_codes(frame.index % 3, ["red", "green", "blue"])
    return frame


def make_model(megabytes):
    from sklearn.neighbors import KNeighborsRegressor

    rows = make_array(megabytes).reshape(-1, 64)
    model = KNeighborsRegressor(n_neighbors=1, algorithm="brute").fit(rows, rows[:, 0])
    model.rows = rows[:10]
    return model


MAKERS = {"array": make_array, "frame": make_frame, "model": make_model}


if __name__ == "__main__":
    UnchangedBench()
