"""Drives one run of a deployment, in a process of its own: from its queue to its end, or to where it waits."""

import importlib
import os
import signal
from collections.abc import Callable
from contextlib import closing

import msgspec

from headwater.deployments.names import split_target
from headwater.deployments.packages import package_folder
from headwater.deployments.stored import find_deployment
from headwater.engines.local import LocalEngine
from headwater.engines.routed import RoutedEngine
from headwater.home import Home, open_home
from headwater.model.errors import (
    DiskFull,
    HeadwaterError,
    InternalError,
    LeaseLost,
    LedgerDamaged,
    PackageDamaged,
    RunIsDriven,
    RunIsFinished,
)
from headwater.model.events import DriverChanged, Event, RunFinished, RunStarted
from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest
from headwater.model.order import CodeSource
from headwater.model.outcome import ExitCause
from headwater.model.ports import FIRST_EPOCH, Commit, Engine, Notice
from headwater.model.rows import RunRow
from headwater.production.alerts.channel_book import SECRET_VARIABLES
from headwater.production.asked import Asked
from headwater.production.clock import Clock
from headwater.production.interpreters import Interpreter, choose_interpreter, describe_changes
from headwater.production.journal import Journal
from headwater.production.launcher import Drive, Launcher
from headwater.production.retries import take_finished_over
from headwater.production.withholding import withheld_variables
from headwater.runtime.drive import Happening, Interrupts, Left
from headwater.runtime.execute import Execution, RunOptions
from headwater.runtime.hooks import HookEnded

#: Brings uv and what builds environments.
_ISOLATED = "headwater.production.isolated"

#: What says nothing about the run: somebody else drives it, or the machine cannot at the moment.
_NOT_OF_THE_RUN = (RunIsDriven, RunIsFinished, LeaseLost, DiskFull, LedgerDamaged, OSError)


def be_launcher(asked: Asked, journal: Journal) -> int:
    """Fork drivers for the scheduler that started this process, until it is gone."""

    def drive(order: Drive, of_driver: Journal) -> int:
        return drive_run(asked.home, order, asked.clock, of_driver)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Launcher(os.dup(0), drive, journal).run()
    return 0


class Abandoned(BaseException):
    """The daemon stops before the run is driven: it is left as it is, whoever comes next continues it."""


class _Leave:
    """Answers SIGTERM: a run that is being driven is given back in good order, anything before is dropped at once."""

    def __init__(self) -> None:
        self.interrupts = Interrupts()
        self.is_driving = False

    def __call__(self, number: int, frame: object) -> None:
        self.interrupts.leave()
        if not self.is_driving:
            raise Abandoned


def drive_run(home_path: str, drive: Drive, clock: Clock, journal: Journal) -> int:
    """Drive a run until it ends, waits at a gate, or this process is told to leave it (SIGTERM).

    What keeps the run from being driven at all, such as a damaged package, ends it as failed with that message.

    Returns:
        0: nothing is left to do here. 1: it could not be driven now; try again later.
    """
    leave = _Leave()
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in SECRET_VARIABLES:  # passwords of the daemon's channels: no business of any run
        os.environ.pop(name, None)
    try:
        with closing(open_home(home_path)) as home:
            return _drive_or_end(home, drive, clock, journal, leave)
    except Abandoned:
        journal.note("left before it was driven: the next daemon continues it")
        return 0
    finally:
        # The next one may come at any moment, in the midst of what is tidied up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _drive_or_end(home: Home, drive: Drive, clock: Clock, journal: Journal, leave: _Leave) -> int:
    try:
        _drive(home, home.ledger.run(drive.run), clock, journal, leave)
    except (RunIsDriven, RunIsFinished) as error:
        journal.note(error.message)
    except _NOT_OF_THE_RUN as error:
        journal.note(f"cannot go on: {error}")
        return 1
    except Exception as error:  # noqa: BLE001 - whatever it is, the run has to end and say so
        _end_failed(home, drive, error, clock.now())
        journal.note(f"failed: {_message(error)}")
    return 0


