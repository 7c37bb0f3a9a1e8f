"""The processes of one version: they are started, looked after, and replaced when they fall."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import cast

import msgspec

from headwater.hosting.frames import Begin, Born, Died, Fork, Frame, Loaded, Unpacker, packed
from headwater.hosting.worker import CONTROL
from headwater.model.errors import HeadwaterError

#: `-P`: the folder of the shell is not the first place in which modules are looked for.
WORKER_COMMAND = (sys.executable, "-P", "-m", "headwater.hosting.worker")
#: Pause before a worker is replaced; doubled with each fall.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
#: A worker that was up for so many seconds falls for the first time again.
_STEADY_SECONDS = 60.0
#: Falls of one worker, with no answer of any between them, after which nobody is to wait for it.
_FALLS_OF_BROKEN = 4


class PoolLimits(msgspec.Struct, frozen=True):
    """What the workers of a version may take."""

    workers: int = 2
    #: Calls that wait at most; beyond that callers are turned away.
    queue: int = 1000
    #: Resident memory of a worker above which it is replaced, in bytes; None = no limit.
    memory_bytes: int | None = None
    #: Seconds that loading may take.
    load_seconds: float = 300.0


class VersionFailed(HeadwaterError):
    """A version cannot be loaded; holds the end of the traceback."""


class Workers:
    """The worker processes of one version, by number from 1, and the zygote that forks them."""

    def __init__(
        self,
        name: str,
        begin: Callable[[int], Begin],
        limits: PoolLimits,
        *,
        command: Sequence[str] = WORKER_COMMAND,
        environ: Mapping[str, str] | None = None,
        log: int | None = None,
    ) -> None:
        """Take what it needs; `start` starts it.

        Args:
            name: of the version, for people.
            begin: gives what the zygote (0) or a worker of its own is told first.
            limits: what the workers may take.
            command: what to execute as the zygote.
            environ: its environment; None = this process's.
            log: descriptor that takes what it prints; None = this process's standard error.
        """
        self._name = name
        self._begin = begin
        self._limits = limits
        self._command = list(command)
        self._environ = dict(os.environ if environ is None else environ)
        self._log = log
        self._processes: list[_VersionProcess] = []
        self._pids: dict[int, int] = {}
        #: Workers that answer, with when they came.
        self._present: dict[int, float] = {}
        self._all_came = asyncio.Event()
        #: Falls of each worker since the last answer.
        self._falls: dict[int, int] = {}
        #: What will replace a worker after its pause.
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._is_unloadable = False
        #: Forking is not safe: each worker loads the version itself.
        self._is_spawning = False
        self._is_closing = False
        #: Held here, because the loop itself does not keep them alive.
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load the version and start its workers; returns when all of them have come.

        Raises:
            VersionFailed: it does not load.
        """
        first = await self._launch(0)
        self._is_spawning = bool(first.spawn_reason)
        if self._is_spawning:
            self._drop(first)
        for number in self._numbers:
            if self._is_spawning:
                await self._launch(number)
            else:
                first.send(Fork(number))
        await asyncio.wait_for(self._all_came.wait(), self._limits.load_seconds)

    @property
    def _numbers(self) -> range:
        return range(1, self._limits.workers + 1)

    @property
    def is_broken(self) -> bool:
        """None answers, and none is expected to soon: they fell again and again, or cannot be loaded any more."""
        if self._present:
            return False
        return self._is_unloadable or max(self._falls.values(), default=0) >= _FALLS_OF_BROKEN

    @property
    def pids(self) -> list[int]:
        """Processes that answer now."""
        return [self._pids[number] for number in self._present if number in self._pids]

    def came(self, number: int) -> None:
        """Note that a worker takes calls."""
        self._present[number] = time.monotonic()
        self._is_unloadable = False
        if len(self._present) >= self._limits.workers:
            self._all_came.set()

    def answered(self) -> None:
        """Note that a call was answered: what fell before does not count any more."""
        if self._falls:
            self._falls.clear()

    def fell(self, number: int) -> None:
        """Note that a worker is gone, and replace it: at once the first time, after growing pauses later."""
        since = self._present.pop(number, None)
        if self._is_closing or number in self._timers:
            return
        is_first = since is not None and time.monotonic() - since > _STEADY_SECONDS
        falls = 0 if is_first else self._falls.get(number, 0)
        self._falls[number] = falls + 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**falls)
        self._timers[number] = asyncio.get_running_loop().call_later(pause, self._replace, number)

    def kill(self, number: int) -> None:
        """End a worker that takes too long, or too much."""
        pid = self._pids.get(number)
        if pid is not None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def takes_too_much(self, number: int) -> bool:
        """Tell whether a worker has more memory than it may."""
        if self._limits.memory_bytes is None or self._resident(number) <= self._limits.memory_bytes:
            return False
        self._say(f"worker {number} of {self._name} takes too much memory and is replaced")
        return True

    def _resident(self, number: int) -> int:
        try:
            with open(f"/proc/{self._pids.get(number)}/statm", "rb") as file:
                fields = file.read().split()
        except OSError:
            return 0
        # Resident less shared: mapped models are not the worker's own.
        return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """Let all of them end: they do when their connections close."""
        self._is_closing = True
        for timer in self._timers.values():
            timer.cancel()
        for process in self._processes:
            process.close()

    async def ended(self) -> None:
        """Wait for their end; kills those that take long."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in self._processes:
            await process.ended()

    # What their processes tell

    def born(self, number: int, pid: int) -> None:
        """Note a worker's process."""
        self._pids[number] = pid

    def died(self, number: int, pid: int, how: str) -> None:
        """Note that a worker's process is gone; its connection says so as well, unless it never had one."""
        if self._is_closing or self._pids.get(number) != pid:
            return
        del self._pids[number]
        self._say(f"worker {number} of {self._name} {how}")
        if number not in self._present:
            self.fell(number)

    def process_ended(self, number: int) -> None:
        """Note that a process is gone that had loaded the version: who was to come from it has to come from another.

        Args:
            number: which worker it was; 0 = the zygote.
        """
        for each in [number] if number else self._numbers:
            if each not in self._present:
                self.fell(each)

    # Starting and replacing

    async def _launch(self, number: int) -> "_VersionProcess":
        process = _VersionProcess(self, self._name, self._begin(number), self._command, self._environ, self._log)
        self._processes.append(process)
        await process.started(self._limits.load_seconds)
        return process

    def _drop(self, process: "_VersionProcess") -> None:
        process.close()
        self._processes.remove(process)
        self._keep(process.ended())

    def _replace(self, number: int) -> None:
        del self._timers[number]
        zygote = self._zygote()
        if zygote is None:
            self._keep(self._launch_again(number))
        elif zygote.is_loaded:
            zygote.send(Fork(number))
        # Else it is being loaded for another worker, and will fork all that are missing.

    def _zygote(self) -> "_VersionProcess | None":
        return next((process for process in self._processes if not process.number and process.is_alive), None)

    async def _launch_again(self, number: int) -> None:
        """Start the zygote anew (or the one worker, where forking is not safe)."""
        if self._zygote() is not None:
            return
        for gone in [process for process in self._processes if not process.is_alive]:
            self._drop(gone)
        try:
            process = await self._launch(number if self._is_spawning else 0)
        except (VersionFailed, OSError) as failed:
            if not self._is_closing:
                self._say(f"{self._name} cannot be loaded any more: {failed}")
            self._is_unloadable = True
            self.fell(number)
            return
        if not self._is_spawning:
            for each in self._numbers:
                if each not in self._present and each not in self._timers:
                    process.send(Fork(each))

    def _keep(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, text: str) -> None:
        os.write(2 if self._log is None else self._log, f"{text}\n".encode())


