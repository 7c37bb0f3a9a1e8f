"""What `run` and `resume` share: the engine, Ctrl-C, watching, and how the command ends."""

import importlib
import signal
import sys
import time
from collections.abc import Callable, Iterator

import click

from headwater.cli.console import Watcher, watcher
from headwater.cli.flow_file import CODE, ENGINE
from headwater.engines.local import LocalEngine
from headwater.engines.routed import RoutedEngine
from headwater.home import Home, open_home
from headwater.model.events import RunFinished
from headwater.model.ids import Digest
from headwater.model.order import CodeSource
from headwater.model.ports import Engine
from headwater.runtime.drive import Happening, Interrupts, Parked
from headwater.runtime.execute import Execution, RunOptions

#: Brings all that runs a task; imported only when tasks run in this process.
_INLINE = "headwater.cli.inline"
#: Imported only for runs on a branch.
_NAMES = "headwater.deployments.names"
#: Brings uv; imported only when a step declares packages.
_ISOLATED = "headwater.cli.isolated"


def execute(
    context: click.Context,
    options: dict[str, object],
    start: Callable[[Execution, RunOptions, Home], Iterator[Happening]],
    command: tuple[str, ...],
) -> int:
    """Open the store, drive what `start` gives, show it; gives the command's exit code."""
    home_option = options.get("home")
    home = open_home(home_option if isinstance(home_option, str) else None, make=True)
    settings = home.settings
    assert settings is not None
    show = watcher(sys.stderr, is_quiet=bool(options.get("quiet")), is_shared=options.get("engine") == "inline")
    show.store(home.name, settings.home.source, home.user, home.page_url())
    run_options = _run_options(options, int(settings.max_workers.value), command, home)
    engine = _engine(context, options, home)
    interrupts = Interrupts()
    previous = signal.signal(signal.SIGINT, lambda *_: _interrupt(interrupts, show, home))
    terminated = signal.signal(signal.SIGTERM, lambda *_: _interrupt(interrupts, show, home))
    try:
        execution = Execution(home, engine, clock=time.time, interrupts=interrupts)
        return _watch(start(execution, run_options, home), show)
    finally:
        engine.close()
        signal.signal(signal.SIGINT, previous)
        signal.signal(signal.SIGTERM, terminated)
        home.close()


def _engine(context: click.Context, options: dict[str, object], home: Home) -> Engine:
    if options.get("engine") == "inline":
        engine: Engine = importlib.import_module(_INLINE).open_engine(context.obj[CODE])
        return engine
    code: CodeSource = context.obj[CODE]
    settings = home.settings
    assert settings is not None
    max_running = _whole(options.get("max_workers")) or int(settings.max_workers.value)
    max_log_bytes = int(settings.max_log_size.value) << 20

    def start(environment: Digest | None) -> LocalEngine:
        if environment is None:
            return LocalEngine(code, max_running=max_running, max_log_bytes=max_log_bytes)
        started: LocalEngine = importlib.import_module(_ISOLATED).start_engine(
            home, code, environment, max_running=max_running, max_log_bytes=max_log_bytes
        )
        return started

    return RoutedEngine(start, default=context.obj.get(ENGINE), max_running=max_running)


def _watch(happenings: Iterator[Happening], show: Watcher) -> int:
    end = "failed"
    with show:
        for happening in happenings:
            show.see(happening)
            if isinstance(happening, RunFinished):
                end = happening.end
            elif isinstance(happening, Parked):
                end = "waiting"
    return {"succeeded": 0, "waiting": 0, "failed": 1, "cancelled": 130}[end]


def _interrupt(interrupts: Interrupts, show: Watcher, home: Home) -> None:
    interrupts.add()
    if interrupts.count > 1:
        home.stop_waiting()
    show.interrupted(interrupts.count)


def _run_options(options: dict[str, object], default_workers: int, command: tuple[str, ...], home: Home) -> RunOptions:
    """Make the run's options out of a command's; one that a parameter of the flow took the name of is not there."""
    return RunOptions(
        max_workers=_whole(options.get("max_workers")) or default_workers,
        tags=_texts(options.get("tags")),
        note=_text(options.get("note")) or "",
        seed=_whole(options.get("seed")),
        namespace=_text(options.get("namespace")),
        decorators=_texts(options.get("decorators")),
        is_strict=bool(options.get("is_strict")),
        run_id_file=_text(options.get("run_id_file")),
        branch=_branch(options, home.user),
        is_production=bool(options.get("production")),
        command=command,
        has_environments=options.get("engine") != "inline",
    )


def _branch(options: dict[str, object], user: str) -> str | None:
    """Give the branch that was asked for; None = the user's own, also for flows that belong to no project."""
    asked, is_production = _text(options.get("branch")), bool(options.get("production"))
    if not asked and not is_production:
        return None
    branch: str = importlib.import_module(_NAMES).branch_of(user, asked, is_production=is_production)
    return branch


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()
