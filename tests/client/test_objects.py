import os
import pickle
from datetime import datetime

import pytest

from headwater.client.objects import DataArtifact, Flow, Metaflow, Run, Step, Task
from headwater.model.errors import InvalidPathspec, NotFound
from headwater.model.outcome import FrameRecord, TaskError
from tests.client.history import BEGIN, FOREACH, GANG, View, write_log


@pytest.fixture
def churn(history):
    """Churn/1: start, train, end; `train` sets the model."""
    run = history.run(parameters={"alpha": 0.5, "name": "ann's"})
    run.task("start", {"x": 1, "_hidden": 2})
    run.task("train", {"model": [1, 2]}, after=["start"], summary={"f1": 0.7})
    run.task("end", {"score": 0.9}, after=["train"])
    run.finish()
    return run


@pytest.fixture
def wide(history):
    """Churn/1: a foreach of 70 items and its join."""
    run = history.run(shape=FOREACH, parameters={"alpha": 0.5})
    run.task("start", {"shared": "from start"})
    keys = [f"score/start.{index}" for index in range(70)]
    run.tasks(keys, {key: {"value": index} for index, key in enumerate(keys)}, after="start")
    run.task("join", {"total": 70}, after=keys)
    run.task("end", after=["join"])
    run.finish()
    return run


def test_a_run_is_found_by_its_path(churn):
    run = Run("Churn/1")

    assert (run.id, run.pathspec, run.path_components, repr(run)) == ("1", "Churn/1", ["Churn", "1"], "Run('Churn/1')")
    assert (run.successful, run.finished, run.status) == (True, True, "succeeded")


def test_a_run_is_found_by_its_ulid(churn):
    assert Run("Churn/1") == Run(f"Churn/{churn.started.run}")


def test_times_are_naive_and_local(churn):
    run = Run("Churn/1")

    assert datetime.fromtimestamp(BEGIN + 1) == run.created_at
    assert datetime.fromtimestamp(BEGIN + 8) == run.finished_at
    assert datetime.fromtimestamp(BEGIN + 2) == run["start"].created_at
    assert datetime.fromtimestamp(BEGIN + 3) == run["start"].finished_at


def test_steps_come_newest_first_and_tasks_in_the_order_of_their_start(wide):
    run = Run("Churn/1")

    assert [step.id for step in run] == ["end", "join", "score", "start"]
    assert [str(label) for label in range(2, 72)] == [task.id for task in run["score"]]


def test_a_step_that_was_not_reached_is_no_step_of_the_run(history):
    run = history.run()
    run.task("start")

    assert [step.id for step in Run("Churn/1")] == ["start"]
    assert "train" not in Run("Churn/1")
    with pytest.raises(NotFound, match="has not been reached"):
        Step("Churn/1/train")


def test_a_task_shows_what_it_set_what_it_inherited_and_the_parameters(churn):
    data = Run("Churn/1").data

    assert (data.score, data.model, data.x, data.alpha) == (0.9, [1, 2], 1, 0.5)
    assert "model" in data
    assert "absent" not in data
    assert repr(data) == "<MetaflowData: alpha, model, name, score, x>"


def test_a_step_of_a_page_inherits_from_above_the_page(wide):
    tasks = list(Run("Churn/1")["score"])

    assert [(index, "from start", 0.5) for index in range(70)] == [
        (task.data.value, task.data.shared, task.data.alpha) for task in tasks
    ]


def test_a_join_inherits_nothing_but_parameters(wide):
    assert [artifact.id for artifact in Run("Churn/1")["join"].task] == ["alpha", "total"]


def test_private_artifacts_are_reached_by_name_only(churn):
    task = Run("Churn/1")["start"].task

    assert [artifact.id for artifact in task] == ["alpha", "name", "x"]
    assert task["_hidden"].data == 2
    assert "_hidden" in task


def test_artifacts_are_a_named_tuple(churn):
    artifacts = Run("Churn/1")["train"].task.artifacts

    assert artifacts._fields == ("alpha", "model", "name", "x")
    assert artifacts.model.data == [1, 2]


def test_an_artifact_says_what_it_is_without_being_loaded(churn):
    artifact = DataArtifact("Churn/1/train/2/model")

    assert (artifact.type, artifact.id, artifact.size > 0) == ("list", "model", True)
    assert len(artifact.sha) == 64
    assert artifact.preview is not None


