import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from blake3 import blake3

from headwater.flow.decorators import catch, environment, retry, timeout
from headwater.flow.parameter import Parameter
from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.model.artifact import Ref
from headwater.model.caught import CaughtException
from headwater.model.current import LazyFact, current
from headwater.model.errors import DiskFull
from headwater.model.order import ForeachFrame, Gang
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_memory import MemoryPlace
from tests.task.attempt_parts import Runner

HERE = str(Path(__file__).parent)


class LineFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)

    @step
    def start(self):
        self.number = 1
        self.rows = [1, 2]
        self.other = {"a": 1}
        self.next(self.middle)

    @step
    def middle(self):
        self.rows.append(3)
        self.seen = self.number + self.other["a"]
        del self.number
        self.next(self.end)

    @step
    def end(self):
        pass


def test_a_step_leaves_what_it_sets_and_goes_on() -> None:
    runner = Runner(LineFlow, HERE)
    outcome = runner.run("start")

    assert outcome.cause == "ok"
    assert set(outcome.artifacts) == {"number", "rows", "other"}
    assert runner.value(outcome, "rows") == [1, 2]
    assert outcome.transition is not None
    assert outcome.transition.targets == ("middle",)
    assert set(outcome.small) == {ref.digest for ref in outcome.artifacts.values()} == set(outcome.headers)


def test_what_was_only_read_is_not_saved_again_and_what_was_changed_in_place_is() -> None:
    runner = Runner(LineFlow, HERE)
    start = runner.run("start")
    outcome = runner.run("middle", start)

    assert set(outcome.artifacts) == {"rows", "seen"}
    assert runner.value(outcome, "rows") == [1, 2, 3]
    assert outcome.reads == {name: start.artifacts[name].digest for name in ("number", "rows", "other")}


def test_the_last_step_goes_nowhere() -> None:
    outcome = Runner(LineFlow, HERE).run("end")

    assert outcome.cause == "ok"
    assert outcome.transition is not None
    assert outcome.transition.targets == ()


class NamesFlow(FlowSpec):
    @step
    def start(self):
        self._private = 1
        self.__mangled = 2
        self.__dict__["__dunder__"] = 3
        self.function = len
        self.method = self.helper
        self.next(self.end)

    def helper(self):
        return 1

    @step
    def end(self):
        pass


def test_private_attributes_and_functions_are_artifacts_and_methods_of_the_flow_are_not() -> None:
    assert set(Runner(NamesFlow, HERE).run("start").artifacts) == {"_private", "_NamesFlow__mangled", "function"}


class FanFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)

    @step
    def start(self):
        self.items = ["a", "b", "c"]
        self.common = 9
        self.next(self.each, foreach="items")

    @step
    def each(self):
        self.name_of_item = f"{self.input}{self.index}"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.names = [one.name_of_item for one in inputs]
        self.sees = hasattr(self, "common")
        self.merge_artifacts(inputs, include=["common"])
        self.next(self.end)

    @step
    def end(self):
        self.total = self.common + 1


def test_a_fan_out_and_its_join_go_through_indexed_items() -> None:
    runner = Runner(FanFlow, HERE)
    start = runner.run("start")
    assert start.transition is not None
    assert (start.transition.targets, start.transition.width) == (("each",), 3)
    children = []
    for index in range(3):
        frame = ForeachFrame("start", index, 3, "items", start.transition.items)
        child = runner.run("each", start, frames=(frame,), key=f"each/start.{index}")
        children.append(msgspec.structs.replace(child, artifacts={**start.artifacts, **child.artifacts}))
    join = runner.run("join", *children)

    assert join.error is None
    assert runner.value(join, "names") == ["a0", "b1", "c2"]
    assert runner.value(join, "sees") is False
    assert join.artifacts["common"] == start.artifacts["common"]
    assert runner.value(runner.run("end", join), "total") == 10


class FailingFlow(FlowSpec):
    @step
    def start(self):
        self.before = 1
        rows = [1, 2, 3]
        raise ValueError(f"bad row {rows[-1]}")
        self.next(self.end)

    @step
    def end(self):
        sys.exit(0)


