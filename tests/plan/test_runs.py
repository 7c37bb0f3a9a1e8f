"""Whole runs of many shapes through the planner, with random ends and crashes."""

import random

import pytest

from tests.plan.shapes import (
    SHAPES,
    BranchInForeach,
    Depths,
    Foreach,
    ForeachBesideBranch,
    Gang,
    Linear,
    Loop,
    LoopAroundForeach,
    LoopInBranch,
    NestedForeach,
    Retried,
    RetriedGang,
    SwitchInBranch,
    SwitchToEnd,
)
from tests.plan.simulation import Simulation

SEEDS = range(40)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("crash_share", [0.0, 0.2])
def test_every_shape_ends_with_each_task_finished_once(shape, crash_share):
    for seed in SEEDS:
        rng = random.Random(seed)
        simulation = Simulation(shape, seed, choices=_random_choices(shape, rng))
        simulation.run(crash_share)

        assert simulation.events[-1].end == "succeeded", f"seed {seed}"
        assert set(simulation.executions.values()) == {1}, f"seed {seed}"
        assert simulation.executions.keys() == simulation.frontier.tasks.keys(), f"seed {seed}"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_replay_stands_where_the_run_stood(shape):
    for seed in SEEDS:
        simulation = Simulation(shape, seed, choices=_random_choices(shape, random.Random(seed)))
        while simulation.turn():
            before = (
                list(simulation.frontier.ready),
                sorted(simulation.frontier.running),
                simulation.frontier.ready_counts,
            )
            replayed = Simulation(shape, seed)
            replayed.frontier.__init__()
            for event in simulation.events:
                replayed.frontier.apply(event)

            assert before == (
                list(replayed.frontier.ready),
                sorted(replayed.frontier.running),
                replayed.frontier.ready_counts,
            )


@pytest.mark.parametrize(
    ("shape", "choices", "expected"),
    [
        (Linear, {}, ["start", "middle", "end"]),
        (SwitchToEnd, {"start": ["a"]}, ["start", "a", "end"]),
        (SwitchToEnd, {"start": ["end"]}, ["start", "end"]),
        (
            Loop,
            {"judge": ["work", "judge", "work", "end"]},
            ["start", "work", "judge", "work~1", "judge~1", "judge~2", "work~3", "judge~3", "end~3"],
        ),
    ],
)
def test_a_chain_runs_in_this_order(shape, choices, expected):
    simulation = Simulation(shape, 1, choices=choices).run()

    assert expected == list(simulation.frontier.tasks)


@pytest.mark.parametrize(
    ("shape", "choices", "join", "expected"),
    [
        (Foreach, {}, "join", ["body/start.0", "body/start.1", "body/start.2"]),
        (NestedForeach, {}, "join_inner/start.1", [f"inner/start.1/outer.{i}" for i in range(3)]),
        (BranchInForeach, {}, "merge/start.2", ["left/start.2", "right/start.2"]),
        (BranchInForeach, {}, "gather", ["merge/start.0", "merge/start.1", "merge/start.2"]),
        (SwitchInBranch, {"pick": ["join"]}, "join", ["pick", "other"]),
        (SwitchInBranch, {"pick": ["extra"]}, "join", ["extra", "other"]),
        (Depths, {}, "part", ["d", "b"]),
        (Depths, {}, "whole", ["e", "part", "c"]),
        (ForeachBesideBranch, {}, "join", ["body/fan.0", "body/fan.1", "body/fan.2", "single"]),
        (LoopInBranch, {"a": ["a", "a", "join"], "b": ["join"]}, "join~2", ["a~2", "b"]),
        (LoopAroundForeach, {"gather": ["fan", "end"]}, "gather~1", [f"out/fan~1.{i}" for i in range(3)]),
        (Gang, {}, "join", ["train/start.0", "train/start.1", "train/start.2"]),
    ],
)
def test_a_join_sees_its_inputs_in_split_order(shape, choices, join, expected):
    for seed in SEEDS:
        simulation = Simulation(shape, seed, choices=choices)
        if shape is LoopAroundForeach:
            simulation.choices = {"body": ["out"], **choices}
        simulation.run()

        assert expected == list(simulation.frontier.tasks[join].parents), f"seed {seed}"


def test_a_retried_task_waits_and_then_runs_again():
    simulation = Simulation(Retried, 0)
    simulation.failing = 1.0
    simulation.turn()
    failed = simulation.events[-1]

    assert failed.retry_at == failed.at + 60
    simulation.turn()
    assert simulation.now == failed.retry_at
    simulation.failing = 0.0
    simulation.run()
    assert simulation.events[-1].end == "succeeded"


def test_a_run_fails_when_the_retries_are_used_up():
    simulation = Simulation(Retried, 0, failing=1.0).run()

    assert simulation.events[-1].end == "failed"
    assert [event.attempt for event in simulation.events if type(event).__name__ == "TaskFailed"] == [0, 1, 2]