def _drive(home: Home, row: RunRow, clock: Clock, journal: Journal, leave: _Leave) -> None:
    started = _first_event(home, row)
    launch = started.launch
    if launch is None:
        raise InternalError(f"{row.path} is no run of a deployment")
    folder = package_folder(home, find_deployment(home.ledger, split_target(launch.target).name, launch.number))
    failpoint("driver.after_package")
    interpreter = choose_interpreter(launch.python)
    _note_changes(home, row, started, interpreter, journal)
    for name in withheld_variables(home, started):
        os.environ.pop(name, None)
    # Of this process, so that every zygote begins there, whatever environment it belongs to.
    os.chdir(folder)
    assert home.settings is not None
    max_workers = int(home.settings.max_workers.value)
    engine = _open_engine(home, msgspec.structs.replace(started.code, root=folder), interpreter, max_workers)
    try:
        take_finished_over(home, row, started, clock.now())
        execution = Execution(
            home, engine, clock=clock.now, interrupts=leave.interrupts, hook_command=interpreter.command("hook")
        )
        leave.is_driving = True
        options = RunOptions(max_workers=max_workers)
        for happening in execution.continue_interrupted(home.ledger.run(row.run), options, code_root=folder):
            _note(happening, journal)
    finally:
        engine.close()


def _note(happening: Happening, journal: Journal) -> None:
    if isinstance(happening, Notice):
        journal.note(happening.text)
    elif isinstance(happening, Left):
        journal.note("left, as the daemon stops: the next one continues it")
    elif isinstance(happening, HookEnded) and happening.message:
        journal.note(f"the hook {happening.name} {happening.message}")


def _first_event(home: Home, row: RunRow) -> RunStarted:
    for _, event in home.ledger.events(row.run):
        if isinstance(event, RunStarted):
            return event
        break
    raise InternalError(f"{row.path} has no first event")


def _open_engine(home: Home, code: CodeSource, interpreter: Interpreter, max_running: int) -> Engine:
    """Start the zygote of the steps without packages of their own; those of environments start when they are needed."""
    assert home.settings is not None
    max_log_bytes = int(home.settings.max_log_size.value) << 20

    def start(environment: Digest | None) -> LocalEngine:
        if environment is not None:
            start_isolated: Callable[..., LocalEngine] = importlib.import_module(_ISOLATED).start_isolated
            return start_isolated(
                home, os.environ, code, environment, max_running=max_running, max_log_bytes=max_log_bytes
            )
        return LocalEngine(
            code,
            max_running=max_running,
            command=interpreter.command("zygote"),
            max_log_bytes=max_log_bytes,
        )

    return RoutedEngine(start, default=start(None), max_running=max_running)


def _note_changes(home: Home, row: RunRow, started: RunStarted, interpreter: Interpreter, journal: Journal) -> None:
    """Say in the run and in the log how the packages differ from those with which it was deployed."""
    changes = describe_changes(started.environment, interpreter)
    if not changes:
        return
    journal.note(changes)
    if not row.note:
        home.ledger.annotate(row.run, changes)


def _end_failed(home: Home, drive: Drive, error: Exception, now: float) -> None:
    """Write the run's end; silent when somebody else drives or has ended it."""
    try:
        lease, epoch = home.ledger.take(drive.run, now)
    except (RunIsDriven, RunIsFinished):
        return
    cause: ExitCause = "damaged_input" if isinstance(error, PackageDamaged) else "exception"
    events: list[Event] = [RunFinished(at=now, end="failed", cause=cause, message=_message(error))]
    if epoch > FIRST_EPOCH:
        events.insert(0, DriverChanged(at=now, host=os.uname().nodename, pid=os.getpid(), epoch=epoch))
    try:
        home.ledger.append(lease, Commit(events=events))
    finally:
        lease.release()


def _message(error: Exception) -> str:
    if isinstance(error, HeadwaterError):
        return str(error)
    return f"{type(error).__name__}: {error}"
