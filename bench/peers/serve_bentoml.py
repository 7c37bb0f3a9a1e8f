"""The classifier behind BentoML, as its documentation shows; its access log is off, as everybody's here."""

import os

import bentoml
import joblib


@bentoml.service(workers=int(os.environ["BENCH_WORKERS"]), logging={"access": {"enabled": False}})
class Models:
    def __init__(self):
        self.classifier = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api
    def classify(self, row: list[float]) -> int:
        return int(self.classifier.predict([row])[0])
