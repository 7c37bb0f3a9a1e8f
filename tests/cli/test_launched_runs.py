"""What commands tell of runs of deployments, and of those that nobody drives."""

import json

from headwater.model.events import CancelRequested, GateReached, RunFinished, RunStarted, TaskStarted, TaskSucceeded
from headwater.model.launch import Firing, Launch, Trigger
from headwater.model.order import CodeSource
from headwater.model.ports import Commit, PlannedFiring
from tests.cli.stories import BEGIN, GRAPH

SLOT = BEGIN + 6 * 3600


def launch_of(key="k", target="Churn@production"):
    return Launch(target, "01D", 3, key, Trigger("schedule", "daily"), logical_date=SLOT)


def queue(story, key="k"):
    """Launch a run that nobody has taken yet."""
    first = RunStarted(
        story.tick(),
        f"01{'A' * 23}{len(key)}",
        "Churn",
        0,
        "ann",
        "here",
        1,
        GRAPH,
        CodeSource("/project", "churn.py", "churn", "Churn"),
        7,
        launch=launch_of(key),
    )
    firing = Firing(key, "Churn@production", "schedule:daily", story.now, "started", SLOT)
    return story.home.ledger.launch([PlannedFiring(firing, Commit([first]))])[0].run


def wait_at_gate(story):
    lease, _ = story.home.ledger.take(queue(story, "gated"), story.now)
    first = [TaskStarted(story.tick(), "start", "start", 1, 0), TaskSucceeded(story.tick(), "start", 0)]
    story.home.ledger.append(lease, Commit([*first, GateReached(story.tick(), "join", "join", "deployer", SLOT)]))
    lease.release()
    return "Churn/1"


def statuses(spoken):
    return [(run["run"], run["status"]) for run in json.loads(spoken.out)]


def test_queued_and_waiting_runs_are_listed_as_such(story, call):
    wait_at_gate(story)
    queue(story)
    story.run().whole()

    assert statuses(call("list", "--json"))[1:] == [("Churn/2", "queued"), ("Churn/1", "waiting")]
    assert statuses(call("list", "--status", "queued", "--json")) == [("Churn/2", "queued")]
    assert statuses(call("list", "--status", "waiting", "--json")) == [("Churn/1", "waiting")]


def test_runs_are_listed_by_their_target_and_say_their_slot(story, call):
    queue(story)
    story.run(launch=launch_of("other", "Churn@user.ann")).whole()
    story.run().whole()

    (run,) = json.loads(call("list", "--target", "Churn@production", "--json").out)

    assert {
        "run": "Churn/1",
        "target": "Churn@production",
        "deployment": 3,
        "logical_date": SLOT,
        "idempotency_key": "k",
        "trigger": "schedule",
        "gates": [],
        "gate_expires_at": None,
    }.items() <= run.items()


def test_the_status_of_a_deployments_run_names_deployment_and_slot(story, call, in_zone):
    in_zone("Europe/Berlin")
    story.run(launch=launch_of()).whole()

    out = call("status", "Churn/1").out

    assert "Churn@production, deployment 3, by schedule daily" in out
    assert "2025-01-01 06:00 UTC, 2025-01-01 07:00 here" in out


def test_the_status_of_a_waiting_run_names_the_gate_and_the_command(story, call):
    wait_at_gate(story)

    out = call("status", "Churn/1").out
    facts = json.loads(call("status", "Churn/1", "--json").out)

    assert "headwater approve Churn/1/join" in out
    assert (facts["status"], facts["gates"], facts["gate_expires_at"]) == ("waiting", ["join"], SLOT)


def test_a_queued_run_that_is_cancelled_ends_without_ever_having_had_a_driver(story, call):
    run = queue(story)

    spoken = call("cancel", "Churn/1", "--reason", "not today")

    assert (spoken.code, spoken.out) == (0, "Churn/1 cancelled\n")
    kinds = [type(event) for _, event in story.home.ledger.events(run)]
    assert kinds == [RunStarted, CancelRequested, RunFinished]
    assert story.home.ledger.run(run).message == "not today"
    assert call("fsck").code == 0


def test_a_waiting_run_that_is_cancelled_ends_and_waits_at_no_gate(story, call):
    path = wait_at_gate(story)

    spoken = call("cancel", path)
    row = story.home.ledger.find_run("Churn", 1)

    assert (spoken.code, row.status, row.gates, row.task_counts) == (0, "cancelled", (), {"succeeded": 1})
    assert call("fsck").code == 0
