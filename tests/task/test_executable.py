import json
import os
import re
import stat
import sys
from pathlib import Path

import msgspec
import pandas
import pyarrow
import pytest

from headwater.flow.decorators import executable, timeout
from headwater.flow.parameter import Parameter
from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.model.errors import ExecutableFailed
from headwater.model.options import Executable, StepOptions
from headwater.model.order import ForeachFrame
from headwater.model.outcome import Outcome
from headwater.task.program import ProgramOrder, ProgramOutcome
from tests.task.attempt_parts import Runner

HERE = str(Path(__file__).parent)


class ProgramFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)

    @step
    def start(self):
        self.rows = pandas.DataFrame({"text": ["a", "b"], "label": [1, 0]})
        self.threshold = 0.5
        self.raw = b"\x00\x01"
        self.model = object()
        self.pair = (1, 2)
        self.next(self.score)

    @executable("./score.sh")
    @step
    def score(self):
        raise AssertionError("the body of an executable step is not run")
        self.next(self.end)

    @executable("./pick.sh")
    @step
    def end(self):
        pass


class SwitchFlow(FlowSpec):
    @executable("./pick.sh")
    @step
    def start(self):
        self.next({"yes": self.yes, 2: self.end}, condition="answer")

    @step
    def yes(self):
        self.next(self.end)

    @step
    def end(self):
        pass


class FanFlow(FlowSpec):
    @executable("./items.sh")
    @step
    def start(self):
        self.next(self.each, foreach="items")

    @executable("./each.sh")
    @step
    def each(self):
        self.next(self.join)

    @executable("./join.sh")
    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


def program(folder: Path, body: str) -> None:
    """Write the program of a flow's steps: Python, that has the order in `order` and answers with `answer(...)`."""
    path = folder / "program"
    path.write_text(
        f"""#!{sys.executable} -S
import json, os, signal, sys
order = json.load(open(os.environ["HEADWATER_ORDER"]))
assert sys.argv[-2:] == [os.environ["HEADWATER_ORDER"], os.environ["HEADWATER_OUTCOME"]]
def answer(**fields):
    json.dump({{"v": 1, **fields}}, open(order["outcome"], "w"))
{body}
"""
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def run(folder: Path, flow: type[FlowSpec], name: str, body: str, *after: Outcome, **fields: object) -> Outcome:
    program(folder, body)
    runner = Runner(flow, str(folder))
    return run_with(runner, name, *after, **fields)


def run_with(runner: Runner, name: str, *after: Outcome, **fields: object) -> Outcome:
    options = {"options": StepOptions(executable=Executable(("./program",)))}
    return runner.run(name, *after, **{**options, **fields})


def message(outcome: Outcome) -> str:
    assert outcome.error is not None
    return outcome.error.message


def test_a_program_reads_values_and_leaves_values(tmp_path: Path) -> None:
    runner = Runner(ProgramFlow, str(tmp_path))
    start = runner.run("start")
    program(
        tmp_path,
        """
a = order["artifacts"]
assert a["threshold"] == {"kind": "json", "value": 0.5}, a
assert (a["rows"]["kind"], a["rows"]["rows"]) == ("arrow", 2), a
assert a["rows"]["columns"] == [["text", a["rows"]["columns"][0][1]], ["label", "int64"]], a
assert open(a["raw"]["path"], "rb").read() == bytes([0, 1]), a
assert a["model"] == {"kind": "opaque", "type": "object"}, a
assert a["pair"]["kind"] == "opaque", a
assert order["parameters"] == {"alpha": {"kind": "json", "value": 0.25}}, order
assert order["next"] == {"kind": "linear", "targets": ["end"]}, order
assert (order["v"], order["kind"], order["task"]) == (1, "executable_order", "Flow/7/score/4"), order
open(os.path.join(order["folder"], "report"), "w").write("fine")
answer(artifacts={
    "same": {"kind": "arrow", "path": a["rows"]["path"], "as": "pandas"},
    "table": {"kind": "arrow", "path": a["rows"]["path"], "as": "arrow"},
    "report": {"kind": "file", "path": "report"},
    "scores": {"kind": "json", "value": {"deep": [1, 2.5, None]}},
}, summary={"f1": 0.5})
""",
    )
    outcome = run_with(runner, "score", start, parameters=runner.stored.save_all(alpha=0.25))

    assert outcome.error is None
    assert outcome.transition is not None
    assert outcome.transition.targets == ("end",)
    assert outcome.summary == {"f1": 0.5}
    assert set(outcome.artifacts) == {"same", "table", "report", "scores"}
    expected = pandas.DataFrame({"text": ["a", "b"], "label": [1, 0]})
    same = runner.value(outcome, "same")
    assert isinstance(same, pandas.DataFrame)
    assert same.to_dict() == expected.to_dict()
    assert isinstance(runner.value(outcome, "table"), pyarrow.Table)
    assert runner.value(outcome, "report") == b"fine"
    assert runner.value(outcome, "scores") == {"deep": [1, 2.5, None]}


def test_what_a_program_cannot_read_is_not_loaded(tmp_path: Path) -> None:
    runner = Runner(ProgramFlow, str(tmp_path))
    start = runner.run("start")
    program(tmp_path, "answer()")
    outcome = run_with(runner, "score", start)

    assert set(outcome.reads) == {"rows", "threshold", "raw"}


def test_items_and_inputs_are_there_for_programs_too(tmp_path: Path) -> None:
    runner = Runner(FanFlow, str(tmp_path))
    program(tmp_path, 'answer(artifacts={"items": {"kind": "json", "value": [5, 6]}})')
    start = run_with(runner, "start")
    assert start.transition is not None
    assert (start.transition.targets, start.transition.width) == (("each",), 2)
    program(
        tmp_path,
        'answer(artifacts={"x": {"kind": "json", "value": [order["index"], order["input"]["value"]]}})',
    )
    children = [
        run_with(
            runner,
            "each",
            start,
            key=f"each/start.{index}",
            frames=(ForeachFrame("start", index, 2, "items", start.transition.items),),
        )
        for index in range(2)
    ]
    program(
        tmp_path,
        'answer(artifacts={"all": {"kind": "json", "value": [(i["index"], i["artifacts"]["x"]["value"])'
        ' for i in order["inputs"]]}})',
    )
    join = run_with(runner, "join", *children)

    assert runner.value(join, "all") == [[0, [0, 5]], [1, [1, 6]]]


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ('answer(next="yes")', "yes"),
        ("answer(next=2)", "end"),
        ('answer(artifacts={"answer": {"kind": "json", "value": "yes"}})', "yes"),
    ],
)
def test_a_program_picks_the_case_of_a_switch(tmp_path: Path, answer: str, target: str) -> None:
    outcome = run(tmp_path, SwitchFlow, "start", answer)

    assert outcome.error is None
    assert outcome.transition is not None
    assert outcome.transition.targets == (target,)
    assert "answer" in outcome.artifacts


