import random

import pytest

from headwater.hosting.monitor.truth import Labelled, after_labels, error_of
from headwater.hosting.monitor.windows import Watching, begin_watching, with_alarms
from headwater.hosting.monitor.wording import told_of
from headwater.model.service import MonitorOptions

DAY = 86400.0


@pytest.mark.parametrize(
    "answer, label, error",
    [
        ('"good"', '"good"', 0.0),
        ('"good"', '"bad"', 1.0),
        ("0.25", "1", 0.75),
        ("true", "true", 0.0),
        ("true", "1", 0.0),
        ('{"label": "good"}', '"bad"', 1.0),
        ('{"label": "good", "score": 1}', '{"label": "good", "score": 1}', 0.0),
        ("null", '"good"', None),
        ("cut off", '"good"', None),
    ],
)
def test_answers_are_compared_with_labels(answer: str, label: str, error: float | None) -> None:
    assert error == error_of(answer, label)


def answers(seed: int, count: int, wrong: float, since: float = 0.0) -> list[Labelled]:
    draw = random.Random(seed)
    return [Labelled(since + number * 60.0, "label", float(draw.random() < wrong)) for number in range(count)]


def begun(wrong: float = 0.1) -> Watching:
    watching, window = after_labels(begin_watching("S", 1, 0.0), answers(1, 250, wrong), DAY, MonitorOptions())
    assert window is None
    return watching


def test_the_first_labels_say_how_wrong_answers_usually_are() -> None:
    few, _ = after_labels(begin_watching("S", 1, 0.0), answers(1, 150, 0.1), DAY, MonitorOptions())
    truth = begun().truth

    assert few.truth is None
    assert truth is not None
    assert (truth.usual.rows, truth.looked_at) == (250, 249 * 60.0)


def test_answers_that_are_wrong_more_often_are_told() -> None:
    watching, window = after_labels(begun(), answers(2, 400, 0.5, DAY), 2 * DAY, MonitorOptions())
    assert window is not None
    assert watching.truth is not None
    after, new = with_alarms(watching, window)
    (told,) = told_of(watching.truth.usual, window, new)

    assert told.name == "answers of label"
    assert told.sentences[0].startswith("answers are wrong more often: ")
    assert list(after.standing) == ["answers of label"]


@pytest.mark.parametrize("wrong", [0.1, 0.0])
def test_answers_that_are_as_good_as_before_or_better_are_not_told(wrong: float) -> None:
    _, window = after_labels(begun(), answers(2, 400, wrong, DAY), 2 * DAY, MonitorOptions())

    assert window is not None
    assert window.alarming == ()


def test_larger_errors_of_numbers_are_told() -> None:
    draw = random.Random(4)
    small = [Labelled(float(number), "price", abs(draw.gauss(0, 1))) for number in range(200)]
    large = [Labelled(DAY + number, "price", abs(draw.gauss(0, 3))) for number in range(400)]
    watching, _ = after_labels(begin_watching("S", 1, 0.0), small, DAY, MonitorOptions())
    after, window = after_labels(watching, large, 2 * DAY, MonitorOptions())

    assert window is not None
    assert [finding.key for finding in window.alarming] == ["answers of price: errors"]
    assert after.truth is not None
    assert after.truth.points[0][2]["answers of price"] > 2
