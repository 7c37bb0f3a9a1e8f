"""Gates: a step waits for somebody, or for a condition; the run waits with it and needs no driver meanwhile."""

import random

import msgspec
import pytest

from headwater.model.events import GateDecided, TaskStarted, TaskSucceeded
from headwater.model.launch import Launch, Trigger
from headwater.plan.decide import decide
from headwater.plan.limits import over_limit
from tests.plan.shapes import GATED, GateBeforeEnd, GatedGang, GateInForeach, GateInLoop, Linear, TwoGates
from tests.plan.simulation import Simulation

SEEDS = range(40)


def until_parked(shape, seed=1, **how):
    """Run until nothing is left to do but to wait; nobody answers."""
    simulation = Simulation(shape, seed, **how)
    simulation.answer = lambda *_: None
    while True:
        decision = simulation.act()
        if decision.is_parked or decision.finish is not None:
            del simulation.answer
            return simulation, decision
        if simulation.frontier.running:
            simulation.end_one(simulation.rng.choice(sorted(simulation.frontier.running)))


def with_metric(simulation, **metrics):
    """Let the tasks that succeed from now on report this."""
    plain = simulation.add

    def add(event):
        if isinstance(event, TaskSucceeded):
            event = msgspec.structs.replace(event, summary=metrics)
        plain(event)

    simulation.add = add


@pytest.mark.parametrize("shape", GATED, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("crash_share", [0.0, 0.2])
def test_no_task_starts_before_its_gate_is_passed_whatever_crashes(shape, crash_share):
    for seed in SEEDS:
        simulation = Simulation(shape, seed, choices={"work": ["work", "work", "end"]}).run(crash_share)

        passed = set()
        for event in simulation.events:
            if isinstance(event, GateDecided):
                passed.add(event.key)
            if isinstance(event, TaskStarted) and event.step in simulation.frontier.gated_steps:
                assert event.key in passed, f"seed {seed}"
        reached = [event.key for event in simulation.events if type(event).__name__ == "GateReached"]
        assert len(reached) == len(set(reached)), f"seed {seed}: asked twice about the same task"


@pytest.mark.parametrize(
    ("shape", "done", "waiting"),
    [
        (GateInForeach, {"start": 1, "body": 3}, {"release": 3}),
        (TwoGates, {"start": 1, "free": 1}, {"a": 1, "b": 1}),
        (GateInLoop, {"start": 1}, {"work": 1}),
        (GatedGang, {"start": 1}, {"train": 3}),
    ],
)
def test_a_run_parks_when_nothing_else_is_left(shape, done, waiting):
    simulation, decision = until_parked(shape)
    frontier = simulation.frontier

    assert decision.is_parked
    assert count(task.step for task in frontier.tasks.values() if task.transition is not None) == done
    assert count(gate.step for gate in frontier.gates.values()) == waiting
    assert not frontier.ready
    assert not frontier.running


def count(names):
    found = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


@pytest.mark.parametrize("verdict", ["rejected", "expired"])
def test_one_refusal_fails_the_run(verdict):
    simulation, _ = until_parked(TwoGates)
    simulation.answer(verdict)

    finish = simulation.act().finish
    assert (finish.end, finish.cause) == ("failed", "rejected")
    step = finish.failed_key
    assert (
        finish.message
        == {
            "rejected": f"ann rejected step `{step}`",
            "expired": f"nobody approved step `{step}` in time",
        }[verdict]
    )


def test_a_gate_expires_at_its_time_and_not_before():
    simulation = Simulation(GateBeforeEnd, 1)
    with_metric(simulation, f1=0.8)
    while not simulation.frontier.gates:
        simulation.turn()
    (gate,) = simulation.frontier.gates.values()

    assert gate.expires_at == gate.at + 600
    assert decide(simulation.frontier, gate.expires_at - 0.001, simulation.slots).is_parked
    (expired,) = decide(simulation.frontier, gate.expires_at, simulation.slots).gates
    assert (expired.verdict, expired.key) == ("expired", "end")


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"f1": 0.62}, "step `end` does not start: f1 >= 0.7 does not hold: f1 is 0.62"),
        (
            {},
            "step `end` does not start: f1 >= 0.7 does not hold: "
            "no task has reported f1 with `current.metrics.summary`",
        ),
    ],
)
def test_a_condition_that_does_not_hold_ends_the_run_with_the_numbers_and_asks_nobody(metrics, message):
    simulation = Simulation(GateBeforeEnd, 1)
    with_metric(simulation, **metrics)
    decision = until_end(simulation)

    assert (decision.finish.end, decision.finish.cause, decision.finish.failed_key) == ("failed", "condition", "end")
    assert decision.finish.message == message
    assert [type(event).__name__ for event in simulation.events if "Gate" in type(event).__name__] == ["GateDecided"]


