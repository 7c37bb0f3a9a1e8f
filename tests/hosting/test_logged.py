from pathlib import Path

from headwater.home import Home
from headwater.hosting.predictions import read_predictions
from tests.hosting.versions_scene import deploy, hosting, learn, write_service

ONE = {"number": 1}


def test_a_host_logs_whatever_way_it_was_asked(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p", body="import os\n        number != 666 or os._exit(1)"))
    tensors = {"inputs": [{"name": "number", "datatype": "INT64", "shape": [1], "data": [2]}]}
    with hosting(home) as host:
        answers = {
            "plain": host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200),
            "wrong": host.ask("/Adder/add", {"number": "x"}),
            "tensors": host.ask("/v2/models/Adder/infer", tensors),
            "dies": host.ask("/Adder/add", {"number": 666}),
            "later": host.ask("/Adder/add", ONE, Prefer="respond-async"),
        }
        metrics = host.ask("/metrics").body
    rows = {row["id"]: row for table in read_predictions(home.path, "Adder") for row in table.to_pylist()}
    found = {name: rows.get(answer.headers.get("prediction-id", "")) for name, answer in answers.items()}
    died = next(row for row in rows.values() if row["status"] == 502)

    assert {name: row and (row["status"], row["endpoint"], row["version"]) for name, row in found.items()} == {
        "plain": (200, "add", 1),
        "wrong": (422, "add", 1),
        "tensors": (200, "add", 1),
        "dies": None,
        "later": (200, "add", 1),
    }
    assert (found["plain"]["request"], found["plain"]["answer"]) == ('{"number": 1}', "6")
    assert "Expected `int`" in found["wrong"]["answer"]
    assert '"data": [2]' in found["tensors"]["request"]
    assert '"data":[7]' in found["tensors"]["answer"]
    assert (died["request"], "worker process died" in died["answer"]) == ('{"number": 666}', True)
    assert b"headwater_predictions_kept_total" in metrics
