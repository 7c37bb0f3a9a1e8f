import bdb
import errno
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from headwater.flow.parameter import Parameter
from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.model.errors import (
    ArtifactDamaged,
    ArtifactMissing,
    ArtifactNotStorable,
    DiskFull,
    ExecutableFailed,
    InvalidNext,
    MergeConflict,
    StepTimeout,
)
from headwater.task import failure as failure_module
from headwater.task.failure import MAX_FRAMES, Failure, describe_failure
from tests.task.attempt_parts import Runner, Stored

HERE = str(Path(__file__).parent)


def failing(raised: BaseException) -> Failure:
    secret_token = "do-not-show"  # noqa: F841 - a local to be masked
    rows = [1, 2, 3]  # noqa: F841 - a local to be seen
    try:
        raise raised
    except BaseException as caught:  # noqa: BLE001
        return describe_failure(caught, HERE)


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        (ValueError("x"), "exception"),
        (SystemExit(3), "sys_exit"),
        (SystemExit(0), "sys_exit"),
        (SystemExit(), "sys_exit"),
        (KeyboardInterrupt(), "cancelled"),
        (MemoryError(), "out_of_memory"),
        (OSError(errno.ENOSPC, "full"), "disk_full"),
        (OSError(errno.EDQUOT, "quota"), "disk_full"),
        (OSError(errno.EACCES, "no"), "exception"),
        (DiskFull("/x", 10, 5), "disk_full"),
        (StepTimeout("over"), "timeout"),
        (ModuleNotFoundError("No module named 'x'", name="x"), "import_error"),
        (ArtifactNotStorable("model", ".callback", "a lambda"), "unserialisable"),
        (ArtifactMissing("ab"), "damaged_input"),
        (ArtifactDamaged("ab", "/x", "it hashes to cd"), "damaged_input"),
        (InvalidNext("x"), "bad_transition"),
        (ExecutableFailed("x", code=3), "sys_exit"),
        (ExecutableFailed("x", signal="SIGKILL"), "signal"),
        (ExecutableFailed("x"), "exception"),
    ],
)
def test_each_kind_of_end_has_its_cause(raised: BaseException, cause: str) -> None:
    assert failing(raised).cause == cause


def test_the_details_name_what_the_cause_is_about() -> None:
    assert failing(SystemExit("text")).error.details == {"code": "1"}
    assert failing(SystemExit()).error.details == {"code": "0"}
    assert failing(DiskFull("/x", 10, 5)).error.details == {"path": "/x", "needed": "10", "free": "5"}
    assert failing(ArtifactNotStorable("m", ".f", "a lambda")).error.details["path"] == ".f"
    assert failing(ModuleNotFoundError("x", name="catboost")).error.details == {"module": "catboost"}
    assert failing(ExecutableFailed("x", signal="SIGKILL")).error.details == {"signal": "SIGKILL"}


def test_a_full_volume_is_named_with_what_is_free(tmp_path: Path) -> None:
    details = failing(OSError(errno.ENOSPC, "full", str(tmp_path / "x"))).error.details

    assert details["path"] == str(tmp_path / "x")
    assert int(details["free"]) > 0


def test_code_202_asks_for_no_other_attempt() -> None:
    assert not failing(SystemExit(202)).is_retryable
    assert failing(SystemExit(1)).is_retryable
    assert not failing(ExecutableFailed("x", code=202)).is_retryable


def test_what_a_retry_or_catch_cannot_help_is_told() -> None:
    assert not failing(ArtifactDamaged("ab", "/x", "bad")).is_retryable
    assert not failing(KeyboardInterrupt()).is_catchable
    assert not failing(DiskFull("/x", 1, 1)).is_catchable
    assert failing(ValueError()).is_catchable


def test_user_frames_carry_line_and_previews_of_their_variables() -> None:
    frame = failing(ValueError("no such row")).error.frames[-1]

    assert frame.is_user
    assert frame.function == "failing"
    assert frame.text == "raise raised"
    assert frame.locals["rows"] == "[1, 2, 3]"
    assert frame.locals["secret_token"] == "***"


def test_frames_of_libraries_are_kept_without_variables() -> None:
    try:
        json.loads("{")
    except ValueError as raised:
        frames = describe_failure(raised, HERE).error.frames

    assert [frame.is_user for frame in frames] == [True, False, False, False]
    assert frames[-1].locals == {}


def _through_ours(function: Callable[[], None]) -> Failure:
    """Call a function through code that claims to lie in our own package."""
    file = str(Path(failure_module.__file__))
    scope: dict[str, object] = {"function": function}
    exec(compile("def ours():\n    function()\n", file, "exec"), scope)
    try:
        scope["ours"]()  # type: ignore[operator]
    except BaseException as raised:  # noqa: BLE001
        return describe_failure(raised, HERE)
    raise AssertionError("it raised nothing")