def test_parameters_are_reached_through_a_pseudo_step(churn):
    run = Run("Churn/1")

    assert run.parameters == {"alpha": 0.5, "name": "ann's"}
    assert run["_parameters"].task["alpha"].data == 0.5
    assert Task("Churn/1/_parameters/0").data.alpha == 0.5
    assert "_parameters" not in [step.id for step in run]
    task = run["_parameters"].task
    assert (task.attempts, task.metadata, task.stdout, task.finished, task.index) == ([], [], "", True, None)
    assert [found.id for found in pickle.loads(pickle.dumps(task))] == ["alpha", "name"]


def test_metrics_are_a_mapping_by_name(churn):
    assert Run("Churn/1").metrics["f1"] == 0.7


def test_parents_lead_up_to_the_flow(churn):
    artifact = DataArtifact("Churn/1/train/2/model")

    assert Task("Churn/1/train/2") == artifact.parent
    assert Step("Churn/1/train") == artifact.parent.parent
    assert Run("Churn/1") == artifact.parent.parent.parent
    assert Flow("Churn") == artifact.parent.parent.parent.parent


def test_parent_and_child_tasks_of_a_wide_join_are_all_there(wide):
    run = Run("Churn/1")

    assert [f"Churn/1/score/{label}" for label in range(2, 72)] == list(run["join"].task.parent_task_pathspecs)
    assert list(run["score"].task.child_task_pathspecs) == ["Churn/1/join/72"]
    assert len(list(run["start"].task.child_tasks)) == 70


def test_steps_know_their_neighbours(wide):
    step = Run("Churn/1")["score"]

    assert ([up.id for up in step.parent_steps], [down.id for down in step.child_steps]) == (["start"], ["join"])


def test_an_item_knows_its_index(wide):
    run = Run("Churn/1")

    assert (run["score"]["5"].index, run["start"].task.index) == (3, None)


def test_the_control_task_of_a_gang_is_its_member_0(history):
    run = history.run(shape=GANG)
    run.task("start")
    run.tasks(["score/start.0", "score/start.1"], {}, after="start")

    assert (Run("Churn/1")["score"].control_task.id, Run("Churn/1")["start"].control_task) == ("2", None)
    assert len(list(Run("Churn/1")["score"])) == 2


def test_the_end_task_is_none_until_it_is_there(history):
    run = history.run()
    run.task("start")

    assert (Run("Churn/1").end_task, Run("Churn/1").data) == (None, None)


def test_a_failed_task_has_its_exception_and_frames(history):
    run = history.run()
    run.begin("start")
    error = TaskError("builtins.ValueError", "bad", (FrameRecord("churn.py", 3, "start"),), "Traceback ...")
    run.fail("start", error)
    run.finish("failed", "start failed", "start")
    task = Task("Churn/1/start/1")

    assert (
        task.exception.exception,
        task.exception.type,
        task.exception.stacktrace,
    ) == ("bad", "builtins.ValueError", "Traceback ...")
    assert (task.successful, task.finished, task.cause) == (False, True, "exception")
    assert (Run("Churn/1").successful, Run("Churn/1").finished) == (False, True)


def test_a_caught_failure_is_finished_and_not_successful_and_keeps_its_exception(history):
    run = history.run()
    run.begin("start")
    run.succeed("start", error=TaskError("builtins.ValueError", "bad"))
    task = Task("Churn/1/start/1")

    assert (task.finished, task.successful, task.exception.exception) == (True, False, "bad")


def test_attempts_and_metadata_tell_of_all_attempts(history):
    run = history.run()
    run.begin("start")
    run.fail("start", TaskError("builtins.ValueError", "first"), retry_at=1.0)
    run.begin("start", attempt=1)
    run.succeed("start", attempt=1)
    task = Task("Churn/1/start/1")

    assert [attempt.status for attempt in task.attempts] == ["failed", "succeeded"]
    assert (task.current_attempt, task.successful) == (1, True)
    assert [datum.value for datum in task.metadata if datum.name == "attempt"] == ["0", "1"]
    assert (task.metadata_dict["attempt"], task.metadata_dict["attempt_ok"]) == ("1", "True")


