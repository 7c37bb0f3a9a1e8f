"""Runs tasks on this machine, each in a process of its own: the driver's side.

The engine's own process does nothing but write orders to a pipe and read reports from another; a *zygote*,
started by `exec` so that it shares nothing with the driver, does the rest (`zygote.py`).
"""

import fcntl
import os
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence

import msgspec

from headwater.engines.exits import cancelled, describe_status, failed_import, lost, misrouted
from headwater.engines.frames import (
    Began,
    Begin,
    Cancel,
    Close,
    FrameReader,
    FromZygote,
    ImportFailed,
    Over,
    Printed,
    Ready,
    Said,
    Submit,
    frame,
)
from headwater.engines.processes import FAMILY_VARIABLE, kill_family
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.order import CodeSource, TaskOrder
from headwater.model.outcome import Outcome, TaskError
from headwater.model.ports import Ended, Notice, Report, Started, Wrote

#: `-P`: the folder of the shell is not the first place in which modules are looked for.
WORKER_COMMAND = (sys.executable, "-P", "-m", "headwater.worker", "zygote")

_CHUNK = 1 << 18
#: Signals that a zygote answers as a new process does, whatever the driver does about them.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)
#: Seconds that a zygote gets to kill its descendants and go.
_CLOSE_PATIENCE = 6.0


