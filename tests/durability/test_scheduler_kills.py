"""SIGKILL of the scheduler, and of everything: no slot is lost or doubled, no finished task runs again."""

import random
import select
import time

import pytest

from headwater.engines.processes import children_of
from tests.durability.test_random_kills import kill
from tests.production.daemon_scene import (
    DaemonScene,
    assert_each_slot_once,
    assert_no_finished_task_again,
    rows,
)

#: Every point that a scheduler passes on its way, and those of the ledger while it launches.
POINTS = [
    "scheduler.leads",
    "scheduler.decided",
    "scheduler.before_launch",
    "ledger.after_launched_run",
    "ledger.after_firing",
    "scheduler.after_launch",
    "scheduler.before_drive",
    "scheduler.after_drive",
    "scheduler.driver_ended",
]
SLOTS = 4


@pytest.fixture
def scene(tmp_path):
    made = DaemonScene(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_scheduler_killed_at_this_point_loses_and_doubles_nothing(scene, point):
    kill_at(scene, f"{point}:1", SLOTS)


@pytest.mark.long
@pytest.mark.parametrize("passage", [2, 5])
@pytest.mark.parametrize("point", POINTS[1:])
def test_nor_one_that_is_killed_there_later(scene, point, passage):
    kill_at(scene, f"{point}:{passage}", 40)


def kill_at(scene, failpoint, count):
    """Let a scheduler die at a point, and the next one finish."""
    slots = scene.deploy_minutes(count)
    killed = scene.start("scheduler", HEADWATER_FAILPOINT=failpoint)
    assert killed.wait(60) == -9, scene.console()

    scene.start("scheduler")
    scene.wait_for_runs(count)

    with scene.opened() as home:
        assert_each_slot_once(home, slots)
        assert_no_finished_task_again(home, scene.executions)
    # Only the scheduler died: its drivers went on, so that nothing at all ran twice.
    assert len(scene.executions.read_text().splitlines()) == 2 * count


@pytest.mark.parametrize("point", ["driver.forked", "driver.after_package"])
def test_drivers_that_die_before_they_drive_are_followed_by_others(scene, point):
    slots = scene.deploy_minutes(2)
    first = scene.start("scheduler", HEADWATER_FAILPOINT=f"{point}:1")
    scene.wait_for(lambda home: scene.console().count("was killed by signal 9: another one in") >= 3)
    first.kill()
    first.wait()

    scene.start("scheduler")
    scene.wait_for_runs(2)

    with scene.opened() as home:
        assert_each_slot_once(home, slots)
    assert len(scene.executions.read_text().splitlines()) == 4


#: What is killed: one process of a kind, or all that there is.
VICTIMS = ["supervisor", "scheduler", "launcher", "driver", "everything"]


@pytest.mark.parametrize("number", range(3))
def test_kills_at_random_moments_under_load_lose_and_double_nothing(scene, number):
    kill_at_random(scene, random.Random(f"daemon{number}"), kills=5)


@pytest.mark.long
@pytest.mark.parametrize("number", range(3, 23))
def test_two_hundred_kills_at_random_moments_lose_and_double_nothing(scene, number):
    kill_at_random(scene, random.Random(f"daemon{number}"), kills=10)


def kill_at_random(scene, rng, kills):
    """Kill something now and then while slots come and runs are driven, then let the daemon finish in peace."""
    count = 4 * kills
    slots = scene.deploy_minutes(count, parallel=3)
    daemon = scene.start()
    for _ in range(kills):
        # The moment is what is tested.
        select.select([], [], [], rng.uniform(0.05, 0.6))
        victim = rng.choice(VICTIMS)
        for pid in scene.victims(daemon, victim, rng):
            kill(pid)
        if daemon.poll() is not None or victim in ("supervisor", "everything"):
            daemon.wait(30)
            daemon = scene.start_again()
    scene.wait_for_runs(count)

    with scene.opened() as home:
        assert_each_slot_once(home, slots)
        assert_no_finished_task_again(home, scene.executions)
        assert [row.path for row in rows(home) if row.status != "succeeded"] == []
    # One that was started a moment ago does not listen to SIGTERM before it has children.
    until = time.monotonic() + 30
    while not children_of(daemon.pid):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert scene.stop(daemon) == 0
    assert scene.processes_left() == []