def until_end(simulation):
    while (decision := simulation.act()).finish is None:
        if simulation.frontier.running:
            simulation.end_one(next(iter(simulation.frontier.running)))
    return decision


def test_a_condition_that_holds_leads_to_the_approval():
    simulation = Simulation(GateBeforeEnd, 1)
    with_metric(simulation, f1=0.7)
    simulation.run()

    assert [type(event).__name__ for event in simulation.events][-5:] == [
        "GateReached",
        "GateDecided",
        "TaskStarted",
        "TaskSucceeded",
        "RunFinished",
    ]


def test_an_attempt_that_is_lost_or_retried_needs_no_second_approval():
    simulation = Simulation(GatedGang, 3, failing=0.0)
    while not simulation.frontier.running or next(iter(simulation.frontier.running.values())).step != "train":
        simulation.turn()
    simulation.crash()
    simulation.failing = 1.0
    simulation.turn()
    simulation.failing = 0.0
    simulation.run()

    assert simulation.events[-1].end == "succeeded"
    assert sum(type(event).__name__ == "GateReached" for event in simulation.events) == 3


def test_a_run_does_not_end_while_a_gate_is_open():
    for seed in SEEDS:
        simulation = Simulation(TwoGates, seed)
        simulation.rng = random.Random(seed)
        simulation.run()

        assert simulation.events[-1].end == "succeeded"
        assert not simulation.frontier.gates


# Limits of runs


def limited(**limits):
    """A run of a deployment whose first task has started at 1000."""
    simulation = Simulation(Linear, 1)
    launch = Launch("L@production", "D", 1, "key", Trigger("person"), **limits)
    simulation.frontier.started = msgspec.structs.replace(simulation.frontier.started, launch=launch)
    simulation.events[0] = simulation.frontier.started
    simulation.act()
    return simulation


def test_a_run_without_limits_is_never_over_one():
    assert over_limit(limited().frontier, 1e12, 0.0) is None


def test_the_limit_of_time_counts_from_the_first_task():
    frontier = limited(timeout_seconds=7200.0).frontier

    assert over_limit(frontier, 1000.0 + 7199.9, 1e9) is None
    assert over_limit(frontier, 1000.0 + 7200, 1e9) == "the run took longer than its limit of 2 h"


def test_time_in_which_nobody_drove_a_run_does_not_count():
    simulation = limited(timeout_seconds=100.0)
    simulation.now += 1_000_000.0
    simulation.crash()

    assert over_limit(simulation.frontier, simulation.now + 99, 1e9) is None
    assert over_limit(simulation.frontier, simulation.now + 100, 1e9) is not None


def test_silence_counts_only_while_tasks_run():
    simulation = limited(no_output_seconds=60.0)

    assert over_limit(simulation.frontier, 1060.0, 1000.5) is None
    assert over_limit(simulation.frontier, 1061.0, 1000.5) == (
        "no task wrote a line or ended for 60 s, while `start` ran; the limit is 1 min"
    )
    simulation.end_one("start")
    assert over_limit(simulation.frontier, 9999.0, 1000.5) is None


def test_short_silences_are_told_without_a_tail_of_digits():
    simulation = limited(no_output_seconds=4.0)

    assert over_limit(simulation.frontier, 1004.51681, 1000.5) == (
        "no task wrote a line or ended for 4.02 s, while `start` ran; the limit is 4 s"
    )


def test_a_run_that_is_given_up_stops_its_tasks_and_then_fails():
    simulation = limited(timeout_seconds=10.0)

    decision = decide(simulation.frontier, 1010.0, simulation.slots, given_up="too long")
    assert ([stop.key for stop in decision.stops], decision.finish) == (["start"], None)
    simulation.fail("start", simulation.frontier.running["start"], None, cause="cancelled")
    decision = decide(simulation.frontier, 1011.0, simulation.slots, given_up="too long")
    assert (decision.finish.end, decision.finish.cause) == ("failed", "time_limit")
    assert decision.finish.message == "too long"
