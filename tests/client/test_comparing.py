from pathlib import Path

from msgspec.structs import replace

from headwater.client.compare import Difference
from headwater.client.objects import DataArtifact, Run, Task
from headwater.model.outcome import FileRead, Usage
from headwater.store.trees import save_tree
from tests.client.history import FOREACH


def save_code(home, tmp_path, name, text):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "churn.py").write_text(text)
    (folder / "same.py").write_text("x = 1\n")
    return save_tree(home.objects, str(folder)).digest


def write_run(history, alpha, model, f1, *, tree=None, pandas="2.0"):
    run = history.run(
        parameters={"alpha": alpha, "mode": "fast"}, tree=tree, environment={"python": "3.11", "pandas": pandas}
    )
    run.task("start", {"x": 1, "_private": model})
    run.task("train", {"model": model}, after=["start"], summary={"f1": f1})
    run.finish()


def test_equal_runs_differ_in_nothing(history):
    write_run(history, 1, "m", 0.5)
    write_run(history, 1, "m", 0.5)

    compared = Run("Churn/1").compare("Churn/2")

    assert compared.is_same
    assert (compared.runs, compared.parameters, compared.artifacts) == (("Churn/1", "Churn/2"), (), ())


def test_what_differs_is_named_with_its_values(home, history, tmp_path):
    write_run(history, 1, "m", 0.5, tree=save_code(home, tmp_path, "one", "y = 1\n"))
    write_run(history, 2, "n", 0.6, tree=save_code(home, tmp_path, "two", "y = 2\n"), pandas="2.1")

    compared = Run("Churn/1").compare(Run("Churn/2"))

    assert not compared.is_same
    assert compared.parameters == (Difference("alpha", (1, 2)),)
    assert compared.metrics == (Difference("f1", (0.5, 0.6)),)
    assert [difference.name for difference in compared.artifacts] == ["train.model"]
    assert compared.artifacts[0].values == (
        DataArtifact("Churn/1/train/2/model").sha,
        DataArtifact("Churn/2/train/2/model").sha,
    )
    assert [difference.name for difference in compared.code] == ["churn.py"]
    assert compared.environment == (Difference("pandas", ("2.0", "2.1")),)
    assert compared.timing == (Difference("start", (1.0, 1.0)), Difference("train", (1.0, 1.0)))


def test_three_runs_are_compared_at_once_and_what_is_missing_is_none(history):
    write_run(history, 1, "m", 0.5)
    write_run(history, 2, "m", 0.5)
    history.run().finish()

    compared = Run("Churn/1").compare("Churn/2", "Churn/3")

    assert compared.parameters == (Difference("alpha", (1, 2, None)), Difference("mode", ("fast", "fast", None)))
    assert Difference("train.model", (Run("Churn/1")["train"].task["model"].sha,) * 2 + (None,)) in compared.artifacts


def test_parameters_that_are_no_plain_data_are_compared_by_digest(history):
    write_run(history, {1, 2}, "m", 0.5)
    write_run(history, {1, 3}, "m", 0.5)

    (difference,) = Run("Churn/1").compare("Churn/2").parameters

    assert [value.split()[0] for value in difference.values] == ["<set>", "<set>"]
    assert difference.values[0] != difference.values[1]


def test_the_code_of_a_run_is_listed_read_and_laid_out(home, history, tmp_path):
    write_run(history, 1, "m", 0.5, tree=save_code(home, tmp_path, "one", "y = 1\n"))
    code = Run("Churn/1").code

    with code.extract() as folder:
        laid_out = Path(folder, "churn.py").read_text()

    assert (list(code), code.flowspec, code.script_name, laid_out) == (
        ["churn.py", "same.py"],
        "y = 1\n",
        "churn.py",
        "y = 1\n",
    )


def test_a_run_without_saved_code_has_none(history):
    write_run(history, 1, "m", 0.5)

    assert Run("Churn/1").code is None


def test_an_artifact_leads_to_the_task_that_made_it_and_to_those_that_read_it(home, history):
    run = history.run(parameters={"alpha": 0.5})
    alpha = home.artifacts.save("alpha", 0.5).ref.digest
    run.task("start", {"x": [1], "y": [2]})
    x = DataArtifact("Churn/1/start/1/x").sha
    run.task("train", {"model": "m"}, after=["start"], reads={"x": x, "alpha": alpha})
    run.task("end", after=["train"], reads={"x": x})
    run.finish()

    inherited = DataArtifact("Churn/1/end/3/x")
    model = DataArtifact("Churn/1/train/2/model")

    assert inherited.made_by == Task("Churn/1/start/1")
    assert [task.pathspec for task in inherited.used_by()] == ["Churn/1/train/2", "Churn/1/end/3"]
    assert list(DataArtifact("Churn/1/start/1/y").used_by()) == []
    assert [source.pathspec for source in model.made_from()] == ["Churn/1/start/1/x", "Churn/1/_parameters/0/alpha"]
    assert [task.pathspec for task in DataArtifact("Churn/1/_parameters/0/alpha").used_by()] == ["Churn/1/train/2"]
    assert DataArtifact("Churn/1/_parameters/0/alpha").made_by is None


