"""`headwater resume`: continues a run."""

import os
import sys
import time
from collections.abc import Iterator

import click
import msgspec

from headwater.cli.driving import execute
from headwater.cli.early_engine import start_engine_early
from headwater.cli.flow_file import CODE, FLOW, FlowCommand, command_words, given_parameters, is_flow_file
from headwater.cli.options import run_options
from headwater.deployments.names import split_target
from headwater.deployments.packages import package_folder
from headwater.deployments.stored import find_deployment
from headwater.home import Home, open_home
from headwater.model.errors import HeadwaterError, NotFound, RunIsDriven, UserMistake
from headwater.model.events import RunStarted
from headwater.model.order import CodeSource
from headwater.model.rows import RunQuery, RunRow
from headwater.runtime.drive import Continued, Happening
from headwater.runtime.execute import Execution, RunOptions

#: Runs that go on under their own name.
_UNDRIVEN = ("interrupted", "waiting", "queued")


class _ResumeCommand(FlowCommand):
    """`resume` of a file, or of a run, whose file its record names."""

    takes_parameters = True
    takes = "FILE.py, or the path of a run"
    on_found = staticmethod(start_engine_early)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        run = next((word for word in args if "/" in word and not word.startswith("-")), None)
        code = None
        if run is not None and not any(is_flow_file(word) for word in args):
            code = _code_of(run, _home_option(args))
            args = [f"{code.root}/{code.file}:{code.flow}", *args]
        return super().make_context(info_name, args, parent=parent, found_code=code, **extra)


@click.command("resume", cls=_ResumeCommand)
@click.argument("file", metavar="FILE.py")
@click.argument("words", nargs=-1, metavar="[RUN] [STEP]")
@click.option("--origin-run-id", metavar="RUN", help="The run to continue  [default: your latest of this flow].")
@run_options
@click.pass_context
def command(
    context: click.Context, /, file: str, words: tuple[str, ...], origin_run_id: str | None, **options: object
) -> int:
    """Continue a run: nothing that finished runs again.

    An interrupted run (its process was killed, the machine restarted) goes on under its own name, and so does one that
    waits for approval. A failed one is continued by a new run that takes over what succeeded, and runs the rest with
    the code as it is now. With a STEP, everything from that step on runs again.
    """
    flow, code = context.obj[FLOW], context.obj[CODE]
    given = given_parameters(flow, options)

    def start(execution: Execution, run_options: RunOptions, home: Home) -> Iterator[Happening]:
        named, step = _split(words, origin_run_id, flow.__name__)
        origin = _find_origin(home, flow.__name__, named)
        if home.deliver_left(origin.run):
            origin = home.ledger.run(origin.run)
            if origin.status == "succeeded" and step is None and not given:
                return _its_end(home, origin)
        if origin.status in _UNDRIVEN and step is None:
            if given:
                raise UserMistake(
                    f"{origin.path} goes on with its own parameters",
                    hint="start a new run for other ones, or name the step from which to run again",
                )
            _refuse_checkout(home, origin, code)
            return execution.continue_interrupted(origin, run_options, code_root=code.root)
        if origin.status == "succeeded" and step is None and not given:
            raise UserMistake(
                f"{origin.path} succeeded: nothing is left to run", hint="name the step to run again from"
            )
        if origin.status == "running":
            raise _driven(home, origin)
        return execution.resume_failed(flow, code, run_options, given, origin, step)

    return execute(context, options, start, command_words())


def _its_end(home: Home, row: RunRow) -> Iterator[Happening]:
    """Give the end of a run that had happened here, and only had to be delivered."""
    *before, end = [event for _, event in home.ledger.events(row.run)]
    yield Continued(tuple(before))
    yield end


def _driven(home: Home, row: RunRow) -> HeadwaterError:
    """Say who drives the run."""
    owner = home.ledger.owner(row.run)
    if owner is None:
        return UserMistake(f"{row.path} was still driven a moment ago", hint="ask again")
    return RunIsDriven(row.path, owner.host, owner.pid, max(0.0, time.time() - owner.since))


def _split(words: tuple[str, ...], origin: str | None, flow: str) -> tuple[str | None, str | None]:
    """Sort the words into the run and the step."""
    run = origin
    steps = []
    for word in words:
        if "/" in word or word.isdigit():
            run = word
        else:
            steps.append(word)
    if len(steps) > 1:
        raise click.UsageError(f"one step, not {len(steps)}: {' '.join(steps)}")
    if run is not None and "/" not in run:
        run = f"{flow}/{run}"
    return run, steps[0] if steps else None


def _find_origin(home: Home, flow: str, path: str | None) -> RunRow:
    if path is None:
        page = home.ledger.runs(RunQuery(flow=flow, user=home.user, limit=1))
        if not page.rows:
            raise NotFound(f"{home.user} has no run of {flow} to resume", hint="name one: resume FILE.py RUN")
        return page.rows[0]
    name, _, label = path.partition("/")
    if name != flow:
        raise UserMistake(f"{path} is no run of {flow}", hint=f"`headwater list --flow {flow}` lists them")
    return find_run(home, name, label)


def find_run(home: Home, flow: str, label: str) -> RunRow:
    """Find `Churn/17`; raises NotFound."""
    if not label.isdigit():
        raise NotFound(f"{flow}/{label} is no run", hint="a run's path looks like Churn/17")
    return home.ledger.find_run(flow, int(label))


def _home_option(words: list[str]) -> str | None:
    """The folder that `--home` names, before the command line is parsed for good."""
    for number, word in enumerate(words):
        if word.startswith("--home="):
            return word.partition("=")[2]
        if word == "--home" and number + 1 < len(words):
            return words[number + 1]
    return None


def _code_of(path: str, folder: str | None) -> CodeSource:
    """Where the code of a run is: in the checkout that its record names, or in its deployment's package.

    A run of a deployment that has ended is resumed with the checkout, as a run of whoever asks.
    """
    flow, _, label = path.partition("/")
    home = open_home(folder)
    try:
        row = find_run(home, flow, label)
        first = next((event for _, event in home.ledger.events(row.run) if isinstance(event, RunStarted)), None)
        if first is None:
            raise NotFound(f"{path} has no first event", hint="`headwater fsck` tells what is wrong")
        if first.launch is None or row.status not in _UNDRIVEN:
            return first.code
        _refuse_other_interpreter(row.path, first.launch.python)
        deployment = find_deployment(home.ledger, split_target(first.launch.target).name, first.launch.number)
        return msgspec.structs.replace(first.code, root=package_folder(home, deployment))
    finally:
        home.close()


def _refuse_checkout(home: Home, origin: RunRow, code: CodeSource) -> None:
    """Raise when a run of a deployment would go on with other code than was deployed."""
    packages = os.path.join(home.path, "packages") + os.sep
    if origin.launch is not None and not code.root.startswith(packages):
        raise UserMistake(
            f"{origin.path} is a run of {origin.launch.target}: it goes on with what was deployed, not with this file",
            hint=f"headwater resume {origin.path}",
        )


def _refuse_other_interpreter(path: str, python: str | None) -> None:
    """Raise when a run of a deployment would go on with other packages than it was deployed with."""
    if python is not None and python != sys.executable and os.access(python, os.X_OK):
        raise UserMistake(
            f"{path} runs with {python}, as it was deployed; this is {sys.executable}",
            hint=f"{python} -m headwater resume {path}",
        )
