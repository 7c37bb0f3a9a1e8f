"""Which events start which runs."""

import random

import msgspec
import pytest

from headwater.model.launch import PublishedEvent
from headwater.model.production import EventTrigger, FinishTrigger, Triggers
from headwater.production.triggers import Listener, match_triggers

CHURN = Listener("Churn@production", ("table", "day"))
IN_PROJECT = Listener("fraud.Churn@production")
DAY = 86400


def json(value):
    return msgspec.Raw(msgspec.json.encode(value))


def event(number, name="ready", *, at=None, scope=None, source="etl", **payload):
    at = 1000.0 + number if at is None else at
    fields = {field: json(value) for field, value in payload.items()}
    return PublishedEvent(f"{name}-{number}", name, at, fields, source, scope=scope, number=number)


def finished(number, flow, *, end="succeeded", target=None, project=None, branch=None):
    said = {"flow": flow, "label": number, "end": end, "target": target, "project": project, "branch": branch}
    payload = {field: json(value) for field, value in said.items()}
    run = f"{flow}/{number}"
    return PublishedEvent(f"run:{number}", "run.finished", 1000.0, payload, f"run:{flow}", run, number=number)


def on(*names, window=7 * DAY, **mappings):
    return Triggers(tuple(EventTrigger(name, mappings.get(name)) for name in names), (), window)


def keys(triggers, listener, events, since=0):
    return [run.key for run in match_triggers(triggers, listener, events, since).runs]


def test_each_event_starts_a_run_in_the_order_of_publishing():
    events = [event(1), event(2, "other"), event(3)]

    match = match_triggers(on("ready"), CHURN, events, 0)

    assert [run.key for run in match.runs] == ["Churn@production/event:ready-1", "Churn@production/event:ready-3"]
    assert (match.last, match.resume_after, match.waiting) == (3, 3, {})
    assert match.runs[0].trigger.kind == "event"
    assert match.runs[0].trigger.events[0].id == "ready-1"


def test_events_that_came_before_are_passed_over():
    assert keys(on("ready"), CHURN, [event(1), event(2)], since=1) == ["Churn@production/event:ready-2"]
    assert match_triggers(on("ready"), CHURN, [], 7).resume_after == 7


def test_an_event_given_twice_starts_one_run():
    assert keys(on("ready"), CHURN, [event(1), event(1)]) == ["Churn@production/event:ready-1"]


def test_fields_go_to_parameters_of_the_same_name():
    run = match_triggers(on("ready"), CHURN, [event(1, table="orders", rows=7)], 0).runs[0]

    assert run.parameters == {"table": json("orders")}


def test_a_mapping_names_parameter_and_field():
    run = match_triggers(on("ready", ready={"table": "name"}), CHURN, [event(1, kind="x", table="no")], 0).runs[0]

    assert run.refused == ("event `ready` (ready-1) has no `name` for the parameter `table`; it has kind, table")
    assert run.parameters == {}


def test_a_refused_run_brings_no_parameters():
    triggers = on("ready", ready={"table": "table", "day": "date"})

    run = match_triggers(triggers, CHURN, [event(1, table="orders")], 0).runs[0]

    assert (run.parameters, "no `date` for the parameter `day`" in run.refused) == ({}, True)


def test_a_mapping_leaves_other_fields_alone():
    triggers = on("ready", ready={"table": "origin"})

    run = match_triggers(triggers, CHURN, [event(1, origin="orders", day="monday")], 0).runs[0]

    assert (run.parameters, run.refused) == ({"table": json("orders")}, "")


def test_several_events_start_one_run_when_the_last_of_them_comes():
    match = match_triggers(on("a", "b"), CHURN, [event(1, "b", day=1), event(2, "x"), event(3, "a", table=2)], 0)

    assert [(run.key, run.number) for run in match.runs] == [("Churn@production/event:a-3+b-1", 3)]
    assert match.runs[0].parameters == {"day": json(1), "table": json(2)}
    assert [each.name for each in match.runs[0].trigger.events] == ["a", "b"]


def test_of_an_event_that_comes_again_while_others_are_missing_the_newest_counts():
    assert keys(on("a", "b"), CHURN, [event(1, "a"), event(2, "a"), event(3, "b")]) == [
        "Churn@production/event:a-2+b-3"
    ]


def test_an_event_is_used_once():
    assert keys(on("a", "b"), CHURN, [event(1, "a"), event(2, "b"), event(3, "b")]) == [
        "Churn@production/event:a-1+b-2"
    ]


def test_events_further_apart_than_the_window_do_not_meet():
    triggers = on("a", "b", window=100)

    assert keys(triggers, CHURN, [event(1, "a", at=0), event(2, "b", at=101)]) == []
    assert keys(triggers, CHURN, [event(1, "a", at=0), event(2, "b", at=100)]) != []


def test_what_waits_does_not_wait_for_ever():
    match = match_triggers(on("a", "b", window=100), CHURN, [event(1, "a", at=0), event(2, "x", at=200)], 0)

    assert (match.waiting, match.resume_after) == ({}, 2)


