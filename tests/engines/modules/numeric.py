"""Uses the thread pools of OpenBLAS and OpenMP while it is imported, as a careless module may."""

import numpy
import pandas  # noqa: F401
from sklearn.ensemble import HistGradientBoostingClassifier

SQUARE = numpy.random.default_rng(1).random((200, 200))
TARGET = (SQUARE[:, 0] > 0.5).astype(int)


def work() -> float:
    product = SQUARE @ SQUARE
    model = HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=4).fit(SQUARE[:, :8], TARGET)
    return float(product.sum() + model.score(SQUARE[:, :8], TARGET))


EXPECTED = work()