def test_a_failed_attempt_leaves_an_error_and_no_artifacts(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Runner(FailingFlow, HERE).run("start", is_last_attempt=False)

    assert (outcome.cause, outcome.artifacts, outcome.transition) == ("exception", {}, None)
    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.message) == ("ValueError", "bad row 3")
    assert outcome.error.frames[0].function == "FailingFlow.start"
    assert outcome.error.frames[0].locals == {"rows": "[1, 2, 3]", "self.before": "1"}
    assert "headwater/task" not in outcome.error.traceback
    assert outcome.error.traceback in capsys.readouterr().err


def test_leaving_by_sys_exit_is_a_failure_even_with_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Runner(FailingFlow, HERE).run("end")

    assert outcome.cause == "sys_exit"
    assert outcome.error is not None
    assert outcome.error.details == {"code": "0"}
    assert "Traceback" not in capsys.readouterr().err


class CatchFlow(FlowSpec):
    @catch(var="failure", print_exception=False)
    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        self.reached = "before"
        self.worse = [open]  # builtin functions inside of values can be stored by name
        self.unstorable = (number for number in range(3))
        if current.retry_count != 5:
            raise ValueError("no luck")
        del self.unstorable
        self.next(self.end)

    @step
    def end(self):
        pass


def test_catch_waits_for_the_last_attempt() -> None:
    outcome = Runner(CatchFlow, HERE).run("start", is_last_attempt=False)

    assert (outcome.cause, outcome.is_caught) == ("exception", False)


def test_catch_keeps_the_failure_and_all_that_can_be_stored(capsys: pytest.CaptureFixture[str]) -> None:
    runner = Runner(CatchFlow, HERE)
    outcome = runner.run("start", is_last_attempt=True)

    assert (outcome.cause, outcome.is_caught) == ("exception", True)
    assert outcome.error is not None
    assert outcome.transition is not None
    assert outcome.transition.targets == ("end",)
    assert set(outcome.artifacts) == {"reached", "worse", "failure"}
    kept = runner.value(outcome, "failure")
    assert isinstance(kept, CaughtException)
    assert (kept.exception, kept.type) == ("no luck", "builtins.ValueError")
    assert "no luck" in str(kept)
    assert "ValueError: no luck" in kept.stacktrace
    assert capsys.readouterr().err == ""


def test_catch_sets_its_variable_to_none_on_success() -> None:
    runner = Runner(CatchFlow, HERE)
    outcome = runner.run("start", attempt=5)

    assert (outcome.cause, outcome.is_caught) == ("ok", False)
    assert runner.value(outcome, "failure") is None


def test_a_kill_is_kept_without_running_the_step() -> None:
    runner = Runner(CatchFlow, HERE)
    outcome = runner.run("start", failure_to_catch="killed by SIGKILL")
    kept = runner.value(outcome, "failure")

    assert outcome.is_caught
    assert set(outcome.artifacts) == {"failure"}
    assert isinstance(kept, CaughtException)
    assert kept.exception == "killed by SIGKILL"
    assert kept.type.endswith("FailureHandledByCatch")


class UnstorableFlow(FlowSpec):
    @step
    def start(self):
        self.model = {"fine": 1, "callbacks": [lambda: 1]}
        self.next(self.end)

    @step
    def end(self):
        pass


class LambdaFlow(FlowSpec):
    @step
    def only(self):
        self.score = lambda row: 1


def test_a_lambda_is_refused_and_not_left_out_silently() -> None:
    outcome = Runner(LambdaFlow, HERE).run("only")

    assert outcome.error is not None
    assert (outcome.cause, outcome.error.details["attribute"]) == ("unserialisable", "score")


def test_what_cannot_be_stored_is_named_with_its_path() -> None:
    outcome = Runner(UnstorableFlow, HERE).run("start")

    assert outcome.cause == "unserialisable"
    assert outcome.error is not None
    assert outcome.error.details["attribute"] == "model"
    assert outcome.error.details["path"] == "['callbacks'][0]"
    assert outcome.artifacts == {}


