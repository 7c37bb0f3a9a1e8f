import sys
import textwrap

import pytest

from headwater import Run, Runner

FLOW = """
from headwater import FlowSpec, current, step

class Logs(FlowSpec):
    @step
    def start(self):
        for number in range(3):
            current.metrics.log(step=number, loss=1.0 / (number + 1))
        current.metrics.log(lr=0.1)
        self.items = [1, 2]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        current.metrics.log(step=0, accuracy=self.input / 10)
        self.next(self.join)

    @step
    def join(self, inputs):
        current.metrics.summary(f1=0.71)
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEADWATER_USER", "tester")
    (tmp_path / "logs.py").write_text(textwrap.dedent(FLOW))
    return Runner(str(tmp_path / "logs.py"), show_output=False).run().run


def test_points_of_a_task_and_of_a_run_come_back_as_rows(run):
    assert [(point.name, point.step, point.value) for point in run["start"].task.points("loss")] == [
        ("loss", 0, 1.0),
        ("loss", 1, 0.5),
        ("loss", 2, 1 / 3),
    ]
    assert [(point.name, point.step) for point in run["start"].task.points("lr")] == [("lr", None)]
    assert sorted((point.task, point.value) for point in run.points("accuracy")) == [("body/2", 0.1), ("body/3", 0.2)]
    assert len(run.points()) == 6


def test_the_summary_of_a_task_is_the_run_s(run):
    assert dict(Run(run.pathspec).metrics) == {"f1": 0.71}


def test_points_come_as_a_frame(run):
    pytest.importorskip("pandas")
    frame = run.points("loss").to_pandas()

    assert list(frame.columns) == ["task", "name", "step", "at", "value"]
    assert frame["value"].tolist() == [1.0, 0.5, 1 / 3]


def test_a_frame_without_pandas_names_the_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(Exception, match=r"headwater\[ml\]"):
        run.points().to_pandas()
