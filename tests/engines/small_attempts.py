"""What the attempts of these tests do, by the name of their step."""

import importlib
import os
import sys
from collections.abc import Callable

from headwater.engines.importing import LoadFailed
from headwater.model.order import CodeSource, TaskOrder
from headwater.model.outcome import Outcome, TaskError


def prepare(code: CodeSource) -> Callable[[TaskOrder], Outcome]:
    """Import the module that the code names, if any, and give the attempt."""
    sys.path.insert(0, code.root)
    try:
        if code.module:
            importlib.import_module(code.module)
    except Exception as error:
        raise LoadFailed(TaskError(type(error).__name__, str(error))) from error
    return run


def run(order: TaskOrder) -> Outcome:
    """Do what the step's name says."""
    ACTIONS[order.step](order)
    return Outcome("outcome", 1, order.run, order.key, order.attempt, "ok", summary={"pid": os.getpid()})


def _print(order: TaskOrder) -> None:
    print(f"out of {order.label}")
    print("to stderr", file=sys.stderr)


ACTIONS: dict[str, Callable[[TaskOrder], None]] = {
    "nothing": lambda order: None,
    "prints": _print,
}
