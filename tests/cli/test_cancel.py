import json

from headwater.model.events import CancelRequested, DriverChanged, RunFinished


def test_a_run_that_nobody_drives_is_ended_as_cancelled(story, call):
    run = story.run()
    run.begin("start")
    run.lease.release()

    spoken = call("cancel", "Churn/1", "--reason", "enough")

    assert (spoken.code, spoken.out) == (0, "Churn/1 cancelled\n")
    status = json.loads(call("status", "Churn/1", "--json").out)
    assert (status["status"], status["message"], status["task_counts"]) == ("cancelled", "enough", {"cancelled": 1})
    assert call("fsck").code == 0
    *_, taken, asked, ended = [event for _, event in story.home.ledger.events(run.started.run)]
    assert [type(taken), type(asked), type(ended)] == [DriverChanged, CancelRequested, RunFinished]
    assert (asked.user, asked.reason) == ("ann", "enough")


def test_a_driver_is_asked_and_waited_for(story, spawn):
    run = story.run()
    run.begin("start")
    asking = spawn("cancel", "Churn/1", "--reason", "enough")

    said = asking.stderr.readline()
    requests = story.home.ledger.requests(run.started.run)
    run.finish("cancelled", message="enough")
    out, _ = asking.communicate()

    assert "waiting" in said
    assert [request.reason for _, request in requests] == ["enough"]
    assert requests[0][1].user == "ann"
    assert (asking.returncode, out) == (0, "Churn/1 cancelled\n")


def test_a_run_whose_driver_dies_while_it_is_asked_is_ended(story, spawn):
    run = story.run()
    run.begin("start")
    asking = spawn("cancel", "Churn/1")

    asking.stderr.readline()
    run.lease.release()
    out, err = asking.communicate()

    assert (asking.returncode, out) == (0, "Churn/1 cancelled\n")
    assert "nobody drives" in err


def test_a_run_that_succeeds_before_the_request_is_read_says_so(story, spawn):
    run = story.run()
    asking = spawn("cancel", "Churn/1")

    asking.stderr.readline()
    run.finish("succeeded")
    out, _ = asking.communicate()

    assert (asking.returncode, out) == (1, "Churn/1 succeeded\n")


def test_without_waiting_the_request_is_recorded(story, call):
    run = story.run()

    spoken = call("cancel", "Churn/1", "--no-wait")

    assert spoken.code == 0
    assert len(story.home.ledger.requests(run.started.run)) == 1
    assert story.home.ledger.find_run("Churn", 1).status == "running"


def test_a_run_that_has_ended_stays_as_it_is(story, call):
    story.run().whole()

    spoken = call("cancel", "Churn/1")

    assert spoken.code == 1
    assert "succeeded already" in spoken.err
    assert story.home.ledger.find_run("Churn", 1).status == "succeeded"
