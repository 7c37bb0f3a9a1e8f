"""Tasks are forked with the usual numeric libraries imported: through the whole stack, as a user's flow does it."""

import pytest

from headwater import Runner

FLOW = """
import numpy
import pandas
import sklearn.ensemble
from headwater import FlowSpec, step

numpy.ones((300, 300)) @ numpy.ones((300, 300))

class Numeric(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.total = float((numpy.ones((300, 300)) @ numpy.ones((300, 300))).sum())
        self.next(self.join)

    @step
    def join(self, inputs):
        model = sklearn.ensemble.HistGradientBoostingClassifier(max_iter=3)
        self.fitted = model.fit(numpy.random.rand(300, 4), numpy.arange(300) % 2).n_iter_
        self.next(self.end)

    @step
    def end(self):
        self.frame = pandas.DataFrame({"x": [1.0]})
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEADWATER_USER", "tester")
    (tmp_path / "numeric_flow.py").write_text(FLOW)
    return Runner(str(tmp_path / "numeric_flow.py"), show_output=False).run().run


def test_no_task_is_spawned_because_of_idle_pools(run):
    assert [(task.usage.started_by, task.usage.spawn_reason) for task in run.tasks()] == [("fork", "")] * 5
    assert {task.data.total for task in run["body"]} == {300.0**3}
    assert run["join"].task.data.fitted == 3
