import json

from tests.cli.stories import BEGIN


def test_status_shows_steps_metrics_and_where_the_time_went(story, call):
    story.run(note="more trees", tags=("weekly",), parameters={"alpha": 0.5}).whole()

    out = call("status", "Churn/1").out

    assert out.startswith("Churn/1  succeeded")
    for said in ("more trees", "weekly", "alpha=0.5", "f1 0.71", "compute 3.0 s", "headwater artifacts Churn/1/end"):
        assert said in out
    (train,) = [line.split() for line in out.splitlines() if line.startswith("train")]
    assert train[:3] == ["train", "2", "succeeded"]


def test_status_of_a_failed_run_names_the_line_and_what_to_type_next(story, call):
    story.run().broken()

    out = call("status", "Churn/1").out

    assert "Churn/1/train/3 failed: KeyError: no such column" in out
    assert "/project/churn.py:11 in Churn.train" in out
    assert "rows[name]" in out
    assert "hint: look at the table" in out
    assert "headwater logs Churn/1/train/3" in out
    assert "headwater debug Churn/1/train/3" in out
    assert "headwater resume Churn/1" in out
    assert "not reached: join, end" in out


def test_status_counts_the_tasks_of_a_step_by_how_they_stand(story, call):
    story.run().broken()

    (train,) = [line for line in call("status", "Churn/1").out.splitlines() if line.startswith("train")]

    assert "1 failed, 1 succeeded" in train


def test_an_interrupted_run_is_told_apart_from_a_running_one(story, call):
    run = story.run()
    run.begin("start")
    running = call("status", "Churn/1").out
    run.lease.release()

    interrupted = call("status", "Churn/1").out

    assert running.startswith("Churn/1  running")
    assert "driver" in running
    assert interrupted.startswith("Churn/1  interrupted")
    assert "headwater resume Churn/1" in interrupted


def test_the_json_holds_steps_failures_and_seconds(story, call):
    story.run().broken()

    status = json.loads(call("status", "Churn/1", "--json").out)

    assert status["status"] == "failed"
    assert {"queue", "environment", "importing", "input_load", "compute", "save"} == set(status["seconds"])
    assert [status["steps"][3]["tasks"], status["steps"][1]["tasks"]] == [{}, {"succeeded": 1, "failed": 1}]
    assert status["steps"][0]["started_at"] == BEGIN + 2
    (failure,) = status["failures"]
    assert failure["task"] == "Churn/1/train/3"
    assert failure["error"]["frames"][0]["locals"] == {"name": "'f1'"}


def test_reused_tasks_are_counted_as_such(story, call):
    story.run().broken()
    run = story.run(origin="Churn/1")
    run.reuse("start", "train", origin="Churn/1/start/1", width=2)

    out = call("status", "Churn/2").out

    assert "1 reused" in out
    assert "resumes" in out


def test_following_tells_changes_and_ends_with_the_run(story, spawn):
    run = story.run()
    run.begin("start")
    following = spawn("status", "Churn/1", "--follow")

    first = following.stderr.readline()
    run.fail("start")
    run.finish("failed", failed_key="start", message="no such column")
    out, err = following.communicate()

    assert "Churn/1 running: 1 running" in first
    assert "Churn/1 failed: 1 failed" in err
    assert out.startswith("Churn/1  failed")
    assert following.returncode == 1


def test_unknown_runs_get_the_nearest_choices(story, call):
    story.run().whole()

    for path, hint in (
        ("Churn/7", "Churn/1"),
        ("Chrun/1", "Churn"),
        ("Churn", "Churn/1"),
        ("Churn/x", "headwater list"),
    ):
        spoken = call("status", path)
        assert spoken.code == 2
        assert hint in spoken.err
        assert "Traceback" not in spoken.err


def test_the_page_of_a_run_is_named_while_somebody_shows_it(call, story):
    story.run().task("start")

    without = call("status", "Churn/1").out
    story.home.keep_page_url("http://127.0.0.1:8501")
    shown = call("status", "Churn/1").out

    assert "http" not in without
    assert "http://127.0.0.1:8501/runs/Churn/1" in shown
