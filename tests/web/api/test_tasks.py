from headwater.model.outcome import FrameRecord, TaskError
from tests.client.history import FOREACH


def fan(history, width=3):
    run = history.run("Fan", FOREACH, parameters={"alpha": 0.5})
    run.task("start", {"items": list(range(width))})
    keys = [f"score/start.{index}" for index in range(width)]
    run.tasks(keys, {key: {"score": index} for index, key in enumerate(keys)}, "start")
    return run, keys


def test_tasks_are_listed_page_by_page(site, history):
    fan(history)

    first = site.get("/runs/Fan/1/tasks", limit=3).value
    rest = site.get("/runs/Fan/1/tasks", limit=3, cursor=first["cursor"]).value

    assert [row["path"] for row in first["rows"]] == ["Fan/1/start/1", "Fan/1/score/2", "Fan/1/score/3"]
    assert [row["indices"] for row in rest["rows"]] == [[2]]
    assert rest["cursor"] is None


def test_tasks_are_narrowed_and_sorted(site, history):
    run, keys = fan(history)
    run.begin("join", keys)
    run.fail("join", TaskError("ValueError", "no rows", traceback="..."))

    def labels(**query):
        return [row["label"] for row in site.get("/runs/Fan/1/tasks", **query).value["rows"]]

    assert labels(step="score") == [2, 3, 4]
    assert labels(status="failed") == [5]
    assert labels(status=["failed", "succeeded"], step="score", sort="-label") == [4, 3, 2]
    assert labels(search="no ROWS") == [5]
    assert labels(sort="-started") == [5, 4, 3, 2, 1]
    assert site.get("/runs/Fan/1/tasks", sort="colour").status == 400
    failed = site.get("/runs/Fan/1/tasks", status="failed").value["rows"][0]
    assert (failed["error"], failed["message"], failed["cause"]) == ("ValueError", "no rows", "exception")


def test_a_task_shows_its_attempts_neighbours_and_artifacts(site, history):
    run, keys = fan(history)
    frame = FrameRecord("churn.py", 9, "score", "1 / 0", is_user=True, locals={"x": "0"})
    run.begin("join", keys)
    run.fail("join", TaskError("ZeroDivisionError", "division by zero", (frame,), "Traceback"), retry_at=history.now)
    run.begin("join", keys, attempt=1)
    run.succeed("join", {"best": 2}, attempt=1, reads={"inputs[2].score": "d" * 64})

    found = site.get("/runs/Fan/1/tasks/join/5").value

    assert [(each["attempt"], each["status"]) for each in found["attempts"]] == [(0, "failed"), (1, "succeeded")]
    assert found["attempts"][0]["error"]["frames"][0]["locals"] == {"x": "0"}
    assert [each["path"] for each in found["parents"]["rows"]] == ["Fan/1/score/2", "Fan/1/score/3", "Fan/1/score/4"]
    assert found["children"] == {"rows": [], "has_more": False}
    assert [(each["name"], each["is_own"]) for each in found["artifacts"]] == [("best", True), ("alpha", False)]
    assert found["artifacts"][1]["set_by"] == "Fan/1/_parameters"
    assert found["reads"] == [{"name": "inputs[2].score", "digest": "d" * 64}]
    assert found["commands"]["debug"] == "headwater debug Fan/1/join/5"


def test_inherited_artifacts_say_which_task_set_them(site, history):
    run = history.run()
    run.task("start", {"rows": [1, 2]})
    run.task("train", {"score": 0.5}, after=["start"])

    found = site.get("/runs/Churn/1/tasks/train/2").value

    assert [(each["name"], each["set_by"], each["value"]["preview"]) for each in found["artifacts"]] == [
        ("score", "Churn/1/train/2", "0.5"),
        ("rows", "Churn/1/start/1", [1, 2]),
    ]
    whole = site.get("/runs/Churn/1/tasks/train/2/artifacts/rows").value
    assert (whole["set_by"], whole["header"]["preview"], whole["codec"]) == ("Churn/1/start/1", [1, 2], "json/1")


def test_a_long_preview_is_on_the_artifacts_own_page_only(site, history):
    run = history.run()
    run.task("start", {"words": {f"key {number}": "x" * 118 for number in range(20)}})

    listed = site.get("/runs/Churn/1/tasks/start/1").value["artifacts"][0]["value"]

    assert listed["is_cut"] and "preview" not in listed
    assert len(site.get("/runs/Churn/1/tasks/start/1/artifacts/words").value["header"]["preview"]) == 20


def test_neighbours_are_bounded(site, history):
    fan(history, width=60)

    found = site.get("/runs/Fan/1/tasks/start/1").value

    assert (len(found["children"]["rows"]), found["children"]["has_more"]) == (50, True)


def test_a_deep_recursion_is_cut(site, history):
    run = history.run()
    run.begin("start")
    frames = tuple(FrameRecord("churn.py", line, "again") for line in range(1000))
    run.fail("start", TaskError("RecursionError", "too deep", frames, "x" * 1_000_000))

    found = site.get("/runs/Churn/1/tasks/start/1")

    assert len(found.body) < 250_000
    lines = [frame["line"] for frame in found.value["failure"]["frames"]]
    assert (lines[0], lines[-1], len(lines)) == (0, 999, 100)


def test_a_task_that_is_not_there_is_a_404(site, history):
    fan(history)

    assert site.get("/runs/Fan/1/tasks/score/9").value["choices"] == [f"Fan/1/score/{label}" for label in (2, 3, 4)]
    assert site.get("/runs/Fan/1/tasks/nothing/1").status == 404
    assert site.get("/runs/Fan/1/tasks/score/0").status == 404
    assert site.get("/runs/Fan/1/tasks/score/2/artifacts/nothing").value["choices"] == ["alpha", "items", "score"]


def test_a_reused_task_shows_where_it_ran(site, history):
    run = history.run()
    run.task("start", {"rows": [1, 2]})
    run.finish("failed")
    again = history.run(origin="Churn/1")
    again.reuse("start", run)

    found = site.get("/runs/Churn/2/tasks/start/1").value

    assert (found["origin"], found["ran_as"]) == ("Churn/1/start/1", "Churn/1/start/1")
    assert found["attempts"][0]["usage"]["peak_memory_bytes"] == 5_000_000
