import os
import threading

import numpy
import pytest

from headwater.model.errors import UserMistake
from headwater.store.points import NO_STEP, read_points
from headwater.task.metrics import Metrics


def rows(path):
    return [
        (points.names[number], step, value)
        for points, _ in read_points(path)
        for number, step, value in zip(points.numbers, points.steps, points.values, strict=True)
    ]


def test_points_are_kept_under_their_names_with_their_steps(tmp_path):
    path = str(tmp_path / "run" / "1.0.points")
    metrics = Metrics(path)
    metrics.log(step=1, loss=0.5, accuracy=0.25)
    metrics.log(loss=numpy.float32(0.125))
    metrics.close()

    assert sorted(rows(path)) == [("accuracy", 1, 0.25), ("loss", NO_STEP, 0.125), ("loss", 1, 0.5)]


def test_points_are_on_disk_while_the_step_goes_on(tmp_path):
    path = str(tmp_path / "1.0.points")
    metrics = Metrics(path)
    metrics.log(loss=0.5)
    while not os.path.exists(path) or not rows(path):
        threading.Event().wait(0.01)

    assert rows(path) == [("loss", NO_STEP, 0.5)]
    metrics.close()


def test_no_file_is_made_for_a_step_that_logs_nothing(tmp_path):
    metrics = Metrics(str(tmp_path / "1.0.points"))
    metrics.summary(f1=0.5)

    assert metrics.close() == {"f1": 0.5}
    assert os.listdir(tmp_path) == []


def test_points_of_many_threads_are_all_kept(tmp_path):
    path = str(tmp_path / "1.0.points")
    metrics = Metrics(path)

    def work(first):
        for number in range(2000):
            metrics.log(step=first + number, value=1.0)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 2000, 4000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics.close()

    assert sorted(step for _, step, _ in rows(path)) == list(range(6000))


def test_a_summary_takes_scalars_only_and_takes_all_or_nothing():
    metrics = Metrics("")
    with pytest.raises(UserMistake, match="`model` is of type list"):
        metrics.summary(f1=1.0, model=[])

    metrics.summary(f1=numpy.float64(0.5), note="good", done=True, none=None)
    assert metrics.close() == {"f1": 0.5, "note": "good", "done": True, "none": None}


def test_a_value_that_is_no_number_is_refused_and_leaves_the_columns_whole(tmp_path):
    path = str(tmp_path / "1.0.points")
    metrics = Metrics(path)
    metrics.log(loss=1.0)
    with pytest.raises(TypeError):
        metrics.log(step=1, loss="high")
    with pytest.raises((TypeError, OverflowError)):
        metrics.log(step="two", loss=2.0)
    with pytest.raises(TypeError):
        metrics.log(step=1.5, loss=2.0)
    with pytest.raises(OverflowError):
        metrics.log(step=2**63, loss=2.0)
    with pytest.raises(TypeError):
        metrics.log(step=2, loss=numpy.zeros(3))
    metrics.log(step=numpy.int32(2), loss=numpy.float32(2.0))
    metrics.log(step=3, loss=3.0)
    metrics.close()

    assert rows(path) == [("loss", NO_STEP, 1.0), ("loss", 2, 2.0), ("loss", 3, 3.0)]
