"""Backfills and triggers of several events, driven by a scheduler that dies in between."""

import pytest

from headwater.deployments.publishing import publish
from headwater.model.rows import FiringQuery
from headwater.production.backfill import Backfill, backfill_record
from tests.production.daemon_scene import DaemonScene, rows

#: 2025-03-01T00:00Z.
MARCH = 1740787200.0
DAY = 86400.0

PAST = """
from headwater import FlowSpec, current, run_policy, step


@run_policy(overlap="skip")
class PastFlow(FlowSpec):
    @step
    def start(self):
        self.slot = current.logical_date.isoformat()
        self.next(self.end)

    @step
    def end(self):
        pass
"""

LISTENER = """
from headwater import FlowSpec, step, trigger


@trigger(events=["a", "b"])
class Both(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.fixture
def scene(tmp_path):
    made = DaemonScene(tmp_path, rate=1.0)
    yield made
    made.close()


def killed(scene, failpoint):
    process = scene.start("scheduler", HEADWATER_FAILPOINT=failpoint)
    assert process.wait(60) == -9, scene.console()


def most_at_once(runs):
    moments = [(run.started_at, 1) for run in runs] + [(run.finished_at, -1) for run in runs]
    count = most = 0
    for _, change in sorted(moments):
        count += change
        most = max(most, count)
    return most


@pytest.mark.parametrize(
    "point", ["scheduler.before_launch:2", "ledger.after_launched_run:3", "scheduler.after_launch:2"]
)
def test_a_backfill_goes_on_where_a_killed_scheduler_left_it(scene, point):
    first, count = MARCH, 7
    scene.deploy(PAST)
    skipped = first + 2 * DAY
    backfill = Backfill(
        id="PastFlow-1",
        target="PastFlow@production",
        name="PastFlow",
        number=1,
        first=first,
        until=first + count * DAY,
        total=count - 1,
        at=scene.begin,
        user="tester",
        every="1d",
        parallel=2,
        left_out=frozenset([skipped]),
    )
    with scene.opened() as home:
        home.ledger.write_records([backfill_record(backfill, 1)])

    killed(scene, point)
    scene.start("scheduler")
    runs = scene.wait_for_runs(count - 1)

    slots = [first + day * DAY for day in range(count) if day != 2]
    assert sorted(run.launch.logical_date for run in runs) == slots
    assert {(run.launch.number, run.launch.priority, run.launch.trigger.source) for run in runs} == {
        (1, -10, "PastFlow-1")
    }
    assert most_at_once(runs) <= 2
    with scene.opened() as home:
        assert len(rows(home)) == count - 1
        firings = home.ledger.firings(FiringQuery(target=backfill.target, source=backfill.source)).rows
    assert sorted(firing.slot for firing in firings) == slots
    assert firings[-1].key == "PastFlow@production/backfill:PastFlow-1@2025-03-01T00:00:00Z"


def test_pairs_of_events_start_their_runs_once_whenever_the_scheduler_dies(scene):
    scene.deploy(LISTENER)
    with scene.opened() as home:
        for number, name in enumerate("aabbab"):
            publish(home.ledger, name, {}, user="etl", at=scene.begin + number, event_id=f"{name}{number}")

    killed(scene, "scheduler.after_launch:1")
    with scene.opened() as home:
        publish(home.ledger, "a", {}, user="etl", at=scene.begin + 6, event_id="a6")
    scene.start("scheduler")
    runs = scene.wait_for_runs(3)

    pairs = sorted(tuple(event.id for event in run.launch.trigger.events) for run in runs)
    assert pairs == [("a1", "b2"), ("a4", "b3"), ("a6", "b5")]
