import pytest

from headwater.model.events import TaskStarted, TaskSucceeded
from headwater.model.options import Resources, StepOptions
from headwater.model.outcome import TaskError, Transition, Usage
from tests.client.history import FOREACH


@pytest.fixture
def fan(history):
    """A run of a foreach: start 0-10, two scores 12-22 and 12-42 (after a wait), a join 43-50."""
    run = history.run("Fan", FOREACH)
    zero = run.started.at

    def task(key, label, ready, begin, end, parents, queue=0.0, memory=0, attempt=0, width=None):
        inherits = len(parents) == 1 and not key.startswith("join")
        usage = Usage(
            zero + begin, zero + end, queue=queue, compute=end - begin, peak_memory_bytes=memory, user_cpu=end - begin
        )
        step = key.partition("/")[0]
        targets = run.started.graph.steps[step].targets
        run.append(
            TaskStarted(
                zero + begin, key, step, label, attempt, zero + ready, tuple(parents), len(parents), inherits=inherits
            ),
            TaskSucceeded(zero + end, key, attempt, transition=Transition(targets, width), usage=usage),
        )

    task("start", 1, 0, 0, 10, [], width=2)
    task("score/start.0", 2, 10, 12, 22, ["start"], queue=2.0, memory=100)
    task("score/start.1", 3, 10, 12, 42, ["start"], queue=2.0, memory=900)
    task("join", 4, 42, 43, 50, ["score/start.0", "score/start.1"])
    return run


def test_the_graph_counts_tasks_by_step_and_status(site, fan):
    found = site.get("/runs/Fan/1/graph").value

    steps = {step["name"]: step for step in found["steps"]}
    assert list(steps) == ["start", "score", "join", "end"]
    assert steps["score"]["counts"] == {"succeeded": 2}
    assert (steps["start"]["kind"], steps["start"]["width"]) == ("foreach", 2)
    assert steps["score"]["seconds"]["compute"] == 40.0
    assert "counts" not in steps["end"]
    assert {(edge["source"], edge["target"]) for edge in found["edges"]} == {
        ("start", "score"),
        ("score", "join"),
        ("join", "end"),
    }


def test_the_timeline_gives_columns_page_by_page(site, fan):
    first = site.get("/runs/Fan/1/timeline", limit=3).value
    rest = site.get("/runs/Fan/1/timeline", limit=3, cursor=first["cursor"]).value

    spans = first["spans"]
    assert (spans["label"], first["cursor"], rest["spans"]["label"], rest["cursor"]) == ([1, 2, 3], 3, [4], None)
    assert [first["steps"][place] for place in spans["step"]] == ["start", "score", "score"]
    assert [first["statuses"][place] for place in spans["status"]] == ["succeeded"] * 3
    assert (spans["ready"][1:], spans["start"][1:], spans["end"][1:]) == ([10.0, 10.0], [12.0, 12.0], [22.0, 42.0])
    assert spans["seconds"][1] == [2.0, 0.0, 0.0, 0.0, 10.0, 0.0]
    assert site.get("/runs/Fan/1/timeline", limit=5001).status == 400
    assert site.get("/runs/Fan/1/timeline", cursor="x").status == 400


def test_every_attempt_has_a_span(site, history):
    run = history.run()
    run.begin("start")
    run.fail("start", TaskError("ValueError", "no"), retry_at=history.now)
    run.begin("start", attempt=1)

    spans = site.get("/runs/Churn/1/timeline").value["spans"]

    assert (spans["attempt"], spans["end"][1]) == ([0, 1], None)


def test_the_critical_path_is_what_each_task_waited_for(site, fan):
    found = site.get("/runs/Fan/1/critical-path").value

    assert [(link["path"], link["waiting"], link["running"]) for link in found["links"]] == [
        ("Fan/1/start/1", 0.0, 10.0),
        ("Fan/1/score/3", 2.0, 30.0),
        ("Fan/1/join/4", 1.0, 7.0),
    ]
    assert (found["total"], found["waiting"], found["running"], found["is_cut"]) == (50.0, 3.0, 47.0, False)
    assert found["share_by_step"] == {"start": 0.2, "score": 0.64, "join": 0.16}


def test_what_an_attempt_took_beyond_what_was_measured_in_it_is_the_start_of_its_process(site, history):
    run = history.run()
    run.begin("start")
    history.now += 9
    run.succeed("start", None)
    run.finish()

    found = site.get("/runs/Churn/1/blame").value

    assert (found["duration"], sum(found["path"].values())) == (12.0, 0.0)
    assert (found["starting"], found["other"]) == (10.0, 2.0)


def test_the_blame_splits_the_time_of_the_path_and_of_each_step(site, fan, history):
    history.now = fan.started.at + 49
    fan.finish()

    found = site.get("/runs/Fan/1/blame").value

    assert found["duration"] == 50.0
    assert (found["path"]["compute"], found["path"]["queue"], found["other"]) == (47.0, 2.0, 1.0)
    assert found["starting"] == 0.0
    assert found["tasks"]["compute"] == 57.0
    score = next(step for step in found["steps"] if step["step"] == "score")
    assert (score["tasks"], score["shortest"], score["longest"], score["longest_label"]) == (2, 10.0, 30.0, 3)


def test_resources_compare_what_was_asked_with_what_was_used(site, fan):
    found = site.get("/runs/Fan/1/resources").value

    score = next(step for step in found["steps"] if step["step"] == "score")
    assert (score["tasks"], score["peak_memory_bytes"], score["peak_label"]) == (2, 900, 3)
    assert (score["cpu_seconds"], score["most_cores"]) == (40.0, 1.0)
    assert "memory_share" not in score


def test_a_run_without_tasks_has_times_of_nothing(site, history):
    history.run()

    assert site.get("/runs/Churn/1/timeline").value["spans"]["label"] == []
    assert site.get("/runs/Churn/1/critical-path").value["links"] == []
    assert site.get("/runs/Churn/1/blame").value["steps"] == []
    assert site.get("/runs/Churn/1/resources").value["steps"] == []


def test_a_loop_and_a_switch_are_ways_of_the_graph(site, home):
    from headwater.model.graph import Graph, Step
    from headwater.web.api.runs_graph import decorator_texts, edges_of

    steps = {
        "start": Step("start", "linear", "f.py", 1, ("try_it",)),
        "try_it": Step(
            "try_it",
            "switch",
            "f.py",
            2,
            ("try_it", "end"),
            attribute="is_good",
            cases=(("False", "try_it"), ("True", "end")),
            back_targets=("try_it",),
        ),
        "end": Step("end", "end", "f.py", 3),
    }

    edges = edges_of(Graph("Loop", "f.py", "f", "start", "end", steps))

    assert [(edge.source, edge.target, edge.case, edge.is_back) for edge in edges] == [
        ("start", "try_it", None, False),
        ("try_it", "try_it", "False", True),
        ("try_it", "end", "True", False),
    ]
    texts = decorator_texts(StepOptions(resources=Resources(cpu=2, memory=4000)))
    assert texts == ("@resources(cpu=2, memory=4000)",)
