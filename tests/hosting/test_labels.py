import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy
import pytest

from headwater import Service
from headwater.home import Home
from headwater.hosting.labels import add_labels, read_labelled, read_labels
from headwater.hosting.prediction_files import write_predictions
from headwater.hosting.predictions import Prediction, predictions_folder
from headwater.model.errors import UserMistake
from headwater.model.ids import new_ulid
from tests.homes import empty_home
from tests.hosting.versions_scene import deploy, learn, write_service

#: A minute before midnight, UTC.
LATE = 1_700_092_740.0


def entry(at: float, number: int) -> Prediction:
    id = new_ulid(at, number.to_bytes(10, "big"))
    return Prediction(id, at + 0.5, "Adder", 1, "add", "live", 200, 0.01, 1.0, f'{{"number":{number}}}', str(number))


@pytest.fixture
def predictions(tmp_path: Path) -> list[Prediction]:
    """Two hundred, a second each, over midnight."""
    found = [entry(LATE + number, number) for number in range(200)]
    for start, end in ((0, 60), (60, 200)):
        write_predictions(predictions_folder(str(tmp_path), "Adder"), found[start:end], str(start))
    return found


def labelled(home: Path, **narrowed: object) -> dict[str, str]:
    tables = read_labelled(str(home), "Adder", **narrowed)  # type: ignore[arg-type]
    return {row["answer"]: row["label"] for table in tables for row in table.to_pylist()}


def test_labels_are_joined_by_the_predictions_id_over_midnight(tmp_path: Path, predictions: list[Prediction]) -> None:
    kept = add_labels(str(tmp_path), "Adder", [(each.id, each.answer != "7") for each in predictions[5:70]], 1.0)

    assert kept == 65
    assert labelled(tmp_path) == {str(n): "false" if n == 7 else "true" for n in range(5, 70)}
    assert labelled(tmp_path, since=LATE + 60) == {str(n): "true" for n in range(60, 70)}
    assert labelled(tmp_path, version=2) == {}
    (table, *_) = read_labelled(str(tmp_path), "Adder", columns=["answer"])
    assert table.column_names == ["answer", "label"]


def test_the_later_label_counts(tmp_path: Path, predictions: list[Prediction]) -> None:
    id = predictions[0].id
    for value in ("first", {"second": [1, None]}):
        add_labels(str(tmp_path), "Adder", [(id, value)], 1.0)

    assert labelled(tmp_path) == {"0": '{"second":[1,null]}'}
    assert read_labels(str(tmp_path), "Adder", LATE, LATE + 1) == {id: msgspec.Raw(b'{"second":[1,null]}')}


def test_labels_of_numpy_are_kept_as_numbers(tmp_path: Path, predictions: list[Prediction]) -> None:
    add_labels(
        str(tmp_path), "Adder", [(predictions[0].id, numpy.float64(0.5)), (predictions[1].id, numpy.int64(3))], 1.0
    )

    assert labelled(tmp_path) == {"0": "0.5", "1": "3"}


@pytest.mark.parametrize(("id", "value"), [("nothing", 1), (3, 1), ("", 1), (new_ulid(LATE, b"\x00" * 10), object())])
def test_what_is_no_label_is_refused_and_none_is_kept(tmp_path: Path, id: object, value: object) -> None:
    good = new_ulid(LATE, b"\x01" * 10)
    with pytest.raises(UserMistake):
        add_labels(str(tmp_path), "Adder", [(good, 1), (id, value)], 1.0)  # type: ignore[list-item]

    assert os.listdir(tmp_path) == []


def test_a_line_torn_by_a_power_cut_costs_only_itself(tmp_path: Path, predictions: list[Prediction]) -> None:
    add_labels(str(tmp_path), "Adder", [(predictions[0].id, "a"), (predictions[1].id, "b")], 1.0)
    (path,) = (tmp_path / "services" / "Adder" / "labels").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    add_labels(str(tmp_path), "Adder", [(predictions[2].id, "c")], 1.0)

    assert labelled(tmp_path) == {"0": '"a"', "2": '"c"'}


def test_labels_that_many_add_at_once_are_all_kept(tmp_path: Path, predictions: list[Prediction]) -> None:
    program = """
import sys
from headwater.hosting.labels import add_labels
home, *ids = sys.argv[1:]
for id in ids:
    add_labels(home, "Adder", [(id, id)] , 1.0)
"""
    ids = [each.id for each in predictions[:60]]
    started = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), *ids[n::3]]) for n in range(3)]

    assert [process.wait() for process in started] == [0, 0, 0]
    assert len(labelled(tmp_path)) == 60


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with empty_home(tmp_path) as home:
        learn(home, 5)
        deploy(home, write_service(tmp_path / "p"))
        yield home


def run(home: Home, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "headwater", "service", *words, "--home", home.path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_labels_come_from_a_file_or_one_by_one(home: Home, tmp_path: Path, predictions: list[Prediction]) -> None:
    ids = [each.id for each in predictions]
    file = tmp_path / "labels.csv"
    rows = [f"{ids[0]},1.5", f"{ids[1]},", f"{new_ulid(LATE, b'~' * 10)},2"]
    file.write_text("prediction_id,label\n" + "\n".join(rows) + "\n")
    told = run(home, "label", "Adder", "--input", str(file))
    Service("Adder", home=home.path).label(ids[2], "yes")
    shown = run(home, "predictions", "Adder", "--last", "2023-11-01", "--limit", "500")
    as_json = run(home, "predictions", "Adder", "--last", "2023-11-01", "--limit", "500", "--json")

    assert told.returncode == 0, told.stderr
    assert told.stderr == "2 labels kept for Adder\n1 of them belong to no logged prediction\n"
    assert labelled(tmp_path) == {"0": "1.5", "2": '"yes"'}
    assert shown.returncode == 0, shown.stderr
    assert [line.split()[2] for line in shown.stdout.splitlines()[1:]] == [each.id for each in reversed(predictions)]
    by_id = {row["id"]: row for row in msgspec.json.decode(as_json.stdout)}
    assert (by_id[ids[2]]["label"], by_id[ids[0]]["label"], by_id[ids[1]]["label"]) == ("yes", 1.5, None)
    assert by_id[ids[3]]["request"] == '{"number":3}'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "labels.csv has no column `label` or `value`"),
        (("--label-column", "truht"), "did you mean `truth`?"),
        (("--label-column", "truth", "--id-column", "truth"), "cannot be both"),
        (("--label-column", "truth"), "'x' is no prediction id"),
    ],
)
def test_a_file_of_other_columns_is_refused(home: Home, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    (tmp_path / "labels.csv").write_text("id,truth\nx,1\n")
    told = run(home, "label", "Adder", "--input", str(tmp_path / "labels.csv"), *words)

    assert told.returncode == 2
    assert message in told.stderr