def test_a_case_that_is_not_there_is_refused(tmp_path: Path) -> None:
    outcome = run(tmp_path, SwitchFlow, "start", 'answer(next="perhaps")')

    assert outcome.cause == "bad_transition"
    assert "'perhaps'" in message(outcome)


def test_a_code_other_than_0_is_a_failure(tmp_path: Path) -> None:
    outcome = run(tmp_path, ProgramFlow, "score", "answer(); sys.exit(3)")

    assert (outcome.cause, outcome.is_retryable, outcome.artifacts) == ("sys_exit", True, {})
    assert "ended with code 3" in message(outcome)


def test_code_202_asks_for_no_other_attempt(tmp_path: Path) -> None:
    assert not run(tmp_path, ProgramFlow, "score", "sys.exit(202)").is_retryable


def test_a_program_that_is_killed_is_a_failure_with_the_signals_name(tmp_path: Path) -> None:
    outcome = run(tmp_path, ProgramFlow, "score", "os.kill(os.getpid(), signal.SIGKILL)")

    assert outcome.cause == "signal"
    assert outcome.error is not None
    assert outcome.error.details == {"signal": "SIGKILL"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("pass", "wrote no outcome"),
        ('open(order["outcome"], "w").write("{")', "not valid"),
        ("answer(artefacts={})", "artefacts"),
        ('answer(artifacts={"x": {"kind": "yaml"}})', "'yaml'"),
        ('answer(artifacts={"x": {"kind": "json"}})', "value"),
        ("answer(v=2)", "version 2"),
        ('answer(artifacts={"x": {"kind": "file", "path": "nowhere"}})', "`x` cannot be read"),
        ('answer(artifacts={"x": {"kind": "arrow", "path": order["outcome"]}})', "`x` is no Arrow"),
        (
            'answer(artifacts={"x": {"kind": "arrow", "path": order["artifacts"]["rows"]["path"], "as": "csv"}})',
            "'csv'",
        ),
        ('answer(artifacts={"alpha": {"kind": "json", "value": 1}})', "`alpha`, which cannot be"),
        ('answer(artifacts={"score": {"kind": "json", "value": 1}})', "`score`, which cannot be"),
        ('answer(artifacts={"a b": {"kind": "json", "value": 1}})', "`a b`, which cannot be"),
        ('answer(artifacts={"__class__": {"kind": "json", "value": 1}})', "`__class__`, which cannot be"),
    ],
)
def test_an_outcome_that_is_wrong_is_refused_and_says_why(tmp_path: Path, body: str, says: str) -> None:
    runner = Runner(ProgramFlow, str(tmp_path))
    start = runner.run("start")
    program(tmp_path, body)
    outcome = run_with(runner, "score", start)

    assert (outcome.cause, outcome.artifacts) == ("exception", {})
    assert outcome.error is not None
    assert outcome.error.type == f"{ExecutableFailed.__module__}.ExecutableFailed"
    assert says in outcome.error.message


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    outcome = Runner(ProgramFlow, str(tmp_path)).run("score")

    assert "./score.sh` could not be started" in message(outcome)


def test_a_file_without_permission_comes_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "score.sh").write_text("#!/bin/sh\n")
    outcome = Runner(ProgramFlow, str(tmp_path)).run("score")

    assert outcome.error is not None
    assert "chmod +x" in outcome.error.hint


class SlowFlow(FlowSpec):
    @timeout(seconds=0.2)
    @executable(["sh", "-c", "echo $$ > pid; exec sleep 60"])
    @step
    def start(self):
        pass


def test_a_program_that_takes_too_long_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = Runner(SlowFlow, str(tmp_path)).run("start")

    assert outcome.cause == "timeout"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_examples_of_the_documentation_are_what_the_code_reads_and_writes() -> None:
    text = (Path(HERE).parent.parent / "docs" / "executable-steps.md").read_text()
    order, outcome = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))

    written = json.loads(msgspec.json.encode(msgspec.convert(order, ProgramOrder)))
    assert written == order
    assert msgspec.convert(outcome, ProgramOutcome).summary == {"f1": 0.71}