class LocalEngine:
    """Implements the port `Engine` with forked processes; spawned ones where forking is not safe.

    The zygote starts in the constructor, which returns at once: the user's module is imported meanwhile.
    """

    def __init__(
        self,
        code: CodeSource,
        *,
        max_running: int | None = None,
        command: Sequence[str] = WORKER_COMMAND,
        folder: str | None = None,
        environ: Mapping[str, str] | None = None,
        timeout_margin: float = 5.0,
        max_log_bytes: int = 1 << 30,
        spawn_reason: str = "",
        environment: Digest | None = None,
    ) -> None:
        """Start the zygote.

        Args:
            code: the module that it imports.
            max_running: attempts at work at once, gangs excepted; further orders wait in the zygote, which starts
                one the moment that another ends. None = every order starts at once.
            command: what to execute as a zygote.
            folder: its working folder; None = this process's.
            environ: its environment; None = this process's.
            timeout_margin: seconds beyond `@timeout` after which an attempt is killed.
            max_log_bytes: size of one log file at which the rest is left out.
            spawn_reason: start an interpreter per attempt, for this reason; empty = fork where that is safe.
            environment: lock of the environment that `command` runs in: orders of another one are not run here.
        """
        self._environment = environment
        self._begin = Begin(code, folder or "", max_running, timeout_margin, max_log_bytes, spawn_reason)
        self._command = list(command)
        self._environ = dict(os.environ if environ is None else environ)
        self._decoder = msgspec.json.Decoder(FromZygote)
        self._outcomes = msgspec.json.Decoder(Outcome)
        self._encoder = msgspec.json.Encoder()
        #: Every attempt in flight, with its run.
        self._in_flight: dict[tuple[TaskKey, int], RunId] = {}
        self._pending: list[Report] = []
        self._is_spawning_told = False
        self._pid = 0
        self._is_ready = False
        #: Orders that came before the module was there.
        self._held: list[tuple[tuple[TaskOrder, ...], bool]] = []
        self._out = bytearray()
        self._reader = FrameReader()
        self._start_zygote()

    def submit(self, order: TaskOrder) -> None:
        """Start an attempt, or let it wait for a place; the order goes out with the next `poll`."""
        self._send([order], is_gang=False)

    def submit_gang(self, orders: Sequence[TaskOrder]) -> None:
        """Start attempts that need each other together."""
        self._send(orders, is_gang=True)

    def poll(self, timeout_seconds: float) -> list[Report]:
        """Wait until something happened or the time is up, and give all that happened."""
        until = time.monotonic() + timeout_seconds
        while True:
            self._flush()
            pause = 0.0 if self._pending else max(0.0, until - time.monotonic())
            self._wait(pause)
            if self._pending or time.monotonic() >= until:
                reports, self._pending = self._pending, []
                return reports

    def cancel(self, key: TaskKey, attempt: int, grace_seconds: float) -> None:
        """Ask an attempt to stop (SIGTERM), and kill it after the grace; an `Ended` follows."""
        if (key, attempt) not in self._in_flight:
            return
        if not self._is_ready:
            # Nothing was sent: the zygote still imports, perhaps for ever.
            run = self._in_flight.pop((key, attempt))
            self._held = [(orders, gang) for orders, gang in self._held if not _names(orders, key, attempt)]
            self._pending.append(Ended(cancelled(run, key, attempt)))
            return
        self._out += frame(Cancel(key, attempt, grace_seconds))
        self._flush()

    def fileno(self) -> int | None:
        """A descriptor that becomes readable when `poll` has something to give.

        Ask for it every time: a new zygote has a new one. After `submit` and `cancel`, `poll(0)` once before
        waiting on it.
        """
        return self._reports if self._pid else None

    def close(self) -> None:
        """Kill what still runs, with all descendants, and release everything."""
        if not self._pid:
            return
        if self._is_ready:
            self._out += frame(Close())
            self._flush()
            self._in_flight.clear()
            until = time.monotonic() + _CLOSE_PATIENCE
            while self._pid and time.monotonic() < until:
                self._wait(until - time.monotonic())
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._in_flight.clear()
            self._bury()

    def flush(self) -> None:
        """Write what the zygote's pipe takes of the orders and cancellations that have not gone out yet."""
        self._flush()

    @property
    def is_writing(self) -> bool:
        """There is more to write than the zygote's pipe took."""
        return bool(self._out) and bool(self._pid)

    @property
    def supervisor_pid(self) -> int:
        """Process of the zygote; 0 when none runs."""
        return self._pid

    # The zygote's life

    def _start_zygote(self) -> None:
        self._token = os.urandom(12).hex()
        commands, self._commands = _pipe()
        self._reports, reports = _pipe()
        moves = [(os.POSIX_SPAWN_DUP2, commands, 0), (os.POSIX_SPAWN_DUP2, reports, 3)]
        environ = {**self._environ, FAMILY_VARIABLE: self._token}
        # A session of its own keeps Ctrl-C in the terminal away from it: the driver decides what that means.
        self._pid = os.posix_spawn(
            self._command[0],
            self._command,
            environ,
            file_actions=moves,
            setsid=True,
            setsigmask=(),
            setsigdef=_SIGNALS,
        )
        os.close(commands)
        os.close(reports)
        os.set_blocking(self._commands, False)
        os.set_blocking(self._reports, False)
        self._reader = FrameReader()
        self._is_ready = False
        self._held = []
        self._out = bytearray(frame(self._begin))
        self._flush()

    def _bury(self) -> None:
        """Take note of the zygote's end: nothing of its family is left, and what was in flight is lost."""
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        os.close(self._commands)
        os.close(self._reports)
        if status:
            kill_family(self._token)
        in_flight, self._in_flight = self._in_flight, {}
        ended = describe_status(status)
        for (key, attempt), run in in_flight.items():
            if self._is_ready:
                outcome = lost(run, key, attempt, f"the process that looked after it {ended}")
            else:
                message = f"the process that imported {self._begin.code.file} {ended}"
                outcome = failed_import(run, key, attempt, TaskError("", message))
            self._pending.append(Ended(outcome))

    # Out

    def _send(self, orders: Sequence[TaskOrder], is_gang: bool) -> None:
        if orders[0].environment != self._environment:
            self._pending += [Ended(misrouted(one.run, one.key, one.attempt, one.environment)) for one in orders]
            return
        if not self._pid:
            self._start_zygote()
        for order in orders:
            self._in_flight[order.key, order.attempt] = order.run
        if self._is_ready:
            self._out += self._submission(orders, is_gang)
        else:
            self._held.append((tuple(orders), is_gang))

    def _submission(self, orders: Sequence[TaskOrder], is_gang: bool) -> bytes:
        return frame(Submit(tuple(msgspec.Raw(self._encoder.encode(order)) for order in orders), is_gang))

    def _flush(self) -> None:
        if not self._out or not self._pid:
            return
        try:
            written = os.write(self._commands, self._out)
        except BlockingIOError:
            return
        except BrokenPipeError:
            # Its end shows on the other pipe, after its last reports.
            self._out.clear()
            return
        del self._out[:written]

    # In

    def _wait(self, pause: float) -> None:
        if not self._pid:
            return
        waiting = select.poll()
        waiting.register(self._reports, select.POLLIN)
        if self._out:
            waiting.register(self._commands, select.POLLOUT)
        for descriptor, _ in waiting.poll(int(pause * 1000) + (1 if pause else 0)):
            if descriptor == self._reports:
                self._receive()
            else:
                self._flush()

    def _receive(self) -> None:
        while self._pid:
            try:
                received = os.read(self._reports, _CHUNK)
            except BlockingIOError:
                return
            if not received:
                self._bury()
                return
            for body in self._reader.feed(received):
                self._handle(self._decoder.decode(body))
            if len(received) < _CHUNK:
                return

    def _handle(self, message: FromZygote) -> None:
        if isinstance(message, Began):
            self._pending.append(Started(message.key, message.attempt, message.pid))
        elif isinstance(message, Printed):
            self._pending.append(Wrote(message.key, message.attempt, message.lines))
        elif isinstance(message, Over):
            self._in_flight.pop((message.key, message.attempt), None)
            self._pending.append(Ended(self._outcomes.decode(message.outcome)))
        elif isinstance(message, Said):
            self._pending.append(Notice(message.text))
        elif isinstance(message, Ready):
            self._note_ready(message.spawn_reason)
        elif isinstance(message, ImportFailed):
            self._note_ready("")

    def _note_ready(self, spawn_reason: str) -> None:
        self._is_ready = True
        if spawn_reason and not self._is_spawning_told:
            self._is_spawning_told = True
            self._pending.append(Notice(f"each task starts an interpreter of its own: {spawn_reason}"))
        for orders, is_gang in self._held:
            self._out += self._submission(orders, is_gang)
        self._held = []
        self._flush()


def _names(orders: Sequence[TaskOrder], key: TaskKey, attempt: int) -> bool:
    return any(order.key == key and order.attempt == attempt for order in orders)


def _pipe() -> tuple[int, int]:
    """Make a pipe whose descriptors are out of the way of the numbers that a new process gives them."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(end)
    return ends[0], ends[1]
