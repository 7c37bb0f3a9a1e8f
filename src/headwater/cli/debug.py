"""`headwater debug TASK`: steps into a task of an earlier run."""

import importlib
import os
import sys
from tempfile import TemporaryDirectory

import click
import msgspec

from headwater.cli.debugger import Session
from headwater.cli.printing import printable_lines
from headwater.cli.reading import opened, reads_store, split_run
from headwater.cli.report import error_text
from headwater.client.display import printable
from headwater.client.lineage import really_ran
from headwater.client.records import PARAMETERS_STEP, RunRecord
from headwater.client.session import View
from headwater.engines.importing import LoadFailed
from headwater.flow.load import load_source
from headwater.model.errors import FlowNotImported, InvalidPathspec, NotFound, UserMistake
from headwater.model.order import CodeSource, TaskOrder
from headwater.model.outcome import Outcome, TaskError
from headwater.model.rows import TaskQuery, TaskRow
from headwater.runtime.replay import order_again
from headwater.store.trees import materialise
from headwater.worker import inline_attempt_with

#: Brings uv; imported only for tasks that ran in an environment of their own.
_INSIDE = "headwater.cli.debug_inside"
#: Local variables of a frame that are shown.
_MOST_LOCALS = 20


@click.command("debug")
@click.argument("task", metavar="RUN/STEP/TASK")
@click.option("--checkout", is_flag=True, help="Take the code as it is now, not as it was when the run started.")
@click.option("--command", "commands", multiple=True, metavar="PDB", help="Do this in the debugger (repeatable), quit.")
@reads_store
def command(task: str, checkout: bool, commands: tuple[str, ...], home: str | None) -> int:
    """Run one task of an earlier run again, in this process and under the debugger (pdb).

    It gets the inputs that it had and the run's code as it was saved. If it fails, the debugger stops at the failing
    line of your code; if it did not fail, at the first line of the step. Nothing is recorded: the run stays as it is.
    RUN alone stands for the task that failed it, RUN/STEP for the only task of a step.
    """
    with opened(home) as view:
        record, row = _find(view, task)
        path = f"{record.path}/{row.step}/{row.label}"
        environment = record.started.environments.get(row.step)
        if environment is not None:
            words = ["debug", path, *(["--checkout"] if checkout else []), *_repeated("--command", commands)]
            inside = importlib.import_module(_INSIDE)
            inside.enter_environment(view.home, environment, record.started.code.root, words)
        return _debug(view, row, path, commands, is_checkout=checkout)


def _debug(view: View, row: TaskRow, path: str, commands: tuple[str, ...], *, is_checkout: bool) -> int:
    with TemporaryDirectory(prefix="headwater-debug-") as folder:
        order = _order(view, row, folder)
        code = _code(view, order.code, folder, is_checkout=is_checkout)
        _tell(path, row, code, is_saved=code.root != order.code.root)
        order = msgspec.structs.replace(order, code=code)
        outcome = _run(order, commands, stops_at_start=row.error is None)
    print(f"{path}: {_end_text(outcome)}", file=sys.stderr)
    return 0


