"""Values of the generated store: saved once, pointed to by very many tasks; one of each kind that a page shows."""

import random
from collections.abc import Sequence
from typing import Any

from headwater.model.artifact import Header, Ref
from headwater.model.ids import Digest
from headwater.store.artifacts import ArtifactStore, Saved

#: Different values of each kind.
_EACH = 8


class Values:
    """Saved values by kind, with what a ledger must be told of them."""

    def __init__(self, store: ArtifactStore, rng: random.Random) -> None:
        self._store = store
        self._rng = rng
        self._refs: dict[str, list[Ref]] = {}
        self._plain: dict[str, Ref] = {}
        #: Not yet told to the ledger.
        self.small: dict[Digest, bytes] = {}
        self.headers: dict[Digest, Header] = {}
        for kind, make in _MAKERS.items():
            self._refs[kind] = [self._keep(one) for one in self._save(kind, [make(rng, n) for n in range(_EACH)])]
        self._refs["number"] = [self.plain(round(rng.random(), 4)) for _ in range(300)]

    def any_of(self, kind: str) -> Ref:
        """Give one of the kind: table, array, image, json, text, html, model, number."""
        return self._rng.choice(self._refs[kind])

    def plain(self, value: object) -> Ref:
        """Save a plain value, such as a parameter's."""
        text = repr(value)
        if text not in self._plain:
            self._plain[text] = self._keep(self._store.save("value", value))
        return self._plain[text]

    def _save(self, kind: str, values: Sequence[object]) -> list[Saved]:
        return list(self._store.save_many({f"{kind}{n}": value for n, value in enumerate(values)}).values())

    def _keep(self, saved: Saved) -> Ref:
        if saved.small is not None:
            self.small[saved.ref.digest] = saved.small
        if saved.header is not None:
            self.headers[saved.ref.digest] = saved.header
        return saved.ref


def _table(rng: random.Random, number: int) -> Any:
    import pandas

    regions = [rng.choice(["north", "south", "east", "west"]) for _ in range(400)]
    amounts = [round(rng.gauss(50, 20), 2) for _ in range(400)]
    days = pandas.date_range("2026-01-01", periods=400, freq="D")
    return pandas.DataFrame({"customer": range(400), "region": regions, "amount": amounts, "day": days})


def _array(rng: random.Random, number: int) -> Any:
    import numpy

    return numpy.random.default_rng(rng.randrange(2**32)).normal(number, 2.0, (500, 4))


def _image(rng: random.Random, number: int) -> Any:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (320, 200), "white")
    draw = ImageDraw.Draw(picture)
    points = [(x * 16, 180 - rng.randrange(150)) for x in range(21)]
    draw.line(points, fill=(30, 90 + 20 * number, 160), width=3)
    return picture


def _json(rng: random.Random, number: int) -> object:
    return {
        "settings": {"depth": number + 2, "rate": round(rng.random(), 3), "features": ["visits", "paid", "region"]},
        "folds": [{"fold": fold, "f1": round(0.7 + rng.random() / 5, 4)} for fold in range(5)],
    }


def _text(rng: random.Random, number: int) -> str:
    words = ["orders", "were", "read", "from", "the", "north", "and", "none", "was", "left", "out"]
    return " ".join(rng.choice(words) for _ in range(40 + number))


def _html(rng: random.Random, number: int) -> str:
    rows = "".join(f"<tr><td>{depth}</td><td>{rng.random():.3f}</td></tr>" for depth in range(10))
    return (
        f"<!doctype html><html><head><title>Report {number + 1}</title></head>"
        f"<body><h1>Report {number + 1}</h1><table>{rows}</table></body></html>"
    )


def _model(rng: random.Random, number: int) -> Any:
    import numpy
    from sklearn.linear_model import LogisticRegression

    draw = numpy.random.default_rng(rng.randrange(2**32))
    features = draw.normal(size=(60, 3))
    return LogisticRegression(C=1.0 + number).fit(features, features[:, 0] > 0)


_MAKERS = {
    "table": _table,
    "array": _array,
    "image": _image,
    "json": _json,
    "text": _text,
    "html": _html,
    "model": _model,
}
