"""What a failed run is told to differ in from the last good one."""

from headwater.model.outcome import TaskError
from headwater.model.production import Project


def run(history, *, works=True, **facts):
    made = history.run(**facts)
    made.task("start", {"rows": facts.get("parameters", {}).get("alpha", 0)})
    if works:
        made.finish()
    else:
        made.begin("train", after=["start"])
        made.fail("train", TaskError("ValueError", "no rows"))
        made.finish("failed", "no rows", failed_key="train")
    return made


def test_a_failed_run_is_compared_with_the_last_that_succeeded_before_it(site, history):
    run(history, parameters={"alpha": 0.1})
    run(history, parameters={"alpha": 0.5}, environment={"numpy": "1.26"})
    run(history, parameters={"alpha": 0.7}, works=False)
    run(history, parameters={"alpha": 0.9}, works=False, environment={"numpy": "2.0"})
    run(history, parameters={"alpha": 0.9})

    found = site.get("/runs/Churn/4/since-good").value

    assert (found["good"], found["failed_since"]) == ("Churn/2", 1)
    assert {"kind": "parameters", "text": "alpha: 0.5 -> 0.9"} in found["changes"]
    assert {"kind": "packages", "text": "numpy: 1.26 -> 2.0"} in found["changes"]
    assert found["changes"][0]["kind"] == "inputs"
    assert (found["count"], found["is_cut"], found["unknown"]) == (len(found["changes"]), False, "")


def test_without_a_good_run_before_there_is_nothing_to_tell(site, history):
    run(history, works=False)
    run(history)

    assert site.get("/runs/Churn/1/since-good").value["good"] is None


def test_the_run_of_a_project_that_one_does_not_see_is_no_good_one(site, history):
    run(history, parameters={"alpha": 0.5}, project=Project("fraud", "prod"))
    run(history, parameters={"alpha": 0.9}, works=False)
    site.people["eve"] = {"": "viewer"}

    assert site.get("/runs/Churn/2/since-good", who="eve").value == site.get("/runs/Churn/2/since-good").value
    assert site.get("/runs/Churn/2/since-good").value["good"] is None
    assert site.get("/runs/Churn/1/since-good", who="eve").status == 404
