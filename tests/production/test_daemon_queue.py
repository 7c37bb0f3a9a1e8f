"""Who gets a driver next, and who has to give way."""

import pytest

from headwater.model.production import RunPolicy
from headwater.production.queue import choose_cancels, choose_runs, next_look
from headwater.production.standing import Pools
from tests.production.standings import TARGET, active, deployed, standing

NOW = 1000.0


def chosen(*runs, now=NOW, **how):
    return [run.path for run in choose_runs(standing(*runs, **how), now)]


def allowing(**policy):
    return [deployed(policy=RunPolicy(overlap="allow", **policy))]


def test_the_older_run_goes_first():
    assert chosen(active(2), active(1), aliases=allowing()) == ["Churn/1", "Churn/2"]


def test_a_higher_priority_goes_before_an_older_run():
    assert chosen(active(1), active(2, priority=5), aliases=allowing()) == ["Churn/2", "Churn/1"]


def test_what_had_begun_goes_on_before_anything_new():
    runs = active(1, priority=9), active(2, "interrupted"), active(3, "waiting", has_news=True)

    assert chosen(*runs, aliases=allowing()) == ["Churn/2", "Churn/3", "Churn/1"]


def test_a_pool_takes_as_many_as_its_size():
    runs = active(1, "driven"), active(2), active(3), active(4)

    assert chosen(*runs, aliases=allowing(), pools=Pools({"default": 2}, 10)) == ["Churn/2"]


def test_pools_do_not_stand_in_each_others_way():
    runs = active(1, "driven"), active(2), active(3, pool="gpu")

    assert chosen(*runs, aliases=allowing(), pools=Pools({"default": 1, "gpu": 1}, 10)) == ["Churn/3"]


def test_a_run_at_a_gate_holds_no_place_in_its_pool():
    runs = active(1, "waiting"), active(2)

    assert chosen(*runs, aliases=allowing(), pools=Pools({"default": 1}, 10)) == ["Churn/2"]


@pytest.mark.parametrize("overlap", ["skip", "queue", "cancel_previous"])
def test_runs_of_one_deployment_come_one_after_the_other(overlap):
    aliases = [deployed(policy=RunPolicy(overlap=overlap))]

    assert chosen(active(1), active(2), aliases=aliases) == ["Churn/1"]
    assert chosen(active(1, "driven"), active(2), aliases=aliases) == []
    assert chosen(active(1, "waiting"), active(2), aliases=aliases) == []


def test_a_limit_of_its_own_lets_so_many_run_at_once():
    runs = [active(number) for number in (1, 2, 3)]

    assert chosen(*runs, aliases=[deployed(policy=RunPolicy(overlap="queue", max_parallel=2))]) == [
        "Churn/1",
        "Churn/2",
    ]
    assert chosen(*runs, aliases=allowing(max_parallel=2)) == ["Churn/1", "Churn/2"]


def test_a_backfill_does_not_keep_the_daily_run_waiting():
    runs = active(1, "driven", kind="backfill"), active(2, kind="backfill"), active(3)

    assert chosen(*runs) == ["Churn/2", "Churn/3"]


def test_a_limit_that_somebody_set_holds_for_backfills_too():
    runs = active(1, "driven", kind="backfill"), active(2)

    assert chosen(*runs, aliases=[deployed(policy=RunPolicy(max_parallel=1))]) == []


def test_nothing_new_begins_while_the_deployment_is_paused():
    paused = [deployed(is_paused=True)]

    assert chosen(active(1), aliases=paused) == []
    assert chosen(active(1, "interrupted"), aliases=paused) == ["Churn/1"]
    assert chosen(active(1, kind="person"), aliases=paused) == ["Churn/1"]


def test_a_run_of_a_deleted_deployment_goes_on_only_when_it_had_begun():
    assert chosen(active(1), aliases=[]) == []
    assert chosen(active(1, "interrupted"), aliases=[]) == ["Churn/1"]


def test_a_cancelled_run_whose_driver_died_gets_another_one_to_end_it():
    assert chosen(active(1, is_cancelled=True)) == ["Churn/1"]
    assert chosen(active(1, is_cancelled=True), aliases=[]) == ["Churn/1"]
    assert chosen(active(1, is_cancelled=True), aliases=[deployed(is_paused=True)]) == ["Churn/1"]


def test_a_retry_waits_until_its_time():
    run = active(1, kind="retry", not_before=NOW + 5)

    assert chosen(run) == []
    assert chosen(run, now=NOW + 5) == ["Churn/1"]
    assert next_look(standing(run), NOW) == NOW + 5


def test_a_run_at_a_gate_goes_on_when_somebody_decided_or_the_time_is_over():
    assert chosen(active(1, "waiting")) == []
    assert chosen(active(1, "waiting", has_news=True)) == ["Churn/1"]
    assert chosen(active(1, "waiting", expires_at=NOW)) == ["Churn/1"]
    assert next_look(standing(active(1, "waiting", expires_at=NOW + 9)), NOW) == NOW + 9


def test_a_newer_run_takes_the_place_of_all_older_ones():
    aliases = [deployed(policy=RunPolicy(overlap="cancel_previous"))]
    runs = active(1, "driven"), active(2), active(3)

    cancels = choose_cancels(standing(*runs, aliases=aliases))

    assert [(run.path, reason) for run, reason in cancels] == [
        ("Churn/1", "Churn/3 takes its place"),
        ("Churn/2", "Churn/3 takes its place"),
    ]


def test_nobody_is_cancelled_twice_nor_without_that_policy():
    aliases = [deployed(policy=RunPolicy(overlap="cancel_previous"))]

    assert choose_cancels(standing(active(1, "driven", is_cancelled=True), active(2), aliases=aliases)) == []
    assert choose_cancels(standing(active(1, "driven"), active(2))) == []


def test_a_backfill_and_a_retry_take_nobodys_place():
    aliases = [deployed(policy=RunPolicy(overlap="cancel_previous"))]

    assert choose_cancels(standing(active(1, "driven"), active(2, kind="backfill"), aliases=aliases)) == []
    assert choose_cancels(standing(active(1, "driven", kind="backfill"), active(2), aliases=aliases)) == []
    assert choose_cancels(standing(active(1, "driven"), active(2, kind="retry"), aliases=aliases)) == []


def test_what_had_not_begun_of_a_deleted_deployment_is_cancelled():
    cancels = choose_cancels(standing(active(1), active(2, "driven"), aliases=[]))

    assert [(run.path, reason) for run, reason in cancels] == [("Churn/1", f"{TARGET} was deleted")]
