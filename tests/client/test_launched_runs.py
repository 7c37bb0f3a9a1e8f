"""What is known of a run of a deployment: its target, its slot, what it was started by."""

from datetime import UTC, datetime

import msgspec
import pytest

import headwater
from headwater.client.objects import Flow, Run
from headwater.client.trigger import MetaflowEvent, Trigger
from headwater.model.errors import NotFoundByKey
from headwater.model.events import GateReached
from headwater.model.launch import Launch, TriggerEvent
from headwater.model.launch import Trigger as StoredTrigger
from tests.client.history import BEGIN

LOADED = TriggerEvent(
    "e1", "sales.loaded", BEGIN, payload={"day": msgspec.Raw(b'"2025-01-01"'), "rows": msgspec.Raw(b"3")}
)


def launch(key="k", *events, kind="event", target="Churn@production", slot=None):
    return Launch(target, "01D", 3, key, StoredTrigger(kind, "daily", events), logical_date=slot)


def test_a_run_of_a_deployment_says_for_what_it_was_started(history):
    path = history.run(launch=launch(kind="schedule", slot=BEGIN)).path
    run = Run(path)

    assert (run.target, run.idempotency_key, run.launch.number) == ("Churn@production", "k", 3)
    assert run.logical_date == datetime(2025, 1, 1, tzinfo=UTC)
    assert run.trigger is None


def test_a_run_that_a_person_started_has_nothing_of_this(history):
    run = Run(history.run().path)

    assert (run.launch, run.target, run.logical_date, run.idempotency_key, run.trigger) == (None,) * 5
    assert run.gates == ()


def test_a_run_says_by_which_event_it_was_started(history):
    trigger = Run(history.run(launch=launch("k", LOADED)).path).trigger

    at = datetime.fromtimestamp(BEGIN)
    event = MetaflowEvent("sales.loaded", "e1", at, "event", {"day": "2025-01-01", "rows": 3})
    assert (trigger.event, trigger.events, trigger["sales.loaded"], list(trigger)) == (event, [event], event, [event])
    assert (trigger.run, trigger.runs) == (None, None)
    assert ("sales.loaded" in trigger, "Churn" in trigger, len(trigger)) == (True, False, 1)
    assert repr(trigger) == "Trigger(sales.loaded)"


def test_an_event_that_the_run_did_not_wait_for_is_not_found_and_the_hint_names_those_that_it_did(history):
    trigger = Run(history.run(launch=launch("k", LOADED)).path).trigger

    with pytest.raises(NotFoundByKey) as missing:
        trigger["sales.laoded"]
    assert missing.value.choices == ("sales.loaded",)
    assert "sales.loaded" in missing.value.hint


def test_a_run_that_was_started_by_finished_runs_reaches_their_artifacts(history):
    paths = []
    for flow in ("Load", "Clean"):
        done = history.run(flow)
        done.task("start", {"rows": 7})
        done.task("train", after=["start"])
        done.task("end", {"rows": 8}, after=["train"])
        paths.append(done.finish())
    events = [TriggerEvent(f"run:{path}", "run.finished", BEGIN, "run", run=path) for path in paths]
    trigger = Run(history.run(launch=launch("k", *events, kind="finish")).path).trigger

    assert (trigger.run, trigger.runs) == (Run("Load/1"), [Run("Load/1"), Run("Clean/1")])
    assert trigger["Clean"].data.rows == 8
    assert list(trigger) == trigger.runs
    assert [event.type for event in trigger.events] == ["run", "run"]
    assert "Load" in trigger


def test_a_finished_run_of_somebody_else_is_reached_through_the_trigger(history):
    done = history.run("Load", user="bob")
    event = TriggerEvent("run:x", "run.finished", BEGIN, "run", run=done.finish())
    history.run(launch=launch("k", event))
    headwater.namespace("user:ann")

    assert Run("Churn/1").trigger.run.pathspec == "Load/1"


def test_runs_are_found_by_their_target(history):
    history.run()
    history.run(launch=launch("a"))
    history.run(launch=launch("b", target="Churn@user.ann"))
    history.run(launch=launch("c"))

    assert [run.id for run in Flow("Churn").runs(target="Churn@production")] == ["4", "2"]
    assert list(Flow("Churn").runs(target="Churn@test.new")) == []


def test_a_run_that_waits_at_a_gate_says_at_which(history):
    told = history.run()
    told.append(GateReached(history.tick(), "train", "train", "deployer"))
    told.lease.release()

    assert (Run(told.path).status, Run(told.path).gates) == ("waiting", ("train",))
    assert [run.id for run in Flow("Churn").runs(status="waiting")] == ["1"]


def test_the_names_are_public():
    assert (headwater.Trigger, headwater.MetaflowEvent) == (Trigger, MetaflowEvent)