def _repeated(option: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _find(view: View, path: str) -> tuple[RunRecord, TaskRow]:
    """Find the task, and where it really ran when it was taken over from another run."""
    record, *parts = split_run(view, path)
    if len(parts) > 2:
        raise InvalidPathspec(f"`{path}` is the path of an artifact", hint="debug takes the task: RUN/STEP/TASK")
    row = _task(record, parts)
    if row.step == PARAMETERS_STEP:
        raise UserMistake(f"{path} holds the parameters: there is no code to step into")
    ran = really_ran(record, row)
    if ran is None:
        raise NotFound(f"{path} was taken over from {row.origin}, which is gone", hint="debug another task")
    if row.origin is not None:
        _say(f"{record.path}/{row.step}/{row.label} was taken over from {row.origin}, which is debugged")
    return ran


def _task(record: RunRecord, parts: list[str]) -> TaskRow:
    if not parts:
        failed = record.fresh().failed_key
        rows = record.tasks_by_key([failed]) if failed is not None else {}
        if failed is None or failed not in rows:
            raise InvalidPathspec(f"no task failed {record.path}", hint=f"name one: {record.path}/STEP/TASK")
        return rows[failed]
    if len(parts) == 2:
        if not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19):
            raise NotFound(f"{record.path}/{parts[0]} has no task `{parts[1]}`", hint="tasks are numbers")
        return record.find_task(parts[0], int(parts[1]))
    found = record.view.ledger.tasks(TaskQuery(record.run, step=parts[0], limit=2)).rows
    if not found:
        raise record.no_step(parts[0])
    if len(found) > 1:
        raise InvalidPathspec(
            f"step `{parts[0]}` of {record.path} has several tasks",
            hint=f"name one: {record.path}/{parts[0]}/{found[0].label}",
        )
    return found[0]


def _order(view: View, row: TaskRow, folder: str) -> TaskOrder:
    order = order_again(view.home, row, folder=folder)
    if order.options.executable is not None:
        program = " ".join(order.options.executable.command)
        raise UserMistake(f"step `{row.step}` runs the program {program}: pdb cannot step into it")
    user = view.home.user
    return msgspec.structs.replace(order, user=user, namespace=f"user:{user}")


def _code(view: View, code: CodeSource, folder: str, *, is_checkout: bool) -> CodeSource:
    if is_checkout or code.tree is None:
        return code
    root = os.path.join(folder, "code")
    materialise(view.home.objects, code.tree, root)
    return msgspec.structs.replace(code, root=root)


def _run(order: TaskOrder, commands: tuple[str, ...], *, stops_at_start: bool) -> Outcome:
    session = Session(order.code.root, commands)
    try:
        run = inline_attempt_with(session.look_at)(order.code)
    except LoadFailed as failed:
        raise FlowNotImported(
            f"the code of the run does not import here: {failed.error.message}",
            hint="--checkout takes the code as it is now",
        ) from failed
    if stops_at_start:
        session.stop_at_start(load_source(order.code), order.step)
    with session:
        # Whoever debugs has the secrets anyway, or the step does not start; nothing is kept of what is printed here.
        return run(order, lambda values: None)


def _tell(path: str, row: TaskRow, code: CodeSource, *, is_saved: bool) -> None:
    """Say what is recorded of the task, before anything runs."""
    again = f", attempt {row.attempt + 1}" if row.attempt else ""
    how = printable(error_text(row.cause or "exception", row.error)) if row.error is not None else row.status
    _say(f"{path}{again}: {how}")
    if row.error is not None:
        _tell_error(row.error)
    where = "the code saved at the start of the run" if is_saved else "the code as it is now"
    _say(f"running it again with {where} ({code.root}) and the inputs that it had; nothing is recorded")


def _tell_error(error: TaskError) -> None:
    frames = [frame for frame in error.frames if frame.is_user]
    for frame in frames[-1:]:
        _say(f"  {printable(frame.file)}:{frame.line} in {printable(frame.function)}")
        _say(f"    {printable(frame.text)}")
        for name, value in list(frame.locals.items())[:_MOST_LOCALS]:
            _say(f"      {printable(name)} = {printable(value)}")
        if len(frame.locals) > _MOST_LOCALS:
            _say(f"      and {len(frame.locals) - _MOST_LOCALS} more")
    if error.hint:
        for line in printable_lines(f"hint: {error.hint}"):
            _say(f"  {line}")


def _end_text(outcome: Outcome) -> str:
    if outcome.cause == "ok":
        return "it ended without a failure this time"
    if outcome.cause == "cancelled":
        return "left"
    return f"it failed again: {printable(error_text(outcome.cause, outcome.error))}"


def _say(text: str) -> None:
    print(text, file=sys.stderr)