def test_matching_in_batches_or_again_from_where_it_waits_gives_the_same_runs():
    draw = random.Random(6)
    for _ in range(100):
        names = draw.choices(["a", "b", "c", "x"], k=60)
        clock = [draw.choice([1, 1, 5, 40]) for _ in names]
        events = [event(number, name, at=sum(clock[:number])) for number, name in enumerate(names, 1)]
        triggers = on(*draw.sample(["a", "b", "c"], draw.choice([1, 2, 3])), window=60)
        whole = match_triggers(triggers, CHURN, events, 0).runs
        found, since, waiting, resume = {}, 0, None, 0
        while since < len(events):
            if draw.random() < 0.3:  # whoever matched has died: all that is left is the cursor
                since, waiting = resume, None
            batch = [one for one in events if one.number > since][: draw.randint(1, 9)]
            match = match_triggers(triggers, CHURN, batch, since, waiting)
            found |= {run.key: run for run in match.runs}
            since, waiting, resume = match.last, match.waiting, max(resume, match.resume_after)

        assert list(found.values()) == list(whole)


def test_an_event_of_a_project_is_heard_in_its_own_branch_only():
    mine, other, everywhere = event(1, scope="fraud.prod"), event(2, scope="fraud.user.ann"), event(3)

    assert keys(on("ready"), IN_PROJECT, [mine, other, everywhere]) == [
        "fraud.Churn@production/event:ready-1",
        "fraud.Churn@production/event:ready-3",
    ]
    assert keys(on("ready"), Listener("fraud.Churn@user.ann"), [mine, other]) == ["fraud.Churn@user.ann/event:ready-2"]
    assert keys(on("ready"), CHURN, [mine, other, everywhere]) == ["Churn@production/event:ready-3"]


def after_flow(flow, **facts):
    return Triggers((), (FinishTrigger(flow, **facts),))


def test_a_finished_run_starts_the_flow_that_follows_it():
    run = finished(4, "Features", target="Features@production")

    match = match_triggers(after_flow("Features"), CHURN, [run], 0)

    assert match.runs[0].key == "Churn@production/event:run:4"
    assert match.runs[0].trigger.kind == "finish"
    assert [(each.type, each.run) for each in match.runs[0].trigger.events] == [("run", "Features/4")]


@pytest.mark.parametrize(
    "facts",
    [
        {"end": "failed", "target": "Features@production"},
        {"end": "cancelled", "target": "Features@production"},
        {"target": "Features@user.ann"},
        {"target": "Features@shadow.3"},
        {"target": "fraud.Features@production", "project": "fraud"},
        {},
        {"branch": "prod"},
    ],
)
def test_other_runs_do_not_start_it(facts):
    assert keys(after_flow("Features"), CHURN, [finished(4, "Features", **facts)]) == []


def test_a_run_at_a_desk_starts_what_follows_in_its_branch_but_never_production():
    ann = finished(4, "Features", project="fraud", branch="user.ann")
    desk = finished(5, "Features", project="fraud", branch="prod")

    assert keys(after_flow("Features"), Listener("fraud.Churn@user.ann"), [ann]) != []
    assert keys(after_flow("Features"), IN_PROJECT, [ann, desk]) == []


def test_another_project_and_branch_can_be_named():
    run = finished(4, "Features", target="lake.Features@test.new", project="lake")

    assert keys(after_flow("Features", project="lake", branch="test.new"), IN_PROJECT, [run]) != []
    assert keys(after_flow("lake.test.new.Features"), IN_PROJECT, [run]) != []
    assert keys(after_flow("Features", project="lake"), IN_PROJECT, [run]) == []
    assert keys(after_flow("lake.prod.Features"), IN_PROJECT, [run]) == []


def test_several_flows_must_all_finish():
    triggers = Triggers((), (FinishTrigger("A"), FinishTrigger("B")))
    runs = [finished(1, "B", target="B@production"), finished(2, "A", target="A@production")]

    assert keys(triggers, CHURN, runs) == ["Churn@production/event:run:2+run:1"]


def test_an_event_and_a_flow_of_one_trigger_must_both_come():
    triggers = Triggers((EventTrigger("ready"),), (FinishTrigger("A"),))

    match = match_triggers(triggers, CHURN, [finished(1, "A", target="A@production"), event(2)], 0)

    assert [run.key for run in match.runs] == ["Churn@production/event:ready-2+run:1"]
    assert match.runs[0].trigger.kind == "event"


@pytest.mark.parametrize("payload", [{}, {"flow": json(7)}, {"flow": json("A"), "end": json(["succeeded"])}])
def test_an_event_that_only_looks_like_a_finished_run_starts_nothing(payload):
    stranger = PublishedEvent("x", "run.finished", 1.0, payload, number=1)

    assert keys(after_flow("A"), CHURN, [stranger]) == []


def test_a_storm_of_events_costs_time_in_proportion():
    looked = []

    class Counted(tuple):
        def __iter__(self):
            for one in super().__iter__():
                looked.append(one.number)
                yield one

    events = Counted(event(number, "ab"[number % 2]) for number in range(1, 10_001))

    match = match_triggers(on("a", "b"), CHURN, events, 0)

    assert len(match.runs) == 5000
    assert len(looked) < 20_000