def test_a_task_made_for_an_attempt_tells_of_that_attempt(history):
    run = history.run()
    run.begin("start")
    run.fail("start", TaskError("builtins.ValueError", "first"), retry_at=1.0)
    run.begin("start", attempt=1)
    run.succeed("start", attempt=1)

    assert (
        Task("Churn/1/start/1", attempt=0).exception.exception,
        Task("Churn/1/start/1", 0).current_attempt,
    ) == ("first", 0)
    with pytest.raises(NotFound, match="no attempt 2"):
        Task("Churn/1/start/1", attempt=2)


def test_logs_are_those_of_the_latest_attempt_unless_one_is_named(home, history):
    run = history.run()
    run.begin("start")
    run.fail("start", TaskError("builtins.ValueError", "first"), retry_at=1.0)
    run.begin("start", attempt=1)
    run.succeed("start", attempt=1)
    write_log(home, run, "start", ["o before"], attempt=0)
    write_log(home, run, "start", ["o hello", "e oh", "O no end"], attempt=1)
    task = Task("Churn/1/start/1")

    assert (task.stdout, task.stderr) == ("hello\nno end", "oh\n")
    assert (task.stdout_size, task.stderr_size) == (12, 3)
    assert [(datetime.fromtimestamp(BEGIN), "hello"), (datetime.fromtimestamp(BEGIN + 2), "no end")] == list(
        task.loglines("stdout")
    )
    assert [line for _, line in task.loglines("stdout", as_unicode=False, attempt=0)] == [b"before"]
    assert Task("Churn/1/start/1", attempt=0).stdout == "before\n"


def test_a_run_gives_the_lines_of_all_tasks(home, churn):
    write_log(home, churn, "start", ["o one"])
    write_log(home, churn, "train", ["e two", "o three"])
    run = Run("Churn/1")

    assert [(task.parent.id, line.text) for task, line in run.logs()] == [
        ("start", "one"),
        ("train", "two"),
        ("train", "three"),
    ]
    assert [line.text for _, line in run.logs("stderr")] == ["two"]


def test_a_task_without_lines_has_empty_logs(churn):
    assert (Task("Churn/1/start/1").stdout, Task("Churn/1/start/1").stderr_size) == ("", 0)


def test_a_reused_task_shows_the_logs_and_artifacts_of_the_one_that_ran(home, history):
    first = history.run()
    first.task("start", {"x": 1})
    first.finish("failed")
    write_log(home, first, "start", ["o hello"])
    second = history.run(origin="Churn/1")
    second.reuse("start", first)
    third = history.run(origin="Churn/2")
    third.reuse("start", second)
    task = Task("Churn/3/start/1")

    assert (task.stdout, task.data.x) == ("hello\n", 1)
    assert (task.origin_pathspec, Run("Churn/3").origin_pathspec) == ("Churn/2/start/1", "Churn/2")
    assert (task.metadata_dict["origin-run-id"], task.metadata_dict["origin-task-id"]) == ("2", "1")
    assert (task.metadata_dict["attempt"], task.metadata_dict["host"]) == ("0", "desk")
    assert task.usage.peak_memory_bytes == 5_000_000
    assert Run("Churn/2") == Run("Churn/3").origin


def test_a_task_that_ran_again_in_a_resumed_run_names_only_the_run(history):
    history.run().finish("failed")
    history.run(origin="Churn/1").task("start")

    metadata = Task("Churn/2/start/1").metadata_dict

    assert (metadata["origin-run-id"], "origin-task-id" in metadata) == ("1", False)


def test_an_unfinished_run_is_read_again_each_time(history):
    run = history.run()
    seen = Run("Churn/1")
    assert seen.status == "running"

    run.task("start")
    run.finish()

    assert seen.status == "succeeded"


def test_a_task_is_read_again_until_it_is_over(history):
    run = history.run()
    run.begin("start")
    task = Task("Churn/1/start/1")
    assert (task.finished, task.status) == (False, "running")

    run.succeed("start")

    assert (task.finished, task.status) == (True, "succeeded")


