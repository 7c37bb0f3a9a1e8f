from headwater.model.outcome import FrameRecord, TaskError
from tests.client.history import BEGIN, FOREACH


def one_run(history, **facts):
    run = history.run(**facts)
    for key, after in (("start", []), ("train", ["start"]), ("end", ["train"])):
        run.task(key, {"score": 0.5} if key == "train" else None, after=after)
    run.finish()
    return run


def test_runs_are_listed_newest_first_with_what_their_rows_show(site, history):
    one_run(history, parameters={"alpha": 0.5, "words": ["a", "b"]}, tags=["best"], note="hm")
    one_run(history, user="bob")

    found = site.get("/runs").value

    assert [row["path"] for row in found["rows"]] == ["Churn/2", "Churn/1"]
    assert found["cursor"] is None
    row = found["rows"][1]
    assert (row["status"], row["user"], row["note"], row["tags"]) == ("succeeded", "ann", "hm", ["best"])
    assert row["parameters"] == {"alpha": 0.5, "words": ["a", "b"]}
    assert row["started_at"] == BEGIN + 1


def test_runs_are_narrowed_by_what_the_query_says(site, history):
    one_run(history, parameters={"alpha": 0.5}, tags=["best"])
    one_run(history, parameters={"alpha": 0.9}, user="bob")
    other = history.run("Fraud")
    other.task("start", summary={"f1": 0.8})

    def paths(**query):
        return [row["path"] for row in site.get("/runs", **query).value["rows"]]

    assert paths(flow="Churn") == ["Churn/2", "Churn/1"]
    assert paths(user="bob") == ["Churn/2"]
    assert paths(tag="best") == ["Churn/1"]
    assert paths(parameter="alpha=0.9") == ["Churn/2"]
    assert paths(metric="f1>=0.8") == ["Fraud/1"]
    assert paths(metric="f1>0.8") == []
    assert paths(status=["running", "failed"]) == ["Fraud/1"]
    assert paths(search="churn/1") == ["Churn/1"]
    assert paths(sort="started") == ["Churn/1", "Churn/2", "Fraud/1"]
    assert paths(since=BEGIN + 8) == ["Fraud/1", "Churn/2"]


def test_pages_of_runs_go_on_where_the_one_before_ended(site, history):
    for _ in range(5):
        one_run(history)

    first = site.get("/runs", limit=2).value
    second = site.get("/runs", limit=2, cursor=first["cursor"]).value
    third = site.get("/runs", limit=2, cursor=second["cursor"]).value

    labels = [row["label"] for page in (first, second, third) for row in page["rows"]]
    assert labels == [5, 4, 3, 2, 1]
    assert third["cursor"] is None


def test_what_is_asked_wrongly_is_the_askers_mistake(site):
    for query in (
        {"limit": 0},
        {"limit": 501},
        {"limit": "many"},
        {"since": "nan"},
        {"since": "inf"},
        {"status": "asleep"},
        {"parameter": "alpha"},
        {"metric": "f1"},
        {"sort": "colour"},
        {"flows": "Churn"},
    ):
        assert site.get("/runs", **query).status == 400, query
    assert site.get("/runs", cursor="x").status == 400


def test_a_run_shows_its_parameters_code_and_commands(site, history):
    one_run(history)
    run = history.run(parameters={"alpha": 0.5}, origin="Churn/1")
    run.task("start")

    found = site.get("/runs/Churn/2").value

    assert found["status"] == "running"
    assert found["role"] == "admin"
    assert [(each["name"], each["value"], each["type"]) for each in found["values"]] == [("alpha", 0.5, "float")]
    assert found["seed"] == 7
    assert found["code"] == {"file": "churn.py", "module": "churn", "root": "/code"}
    assert found["python"] == "3.11.7"
    assert found["commands"]["compare"] == "headwater compare Churn/1 Churn/2"
    assert "driver" in found


def test_a_failed_run_names_the_task_and_why(site, history):
    run = history.run()
    run.task("start")
    run.begin("train", ["start"])
    frame = FrameRecord("churn.py", 9, "train", "1 / 0", is_user=True, locals={"x": "0"})
    error = TaskError("ZeroDivisionError", "division by zero", (frame,), "Traceback ...", "divide by less")
    run.fail("train", error)
    run.history.now += 1
    from headwater.model.events import RunFinished

    run.append(RunFinished(history.tick(), "failed", failed_key="train", cause="exception", message="division by zero"))
    run.lease.release()

    found = site.get("/runs/Churn/1").value

    assert found["failure"] == {
        "cause": "exception",
        "message": "division by zero",
        "task": "Churn/1/train/2",
        "step": "train",
        "label": 2,
        "error": "ZeroDivisionError",
        "hint": "divide by less",
    }
    assert found["commands"]["resume"] == "headwater resume Churn/1"


def test_a_run_that_is_not_there_is_a_404_with_near_ones(site, history):
    one_run(history)

    found = site.get("/runs/Churn/2")

    assert found.status == 404
    assert found.value["choices"] == ["Churn/1"]
    assert site.get("/runs/Churn/zero").status == 404
    assert site.get("/runs/Churn/0").status == 404
    assert site.get(f"/runs/Churn/{2**80}").status == 404


def test_the_grid_shows_which_steps_failed_when(site, history):
    one_run(history)
    run = history.run("Fan", FOREACH)
    run.task("start")
    run.tasks([f"score/start.{index}" for index in range(3)], {}, "start")

    found = site.get("/runs/grid").value

    assert found["steps"] == ["start", "train", "end", "score"]
    assert found["rows"][0]["steps"] == {"start": {"succeeded": 1}, "score": {"succeeded": 3}}
    assert found["rows"][1]["steps"]["end"] == {"succeeded": 1}


def test_filters_offer_what_occurs(site, history):
    one_run(history, parameters={"alpha": 0.5}, tags=["best"], user="bob")
    run = history.run("Fraud")
    run.task("start", summary={"f1": 0.8})

    assert site.get("/runs/filters").value == {
        "flows": ["Churn", "Fraud"],
        "users": ["ann", "bob"],
        "tags": ["best"],
        "metrics": ["f1"],
        "parameters": ["alpha"],
    }


def test_a_run_lists_its_packages(site, history):
    one_run(history, environment={"python": "3.11.7", "numpy": "2.0"})

    assert site.get("/runs/Churn/1/environment").value == {
        "interpreter": {"python": "3.11.7", "numpy": "2.0"},
        "steps": {},
    }


def test_a_run_is_downloaded_as_one_page(site, history):
    one_run(history)

    found = site.get("/runs/Churn/1/export")

    assert found.body.startswith(b"<!doctype html>")
    assert found.headers["content-disposition"] == 'attachment; filename="Churn-1.html"'
    assert found.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
