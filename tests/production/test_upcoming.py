"""What fires next: asked of aliases that are really deployed, at an hour that the test names."""

import pytest

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment
from headwater.model.launch import Firing
from headwater.model.ports import PlannedFiring
from headwater.production.upcoming import live_deployments, next_of_all, schedule_states
from tests.deployments.desk import BEGIN, Desk

HOUR = 3600.0


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.home.close()


def deploy(desk, *decorators, name="Churn"):
    desk.write(decorators="\n".join(decorators), name=name)
    desk.production()
    return Aliases(desk.home.ledger).require(f"{name}@production")


def states(desk, alias, now):
    deployment = find_deployment(desk.home.ledger, alias.name, alias.number)
    return list(schedule_states(desk.home.ledger, alias, deployment, now))


def test_the_next_firings_of_all_come_in_order_and_of_each_no_more_than_asked_for(desk):
    deploy(desk, '@schedule(cron="0 * * * *")', name="Hourly")
    deploy(desk, '@schedule(cron="30 1 * * *")', name="Daily")

    found = next_of_all(desk.home.ledger, BEGIN + 60, 4)
    more = next_of_all(desk.home.ledger, BEGIN + 60, 3, each=3)

    assert [(each.target, each.at - BEGIN) for each in found] == [
        ("Hourly@production", HOUR),
        ("Daily@production", 1.5 * HOUR),
    ]
    assert [each.at - BEGIN for each in more] == [HOUR, 1.5 * HOUR, 2 * HOUR]
    assert next_of_all(desk.home.ledger, BEGIN, 9, each=2, target="Daily@production")[0].target == "Daily@production"


def test_jitter_keeps_the_order_of_a_schedules_firings(desk):
    deploy(desk, '@schedule(cron="* * * * *", jitter="10min")')

    times = [each.at for each in next_of_all(desk.home.ledger, BEGIN, 50, each=50)]

    assert len(times) == 50
    assert times == sorted(times)


def test_what_is_paused_does_not_fire(desk):
    alias = deploy(desk, '@schedule(cron="0 * * * *")')
    desk.changes().pause(alias.target, desk.tick())
    paused = Aliases(desk.home.ledger).require(alias.target)

    assert list(live_deployments(desk.home.ledger)) == []
    assert next_of_all(desk.home.ledger, BEGIN, 9) == []
    assert [(each.stands, each.next_at, each.due) for each in states(desk, paused, BEGIN + 9 * HOUR)] == [
        ("paused", None, None)
    ]


def test_a_slot_that_passed_without_a_record_is_due_and_one_with_a_record_is_the_last(desk):
    alias = deploy(desk, '@schedule(cron="0 * * * *", name="hourly")')
    now = BEGIN + 2.5 * HOUR

    (before,) = states(desk, alias, now)
    firing = Firing("key", alias.target, "schedule:hourly", now, "missed", slot=BEGIN + 2 * HOUR)
    desk.home.ledger.launch([PlannedFiring(firing)])
    (after,) = states(desk, alias, now)

    assert (before.due, before.next_at, before.last) == (BEGIN + HOUR, BEGIN + 3 * HOUR, None)
    assert (after.due, after.next_at, after.last) == (None, BEGIN + 3 * HOUR, firing)
