"""A flow whose artifacts are served: a small classifier, a forest, an array; peers get the classifier as a file."""

import os

import numpy
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from headwater import FlowSpec, Parameter, step


class Hosted(FlowSpec):
    """Learns from numbers that it makes up."""

    megabytes = Parameter("megabytes", default=1)

    @step
    def start(self):
        rows, labels = make_classification(2000, n_features=30, random_state=7)
        self.classifier = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
        self.forest = RandomForestClassifier(100, random_state=7).fit(rows, labels)
        self.weights = numpy.random.default_rng(7).random(self.megabytes * 125_000)
        if "BENCH_MODEL" in os.environ:
            import joblib

            joblib.dump(self.classifier, os.environ["BENCH_MODEL"])
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Hosted()
