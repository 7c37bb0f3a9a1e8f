"""`approve` and `reject`, and what `run`, `status`, `resume` and `cancel` say of a run that waits."""

import itertools
import json
import sys
import time

import pytest

from headwater.model.rows import RunQuery

FLOW = """
from headwater import FlowSpec, approval, step


class Gated(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2]
        self.next(self.check, foreach="items")

    @approval(role="lead", expires="2d")
    @step
    def check(self):
        print("checking", self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @approval
    @step
    def end(self):
        pass
"""
_numbers = itertools.count()


@pytest.fixture
def file(tmp_path):
    """A flow's file, of another name in each test: they are modules of this process."""
    path = tmp_path / f"gated_{next(_numbers)}.py"
    path.write_text(FLOW)
    return path.name


@pytest.fixture
def waiting(call, file):
    """A run that waits at its first gate; gives what `run` said."""
    return call("run", file, "--engine", "inline")


def test_a_run_that_waits_says_what_to_type_and_is_no_failure(waiting, call):
    assert waiting.code == 0
    assert "2 tasks of step `check` (role lead, until " in waiting.err
    assert "approve:  headwater approve Gated/1/check" in waiting.err
    assert waiting.err.count("waits for approval (role lead)") == 1
    assert "then:     headwater resume Gated/1" in waiting.err

    shown = call("status", "Gated/1").out
    assert shown.startswith("Gated/1  waiting")
    assert "headwater approve Gated/1/check" in shown
    assert "unanswered, it counts as rejected from " in shown
    listed = json.loads(call("list", "--status", "waiting", "--json").out)
    assert [row["run"] for row in listed] == ["Gated/1"]


def test_an_approved_run_goes_on_with_resume(waiting, call):
    approved = call("approve", "Gated/1/check", "--reason", "fine")

    assert (approved.code, approved.out) == (0, "Gated/1: 2 tasks of `check` approved\n")
    assert "nothing drives it: headwater resume Gated/1" in approved.err
    resumed = call("resume", "Gated/1", "--engine", "inline")
    assert resumed.code == 0
    assert "Gated/1 goes on: 1 task had finished and is not run again" in resumed.err
    assert resumed.err.count("step `check` approved by ann: fine") == 1
    assert "approve:  headwater approve Gated/1/end" in resumed.err
    assert call("approve", "Gated/1").out == "Gated/1: `end` approved\n"
    assert call("resume", "Gated/1", "--engine", "inline").code == 0
    assert json.loads(call("status", "Gated/1", "--json").out)["status"] == "succeeded"


def test_a_rejected_run_fails_with_the_reason(waiting, call):
    assert call("reject", "Gated/1/check", "--reason", "too early").out == "Gated/1: 2 tasks of `check` rejected\n"

    resumed = call("resume", "Gated/1", "--engine", "inline")

    assert resumed.code == 1
    assert "  ann rejected step `check`: too early" in resumed.err
    assert "checking" not in resumed.out


def test_a_waiting_run_can_be_cancelled(waiting, call):
    assert call("cancel", "Gated/1").out == "Gated/1 cancelled\n"

    refused = call("approve", "Gated/1")
    assert refused.code == 1
    assert "Gated/1 has cancelled already: nothing is to be decided" in refused.err


@pytest.mark.parametrize(
    ("path", "code", "message", "hint"),
    [
        ("Gated/1/chek", 2, "Gated/1 has no step `chek`", "did you mean `check`?"),
        ("Gated/1/end", 2, "nothing waits for approval at Gated/1/end", "what waits: Gated/1/check"),
        ("Gated/1/check/2", 2, "`Gated/1/check/2` names one task", "Gated/1/check"),
        ("Gated/7", 2, "Gated/7", ""),
        ("Gated", 2, "`Gated` is a flow", "Gated/1"),
        ("Gated@production", 2, "Gated@production", ""),
    ],
)
def test_what_does_not_wait_cannot_be_approved(waiting, call, path, code, message, hint):
    refused = call("approve", path)

    assert refused.code == code
    assert message in refused.err
    assert hint in refused.err
    assert refused.out == ""


def test_a_flow_without_gates_says_so(call, tmp_path):
    path = tmp_path / f"plain_{next(_numbers)}.py"
    path.write_text(FLOW.replace('    @approval(role="lead", expires="2d")\n', "").replace("    @approval\n", ""))
    call("run", path.name, "--engine", "inline")
    running = call("approve", "Gated/1")

    assert "Gated/1 has succeeded already" in running.err


