"""What `run` and `resume` share: the engine, Ctrl-C, watching, and how the command ends."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

import click

from headwater.cli.console import Watcher, watcher
from headwater.cli.flow_file import CODE, ENGINE
from headwater.cli.options import read_run_options
from headwater.engines.inline import InlineEngine
from headwater.engines.local import LocalEngine
from headwater.home import Home, open_home
from headwater.model.events import RunFinished
from headwater.model.order import CodeSource
from headwater.model.ports import Engine
from headwater.runtime.drive import Happening, Interrupts
from headwater.runtime.execute import Execution, RunOptions
from headwater.settings import Settings, read_settings
from headwater.worker import inline_attempt


def start_engine_early(found: dict[str, object], code: CodeSource, words: list[str]) -> None:
    """Start the worker processes before this one imports the flow: both import it at the same time."""
    if not any(word == "inline" or word == "--engine=inline" for word in words):
        settings = read_settings({}, os.environ, os.getcwd())
        max_log_bytes = int(settings.max_log_size.value) << 20
        found[ENGINE] = LocalEngine(code, max_running=_workers(words, settings), max_log_bytes=max_log_bytes)


def _workers(words: list[str], settings: Settings) -> int:
    """The limit of attempts at work, before the command line is parsed for good."""
    for number, word in enumerate(words):
        text = word.partition("=")[2] if word.startswith("--max-workers=") else ""
        if word == "--max-workers" and number + 1 < len(words):
            text = words[number + 1]
        if text.isdigit() and int(text):
            return int(text)
    return int(settings.max_workers.value)


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
    show.store(home.path, settings.home.source, home.user)
    run_options = read_run_options(options, int(settings.max_workers.value), command)
    engine = _engine(context, options, home)
    interrupts = Interrupts()
    previous = signal.signal(signal.SIGINT, lambda *_: _interrupt(interrupts, show))
    terminated = signal.signal(signal.SIGTERM, lambda *_: _interrupt(interrupts, show))
    try:
        execution = Execution(home, engine, clock=time.time, interrupts=interrupts)
        return _watch(start(execution, run_options, home), show)
    finally:
        engine.close()
        signal.signal(signal.SIGINT, previous)
        signal.signal(signal.SIGTERM, terminated)
        home.close()


def _engine(context: click.Context, options: dict[str, object], home: Home) -> Engine:
    early = context.obj.get(ENGINE)
    if options.get("engine") == "inline":
        return InlineEngine(context.obj[CODE], inline_attempt)
    return early if early is not None else LocalEngine(context.obj[CODE])


def _watch(happenings: Iterator[Happening], show: Watcher) -> int:
    end = "failed"
    with show:
        for happening in happenings:
            show.see(happening)
            if isinstance(happening, RunFinished):
                end = happening.end
    return {"succeeded": 0, "failed": 1, "cancelled": 130}[end]


def _interrupt(interrupts: Interrupts, show: Watcher) -> None:
    interrupts.add()
    show.interrupted(interrupts.count)
