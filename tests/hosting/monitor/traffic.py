"""Requests as they come in: independent, in bursts, with the time of day."""

import csv
import html
import math
import random
from collections.abc import Iterator
from pathlib import Path

from headwater.hosting.monitor.columns import Row
from headwater.hosting.monitor.profile import Profile, learn_profile
from headwater.hosting.monitor.windows import TimedRow

HERE = Path(__file__).parent
TWEETS = HERE.parents[2] / "examples" / "sentiment" / "data" / "tweets.tsv"
MOVIES = HERE / "data" / "movie_reviews.tsv"
NEWS = HERE / "data" / "news_editorials.tsv"
DAY = 86400.0


def texts(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        found = [html.unescape(row["text"]) for row in rows]
    random.Random(1).shuffle(found)
    return found


def stream(
    seed: int, count: int, every: float, *, alike: float = 0.0, season: float = 0.0, shift: float = 0.0
) -> Iterator[TimedRow]:
    """Give requests with three numbers and a category.

    Args:
        seed: of the draw.
        count: how many.
        every: seconds between two of them.
        alike: correlation of each row with the one before.
        season: how far the time of day moves the numbers, in standard deviations.
        shift: how far the first number is off.
    """
    draw = random.Random(seed)
    fresh = math.sqrt(1 - alike * alike)
    state = [draw.gauss(0, 1) for _ in range(4)]
    for number in range(count):
        at = number * every
        state = [alike * value + fresh * draw.gauss(0, 1) for value in state]
        moved = season * math.sin(2 * math.pi * at / DAY)
        row: Row = {name: value + moved for name, value in zip("abc", state, strict=False)}
        row["a"] = state[0] + moved + shift
        row["plan"] = "basic" if state[3] < 0 else "plus" if state[3] < 1.5 else "gold"
        yield TimedRow(at, "risk", row)


def reference(season: float = 0.0) -> Profile:
    """Learn from independent rows of a whole day."""
    return learn_profile([timed.row for timed in stream(7, 3000, DAY / 3000, season=season)], "X of Learn/1")


def text_rows(values: list[str]) -> list[TimedRow]:
    return [TimedRow(float(number), "label", {"text": text}) for number, text in enumerate(values)]
