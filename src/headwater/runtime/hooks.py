"""Exit hooks (`@exit_hook`): functions of the flow's file, called when its run has ended, each in its own process.

They cannot change how the run ended. What they print is kept in `hook.<name>.log` beside the logs of the run's tasks.
A driver that dies between the run's last event and its hooks leaves them uncalled: they are called at most once.
"""

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec

from headwater.engines.console import Forwarding, LineSplitter, LogFile
from headwater.home import Home
from headwater.model.events import RunFinished, RunStarted
from headwater.model.order import CodeSource
from headwater.model.ports import LogLine

#: `-P`: the folder of the shell is not the first place in which modules are looked for.
HOOK_COMMAND = (sys.executable, "-P", "-m", "headwater.worker", "hook")
#: Seconds that each hook may take.
HOOK_SECONDS = 60.0
#: Longest sleep, so that interrupts and ends are seen in time.
_LOOK_MILLISECONDS = 100
_CHUNK = 1 << 16
_LOG_BYTES = 10 << 20
#: Signals that a hook answers as any program does, whatever the driver does about them.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)


class HookOrder(msgspec.Struct, frozen=True):
    """What the process of a hook is told, as JSON on its command line."""

    code: CodeSource
    home: str
    #: `Churn/17`
    run_path: str
    #: Name of the function in the flow's module.
    function: str


class HookWrote(msgspec.Struct, frozen=True):
    """A hook wrote lines."""

    name: str
    lines: tuple[LogLine, ...]


class HookEnded(msgspec.Struct, frozen=True):
    """A hook is over."""

    name: str
    #: What went wrong; empty = nothing.
    message: str = ""


class HookSetting(msgspec.Struct, frozen=True):
    """What hooks use of the process that drives the run."""

    #: Where the code is.
    code: CodeSource
    #: Starts a hook's process; its order is added.
    command: Sequence[str]
    #: Unix time in seconds.
    clock: Callable[[], float]
    #: Whether somebody wants this process to end: hooks are stopped, and no other begins.
    is_stopped: Callable[[], bool]
    seconds: float = HOOK_SECONDS


def run_hooks(
    home: Home, started: RunStarted, finished: RunFinished, setting: HookSetting
) -> Iterator[HookWrote | HookEnded]:
    """Call the hooks that are meant for this end, one after the other; yields what they write and how they ended.

    `on_success` is for runs that succeeded, `on_error` for those that failed or were cancelled.
    """
    hooks = started.graph.production.exit_hooks
    path = f"{started.flow}/{started.label}"
    for name in hooks.on_success if finished.end == "succeeded" else hooks.on_error:
        if setting.is_stopped():
            yield HookEnded(name, "was not called: interrupted")
            continue
        order = HookOrder(setting.code, home.path, path, name)
        log_file = os.path.join(home.run_folder(started.run), f"hook.{name}.log")
        yield from _call(order, log_file, setting)


def _call(order: HookOrder, log_file: str, setting: HookSetting) -> Iterator[HookWrote | HookEnded]:
    process = _Process([*setting.command, msgspec.json.encode(order).decode()], log_file)
    ends_at = setting.clock() + setting.seconds
    try:
        while process.is_open:
            lines = process.read(setting.clock())
            if lines:
                yield HookWrote(order.function, lines)
            if setting.is_stopped():
                yield HookEnded(order.function, "was stopped: interrupted")
                return
            if setting.clock() >= ends_at:
                yield HookEnded(order.function, f"was stopped: hooks may take {setting.seconds:g} s")
                return
    finally:
        process.close()
    yield HookEnded(order.function, _message(process.code))


class _Process:
    """The process of a hook, with what it prints."""

    def __init__(self, command: list[str], log_file: str) -> None:
        self._pipes: list[int] = []
        actions: list[tuple[int, ...]] = []
        writing: list[int] = []
        for descriptor in (1, 2):
            read, write = os.pipe()
            self._pipes.append(read)
            writing.append(write)
            actions.append((os.POSIX_SPAWN_DUP2, write, descriptor))
        empty = os.open(os.devnull, os.O_RDONLY)
        actions.append((os.POSIX_SPAWN_DUP2, empty, 0))
        self._pid = os.posix_spawn(
            command[0], command, os.environ, file_actions=actions, setpgroup=0, setsigmask=(), setsigdef=_SIGNALS
        )
        for descriptor in (*writing, empty):
            os.close(descriptor)
        self._splitters = (LineSplitter("o"), LineSplitter("e"))
        self._forwarding = Forwarding()
        self._log = LogFile(log_file, _LOG_BYTES)
        self._waiting = select.poll()
        for read in self._pipes:
            self._waiting.register(read, select.POLLIN)
        self._open_pipes = len(self._pipes)
        #: What it ended with, as `os.waitstatus_to_exitcode` gives it.
        self.code = 0
        self.is_open = True

    def read(self, now: float) -> tuple[LogLine, ...]:
        """Wait for what it prints, keep that, and give the lines to show."""
        lines: list[LogLine] = []
        ready = [descriptor for descriptor, _ in self._waiting.poll(_LOOK_MILLISECONDS if self._open_pipes else 5)]
        for read in ready:
            number = self._pipes.index(read)
            chunk = os.read(read, _CHUNK)
            splitter = self._splitters[number]
            records = splitter.feed(chunk) if chunk else splitter.rest()
            self._log.append(now, splitter.letter, records)
            lines += self._forwarding.lines(now, splitter.stream, records, False)
            if not chunk:
                self._waiting.unregister(read)
                self._open_pipes -= 1
        if not ready and self._wait(os.WNOHANG):
            self.is_open = False  # what it left behind may hold the pipes for ever
        return tuple(lines)

    def close(self) -> None:
        """End what is left of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        self._wait(0)
        for read in self._pipes:
            os.close(read)
        self._log.close()

    def _wait(self, options: int) -> bool:
        """Take its end when it has come, or wait for it; tells whether it has."""
        if self.is_open:
            pid, status = os.waitpid(self._pid, options)
            if not pid:
                return False
            self.code = os.waitstatus_to_exitcode(status)
        return True


def _message(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"failed with exit code {code}" if code else ""