class _VersionProcess(asyncio.Protocol):
    """The zygote of a version, or a worker that was started by itself."""

    def __init__(
        self, workers: Workers, name: str, begin: Begin, command: list[str], environ: Mapping[str, str], log: int | None
    ) -> None:
        self._workers = workers
        self._name = name
        self._unpacker = Unpacker()
        self._transport: asyncio.Transport | None = None
        self._loaded: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._begin = begin
        #: Which worker it is; 0 = a zygote.
        self.number = begin.number
        #: Why it cannot fork.
        self.spawn_reason = ""
        self.is_alive = True
        ours, theirs = socket.socketpair()
        self._socket = ours
        output = 2 if log is None else log
        with theirs:
            self._pid = os.posix_spawn(
                command[0],
                command,
                dict(environ),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, output, 1),
                    (os.POSIX_SPAWN_DUP2, output, 2),
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), CONTROL),
                ],
                setsid=True,
            )

    @property
    def is_loaded(self) -> bool:
        """It has loaded the version and takes orders."""
        return self._loaded.done() and not self._loaded.result().error

    async def started(self, timeout_seconds: float) -> None:
        """Wait until it has loaded the version.

        Raises:
            VersionFailed: it has not.
        """
        self._socket.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=self._socket)
        self.send(self._begin)
        try:
            loaded = await asyncio.wait_for(asyncio.shield(self._loaded), timeout_seconds)
        except TimeoutError:
            self.close()
            raise VersionFailed(f"{self._name} was not loaded within {timeout_seconds:g} s") from None
        self.spawn_reason = loaded.spawn_reason
        if loaded.error:
            raise VersionFailed(f"{self._name} does not load\n\n{loaded.error.rstrip()}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._unpacker.feed(data):
            if isinstance(frame, Loaded) and not self._loaded.done():
                self._loaded.set_result(frame)
            elif isinstance(frame, Born):
                self._workers.born(frame.number, frame.pid)
            elif isinstance(frame, Died):
                self._workers.died(frame.number, frame.pid, frame.how)

    def connection_lost(self, error: Exception | None) -> None:
        if self.is_alive and self.is_loaded:
            self._workers.process_ended(self.number)
        self.is_alive = False
        if not self._loaded.done():
            self._loaded.set_result(Loaded(error="its process ended"))

    def send(self, frame: Frame) -> None:
        """Write a frame."""
        if self._transport is not None:
            self._transport.write(packed(frame))

    def close(self) -> None:
        """Let it end: it kills its workers when its connection closes."""
        self.is_alive = False
        if self._transport is not None:
            self._transport.abort()
        else:
            self._socket.close()

    async def ended(self) -> None:
        """Wait for its end; kills it when it takes long."""
        for _ in range(200):
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                return
            await asyncio.sleep(0.01)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
