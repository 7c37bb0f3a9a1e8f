"""Services that answer from what `flows/hosted.py` learned."""

import os

from headwater import Batch, ServiceSpec, endpoint


class Models(ServiceSpec):
    """A small classifier, and one whose calls cost much and whose rows cost little."""

    source = "Hosted"

    @endpoint
    def classify(self, row: list[float]) -> int:
        return int(self.artifacts.classifier.predict([row])[0])

    @endpoint
    def forest_one(self, row: list[float]) -> int:
        return int(self.artifacts.forest.predict([row])[0])

    @endpoint(batch=64, within_ms=10)
    def forest_many(self, row: Batch[list[float]]) -> Batch[int]:
        return self.artifacts.forest.predict(row)


class Weights(ServiceSpec):
    """A large array."""

    source = "Hosted"

    @endpoint
    def touch(self, start: int) -> int:
        """Read all of it, and tell which process did."""
        assert float(self.artifacts.weights[start:].sum()) >= 0
        return os.getpid()
