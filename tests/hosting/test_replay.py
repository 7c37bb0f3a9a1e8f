import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from headwater.home import Home
from headwater.hosting.prediction_files import write_predictions
from headwater.hosting.prediction_log import LONGEST
from headwater.hosting.predictions import Prediction, hour_of, predictions_folder
from headwater.hosting.replay import Replay, ReplayRequest, difference_of, replay
from headwater.hosting.scoring import BatchLog, Scorer
from headwater.hosting.scratch import ScratchPool
from headwater.hosting.versions import find_version
from headwater.model.errors import NotFound, UserMistake
from headwater.model.ids import new_ulid
from tests.homes import empty_home
from tests.hosting.versions_scene import deploy, learn, write_service

CANDIDATE = """
        if number == 3:
            raise ValueError("three")
        if 50 <= number < 60:
            number += 2 * number
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Version 1 has answered a hundred requests; 2 differs, 3 masks what it gets."""
    folder = tmp_path_factory.mktemp("replay")
    with empty_home(folder / "home") as home:
        learn(home, 5)
        deploy(home, write_service(folder / "p", body="assert number != 7"))
        deploy(home, write_service(folder / "p", body=CANDIDATE))
        deploy(home, write_service(folder / "p", more='mask = ["number"]'))
        record(home, range(100))
        yield home


@pytest.fixture(scope="module")
def candidate(home: Home) -> Iterator[ScratchPool]:
    pool = ScratchPool(home, find_version(home.ledger, "Adder", 2), 1)
    yield pool
    pool.close()


def record(home: Home, numbers: range) -> None:
    """Let version 1 answer, and log that as the host does."""
    pool = ScratchPool(home, find_version(home.ledger, "Adder", 1), 1)
    log = BatchLog(home.path, pool, print, origin="live")
    spec = pool.version.definition.endpoints["add"]
    list(Scorer(pool, spec, log, 1).score_requests(b'{"number":%d}' % number for number in numbers))
    log.close()
    pool.close()


def replayed(home: Home, pool: ScratchPool, **request: object) -> Replay:
    now = time.time()
    asked = ReplayRequest("Adder", now - 3600, now + 60, 10_000)
    return replay(home, pool, 1, msgspec.structs.replace(asked, **request))


def test_what_a_candidate_answers_differently_is_counted_and_shown(home: Home, candidate: ScratchPool) -> None:
    found = replayed(home, candidate)

    assert (found.asked, found.equal, found.different) == (100, 88, 10)
    assert (found.fails_now, found.works_now, found.still_fails) == (1, 1, 0)
    assert found.versions == {1: 100}
    assert [each.size for each in found.differences] == [None, *(2.0 * number for number in range(59, 50, -1))]
    worst = found.differences[1]
    assert (worst.request, worst.before, worst.after) == ('{"number":59}', "64", "182")
    assert "ValueError" in found.differences[0].after


def test_the_latest_requests_are_asked_when_there_are_more(home: Home, candidate: ScratchPool) -> None:
    found = replayed(home, candidate, limit=45, shown=100)

    assert (found.asked, found.different) == (45, 5)


def test_differences_within_the_tolerance_are_none(home: Home, candidate: ScratchPool) -> None:
    found = replayed(home, candidate, tolerance=1000.0)

    assert (found.equal, found.different) == (98, 0)


def test_nothing_recorded_is_said(home: Home, candidate: ScratchPool) -> None:
    for narrowed in ({"until": time.time() - 1800}, {"version": 2}, {"endpoint": "other"}):
        with pytest.raises(NotFound, match="no request to Adder was recorded"):
            replayed(home, candidate, **narrowed)


def write(home: Home, name: str, **fields: object) -> None:
    """Add an entry of yesterday to the log."""
    at = time.time() - 86400
    plain = Prediction(new_ulid(at, b"\x00" * 10), at, "Adder", 1, "add", "live", 200, 0.01, 1.0, '{"number":1}', "6")
    folder = predictions_folder(home.path, "Adder")
    write_predictions(folder, [msgspec.structs.replace(plain, **fields)], name)


def test_what_cannot_be_compared_is_left_out_with_its_reason(home: Home, candidate: ScratchPool) -> None:
    for name, fields in {
        "a": {"endpoint": "gone"},
        "b": {"status": 503},
        "c": {"request": '{"number":' + "1" * LONGEST},
        "d": {"request": '{"number"'},
        "e": {"request": '{"inputs":[{"name":"number","datatype":"INT64","data":[1]}]}'},
        "f": {"request": '"***"', "version": 3},
        "g": {"origin": "batch"},
        "h": {"status": 422, "request": '{"number":"x"}', "answer": "{}"},
    }.items():
        write(home, name, **fields)
    yesterday = time.time() - 86400
    found = replayed(home, candidate, since=yesterday - 60, until=yesterday + 60)

    assert (found.asked, found.still_fails, sum(found.skipped.values())) == (1, 1, 6)
    assert len(found.skipped) == 6


def test_a_damaged_file_is_named(home: Home, candidate: ScratchPool) -> None:
    at = time.time() - 3 * 86400
    write(home, "good", at=at)
    path = Path(predictions_folder(home.path, "Adder"), hour_of(at), "bad.parquet")
    path.write_bytes(b"nothing")
    found = replayed(home, candidate, since=at - 60, until=at + 60)

    assert (found.asked, found.equal, found.damaged) == (1, 1, [str(path)])


def test_requests_with_masked_fields_are_not_asked_again(home: Home, candidate: ScratchPool) -> None:
    write(home, "masked", version=3, request='{"number":"***"}')
    yesterday = time.time() - 86400

    with pytest.raises(UserMistake, match="requests to `add` have `number`, which the log of Adder masks"):
        replayed(home, candidate, since=yesterday - 60, until=yesterday + 60, version=3)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 1.0, 0.0),
        (1.0, 1.0 + 1e-12, 0.0),
        (1e12, 1e12 + 1, 0.0),
        (1, 3, 2.0),
        (True, 1, None),
        ("a", "b", None),
        ([1, 2], [1, 5], 3.0),
        ([1], [1, 2], None),
        ({"a": [1], "b": "x"}, {"a": [2], "b": "x"}, 1.0),
        ({"a": 1}, {"b": 1}, None),
        ({"a": 1, "email": "***"}, {"a": 1, "email": "x"}, 0.0),
        (None, None, 0.0),
        ([], [], 0.0),
    ],
)
def test_answers_are_compared_by_their_numbers(before: object, after: object, expected: float | None) -> None:
    assert difference_of(before, after, 1e-9, frozenset({"email"})) == expected


def test_the_command_shows_it_and_logs_nothing(home: Home) -> None:
    before = sorted(Path(predictions_folder(home.path, "Adder")).rglob("*.parquet"))
    command = [
        sys.executable,
        "-P",
        "-m",
        "headwater",
        "service",
        "replay",
        "Adder",
        "--candidate",
        "2",
        "--last",
        "1h",
    ]
    shown = subprocess.run([*command, "--home", home.path], capture_output=True, text=True, check=False)
    as_json = subprocess.run([*command, "--home", home.path, "--json"], capture_output=True, text=True, check=False)

    assert shown.returncode == 0, shown.stderr
    assert "100 of version 2; recorded 100 of version 1" in shown.stdout
    assert "88, 88.0 %" in shown.stdout
    assert "118" in shown.stdout
    assert json.loads(as_json.stdout)["fails_now"] == 1
    assert sorted(Path(predictions_folder(home.path, "Adder")).rglob("*.parquet")) == before
