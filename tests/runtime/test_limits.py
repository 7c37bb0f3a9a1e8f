"""A deployment's run keeps its limits; a driver that is told to leave gives its run back; a queued run is driven."""

import shutil
from datetime import UTC, datetime

import pytest

from headwater.model.events import TaskSucceeded
from headwater.model.launch import Trigger, TriggerEvent
from headwater.model.ports import Wrote
from headwater.model.rows import TaskQuery
from tests.runtime import gated_flows
from tests.runtime.gated_flows import Broken, Deployed, Slow


def when_it_wrote(desk, act):
    """Act when the slow task has begun."""

    def see(happening):
        if isinstance(happening, Wrote) and any(line.text == "began" for line in happening.lines):
            act()

    desk.on = see


def test_a_run_that_takes_too_long_is_stopped_and_says_so(desk):
    row = desk.launch(Slow, timeout_seconds=3600.0)
    when_it_wrote(desk, lambda: turn(desk, 3600))
    row = desk.go_on(row, "local")

    assert (row.status, row.cause, row.message) == ("failed", "time_limit", "the run took longer than its limit of 1 h")
    assert desk.noted() == ["work 0"]


def test_a_run_that_is_silent_for_too_long_is_stopped_and_says_so(desk):
    row = desk.launch(Slow, no_output_seconds=60.0)
    when_it_wrote(desk, lambda: turn(desk, 61))
    row = desk.go_on(row, "local")

    assert (row.status, row.cause) == ("failed", "time_limit")
    assert row.message.startswith("no task wrote a line or ended for ")
    assert row.message.endswith(" s, while `work` ran; the limit is 1 min")


def turn(desk, seconds):
    desk.now += seconds


def test_a_run_within_its_limits_ends_by_itself(desk):
    row = desk.launch(Slow, timeout_seconds=3600.0, no_output_seconds=60.0)

    def go():
        turn(desk, 59)
        desk.go.touch()

    when_it_wrote(desk, go)

    assert desk.go_on(row, "local").status == "succeeded"


def test_a_queued_run_waits_in_the_queue_at_no_cost_to_its_limit(desk):
    row = desk.launch(Slow, timeout_seconds=60.0)
    assert row.status == "queued"
    desk.now += 1_000_000
    desk.go.touch()

    assert desk.go_on(row, "local").status == "succeeded"


def test_a_driver_that_is_told_to_leave_stops_its_tasks_and_gives_the_run_back(desk):
    row = desk.launch(Slow)
    when_it_wrote(desk, desk.interrupts.leave)
    row = desk.go_on(row, "local")

    assert row.status == "interrupted"
    assert desk.kinds()[-1] == "Left"
    assert "RunFinished" not in desk.kinds()
    assert "TaskFailed" not in desk.kinds()

    desk.interrupts.is_leaving = False
    when_it_wrote(desk, desk.go.touch)
    row = desk.go_on(row, "local")
    assert row.status == "succeeded"
    assert desk.noted() == ["work 0", "work 1"]


@pytest.mark.parametrize("engine", ["inline", "local"])
def test_a_driver_that_leaves_keeps_what_finished_and_starts_nothing(desk, engine):
    row = desk.launch(Slow)
    desk.on = lambda happening: isinstance(happening, TaskSucceeded) and desk.interrupts.leave()
    row = desk.go_on(row, engine)

    assert (row.status, row.task_counts.get("succeeded")) == ("interrupted", 1)
    assert desk.noted() == []


@pytest.mark.parametrize("engine", ["inline", "local"])
def test_a_queued_run_is_driven_with_the_code_that_its_driver_names(desk, engine, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    shutil.copy(gated_flows.__file__, package)
    trigger = Trigger("event", "data", (TriggerEvent("1", "data", 1.0),))
    facts = {"logical_date": 1_767_225_600.0, "is_production": True, "trigger": trigger}
    row = desk.launch(Deployed, root="/there/is/no/such/folder", **facts)

    row = desk.go_on(row, engine, code_root=str(package))

    assert row.status == "succeeded", row.message
    known = desk.run(row)["end"].task.data.known
    assert known == {
        "deployment": "F@production",
        "key": "F@production/person:1",
        "date": datetime(2026, 1, 1, tzinfo=UTC),
        "is_production": True,
        "project": None,
        "trigger": "data",
        "file": str(package / "gated_flows.py") if engine == "local" else gated_flows.__file__,
    }


def test_a_failure_of_a_deployed_flow_shows_the_lines_of_its_package(desk, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    shutil.copy(gated_flows.__file__, package)
    row = desk.launch(Broken, root="/there/is/no/such/folder")

    row = desk.go_on(row, "local", code_root=str(package))

    (task,) = desk.home.ledger.tasks(TaskQuery(row.run)).rows
    assert [(frame.function, frame.is_user) for frame in task.error.frames][-1] == ("Broken.start", True)
