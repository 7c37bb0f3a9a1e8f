"""A flow's parameters on the command line."""

import sys

import pytest

from headwater import Run
from headwater.cli.main import main

FLOW = """
from headwater import FlowSpec, IncludeFile, JSONType, Parameter, step

class Params(FlowSpec):
    seed = Parameter("seed", default=3)
    flag = Parameter("flag", is_flag=True, default=False)
    many = Parameter("many", separator=",", default="a,b")
    config = Parameter("config", type=JSONType, default='{"a": 1}')
    Note = Parameter("my-note", default="x", help="a note")
    text = IncludeFile("text", required=False)

    @step
    def start(self):
        self.seen = [self.seed, self.flag, self.many, self.config, self.Note, self.text]
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.fixture
def flow(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEADWATER_USER", "tester")
    (tmp_path / "params_flow.py").write_text(FLOW)
    (tmp_path / "included.txt").write_text("hello")
    yield str(tmp_path / "params_flow.py")
    sys.modules.pop("params_flow", None)


def run(*words):
    with pytest.raises(SystemExit) as ended:
        main(["run", *words, "--engine", "inline"])
    return ended.value.code


def test_values_of_all_kinds_reach_the_steps_also_where_a_name_is_an_option_s(flow, tmp_path):
    words = ["--seed", "9", "--flag", "--many", "x,y", "--config", "[1]", "--my-note", "hi"]

    assert run(flow, *words, "--text", str(tmp_path / "included.txt")) == 0
    assert Run("Params/1")["start"].task.data.seen == [9, True, ["x", "y"], [1], "hi", "hello"]


def test_defaults_are_used_where_nothing_is_given(flow):
    assert run(flow) == 0
    assert Run("Params/1")["start"].task.data.seen == [3, False, ["a", "b"], {"a": 1}, "x", None]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seed", "many"], "`seed`: 'many' is no whole number"),
        (["--config", "{"], "config"),
        (["--sed", "3"], "--seed"),
        (["--text", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_a_wrong_value_is_one_message_and_nothing_is_run(flow, capfd, words, said):
    assert run(flow, *words) == 2

    told = capfd.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_help_lists_the_parameters_apart(flow, capfd):
    with pytest.raises(SystemExit):
        main(["run", flow, "--help"])

    told = capfd.readouterr().out
    assert told.index("Parameters of the flow") < told.index("--my-note") < told.index("Options:") < told.index("--tag")