class SurroundedFlow(FlowSpec):
    @timeout(seconds=0.01)
    @step
    def start(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            pass
        self.next(self.end)

    @environment(vars={"HEADWATER_TEST_VARIABLE": "set"})
    @step
    def end(self):
        import os

        self.variable = os.environ["HEADWATER_TEST_VARIABLE"]


def test_a_step_that_takes_too_long_ends_as_timeout() -> None:
    assert Runner(SurroundedFlow, HERE).run("start").cause == "timeout"


def test_a_step_sees_its_environment() -> None:
    runner = Runner(SurroundedFlow, HERE)

    assert runner.value(runner.run("end"), "variable") == "set"


FACTS = (
    "flow_name",
    "run_id",
    "step_name",
    "task_id",
    "retry_count",
    "origin_run_id",
    "pathspec",
    "namespace",
    "username",
    "tags",
    "parameter_names",
    "is_parallel",
    "seed",
    "is_running_flow",
)


class CurrentFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)

    @step
    def start(self):
        self.facts = {name: getattr(current, name) for name in FACTS}
        self.steps = list(current.graph["steps"])
        in_thread = []
        thread = threading.Thread(target=lambda: in_thread.append(current.pathspec))
        thread.start()
        thread.join()
        self.in_thread = in_thread
        self.folder = current.tempdir
        self.folder_was_there = Path(self.folder).is_dir()
        self.parallel = current.parallel
        self.lazy = current.run
        self.next(self.end)

    @step
    def end(self):
        self.drawn = random.random()


def test_current_knows_where_the_step_runs() -> None:
    runner = Runner(CurrentFlow, HERE)
    runner.workspace.facts = {"run": LazyFact(lambda: "made when asked for")}
    outcome = runner.run(
        "start", attempt=2, namespace="user:ann", tags=("a", "b"), origin="Flow/3", gang=Gang(3, 1, 12)
    )
    assert outcome.error is None
    facts = runner.value(outcome, "facts")
    assert isinstance(facts, dict)
    seed = facts.pop("seed")

    assert facts == {
        "flow_name": "CurrentFlow",
        "run_id": "7",
        "step_name": "start",
        "task_id": "4",
        "retry_count": 2,
        "origin_run_id": "3",
        "pathspec": "Flow/7/start/4",
        "namespace": "user:ann",
        "username": "ann",
        "tags": frozenset({"a", "b"}),
        "parameter_names": ["alpha"],
        "is_parallel": True,
        "is_running_flow": True,
    }
    assert isinstance(seed, int)
    assert runner.value(outcome, "steps") == ["start", "end"]
    assert runner.value(outcome, "in_thread") == ["Flow/7/start/4"]
    assert runner.value(outcome, "lazy") == "made when asked for"
    assert runner.value(outcome, "folder_was_there") is True
    assert not Path(str(runner.value(outcome, "folder"))).exists()
    parallel = runner.value(outcome, "parallel")
    assert (parallel.num_nodes, parallel.node_index, parallel.control_task_id) == (3, 1, "12")  # type: ignore[attr-defined]
    assert not current.is_running_flow
    assert current.run_id is None


def test_each_task_draws_its_own_numbers_and_each_attempt_the_same() -> None:
    runner = Runner(CurrentFlow, HERE)

    def drawn(**fields: object) -> object:
        return runner.value(runner.run("end", **fields), "drawn")

    assert drawn(key="end/start.0") == drawn(key="end/start.0", attempt=1)
    assert drawn(key="end/start.0") != drawn(key="end/start.1")
    assert drawn(key="end/start.0") != drawn(key="end/start.0", seed=12)


def test_a_step_that_is_not_there_is_an_outcome_too() -> None:
    outcome = Runner(LineFlow, HERE).run("no_such_step")

    assert outcome.cause == "exception"
    assert outcome.error is not None
    assert "no_such_step" in outcome.error.message


class FullPlace(MemoryPlace):
    """A place on a volume without room."""

    def put_many(self, items: object) -> None:
        raise DiskFull("/volume", 100, 5)


