"""Real runs, and real debugger sessions with typed commands, each in a process of its own."""

import os
import subprocess
import sys

import pytest

FLOW = """
import json
from headwater import FlowSpec, Parameter, current, step, timeout


def parse(text):
    return json.loads(text)


class Broken(FlowSpec):
    factor = Parameter("factor", default=3)

    @step
    def start(self):
        self.rounds = 0
        self.next(self.turn)

    @step
    def turn(self):
        self.rounds += 1
        self.way = "again" if self.rounds < 3 else "on"
        self.next({"again": self.turn, "on": self.spread}, condition="way")

    @step
    def spread(self):
        self.items = list(range(70))
        self.next(self.multiply, foreach="items")

    @timeout(seconds=30)
    @step
    def multiply(self):
        self.product = self.input * self.factor
        if current.metrics is not None:
            current.metrics.log(product=self.product)
        self.next(self.join)

    @step
    def join(self, inputs):
        total = sum(each.product for each in inputs)
        text = "{" + str(total)
        parse(text)
        self.next(self.end)

    @step
    def end(self):
        pass
"""


class Project:
    """A project and its store, on which commands are called as processes."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "HEADWATER_HOME": str(folder / "home"), "HEADWATER_USER": "ann"}
        self.file = folder / "broken.py"
        self.file.write_text(FLOW)

    def call(self, *words, typed="", **environment):
        return subprocess.run(
            [sys.executable, "-m", "headwater", *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=typed,
            capture_output=True,
            text=True,
        )

    def contents(self):
        """All objects, logs and metric points of the store, and what the ledger says of the run."""
        files = {}
        for part in ("objects", "runs"):
            for where, _, names in os.walk(self.folder / "home" / part):
                for name in names:
                    found = os.stat(f"{where}/{name}")
                    files[f"{where}/{name}"] = (found.st_size, found.st_mtime_ns)
        return files, self.call("status", "Broken/1", "--json").stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("project"))
    ran = project.call("run", "broken.py", "--engine", "inline")
    assert ran.returncode == 1, ran.stderr
    return project


def test_a_failed_task_stops_at_the_failing_line_of_the_users_code(project):
    spoken = project.call("debug", "Broken/1", "--command", "p text", "--command", "up", "--command", "p total")

    assert spoken.returncode == 0, spoken.stderr
    assert "return json.loads(text)" in spoken.stdout
    assert "'{7245'" in spoken.stdout
    assert "\n7245\n" in spoken.stdout
    assert "it failed again" in spoken.stderr


def test_the_recorded_failure_is_told_first(project):
    spoken = project.call("debug", "Broken/1/join", "--command", "q")

    told = spoken.stderr.partition("running it again")[0]
    assert "JSONDecodeError" in told
    assert "broken.py:7 in parse" in told
    assert "text = '{7245'" in told


def test_a_task_that_did_not_fail_stops_at_the_first_line_of_its_step(project):
    # start, three passes of `turn`, spread, 70 items: item 41 is task 47.
    spoken = project.call(
        "debug", "Broken/1/multiply/47", "--command", "p self.input", "--command", "n", "--command", "p self.product"
    )

    assert "self.product = self.input * self.factor" in spoken.stdout
    assert "\n41\n" in spoken.stdout
    assert "123" in spoken.stdout
    assert spoken.stderr.endswith("Broken/1/multiply/47: left\n")
    assert "Traceback" not in spoken.stderr


def test_a_pass_of_a_loop_gets_the_values_of_that_pass(project):
    spoken = project.call("debug", "Broken/1/turn/3", "--command", "p self.rounds")

    assert "\n1\n" in spoken.stdout


def test_a_task_that_goes_on_to_its_end_says_so(project):
    spoken = project.call("debug", "Broken/1/multiply/47", "--command", "c")

    assert "it ended without a failure this time" in spoken.stderr


def test_commands_may_be_piped_in(project):
    spoken = project.call("debug", "Broken/1", typed="p text\nq\n")

    assert "'{7245'" in spoken.stdout


def test_debugging_leaves_the_run_as_it_is(project):
    before = project.contents()

    project.call("debug", "Broken/1", "--command", "q")
    project.call("debug", "Broken/1/multiply/47", "--command", "c")

    assert before == project.contents()


def test_time_limits_are_off_while_somebody_looks(project):
    timers = "p __import__('signal').getitimer(0), __import__('signal').alarm(0)"

    spoken = project.call("debug", "Broken/1/multiply/47", "--command", timers)

    assert "((0.0, 0.0), 0)" in spoken.stdout


def test_the_code_is_that_of_the_run_unless_the_checkout_is_wanted(project):
    project.file.write_text(FLOW.replace('"{" + str(total)', '"[" + str(total) + "]"'))
    try:
        saved = project.call("debug", "Broken/1", "--command", "q")
        mended = project.call("debug", "Broken/1", "--checkout", "--command", "q")
    finally:
        project.file.write_text(FLOW)

    assert "it failed again" in saved.stderr
    assert "it ended without a failure this time" in mended.stderr


def test_the_step_reads_in_the_namespace_of_who_looks(project):
    spoken = project.call(
        "debug",
        "Broken/1/multiply/47",
        *("--command", "p current.namespace, current.username, current.pathspec"),
        HEADWATER_USER="bob",
    )

    assert "('user:bob', 'bob', 'Broken/1/multiply/47')" in spoken.stdout


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("Churn/1", "Churn/1/STEP/TASK"),
        ("Churn/1/train", "Churn/1/train/2"),
        ("Churn/1/trian/1", "`train`"),
        ("Churn/1/train/9", "2, 3"),
        ("Churn/1/train/x", "numbers"),
        ("Churn/1/train/2/x", "RUN/STEP/TASK"),
        ("Churn/1/_parameters/0", "no code"),
        ("Churn/2", "Churn/1"),
    ],
)
def test_a_path_that_names_no_task_gets_a_hint(story, call, path, hint):
    story.run().whole()

    spoken = call("debug", path)

    assert spoken.code == 2
    assert hint in spoken.err


def test_a_task_that_was_taken_over_from_a_run_that_is_gone_is_refused(story, call):
    story.run().reuse("start", "train", origin="Churn/9/start/1", width=1)

    spoken = call("debug", "Churn/1/start")

    assert spoken.code == 2
    assert "Churn/9/start/1, which is gone" in spoken.err