@pytest.mark.parametrize(
    ("make", "path", "message"),
    [
        (Flow, "Chrn", "did you mean `Churn`"),
        (Run, "Chrn/1", "did you mean `Churn`"),
        (Run, "Churn/9", "Churn/9"),
        (Run, "Churn/first", "has no run `first`"),
        (Step, "Churn/1/trian", "did you mean `train`"),
        (Task, "Churn/1/train/9", "has no task 9"),
        (Task, "Churn/1/train/x", "has no task `x`"),
        (Task, "Churn/1/nothing/1", "has no step `nothing`"),
        (DataArtifact, "Churn/1/train/2/modell", "did you mean `model`"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(churn, make, path, message):
    with pytest.raises(NotFound, match=message):
        make(path)


@pytest.mark.parametrize(
    ("make", "path"),
    [(Flow, "a/b"), (Run, "Churn"), (Run, "Churn/1/train"), (Step, "Churn/1"), (Task, ""), (Run, "Churn//"), (Run, 17)],
)
def test_a_path_of_another_form_is_refused(churn, make, path):
    with pytest.raises(InvalidPathspec):
        make(path)


def test_brackets_raise_key_errors(churn):
    flow = Flow("Churn")

    for find in (
        lambda: Metaflow()["Nothing"],
        lambda: flow["9"],
        lambda: flow["first"],
        lambda: flow["1"]["nothing"],
        lambda: flow["1"]["train"]["9"],
        lambda: flow["1"]["train"]["2"]["nothing"],
    ):
        with pytest.raises(KeyError):
            find()


def test_in_tells_what_exists(churn):
    flow = Flow("Churn")

    assert "Churn" in Metaflow()
    assert "1" in flow
    assert "9" not in flow
    assert "2" in flow["1"]["train"]
    assert "model" in flow["1"]["train"]["2"]
    assert "" not in flow["1"]["train"]["2"]


def test_a_missing_attribute_of_data_names_the_nearest(churn):
    with pytest.raises(AttributeError, match="did you mean `model`"):
        Run("Churn/1").data.modle


def test_objects_pickle_with_their_home_and_namespace(home, churn):
    view = View(home, "user:ann")
    made = [
        Flow("Churn", _view=view),
        Run("Churn/1", _view=view),
        Step("Churn/1/train", _view=view),
        Task("Churn/1/train/2", _view=view),
        DataArtifact("Churn/1/train/2/model", _view=view),
    ]

    copies = pickle.loads(pickle.dumps(made))

    assert made == copies
    assert [copy._view.namespace for copy in copies] == ["user:ann"] * 5
    assert [home.path] * 5 == [copy._view.home_path for copy in copies]
    assert copies[4].data == [1, 2]
    assert copies[3].data.model == [1, 2]


def test_artifacts_of_a_page_of_tasks_are_fetched_together(home, wide, monkeypatch):
    asked = []
    for name in ("artifacts", "visible", "small", "tasks"):
        ask = getattr(home.ledger, name)
        monkeypatch.setattr(home.ledger, name, lambda *given, _ask=ask, _name=name: asked.append(_name) or _ask(*given))
    view = View(home, None)

    read = [(task.data.value, task.data.shared) for task in Run("Churn/1", _view=view)["score"]]

    assert read == [(index, "from start") for index in range(70)]
    assert sorted(asked) == ["artifacts"] * 3 + ["small"] * 2 + ["tasks"] * 2


def test_an_object_reads_on_in_a_forked_child(home, churn):
    run = Run("Churn/1")
    assert run.status == "succeeded"

    child = os.fork()
    if not child:
        try:
            os._exit(0 if run.data.model == [1, 2] and run.note == "" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_key_that_leads_nowhere_is_answered_with_the_nearest(history):
    history.run().task("start", {"rows": 1})

    with pytest.raises(KeyError) as raised:
        Run("Churn/1")["start"].task["row"]

    assert str(raised.value) == (
        "Churn/1/start/1 has no artifact `row`\n\nhint: did you mean `rows`? Its artifacts are: rows"
    )
    assert raised.value.choices == ("rows",)
    assert raised.value.__suppress_context__


def test_a_parameter_has_a_preview_of_its_plain_value(history):
    run = history.run(parameters={"alpha": 0.5, "kind": {1, 2}})
    run.task("start", {"x": 1})

    alpha = Task("Churn/1/start/1")["alpha"]

    assert (alpha.preview, Task("Churn/1/start/1")["kind"].preview) == ("0.5", None)
    assert "0.5" in Task("Churn/1/start/1")._repr_html_()