def test_a_decision_is_never_older_than_what_it_decides(waiting, call, story, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_000.0)  # somebody set the clock back

    call("approve", "Gated/1")

    (row,) = story.home.ledger.runs(RunQuery()).rows
    ((_, request),) = story.home.ledger.requests(row.run)
    assert request.at > 1_000_000_000


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_a_decision_after_the_end_of_its_time_is_refused(waiting, call, story, monkeypatch, command):
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 3 * 86_400)

    refused = call(command, "Gated/1/check")

    assert refused.code == 2
    assert "`check` of Gated/1 had to be decided by" in refused.err
    assert "headwater resume Gated/1" in refused.err
    (row,) = story.home.ledger.runs(RunQuery()).rows
    assert list(story.home.ledger.requests(row.run)) == []


@pytest.mark.parametrize("words", [("--branch", "new"), ("--production",)])
def test_a_flow_in_no_project_has_no_branches(call, file, words):
    refused = call("run", file, "--engine", "inline", *words)

    assert refused.code == 2
    assert f"Gated belongs to no project, so it has no branches: {words[0]}" in refused.err


@pytest.mark.parametrize(
    ("words", "branch"), [((), "user.ann"), (("--branch", "new"), "test.new"), (("--production",), "prod")]
)
def test_a_run_of_a_project_is_tagged_with_its_branch(call, tmp_path, words, branch):
    path = tmp_path / f"project_{next(_numbers)}.py"
    text = FLOW.replace("class Gated", '@project(name="fraud")\nclass Gated').replace(
        "import Flow", "import project, Flow"
    )
    path.write_text(text)

    call("run", path.name, "--engine", "inline", *words)

    tags = json.loads(call("status", "Gated/1", "--json").out)["system_tags"]
    assert {"project:fraud", f"project_branch:{branch}"} <= set(tags)


def test_check_warns_of_what_deploy_would_refuse(call, tmp_path):
    path = tmp_path / f"scheduled_{next(_numbers)}.py"
    path.write_text(
        FLOW.replace(
            "class Gated(FlowSpec):", "@schedule\nclass Gated(FlowSpec):\n    day = Parameter('day', required=True)"
        ).replace("import Flow", "import Parameter, schedule, Flow")
    )

    checked = call("check", path.name)

    assert checked.code == 0
    assert f"warning: `deploy` would refuse it: {path.name}:5: `@schedule` starts runs without `day`" in checked.err


def test_a_run_of_a_deployment_goes_on_with_its_package_whatever_became_of_the_file(call, spawn, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    path = folder / f"deployed_{next(_numbers)}.py"
    path.write_text(FLOW)
    call("deploy", str(path), "--production")
    call("deployment", "run", "Gated@production")
    path.write_text("raise ValueError('this is not what was deployed')")

    for expected in ("waiting", "waiting", "succeeded"):
        resuming = spawn("resume", "Gated/1")
        _, said = resuming.communicate()
        assert resuming.returncode == 0, said
        assert json.loads(call("status", "Gated/1", "--json").out)["status"] == expected
        call("approve", "Gated/1")


def test_a_run_of_a_deployment_is_not_continued_by_another_interpreter(call, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    path = folder / f"deployed_{next(_numbers)}.py"
    path.write_text(FLOW)
    call("deploy", str(path), "--production")
    call("deployment", "run", "Gated@production")
    python = sys.executable
    monkeypatch.setattr(sys, "executable", "/usr/bin/another-python")

    refused = call("resume", "Gated/1")

    assert refused.code == 2
    assert f"hint: {python} -m headwater resume Gated/1" in refused.err


def test_a_run_of_a_deployment_is_not_continued_with_a_file(call, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    path = folder / f"deployed_{next(_numbers)}.py"
    path.write_text(FLOW)
    call("deploy", str(path), "--production")
    call("deployment", "run", "Gated@production")

    for words in ((), ("Gated/1",)):
        refused = call("resume", str(path), *words, "--engine", "inline")

        assert refused.code == 2
        assert "Gated/1 is a run of Gated@production: it goes on with what was deployed" in refused.err
        assert "hint: headwater resume Gated/1" in refused.err
