import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

from headwater import Run, Service
from headwater.client.session import View
from headwater.deployments.owners import Person
from headwater.home import Home
from headwater.hosting.changes import ServiceChanges
from headwater.hosting.columns import plan_columns
from headwater.hosting.predictions import read_predictions
from headwater.hosting.scoring import _LARGEST_LOT
from headwater.hosting.service import NoAnswer, find_endpoint
from headwater.hosting.tabular import TableFile, write_table_file
from headwater.hosting.versions import find_version
from headwater.model.errors import NotFound, UserMistake
from headwater.model.service import EndpointSpec
from tests.homes import empty_home
from tests.hosting.versions_scene import deploy, learn

PROGRAM = """
import os
from dataclasses import dataclass
from typing import Any

import numpy
import pandas

from headwater import Batch, ServiceSpec, WebServiceSpec, endpoint


@dataclass
class Customer:
    age: int
    plan: str = "basic"


class Scores(ServiceSpec):
    source = "Learn/1"
    mask = ["secret"]

    @endpoint
    def add(self, number: int, factor: float = 1.0) -> float:
        if number == 13:
            raise ValueError("unlucky")
        if number == 666:
            os._exit(1)
        return number * factor + self.artifacts.learned

    @endpoint(batch=8)
    def double(self, text: Batch[str]) -> Batch[str]:
        if "poison" in text:
            raise ValueError("poison")
        return [2 * each for each in text]

    @endpoint
    def risk(self, customer: Customer):
        return {"age": customer.age, "plan": customer.plan}

    @endpoint
    def frame(self, rows: pandas.DataFrame) -> numpy.ndarray:
        return rows["a"].to_numpy() + rows["b"].to_numpy()

    @endpoint
    def norm(self, rows: numpy.ndarray) -> numpy.ndarray:
        return rows.sum(axis=1)

    @endpoint
    def short(self, rows: numpy.ndarray) -> list[float]:
        return [1.0, 2.0]

    @endpoint
    def anything(self, request_dict):
        return {"got": sorted(request_dict)}

    @endpoint
    def where(self, secret: str = "") -> str:
        return f"{os.getpid()} {secret}"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("scoring")
    with empty_home(folder / "home") as home:
        learn(home, 5)
        project = folder / "p"
        project.mkdir()
        (project / "pyproject.toml").write_text("[project]\nname = 'scores'\n")
        (project / "scores.py").write_text(PROGRAM)
        deploy(home, str(project / "scores.py"))
        yield home


@pytest.fixture(scope="module")
def service(home: Home) -> Iterator[Service]:
    with Service("Scores@production", home=home.path, workers=2) as service:
        yield service


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def run(home: Home, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "headwater", "service", "score", *words, "--home", home.path]
    return subprocess.run([*command, "--workers", "1"], capture_output=True, text=True, check=False)


def logged(home: Home, endpoint: str) -> list[dict[str, object]]:
    rows = [row for table in read_predictions(home.path, "Scores") for row in table.to_pylist()]
    return [row for row in rows if row["endpoint"] == endpoint]


# One


def test_an_answer_comes_as_from_the_host(service: Service) -> None:
    assert service.score(3) == 8.0
    assert service.score(number=3, factor=2.0) == 11.0
    assert service.score("x", endpoint="double") == "xx"
    assert service.score(customer={"age": 3}, endpoint="risk") == {"age": 3, "plan": "basic"}
    assert service.score(a=1, b=2, endpoint="anything") == {"got": ["a", "b"]}
    assert service.version == "Scores/1"


def test_it_answers_from_another_process_with_the_versions_code(service: Service) -> None:
    pid = str(service.score(endpoint="where")).split()[0]

    assert int(pid) != os.getpid()
    assert "scores" not in sys.modules


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        (("a",), {}, "Expected `int`, got `str`"),
        ((), {}, "missing required field `number`"),
        ((1, 2.0, 3), {}, "takes number, factor, and 3 values were given"),
        ((1,), {"other": 1}, "unknown field `other`"),
    ],
)
def test_what_does_not_fit_the_endpoint_is_refused(service: Service, values, named, message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        service.score(*values, **named)


def test_what_fails_is_no_answer(service: Service) -> None:
    with pytest.raises(NoAnswer, match="ValueError"):
        service.score(13)
    with pytest.raises(NoAnswer, match="worker process died"):
        service.score(666)
    assert service.score(1) == 6.0


def test_names_that_are_not_there_are_refused_with_near_ones(home: Home, service: Service) -> None:
    for name, message in (
        ("Score", "Scores"),
        ("Scores/9", "no version 9"),
        ("Scores/x", "no version"),
        ("Scores@staging", "alias"),
    ):
        with pytest.raises(NotFound, match=message) as raised:
            Service(name, home=home.path)
        assert message in f"{raised.value}"
    with pytest.raises(NotFound, match="Endpoints are"):
        service.score(1, endpoint="ad")


def test_a_paused_service_scores_only_the_version_that_is_named(home: Home) -> None:
    changes = ServiceChanges(home.ledger, Person(home, {"HOME": home.path, "HEADWATER_USER": "ann"}))
    changes.pause("Scores", 1.0, "upstream is wrong")
    try:
        with pytest.raises(UserMistake, match="upstream is wrong"):
            Service("Scores", home=home.path)
        assert Service("Scores/1", home=home.path).version == "Scores/1"
    finally:
        changes.unpause("Scores", 2.0)


def test_the_endpoint_is_the_one_of_that_name_else_one_that_suits(home: Home) -> None:
    deployed = find_version(home.ledger, "Scores", 1)

    assert find_endpoint(deployed, None, "score").name == "add"
    assert find_endpoint(deployed, None, "score_many").name == "double"
    assert find_endpoint(deployed, None, "risk").name == "risk"


# Many


def test_a_frame_is_scored_in_order_with_its_index(service: Service) -> None:
    count = 3 * _LARGEST_LOT + 7
    frame = pandas.DataFrame({"number": range(20, 20 + count)}, index=[f"r{n}" for n in range(count)])
    scores = service.score_many(frame, endpoint="add")

    assert list(scores.columns) == ["prediction", "prediction_id", "prediction_error"]
    assert list(scores.index) == list(frame.index)
    assert list(scores["prediction"][frame["number"] != 666]) == [n + 5.0 for n in frame["number"] if n != 666]
    assert scores["prediction_id"].is_unique


def test_a_row_that_fails_says_why_and_holds_up_no_other(service: Service) -> None:
    numbers = [*range(100), "x", *range(100, 110)]
    scored = service.score_many(numbers, endpoint="add")
    failed = {place: each.error for place, each in enumerate(scored) if each.error}

    assert [each.value for each in scored if not each.error] == [n + 5.0 for n in range(110) if n != 13]
    assert set(failed) == {13, 100}
    assert "ValueError" in failed[13]
    assert "Expected `int`" in failed[100]


def test_a_row_that_poisons_its_batch_fails_alone(service: Service) -> None:
    scored = service.score_many([*"abc", "poison", *"defghijk"])

    assert [each.value for each in scored] == ["aa", "bb", "cc", None, *(2 * each for each in "defghijk")]


def test_a_row_that_kills_its_worker_fails_alone(service: Service) -> None:
    scored = service.score_many([*range(1, 6), 666, *range(6, 40)], endpoint="add")

    assert [place for place, each in enumerate(scored) if each.error] == [5, 13]
    assert scored[5].status == 502


def test_frames_of_polars_and_arrow_tables_come_back_as_they_are(service: Service) -> None:
    rows = {"text": ["a", "b"], "other": [1, 2]}
    from_polars = service.score_many(polars.DataFrame(rows))
    from_arrow = service.score_many(pyarrow.table(rows))

    assert isinstance(from_polars, polars.DataFrame)
    assert from_polars["prediction"].to_list() == from_arrow["prediction"].to_pylist() == ["aa", "bb"]
    with pytest.raises(UserMistake, match="a set is nothing that can be scored"):
        service.score_many({1})


def test_the_fields_of_a_row_are_columns(service: Service) -> None:
    frame = pandas.DataFrame({"plan": ["plus", "basic"], "age": [3, 4], "name": ["x", "y"]})
    scores = service.score_many(frame, endpoint="risk")

    assert list(scores["prediction"]) == [{"age": 3, "plan": "plus"}, {"age": 4, "plan": "basic"}]


def test_an_endpoint_that_takes_tables_gets_them(service: Service) -> None:
    frame = pandas.DataFrame({"a": numpy.arange(2500), "b": 1.0})

    assert list(service.score_many(frame, endpoint="frame")["prediction"]) == [n + 1.0 for n in range(2500)]
    assert list(service.score_many(frame, endpoint="norm")["prediction"]) == [n + 1.0 for n in range(2500)]
    with pytest.raises(UserMistake, match="3 rows were sent, and 2 values came back"):
        service.score_many(frame[:3], endpoint="short")


def test_many_rows_that_cannot_be_answered_at_all_are_given_up(service: Service) -> None:
    with pytest.raises(UserMistake, match=r"none of the first 200 rows has an answer of `add`: Expected `int`"):
        service.score_many(pandas.DataFrame({"number": ["x"] * 5000}), endpoint="add")


def test_it_works_while_a_loop_runs(service: Service) -> None:
    import asyncio

    async def ask() -> object:
        return service.score(1)

    assert asyncio.run(ask()) == 6.0


def test_answers_are_logged_with_their_origin_and_masked(home: Home) -> None:
    with Service("Scores", home=home.path, workers=1) as service:
        scored = service.predict("hidden", endpoint="where")
        service.score_many([{"secret": "hidden"}] * 20, endpoint="where")
    rows = logged(home, "where")
    mine = [row for row in rows if row["id"] == scored.id]

    assert [(row["origin"], row["version"], row["status"]) for row in mine] == [("batch", 1, 200)]
    assert mine[0]["request"] == '{"secret":"***"}'
    assert sum(row["request"] == '{"secret":"***"}' for row in rows) >= 21
    assert not any("hidden" in str(row["request"]) for row in rows)


def test_its_processes_end_with_it_and_start_again_when_asked(home: Home) -> None:
    service = Service("Scores", home=home.path, workers=1)
    pid = int(str(service.score(endpoint="where")))
    service.close()

    wait_until(lambda: not is_running(pid))
    assert int(str(service.score(endpoint="where"))) != pid
    service.close()


# Files


def write(path: Path, rows: dict[str, list[object]]) -> str:
    table = pyarrow.table(rows)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        write_table_file(str(path), [table])
    return str(path)


@pytest.mark.parametrize("source", ["rows.parquet", "rows.csv", "rows.jsonl"])
def test_a_file_is_scored_with_all_its_columns(home: Home, tmp_path: Path, source: str) -> None:
    path = write(tmp_path / source, {"text": ["007", "8"], "name": ["x", "y"]})
    target = tmp_path / "scores.parquet"
    ended = run(home, "Scores", "--input", path, "--output", str(target))
    rows = pyarrow.parquet.read_table(target).to_pylist()

    assert ended.returncode == 0, ended.stderr
    assert [(row["text"], row["name"], row["prediction"]) for row in rows] == [("007", "x", "007007"), ("8", "y", "88")]
    assert "2 rows scored by Scores/1, endpoint double" in ended.stderr
    assert "carried along: name" in ended.stderr
    assert {row["prediction_id"] for row in rows} <= {row["id"] for row in logged(home, "double")}


@pytest.mark.parametrize("target", ["scores.csv", "scores.jsonl"])
def test_scores_are_written_as_the_ending_says(home: Home, tmp_path: Path, target: str) -> None:
    path = write(tmp_path / "rows.parquet", {"age": [3, 13], "plan": ["a", "b"]})
    words = ("--endpoint", "risk", "--column", "score", "--json")
    ended = run(home, "Scores/1", "--input", path, "--output", str(tmp_path / target), *words)
    found = TableFile(str(tmp_path / target))
    rows = [row for piece in found.pieces(found.columns, {}) for row in piece.rows]

    assert ended.returncode == 0, ended.stderr
    assert found.columns == ("age", "plan", "score", "score_id", "score_error")
    expected = {"age": 3, "plan": "a"}
    assert rows[0]["score"] == (expected if target.endswith("jsonl") else '{"age":3,"plan":"a"}')
    assert json.loads(ended.stdout)["rows"] == 2


def test_rows_without_an_answer_are_told_and_written(home: Home, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", {"number": [1, 13, 2]})
    ended = run(home, "Scores", "--input", path, "--output", str(tmp_path / "o.parquet"), "--endpoint", "add")
    rows = pyarrow.parquet.read_table(tmp_path / "o.parquet").to_pylist()

    assert ended.returncode == 1
    assert [row["prediction"] for row in rows] == [6.0, None, 7.0]
    assert "ValueError" in rows[1]["prediction_error"]
    assert "1 row has no answer; the first: endpoint `add` raised ValueError" in ended.stderr


@pytest.mark.parametrize(
    ("rows", "words", "message"),
    [
        ({"texts": ["a"]}, (), "needs column `text`, which rows.csv does not have"),
        ({"texts": ["a"]}, (), "did you mean `texts`?"),
        ({"x": [1]}, ("--endpoint", "risk"), "needs column `age`"),
        ({"text": ["a"], "prediction_id": ["a"]}, (), "has a column `prediction_id` already"),
        ({"text": ["poison"]}, (), "the only row has no answer of `double`: endpoint `double` raised ValueError"),
        ({"number": ["x"]}, ("--endpoint", "add"), "rows.csv cannot be read: In CSV column #0"),
        ({"text": ["a"]}, ("--version", "7"), "no version 7"),
        ({"text": ["a"]}, ("--output", "/nowhere/scores.csv"), "/nowhere is no folder that you may write to"),
        ({"text": ["a"]}, ("--input", "nothing.csv"), "there is no file nothing.csv"),
        ({"text": ["a"]}, ("--output", "x.txt"), "files end with .parquet, .csv, .jsonl"),
    ],
)
def test_what_cannot_be_scored_is_refused_and_nothing_is_written(home, tmp_path, rows, words, message) -> None:
    path = write(tmp_path / "rows.csv", rows)
    target = tmp_path / "scores.csv"
    target.write_text("before")
    ended = run(home, "Scores", "--input", path, "--output", str(target), *words)

    assert ended.returncode == 2, ended.stderr
    assert message in ended.stderr
    assert (target.read_text(), sorted(os.listdir(tmp_path))) == ("before", ["rows.csv", "scores.csv"])


def test_the_input_is_not_overwritten(home: Home, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", {"text": ["a"]})
    ended = run(home, "Scores", "--input", path, "--output", path)

    assert ended.returncode == 2
    assert "is the input" in ended.stderr


def test_a_file_without_rows_gives_one_without_rows(home: Home, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.parquet", {"text": pyarrow.array([], pyarrow.string())})
    ended = run(home, "Scores", "--input", path, "--output", str(tmp_path / "o.parquet"))

    assert ended.returncode == 0, ended.stderr
    assert pyarrow.parquet.read_table(tmp_path / "o.parquet").column_names[:2] == ["text", "prediction"]


def test_all_missing_columns_are_named_at_once() -> None:
    takes = b'{"type":"object","properties":{"a":{},"b":{}},"required":["a","b"]}'
    spec = EndpointSpec("both", "", takes=msgspec.Raw(takes), gives=msgspec.Raw(b"{}"))

    with pytest.raises(UserMistake, match="needs columns `a`, `b`"):
        plan_columns(spec, ["c"], "rows.csv")


FLOW = """
import pandas

from headwater import FlowSpec, Service, step


class Nightly(FlowSpec):
    @step
    def start(self):
        with Service("Scores@production", workers=1) as service:
            self.scores = list(service.score_many(pandas.DataFrame({"text": ["a", "b"]}))["prediction"])
            self.version = service.version
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def test_a_step_of_a_flow_scores_with_the_live_version(home: Home, tmp_path: Path) -> None:
    (tmp_path / "nightly.py").write_text(FLOW)
    command = [sys.executable, "-P", "-m", "headwater", "run", str(tmp_path / "nightly.py"), "--home", home.path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    data = Run("Nightly/1", _namespace_check=False, _view=View(home, None)).data
    assert (data.scores, data.version) == (["aa", "bb"], "Scores/1")
