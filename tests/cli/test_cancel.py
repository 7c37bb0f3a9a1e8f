import json


def test_a_run_that_nobody_drives_is_ended_as_cancelled(story, call):
    run = story.run()
    run.begin("start")
    run.lease.release()

    spoken = call("cancel", "Churn/1", "--reason", "enough")

    assert (0, "Churn/1 cancelled\n") == (spoken.code, spoken.out)
    status = json.loads(call("status", "Churn/1", "--json").out)
    assert ("cancelled", "enough", {"cancelled": 1}) == (status["status"], status["message"], status["task_counts"])
    assert 0 == call("fsck").code


def test_a_driver_is_asked_and_waited_for(story, spawn):
    run = story.run()
    run.begin("start")
    asking = spawn("cancel", "Churn/1", "--reason", "enough")

    said = asking.stderr.readline()
    requests = story.home.ledger.requests(run.started.run)
    run.finish("cancelled", message="enough")
    out, _ = asking.communicate()

    assert "waiting" in said
    assert ["enough"] == [request.reason for _, request in requests]
    assert "ann" == requests[0][1].user
    assert (0, "Churn/1 cancelled\n") == (asking.returncode, out)


def test_a_run_whose_driver_dies_while_it_is_asked_is_ended(story, spawn):
    run = story.run()
    run.begin("start")
    asking = spawn("cancel", "Churn/1")

    asking.stderr.readline()
    run.lease.release()
    out, err = asking.communicate()

    assert (0, "Churn/1 cancelled\n") == (asking.returncode, out)
    assert "nobody drives" in err


def test_a_run_that_succeeds_before_the_request_is_read_says_so(story, spawn):
    run = story.run()
    asking = spawn("cancel", "Churn/1")

    asking.stderr.readline()
    run.finish("succeeded")
    out, _ = asking.communicate()

    assert (1, "Churn/1 succeeded\n") == (asking.returncode, out)


def test_without_waiting_the_request_is_recorded(story, call):
    run = story.run()

    spoken = call("cancel", "Churn/1", "--no-wait")

    assert 0 == spoken.code
    assert 1 == len(story.home.ledger.requests(run.started.run))
    assert "running" == story.home.ledger.find_run("Churn", 1).status


def test_a_run_that_has_ended_stays_as_it_is(story, call):
    story.run().whole()

    spoken = call("cancel", "Churn/1")

    assert 1 == spoken.code
    assert "succeeded already" in spoken.err
    assert "succeeded" == story.home.ledger.find_run("Churn", 1).status