def test_lineage_goes_through_foreach_items_and_joins(home, history):
    run = history.run(shape=FOREACH)
    run.task("start", {"limits": [3, 6]})
    limits = DataArtifact("Churn/1/start/1/limits").sha
    made = [home.artifacts.save("made", value).ref.digest for value in (0.3, 0.6)]
    run.task("score/start.0", {"made": 0.3}, after=["start"], reads={"limits[0]": limits})
    run.task("score/start.1", {"made": 0.6}, after=["start"], reads={"limits[1]": limits})
    read = {"inputs[0].made": made[0], "inputs[1].made": made[1]}
    run.task("join", {"best": 0.6}, after=["score/start.0", "score/start.1"], reads=read)
    run.finish()

    best, second = DataArtifact("Churn/1/join/4/best"), DataArtifact("Churn/1/score/3/made")

    assert [source.pathspec for source in best.made_from()] == ["Churn/1/score/2/made", "Churn/1/score/3/made"]
    assert [source.pathspec for source in second.made_from()] == ["Churn/1/start/1/limits"]
    assert [task.pathspec for task in second.used_by()] == ["Churn/1/join/4"]
    users = DataArtifact("Churn/1/start/1/limits").used_by()
    assert [task.pathspec for task in users] == ["Churn/1/score/2", "Churn/1/score/3"]


def test_lineage_finds_the_branch_that_a_join_read(home, history):
    steps = {"start": ("split", ["left", "right"]), "left": ("linear", ["join"]), "right": ("linear", ["join"])}
    run = history.run(shape={**steps, "join": ("linear", ["end"]), "end": ("end", [])})
    run.task("start", {"x": 1})
    run.task("left", {"made": 0.3}, after=["start"])
    run.task("right", {"made": 0.6}, after=["start"])
    read = {"inputs.right.made": home.artifacts.save("made", 0.6).ref.digest}
    run.task("join", {"best": 0.6}, after=["left", "right"], reads=read)
    run.finish()

    best = DataArtifact("Churn/1/join/4/best")

    assert [source.pathspec for source in best.made_from()] == ["Churn/1/right/3/made"]


def test_lineage_crosses_runs_through_reused_tasks(history):
    first = history.run()
    first.task("start", {"x": [1]})
    x = DataArtifact("Churn/1/start/1/x").sha
    first.finish("failed")
    second = history.run(origin="Churn/1")
    second.reuse("start", first)
    second.task("train", after=["start"], reads={"x": x})
    second.finish()

    reused = DataArtifact("Churn/2/start/1/x")

    assert (reused.made_by, reused.origin_pathspec) == (Task("Churn/1/start/1"), "Churn/1/start/1/x")
    assert [task.pathspec for task in DataArtifact("Churn/1/start/1/x").used_by()] == ["Churn/2/train/2"]
    assert (Run("Churn/1").lineage.resumed_by, Run("Churn/2").lineage.resumes) == (("Churn/2",), "Churn/1")
    assert Run("Churn/2").lineage.took_tasks_from == ("Churn/1",)


def test_a_value_under_another_name_counts_only_when_asked_for(home, history):
    run = history.run()
    run.task("start", {"x": [1]})
    run.task("train", after=["start"], reads={"z": DataArtifact("Churn/1/start/1/x").sha})
    artifact = DataArtifact("Churn/1/start/1/x")

    assert list(artifact.used_by()) == []
    assert [task.pathspec for task in artifact.used_by(any_name=True)] == ["Churn/1/train/2"]


def read_sales(history, columns, *others):
    run = history.run()
    run.begin("start", ())
    files = {path: FileRead(10, 0.0, f"{columns}-digest-of-it", columns) for path in ("/data/sales.csv", *others)}
    run.append(replace(run._task_succeeded("start", {}, None, None, None, 0, None), usage=Usage(files=files)))
    run.finish()


def test_a_data_file_that_changed_is_named_with_its_columns(history):
    read_sales(history, "day,amount")
    read_sales(history, "day,total", "/data/only-here.csv")

    compared = Run("Churn/1").compare("Churn/2")

    first, second = "10 bytes, day,amount-d, columns: day,amount", "10 bytes, day,total-di, columns: day,total"
    assert compared.files == (Difference("/data/sales.csv", (first, second)),)
    assert not compared.is_same