class LargeFlow(FlowSpec):
    @catch(var="failure")
    @step
    def start(self):
        self.large = random.randbytes(1_000_000)
        self.next(self.end)

    @step
    def end(self):
        pass


def test_a_full_disk_is_an_outcome_with_path_needed_and_free() -> None:
    runner = Runner(LargeFlow, HERE)
    runner.workspace.artifacts = ArtifactStore(FullPlace())
    outcome = runner.run("start")

    assert (outcome.cause, outcome.is_caught) == ("disk_full", False)
    assert outcome.error is not None
    assert outcome.error.details == {"path": "/volume", "needed": "100", "free": "5"}


def test_an_input_that_is_gone_is_named_and_not_tried_again() -> None:
    runner = Runner(LineFlow, HERE)
    start = runner.run("start")
    runner.stored.small.clear()
    outcome = runner.run("middle", start)

    assert (outcome.cause, outcome.is_retryable) == ("damaged_input", False)
    assert outcome.error is not None
    assert outcome.error.details["digest"] in {ref.digest for ref in start.artifacts.values()}


class RudeFlow(FlowSpec):
    @step
    def start(self):
        raise KeyboardInterrupt
        self.next(self.end)

    @step
    def end(self):
        class Rude(BaseException):
            def __str__(self):
                raise SystemExit

        sys.stderr = None
        raise Rude


def test_nothing_that_a_step_raises_gets_out(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(RudeFlow, HERE)
    monkeypatch.setattr(sys, "stderr", sys.stderr)

    assert runner.run("start").cause == "cancelled"
    outcome = runner.run("end")
    assert outcome.cause == "exception"
    assert outcome.error is not None
    assert outcome.error.type.endswith("Rude")


def test_a_debugger_gets_the_exception_with_its_frames() -> None:
    runner = Runner(FailingFlow, HERE)
    seen: list[BaseException] = []
    runner.workspace.on_exception = seen.append

    runner.run("start")

    assert isinstance(seen[0], ValueError)
    assert seen[0].__traceback__ is not None


class HungryFlow(FlowSpec):
    @step
    def start(self):
        block = bytearray(b"x") * 80_000_000
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        self.size = len(block)
        self.next(self.end)

    @step
    def end(self):
        pass


def test_the_costs_of_an_attempt_are_counted() -> None:
    usage = Runner(HungryFlow, HERE).run("start").usage

    assert 70_000_000 < usage.peak_memory_bytes < 200_000_000
    assert usage.user_cpu + usage.system_cpu >= 0.05
    assert usage.compute >= 0.05
    assert usage.ended_at >= usage.started_at > 0
    assert usage.pid > 0
    assert usage.host


def test_the_peak_of_one_attempt_is_not_that_of_the_one_before() -> None:
    runner = Runner(HungryFlow, HERE)
    runner.run("start")

    assert runner.run("end").usage.peak_memory_bytes < 40_000_000


def test_loaded_project_files_are_reported_with_their_digests() -> None:
    outcome = Runner(LineFlow, HERE).run("start")

    assert outcome.modules["test_attempt.py"] == blake3(Path(__file__).read_bytes()).hexdigest()
    assert all(not Path(file).is_absolute() and ".." not in file for file in outcome.modules)


def test_an_attempt_in_a_ready_process_imports_nothing() -> None:
    code = """
import sys
from tests.task.attempt_parts import Runner
from tests.task.plain_flow import PlainFlow
runner = Runner(PlainFlow, sys.path[0])
order = runner.order("start")
from headwater.task.attempt import run_attempt
before = set(sys.modules)
outcome = run_attempt(order, PlainFlow, runner.workspace)
assert outcome.cause == "ok", outcome
print(sorted(set(sys.modules) - before))
"""
    program = [sys.executable, "-c", f"import sys; sys.path.insert(0, {HERE!r})\n{code}"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_reference_says_that_the_payload_travels_with_the_outcome() -> None:
    ref = Runner(LineFlow, HERE).run("start").artifacts["number"]

    assert isinstance(ref, Ref)
    assert ref.is_small
