from headwater.model.events import Cancel


def test_a_note_is_replaced_also_after_the_end(site, history):
    history.run(note="old").finish()

    assert site.put("/runs/Churn/1/note", {"note": "**new**"}).value == {"note": "**new**"}
    assert site.get("/runs/Churn/1").value["note"] == "**new**"


def test_tags_are_added_and_removed_in_one_go(site, history):
    history.run(tags=["a", "b"])

    assert site.post("/runs/Churn/1/tags", {"add": ["c"], "remove": ["a"]}).value == {"tags": ["b", "c"]}
    assert site.post("/runs/Churn/1/tags", {"remove": ["user:ann"]}).status == 422
    assert site.post("/runs/Churn/1/tags", {"add": ["x" * 501]}).status == 422


def test_the_driver_of_a_run_is_asked_to_stop(site, history):
    run = history.run()

    found = site.post("/runs/Churn/1/cancel", {"reason": "too slow"})

    assert (found.status, found.value) == (202, {"status": "running"})
    asked = [request for _, request in site.home.ledger.requests(run.started.run)]
    assert [(type(each), each.user, each.reason) for each in asked] == [(Cancel, "ann", "too slow")]


def test_a_run_that_nobody_drives_is_ended_at_once(site, history):
    run = history.run()
    run.lease.release()

    assert site.post("/runs/Churn/1/cancel", {}).value == {"status": "cancelled"}
    assert site.post("/runs/Churn/1/cancel", {}).status == 409


def test_a_viewer_changes_nothing(site, history):
    run = history.run()
    run.lease.release()
    site.people["vic"] = {"": "viewer"}
    site.people["eve"] = {"fraud": "admin"}

    for who, status in (("vic", 403), ("eve", 404)):
        assert site.put("/runs/Churn/1/note", {"note": "x"}, who=who).status == status
        assert site.post("/runs/Churn/1/tags", {"add": ["x"]}, who=who).status == status
        assert site.post("/runs/Churn/1/cancel", {}, who=who).status == status
    found = site.get("/runs/Churn/1").value
    assert (found["status"], "note" in found, "tags" in found) == ("interrupted", False, False)
