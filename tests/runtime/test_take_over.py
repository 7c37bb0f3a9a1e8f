"""Who takes a run over: its first driver of a queued one, another driver of one that was left."""

import os

import pytest

from headwater.model.errors import RunIsDriven
from headwater.model.events import DriverChanged, RunStarted
from headwater.runtime.resume import take_over
from tests.runtime import gated_flows


@pytest.fixture
def queued(desk):
    return desk.launch(gated_flows.Deployed, root=os.path.dirname(gated_flows.__file__))


def take(desk, row):
    return take_over(desk.home, row, now=desk.now, host="there", pid=7)


def test_the_first_driver_of_a_queued_run_does_not_take_it_over_from_anybody(desk, queued):
    lease, frontier, events = take(desk, queued)

    assert [type(event) for event in events] == [RunStarted]
    assert [type(event) for _, event in desk.home.ledger.events(queued.run)] == [RunStarted]
    assert (lease.epoch, frontier.started) == (1, events[0])
    with pytest.raises(RunIsDriven):
        take(desk, queued)


def test_a_queued_run_whose_first_driver_left_it_changes_its_driver(desk, queued):
    take(desk, queued)[0].release()

    lease, _, events = take(desk, queued)

    assert [type(event) for event in events] == [RunStarted, DriverChanged]
    assert (lease.epoch, events[1].epoch, events[1].pid) == (2, 2, 7)