def test_attempts_lost_with_a_driver_use_up_no_retry():
    simulation = Simulation(Retried, 0)
    for _ in range(5):
        decision_events = len(simulation.events)
        simulation.frontier.running or simulation_start(simulation)
        simulation.crash()
        assert len(simulation.events) > decision_events

    assert simulation.frontier.tasks["start"].failures == 0
    assert simulation.run().events[-1].end == "succeeded"


def test_after_a_failure_nothing_new_starts_and_what_runs_may_finish():
    simulation = Simulation(Foreach, 3, widths={"start": 10})
    simulation.turn()
    simulation.turn()
    simulation.failing = 1.0
    while len([event for event in simulation.events if type(event).__name__ == "TaskFailed"]) == 0:
        simulation.turn()
    simulation.failing = 0.0
    running = set(simulation.frontier.running)
    simulation.run()
    succeeded = {event.key for event in simulation.events if type(event).__name__ == "TaskSucceeded"}

    assert simulation.events[-1].end == "failed"
    assert running <= succeeded
    assert not simulation.frontier.running


def test_members_of_a_gang_start_together_even_when_they_are_more_than_the_workers():
    simulation = Simulation(Gang, 0, widths={"start": 5})
    simulation.run()
    starts = [event.key for event in simulation.events if type(event).__name__ == "TaskStarted"]
    first_end = next(
        number
        for number, event in enumerate(simulation.events)
        if type(event).__name__ == "TaskSucceeded" and event.key.startswith("train")
    )
    started_before = [event for event in simulation.events[:first_end] if type(event).__name__ == "TaskStarted"]

    assert len([key for key in starts if key.startswith("train")]) == 5
    assert len([event for event in started_before if event.step == "train"]) == 5


def test_no_more_attempts_are_in_flight_than_workers():
    simulation = Simulation(Foreach, 5, widths={"start": 50}).run()

    assert simulation.most_at_once == 3


def test_labels_count_up_and_stay_the_same_over_attempts():
    simulation = Simulation(Foreach, 5, widths={"start": 20}).run(crash_share=0.3)
    labels = {}
    for event in simulation.events:
        if type(event).__name__ == "TaskStarted":
            assert labels.setdefault(event.key, event.label) == event.label

    assert sorted(labels.values()) == list(range(1, len(labels) + 1))


def simulation_start(simulation):
    from headwater.model.events import TaskStarted
    from headwater.plan.decide import decide

    for launch in decide(simulation.frontier, simulation.now, simulation.slots).launches:
        simulation.add(
            TaskStarted(at=simulation.now, key=launch.key, step=launch.step, label=launch.label, attempt=launch.attempt)
        )


def _random_choices(shape, rng):
    choices = {}
    for name, step in Simulation(shape, 0).graph.steps.items():
        if step.kind == "switch":
            forward = [target for target in step.targets if target not in step.back_targets]
            loops = [rng.choice(step.targets) for _ in range(rng.randrange(3))]
            choices[name] = [*loops, rng.choice(forward)]
    return choices


def retried_gang():
    gang = Simulation(RetriedGang, 0, widths={"start": 3})
    gang.turn()
    gang.act()
    assert len(gang.frontier.running) == 3
    return gang


def test_when_a_member_of_a_gang_fails_the_others_are_stopped_and_all_start_again_together():
    gang = retried_gang()
    gang.failing = 1.0
    gang.end_one("train/start.1")
    gang.failing = 0.0
    gang.act()
    starts = [event for event in gang.events if type(event).__name__ == "TaskStarted" and event.step == "train"]
    failures = [event for event in gang.events if type(event).__name__ == "TaskFailed"]

    assert [(event.key, event.cause) for event in failures] == [
        ("train/start.1", "exception"),
        ("train/start.0", "cancelled"),
        ("train/start.2", "cancelled"),
    ]
    assert [event.attempt for event in starts] == [0, 0, 0]
    gang.run()
    starts = [event for event in gang.events if type(event).__name__ == "TaskStarted" and event.step == "train"]
    assert [event.attempt for event in starts] == [0, 0, 0, 1, 1, 1]
    assert gang.events[-1].end == "succeeded"


def test_a_member_that_had_finished_is_not_run_again_with_its_gang():
    gang = retried_gang()
    gang.end_one("train/start.0")
    gang.failing = 1.0
    gang.end_one("train/start.1")
    gang.failing = 0.0
    gang.run()

    assert gang.events[-1].end == "succeeded"
    assert set(gang.executions.values()) == {1}


def test_when_a_member_fails_for_good_nobody_waits_for_it():
    gang = retried_gang()
    gang.failing = 1.0
    gang.end_one("train/start.1")
    gang.run()

    assert gang.events[-1].end == "failed"
    assert gang.events[-1].cause == "exception"
