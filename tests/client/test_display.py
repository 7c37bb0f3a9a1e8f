import io
import pickle

import pytest
from rich.console import Console

from headwater.client.display import duration, escape, printable, size
from headwater.client.objects import DataArtifact, Flow, Run, Step, Task
from headwater.model.outcome import TaskError
from tests.client.history import FOREACH

#: Markup of HTML and of rich, an escape sequence, a line end and a bidirectional override.
HOSTILE = "<script>alert('x')</script>[bold red]&\x1b[31m\n\u202e"


@pytest.fixture
def hostile(history):
    """Churn/1, with hostile text wherever a user can put some."""
    run = history.run(tags=[HOSTILE], note=HOSTILE, user=HOSTILE)
    run.task("start", {"x": HOSTILE}, summary={HOSTILE: 1})
    run.begin("train", ["start"])
    run.fail("train", TaskError(HOSTILE, HOSTILE))
    run.finish("failed", HOSTILE, "train")
    return [
        Flow("Churn"),
        Run("Churn/1"),
        Step("Churn/1/train"),
        Task("Churn/1/train/2"),
        Task("Churn/1/start/1"),
        DataArtifact("Churn/1/start/1/x"),
    ]


class Page:
    def __init__(self):
        self.written = ""

    def text(self, text):
        self.written += text


def in_terminal(shown):
    console = Console(file=io.StringIO(), width=300, force_terminal=False, color_system=None)
    console.print(shown)
    return console.file.getvalue()


def pretty(shown):
    page = Page()
    shown._repr_pretty_(page, False)
    return page.written


def test_html_holds_no_markup_of_others(hostile):
    for shown in hostile:
        assert "<script" not in shown._repr_html_()
        assert "\x1b" not in shown._repr_html_()
    assert "&lt;script&gt;" in hostile[1]._repr_html_()


@pytest.mark.parametrize("show", [in_terminal, pretty])
def test_terminals_get_no_escape_sequences_of_others(hostile, show):
    for shown in hostile:
        assert "\x1b" not in show(shown)
        assert "\u202e" not in show(shown)
    assert "[bold red]" in show(hostile[1])
    assert "\\x1b[31m\\n\\u202e" in show(hostile[1])


def test_a_repr_is_class_and_path(hostile):
    assert [repr(shown) for shown in hostile] == [
        "Flow('Churn')",
        "Run('Churn/1')",
        "Step('Churn/1/train')",
        "Task('Churn/1/train/2')",
        "Task('Churn/1/start/1')",
        "DataArtifact('Churn/1/start/1/x')",
    ]


def test_a_run_shows_status_duration_metrics_and_steps(history):
    run = history.run(shape=FOREACH, note="try less")
    run.task("start", summary={"f1": 0.7})
    run.tasks(["score/start.0", "score/start.1"], {}, after="start")
    run.finish()

    assert pretty(Run("Churn/1")) == (
        "Run Churn/1\n"
        "  status    succeeded\n"
        "  duration  7.0 s\n"
        "  user      ann\n"
        "  note      try less\n"
        "  metrics   f1 0.7\n"
        "  step   tasks  status     duration\n"
        "  start  1      succeeded  1.0 s\n"
        "  score  2      succeeded  3.0 s"
    )


def test_a_task_shows_its_failure(history):
    run = history.run()
    run.begin("start")
    run.fail("start", TaskError("builtins.ValueError", "bad"))
    run.finish("failed")

    assert "builtins.ValueError: bad" in pretty(Task("Churn/1/start/1"))
    assert "failed" in in_terminal(Task("Churn/1/start/1"))


class Trap:
    """Cannot be loaded without being noticed."""

    def __reduce__(self):
        return _spring, ()


def _spring():
    raise AssertionError("a value was loaded")


def test_nothing_but_data_loads_a_value(history):
    run = history.run(parameters={"trap": Trap()})
    run.task("start", {"x": Trap()})
    run.task("train", after=["start"])
    run.finish()
    task = Task("Churn/1/train/2")
    artifact = task["x"]

    for shown in (Flow("Churn"), Run("Churn/1"), Step("Churn/1/train"), task, artifact):
        for show in (repr, str, pretty, in_terminal, lambda shown: shown._repr_html_()):
            assert show(shown)
    listed = [[found.id, found.size, found.sha, found.type, found.header, found.preview] for found in task]
    assert [found[0] for found in listed] == ["trap", "x"]
    assert task.artifacts.x == artifact
    assert ("x" in task.data, repr(task.data)) == (True, "<MetaflowData: trap, x>")
    assert Flow("Churn").table(as_frame=False)[0]["parameters.trap"].startswith("<")
    assert Run("Churn/1").compare("Churn/1").is_same
    assert artifact.made_by == Task("Churn/1/start/1")
    assert pickle.loads(pickle.dumps(artifact)) == artifact

    with pytest.raises(AssertionError, match="a value was loaded"):
        _ = artifact.data


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 01 s"), (3660, "1 h 01 min")]
)
def test_durations_are_written_as_people_say_them(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000_000_000, "2.5 TB")]
)
def test_sizes_are_written_as_people_say_them(number, text):
    assert size(number) == text


def test_long_text_is_cut():
    assert len(printable("x" * 1000)) == 200


def test_quotes_are_safe_in_attributes():
    assert escape("\"'") == "&quot;&#x27;"
