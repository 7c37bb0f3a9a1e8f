"""Runs a step whose body is a program: an order as JSON in, an outcome as JSON out, frames as Arrow files."""

import os
import signal
from collections.abc import Mapping

import msgspec

from headwater.flow.spec import FlowSpec
from headwater.flow.transition import NextCall
from headwater.model.artifact import Ref
from headwater.model.errors import ExecutableFailed
from headwater.model.graph import Step
from headwater.model.options import Executable
from headwater.model.order import TaskOrder
from headwater.task.inputs import Inputs
from headwater.task.program import (
    VERSION,
    ArrowFile,
    Inline,
    Opaque,
    ProgramInput,
    ProgramOrder,
    ProgramOutcome,
    RawFile,
    WayOn,
)
from headwater.task.program_values import read_value, write_value
from headwater.task.seeds import attempt_seed

Summary = dict[str, float | int | str | bool | None]
_Value = Inline | ArrowFile | RawFile | Opaque


def run_program(order: TaskOrder, executable: Executable, step: Step, flow: FlowSpec, inputs: Inputs | None) -> Summary:
    """Run the program of a step and set what it answers on the flow; gives its figures for the run's summary.

    `inputs` are those of a join, else None.

    Raises:
        ExecutableFailed: it was not found, ended with a code or by a signal, or its answer is missing or wrong.
        NotInstalled: it takes or gives frames, and pyarrow is missing.
    """
    import tempfile  # needed by executable steps only

    with tempfile.TemporaryDirectory(prefix="headwater-") as folder:
        document = _write_order(order, step, flow, inputs, folder)
        path = os.path.join(folder, "order.json")
        with open(path, "wb") as file:
            file.write(msgspec.json.encode(document))
        _run(_command(order, executable), path, document.outcome, step)
        outcome = _read_outcome(document.outcome, step)
        _set_artifacts(flow, step, outcome, folder)
    flow._next = _next_call(step, flow, outcome)
    return outcome.summary


def _write_order(order: TaskOrder, step: Step, flow: FlowSpec, inputs: Inputs | None, folder: str) -> ProgramOrder:
    writer = _Writer(folder)
    scope = flow._scope
    assert scope is not None
    inherited = {} if inputs is not None else order.inputs[0].artifacts if order.inputs else {}
    return ProgramOrder(
        flow=type(flow).__name__,
        run=order.run_path,
        step=order.step,
        task=f"{order.run_path}/{order.step}/{order.label}",
        attempt=order.attempt,
        seed=attempt_seed(order.seed, order.key),
        index=scope.index,
        input=writer.value(scope.input),
        parameters=writer.artifacts(flow, order.parameters),
        artifacts=writer.artifacts(flow, inherited),
        inputs=[
            ProgramInput(
                view._task.step, view._task.label, view._task.index, writer.artifacts(view, view._artifact_refs())
            )
            for view in inputs or ()
        ],
        next=WayOn(step.kind, step.targets, step.attribute, tuple(_case_values(step))),
        folder=folder,
        outcome=os.path.join(folder, "outcome.json"),
    )


class _Writer:
    """Writes values for the program, each file under a name of its own."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._count = 0

    def artifacts(self, owner: object, refs: Mapping[str, Ref]) -> dict[str, _Value]:
        """Describe artifacts; those that only Python can read are not even loaded."""
        described: dict[str, _Value] = {}
        for name, ref in refs.items():
            described[name] = self.value(getattr(owner, name)) if _is_portable(ref) else Opaque(ref.type)
        return described

    def value(self, value: object) -> _Value:
        self._count += 1
        return write_value(value, os.path.join(self._folder, f"value{self._count}"))


def _is_portable(ref: Ref) -> bool:
    package = ref.type.partition(".")[0]
    return ref.codec.startswith("json/") or ref.type == "bytes" or package in ("pandas", "polars", "pyarrow")


def _command(order: TaskOrder, executable: Executable) -> list[str]:
    """Give the program with its arguments; a relative path counts from the folder of the flow's file."""
    program, *arguments = executable.command
    if os.sep in program:
        program = os.path.join(order.code.root, os.path.dirname(order.code.file), program)
    return [program, *arguments]


def _run(command: list[str], order: str, outcome: str, step: Step) -> None:
    import subprocess  # needed by executable steps only

    environment = {**os.environ, "HEADWATER_ORDER": order, "HEADWATER_OUTCOME": outcome}
    try:
        process = subprocess.Popen([*command, order, outcome], env=environment)
    except OSError as error:
        hint = (
            f"chmod +x {command[0]}" if isinstance(error, PermissionError) else "a relative path counts from the flow"
        )
        raise ExecutableFailed(f"`{command[0]}` could not be started: {error.strerror}", hint=hint) from error
    try:
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if code < 0:
        name = _signal_name(-code)
        raise ExecutableFailed(f"`{command[0]}`, the program of step `{step.name}`, was killed by {name}", signal=name)
    if code:
        message = f"`{command[0]}`, the program of step `{step.name}`, ended with code {code}"
        raise ExecutableFailed(message, code=code, hint="its log says why: `headwater logs`")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _read_outcome(path: str, step: Step) -> ProgramOutcome:
    hint = "docs/executable-steps.md shows what it looks like"
    try:
        with open(path, "rb") as file:
            written = file.read()
    except FileNotFoundError:
        message = f"the program of step `{step.name}` wrote no outcome to $HEADWATER_OUTCOME"
        raise ExecutableFailed(message, hint=hint) from None
    try:
        outcome = msgspec.json.decode(written, type=ProgramOutcome)
    except msgspec.DecodeError as error:
        message = f"the outcome that the program of step `{step.name}` wrote is not valid: {error}"
        raise ExecutableFailed(message, hint=hint) from error
    if outcome.v != VERSION:
        raise ExecutableFailed(f"the outcome of step `{step.name}` has version {outcome.v}, not {VERSION}", hint=hint)
    return outcome


def _set_artifacts(flow: FlowSpec, step: Step, outcome: ProgramOutcome, folder: str) -> None:
    for name, value in outcome.artifacts.items():
        if not name.isidentifier() or name.startswith("__") or hasattr(type(flow), name):
            message = f"the program of step `{step.name}` sets `{name}`, which cannot be the name of an artifact"
            raise ExecutableFailed(message, hint="parameters, steps and methods of the flow stay as they are")
        setattr(flow, name, read_value(value, folder, name))


def _next_call(step: Step, flow: FlowSpec, outcome: ProgramOutcome) -> NextCall | None:
    """Give the call of `self.next` that the source holds and the program cannot make."""
    if step.kind == "end":
        return None
    if step.kind == "switch":
        if outcome.next is not None and step.attribute is not None:
            setattr(flow, step.attribute, outcome.next)
        cases = tuple(zip(_case_values(step), (target for _, target in step.cases), strict=True))
        return NextCall("switch", step.targets, step.attribute, cases=cases)
    if step.kind == "parallel":
        count = step.attribute or ""
        if not count.isdecimal():
            raise ExecutableFailed(f"`num_parallel` of step `{step.name}` must be a number in the source")
        return NextCall("parallel", step.targets, num_parallel=int(count))
    return NextCall(step.kind, step.targets, step.attribute)


def _case_values(step: Step) -> list[object]:
    import ast  # needed by executable steps only

    return [ast.literal_eval(case) for case, _ in step.cases]