def test_our_own_frames_are_left_out_of_frames_and_traceback() -> None:
    def theirs() -> None:
        raise ValueError("theirs")

    failure = _through_ours(theirs)

    assert "headwater/task/failure.py" not in failure.error.traceback
    assert [frame.function.rpartition(".")[2] for frame in failure.error.frames] == ["_through_ours", "theirs"]
    assert failure.error.traceback.endswith("ValueError: theirs\n")


def test_our_frames_are_left_out_of_chained_exceptions_too() -> None:
    def theirs() -> None:
        try:
            _raise_through_ours()
        except KeyError as error:
            raise ValueError("second") from error

    failure = _through_ours(theirs)

    assert "KeyError: 'first'" in failure.error.traceback
    assert "headwater/task/failure.py" not in failure.error.traceback


def _raise_through_ours() -> None:
    scope: dict[str, object] = {}
    code = compile("def a():\n    b()\n", str(Path(failure_module.__file__)), "exec")
    exec(code, scope)

    def first() -> None:
        raise KeyError("first")

    scope["b"] = first
    scope["a"]()  # type: ignore[operator]


def test_what_python_said_before_an_error_of_ours_is_left_out() -> None:
    try:
        subprocess.Popen(["/no/such/program"])
    except OSError as error:
        refused = ExecutableFailed("`score.sh` could not be started: No such file", hint="make it")
        refused.__cause__ = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)

    traceback = failing(refused).error.traceback

    assert "subprocess.py" not in traceback
    assert traceback.endswith("ExecutableFailed: `score.sh` could not be started: No such file\n\nhint: make it\n")


def test_what_the_user_was_doing_before_an_error_of_ours_is_kept() -> None:
    try:
        try:
            failing_here: dict[str, int] = {}
            failing_here["theirs"]
        except KeyError:
            raise MergeConflict("the inputs differ", ["x"])  # noqa: B904 - as users write it
    except MergeConflict as raised:
        traceback = describe_failure(raised, HERE).error.traceback

    assert "KeyError: 'theirs'" in traceback


def test_endless_recursion_is_kept_within_bounds() -> None:
    def ping(number: int) -> int:
        return pong(number + 1) + 1

    def pong(number: int) -> int:
        return ping(number + 1) + 1

    try:
        ping(0)
    except RecursionError as raised:
        failure = describe_failure(raised, HERE)

    assert len(failure.error.frames) == MAX_FRAMES
    assert failure.error.traceback.count("\n") < 1200


def test_an_exception_without_a_text_of_its_own_is_described() -> None:
    class Strange(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    failure = failing(Strange())

    assert failure.cause == "exception"
    assert failure.error.message == "<its text raised RuntimeError>"
    assert failure.error.type.endswith("Strange")


def test_files_outside_of_the_project_are_not_the_users(tmp_path: Path) -> None:
    try:
        raise ValueError
    except ValueError as raised:
        frames = describe_failure(raised, str(tmp_path)).error.frames

    assert not any(frame.is_user for frame in frames)


def test_a_value_that_cannot_be_stored_is_told_without_our_frames(stored: Stored) -> None:
    with pytest.raises(ArtifactNotStorable) as refused:
        stored.artifacts.save("bad", (number for number in range(3)))
    told = describe_failure(refused.value, HERE).error.traceback

    assert "a generator" in told
    assert "headwater/store" not in told


def test_a_debugger_that_was_left_says_what_it_needs_and_is_not_tried_again():
    failure = describe_failure(bdb.BdbQuit(), "/nowhere")

    assert (failure.cause, failure.is_retryable, failure.is_catchable) == ("cancelled", False, False)
    assert failure.error.message == "the debugger was left"
    assert "--engine inline" in failure.error.hint


class Rated(FlowSpec):
    limit = 7
    rate = Parameter("rate", default=0.5)

    @step
    def start(self) -> None:
        self.total = 100
        try:
            self.share = (self.total - self.limit) / self.rate
        except ZeroDivisionError as caught:
            self.told = describe_failure(caught, HERE).error.frames[-1].locals
        self.next(self.end)

    @step
    def end(self) -> None:
        pass


def test_what_a_step_read_of_its_parameters_is_told_beside_what_it_set(stored: Stored) -> None:
    runner = Runner(Rated, HERE, stored)
    done = runner.run("start", parameters=stored.save_all(rate=0.0, limit=7))
    told = runner.value(done, "told")

    assert isinstance(told, dict)
    assert {name: told[name] for name in ("self.total", "self.limit", "self.rate")} == {
        "self.total": "100",
        "self.limit": "7",
        "self.rate": "0.0",
    }
