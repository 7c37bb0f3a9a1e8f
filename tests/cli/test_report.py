"""What is told of a failure at the end of a run."""

from headwater.cli.report import error_lines
from headwater.model.outcome import FrameRecord, TaskError

FRAME = FrameRecord("churn.py", 3, "train", "merge()", True)


def test_a_hint_is_told_once_below_the_users_lines():
    error = TaskError(
        type="X", message="no", frames=(FRAME,), traceback="Traceback\n  line\nX: no\n\nhint: do it\n", hint="do it"
    )

    assert error_lines(error) == ["    Traceback", "      line", "    X: no", "  hint: do it"]


def test_an_error_without_a_line_of_the_users_is_told_by_its_hint():
    error = TaskError(type="X", message="no", traceback="X: no\n\nhint: do it\n", hint="do it")

    assert error_lines(error) == ["  hint: do it"]


def test_an_error_without_a_hint_is_told_by_its_traceback():
    assert error_lines(TaskError(type="X", message="no", traceback="X: no\n")) == ["    X: no"]
