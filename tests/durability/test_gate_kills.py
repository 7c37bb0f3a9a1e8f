"""SIGKILL around gates: what was approved stays approved, what finished stays finished, nobody is asked twice."""

from collections import Counter
from pathlib import Path

import pytest

from headwater.model.events import GateDecided, GateReached, TaskSucceeded
from tests.durability.crash import Scene

FILE = Path(__file__).with_name("gate_flows.py")

#: Where a driver is killed, and in which of its passages.
_POINTS = [
    ("drive.before_commit", 3),
    ("drive.after_commit", 3),
    ("drive.parked", 1),
    ("ledger.before_commit", 3),
    ("drive.before_commit", 2),
    ("drive.after_commit", 2),
    ("drive.after_submit", 1),
    ("ledger.after_commit", 5),
]


@pytest.mark.parametrize(("point", "passage"), _POINTS)
def test_a_driver_killed_around_a_gate_loses_nothing(tmp_path, point, passage):
    scene = Scene(tmp_path, "GateFlow", FILE)
    scene.start(failpoint=f"{point}:{passage}")
    for step in ("each", "end"):
        scene.resume()
        assert scene.row().status == "waiting", scene.output
        assert scene.run("approve", f"GateFlow/1/{step}") == 0, scene.output
        scene.resume(failpoint=f"{point}:{passage}")
    if scene.row().status != "succeeded":
        assert scene.resume() == 0, scene.output

    row, result, _ = scene.latest()
    assert (row.path, row.status, result) == ("GateFlow/1", "succeeded", [1, 4])
    events = scene.events()
    assert decided(events, GateReached) == decided(events, GateDecided) == ONCE
    assert decided(events, TaskSucceeded) == ONCE | Counter(start=1, join=1)
    assert scene.findings("--data") == []


ONCE = Counter({"each/start.0": 1, "each/start.1": 1, "end": 1})


def decided(events, kind):
    return Counter(event.key for event in events if isinstance(event, kind))
