"""The host's side of one version: its worker processes, the calls that wait for them, and what replaces the fallen."""

import asyncio
import os
import secrets
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec

from headwater.hosting.frames import (
    JSON,
    Answers,
    Begin,
    Born,
    Call,
    Died,
    Fork,
    Frame,
    Hello,
    Loaded,
    Unpacker,
    packed,
)
from headwater.hosting.gathering import Gatherer
from headwater.hosting.worker import CONTROL
from headwater.model.errors import HeadwaterError
from headwater.model.ids import Digest
from headwater.model.service import ServiceVersion

#: `-P`: the folder of the shell is not the first place in which modules are looked for.
WORKER_COMMAND = (sys.executable, "-P", "-m", "headwater.hosting.worker")
#: Seconds between looks at workers that take too long or too much.
_WATCH_SECONDS = 0.2
#: Calls that a worker may have at once: the second one waits there while the answer to the first is on its way.
_DEPTH = 2
#: The same where a call takes less than this: several go over the socket at once.
_DEPTH_OF_SHORT = 16
_SHORT_SECONDS = 0.0005
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
#: What a caller is told to wait before trying again, in seconds.
RETRY_AFTER = 1


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


class Refused(Exception):
    """A call is not taken, or given up; holds the HTTP status and what to tell the caller."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Answer(msgspec.Struct, frozen=True):
    """The answer to one call."""

    status: int
    body: bytes
    #: Bytes of JSON at its start when binary tensors follow; 0 = none do.
    json_length: int
    #: Seconds that it waited for a worker, and that the user's method took.
    queued: float
    computed: float
    #: How many calls were answered together.
    batch: int


class Asked(msgspec.Struct, frozen=True):
    """What a call asks for."""

    endpoint: str
    body: bytes
    form: int
    json_length: int


class Watching(Protocol):
    """Sees the calls of a pool."""

    def call(
        self, pool: "VersionPool", answering: Coroutine[Any, Any, Answer], asked: Asked
    ) -> Coroutine[Any, Any, Answer]:
        """Await `answering` and give its answer, or raise what it raises."""


class _Waiting:
    """A call on its way."""

    __slots__ = ("arrived", "body", "endpoint", "form", "future", "json_length", "number", "sent")

    def __init__(
        self,
        number: int,
        endpoint: str,
        form: int,
        body: bytes,
        json_length: int,
        arrived: float,
        future: asyncio.Future[Answer],
    ) -> None:
        self.number = number
        self.endpoint = endpoint
        self.form = form
        self.body = body
        self.json_length = json_length
        self.arrived = arrived
        self.sent = arrived
        self.future = future


class _Link(asyncio.Protocol):
    """The connection of one worker."""

    def __init__(self, pool: "VersionPool", loop: asyncio.AbstractEventLoop) -> None:
        self._pool = pool
        self._loop = loop
        self._unpacker = Unpacker()
        self.transport: asyncio.Transport | None = None
        self.number = 0
        #: Calls that it has, first to last; it answers them in this order.
        self.calls: deque[list[_Waiting]] = deque()
        #: When it began with the first of them.
        self.since = 0.0
        self.is_given_up = False
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Transports of other event loops are not of asyncio's classes.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._unpacker.feed(data):
            if isinstance(frame, Answers) and self.calls:
                self._pool.answered(self, frame)
            elif isinstance(frame, Hello):
                self._pool.joined(self, frame)

    def connection_lost(self, error: Exception | None) -> None:
        self._pool.left(self)

    def send(self, frame: Frame) -> None:
        """Write a frame, together with others that are sent in the same turn of the loop: a write costs 15 us."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packed(frame))

    def _flush(self) -> None:
        out, self._out = self._out, []
        assert self.transport is not None
        self.transport.write(b"".join(out))


class VersionPool:
    """The processes that answer for one version, and its queue."""

    def __init__(
        self,
        version: ServiceVersion,
        small: Mapping[Digest, bytes],
        limits: PoolLimits,
        *,
        folder: str,
        command: Sequence[str] = WORKER_COMMAND,
        environ: Mapping[str, str] | None = None,
        log: int | None = None,
    ) -> None:
        """Take what it needs; `start` starts it.

        Args:
            version: what answers.
            small: payloads of its small artifacts.
            limits: what its workers may take.
            folder: a private folder for the socket.
            command: what to execute as its zygote.
            environ: its environment; None = this process's.
            log: descriptor that takes what it prints; None = this process's standard error.
        """
        self.version = version
        self.limits = limits
        self._small = dict(small)
        self._command = list(command)
        self._environ = dict(os.environ if environ is None else environ)
        self._log = log
        self._token = secrets.token_hex(16)
        self._address = os.path.join(folder, f"{version.number}-{secrets.token_hex(4)}.sock")
        self._server: asyncio.AbstractServer | None = None
        #: Kept, because asking which one runs costs a system call each time; None until it starts.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._processes: list[_VersionProcess] = []
        self._links: list[_Link] = []
        self._pids: dict[int, int] = {}
        self._queue: deque[list[_Waiting]] = deque()
        self._waiting = 0
        self._next = 0
        self._gatherers = {
            name: Gatherer[_Waiting](spec.batch, spec.within_ms / 1000)
            for name, spec in version.definition.endpoints.items()
            if spec.batch
        }
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._joined = asyncio.Event()
        self._falls = 0
        #: Mean of what the methods took lately.
        self._seconds = 1.0
        self._is_closing = False
        self._watcher: asyncio.Task[None] | None = None
        #: Held here, because the loop itself does not keep them alive.
        self._tasks: set[asyncio.Task[None]] = set()
        #: Sees all calls while a rollout compares this version with another; None = nobody does.
        self.watch: Watching | None = None

    async def start(self) -> None:
        """Load the version and start its workers; returns when all of them answer.

        Raises:
            VersionFailed: it does not load.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Link(self, loop), self._address, backlog=128)
        try:
            first = await self._launch(0)
            if first.spawn_reason:
                first.close()
                self._processes.clear()
                for number in range(1, self.limits.workers + 1):
                    await self._launch(number)
            else:
                for number in range(1, self.limits.workers + 1):
                    first.send(Fork(number))
            await asyncio.wait_for(self._joined.wait(), self.limits.load_seconds)
        except BaseException:
            await self.close()
            raise
        self._watcher = asyncio.create_task(self._watch())

    async def _launch(self, number: int) -> "_VersionProcess":
        begin = Begin(msgspec.json.encode(self.version), self._small, self._address, self._token, number)
        process = _VersionProcess(self, begin, self._command, self._environ, self._log)
        self._processes.append(process)
        await process.started(self.limits.load_seconds)
        return process

    @property
    def is_ready(self) -> bool:
        """Some worker answers."""
        return bool(self._links) and not self._is_closing

    @property
    def worker_pids(self) -> list[int]:
        """Processes that answer now."""
        return [self._pids[link.number] for link in self._links if link.number in self._pids]

    @property
    def waiting(self) -> int:
        """Calls that are not answered yet."""
        return self._waiting

    def call(self, endpoint: str, body: bytes, form: int = JSON, json_length: int = 0) -> Coroutine[Any, Any, Answer]:
        """Let a worker answer.

        Raises:
            Refused: the queue is full (429), it waited or took too long (503, 504), or its worker died (502).
        """
        answering = self._answer(endpoint, body, form, json_length)
        if self.watch is None:
            return answering
        return self.watch.call(self, answering, Asked(endpoint, body, form, json_length))

    async def _answer(self, endpoint: str, body: bytes, form: int, json_length: int) -> Answer:
        if self._waiting >= self.limits.queue:
            raise Refused(429, f"{self.limits.queue} requests are waiting already")
        if self._is_closing:
            raise Refused(503, "this version is being shut down")
        now = time.monotonic()
        self._next += 1
        waiting = _Waiting(self._next, endpoint, form, body, json_length, now, self._future())
        self._waiting += 1
        try:
            gatherer = self._gatherers.get(endpoint) if form == JSON else None
            if gatherer is None:
                self._queue.append([waiting])
            elif batch := gatherer.add(waiting, now):
                self._queue.append(batch)
            else:
                self._wake(endpoint, gatherer, now)
            self._dispatch()
            return await waiting.future
        finally:
            self._waiting -= 1

    async def call_together(self, endpoint: str, bodies: Sequence[bytes]) -> "list[Answer | Refused]":
        """Let one worker answer several calls one after the other, or at once when the endpoint gathers calls.

        For callers that have many rows. The whole lot has the time that one call has; the queue has room for it always.
        """
        if self._is_closing:
            return [Refused(503, "this version is being shut down") for _ in bodies]
        now = time.monotonic()
        lot = [
            _Waiting(self._next + place, endpoint, JSON, body, 0, now, self._future())
            for place, body in enumerate(bodies, 1)
        ]
        self._next += len(lot)
        self._waiting += len(lot)
        try:
            self._queue.append(lot)
            self._dispatch()
            answers = await asyncio.gather(*(waiting.future for waiting in lot), return_exceptions=True)
        finally:
            self._waiting -= len(lot)
        for each in answers:
            if not isinstance(each, Answer | Refused):
                raise each
        return [each for each in answers if isinstance(each, Answer | Refused)]

    def _future(self) -> "asyncio.Future[Answer]":
        return (self._loop or asyncio.get_running_loop()).create_future()

    def _wake(self, endpoint: str, gatherer: Gatherer[_Waiting], now: float) -> None:
        if endpoint in self._timers:
            return

        def release() -> None:
            del self._timers[endpoint]
            if batch := gatherer.take():
                self._queue.append(batch)
                self._dispatch()

        self._timers[endpoint] = asyncio.get_running_loop().call_later(gatherer.due_in(now) or 0.0, release)

    def _dispatch(self) -> None:
        while self._queue and self._links:
            link = min(self._links, key=lambda one: len(one.calls))
            if len(link.calls) >= (_DEPTH if self._seconds > _SHORT_SECONDS else _DEPTH_OF_SHORT):
                return
            batch = [waiting for waiting in self._queue.popleft() if not waiting.future.done()]
            if not batch:
                continue
            first = batch[0]
            spec = self.version.definition.endpoints[first.endpoint]
            gatherer = self._gatherers.get(first.endpoint)
            if gatherer is not None and first.form == JSON and spec.batch is not None:
                batch += gatherer.take(spec.batch - len(batch))
            now = time.monotonic()
            if not link.calls:
                link.since = now
            for waiting in batch:
                waiting.sent = now
            link.calls.append(batch)
            definition = self.version.definition
            link.send(
                Call(
                    first.endpoint,
                    first.form,
                    [(waiting.number, waiting.body) for waiting in batch],
                    first.json_length,
                    definition.service,
                    str(self.version.number),
                )
            )

    # What links and processes tell

    def joined(self, link: _Link, hello: Hello) -> None:
        """Let a worker take calls, if it knows the token."""
        if not secrets.compare_digest(hello.token, self._token):
            assert link.transport is not None
            link.transport.abort()
            return
        link.number = hello.number
        self._links.append(link)
        if len(self._links) >= self.limits.workers:
            self._joined.set()
        self._dispatch()

    def answered(self, link: _Link, answers: Answers) -> None:
        """Hand the answers to those who wait for them."""
        self._falls = 0
        self._seconds += (answers.seconds - self._seconds) / 16
        batch = link.calls.popleft()
        link.since = time.monotonic()
        by_number = {waiting.number: waiting for waiting in batch}
        for number, status, body, json_length in answers.items:
            waiting = by_number.pop(number, None)
            if waiting is not None and not waiting.future.done():
                queued = waiting.sent - waiting.arrived
                waiting.future.set_result(Answer(status, body, json_length, queued, answers.seconds, len(batch)))
        self._dispatch()

    def left(self, link: _Link) -> None:
        """A worker is gone: what it was at is lost, what waited there goes to another one."""
        if link not in self._links:
            return
        self._links.remove(link)
        if link.calls:
            status, detail = (504, "it took too long") if link.is_given_up else (502, "its worker process died")
            for waiting in link.calls.popleft():
                if not waiting.future.done():
                    waiting.future.set_exception(Refused(status, detail))
            self._queue.extendleft(reversed(link.calls))
            link.calls.clear()
        if not self._is_closing:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._falls)
            self._falls += 1
            asyncio.get_running_loop().call_later(pause, self._replace, link.number)

    def born(self, number: int, pid: int) -> None:
        """Note a worker's process."""
        self._pids[number] = pid

    def died(self, number: int, how: str) -> None:
        """Note that a worker's process is gone; its connection says so as well, unless it never had one."""
        self._pids.pop(number, None)
        if not self._is_closing and all(link.number != number for link in self._links):
            self._say(f"worker {number} of {self.version.name} {how}")

    def _replace(self, number: int) -> None:
        if self._is_closing:
            return
        zygotes = [process for process in self._processes if not process.number and process.is_alive]
        if zygotes:
            zygotes[0].send(Fork(number))
        else:
            task = asyncio.create_task(self._launch_again(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _launch_again(self, number: int) -> None:
        """Start the zygote anew (or the one worker, where forking is not safe)."""
        self._processes = [process for process in self._processes if process.is_alive]
        if any(not process.number for process in self._processes):
            return
        try:
            process = await self._launch(0)
            if process.spawn_reason:
                process.close()
                self._processes.remove(process)
                await self._launch(number)
            else:
                missing = set(range(1, self.limits.workers + 1)) - {link.number for link in self._links}
                for each in sorted(missing):
                    process.send(Fork(each))
        except VersionFailed as failed:
            self._say(f"{self.version.name} cannot be loaded any more: {failed.message}")
            self._falls += 1
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._falls)
            asyncio.get_running_loop().call_later(pause, self._replace, number)

    def _say(self, text: str) -> None:
        line = f"{text}\n".encode()
        os.write(2 if self._log is None else self._log, line)

    # Looking after

    async def _watch(self) -> None:
        while not self._is_closing:
            await asyncio.sleep(_WATCH_SECONDS)
            now = time.monotonic()
            for link in self._links:
                if link.calls and now - link.since > self._timeout(link.calls[0]):
                    link.is_given_up = True
                    self._kill(link.number)
                elif self.limits.memory_bytes is not None and self._resident(link.number) > self.limits.memory_bytes:
                    self._say(f"worker {link.number} of {self.version.name} takes too much memory and is replaced")
                    self._kill(link.number)
            self._expire(now)

    def _timeout(self, batch: list[_Waiting]) -> float:
        return self.version.definition.endpoints[batch[0].endpoint].timeout_seconds

    def _expire(self, now: float) -> None:
        for batch in self._queue:
            for waiting in batch:
                if now - waiting.arrived > self._timeout(batch) and not waiting.future.done():
                    waiting.future.set_exception(Refused(503, "it waited too long for a worker"))

    def _resident(self, number: int) -> int:
        pid = self._pids.get(number)
        try:
            with open(f"/proc/{pid}/statm", "rb") as file:
                fields = file.read().split()
        except OSError:
            return 0
        # Resident less shared: mapped models are not the worker's own.
        return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")

    def _kill(self, number: int) -> None:
        pid = self._pids.get(number)
        if pid is not None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    async def close(self, drain_seconds: float = 0.0) -> None:
        """Stop; gives calls that are under way so long to end."""
        until = time.monotonic() + drain_seconds
        while self._waiting and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self._is_closing = True
        if self._watcher is not None:
            self._watcher.cancel()
        for process in self._processes:
            process.close()
        for link in list(self._links):
            if link.transport is not None:
                link.transport.abort()
        if self._server is not None:
            self._server.close()
        if os.path.exists(self._address):
            os.unlink(self._address)
        for process in self._processes:
            await process.ended()


class _VersionProcess(asyncio.Protocol):
    """The zygote of a version, or a worker that was started by itself."""

    def __init__(
        self, pool: VersionPool, begin: Begin, command: list[str], environ: Mapping[str, str], log: int | None
    ) -> None:
        self._pool = pool
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
        theirs.close()

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
            raise VersionFailed(f"{self._pool.version.name} was not loaded within {timeout_seconds:g} s") from None
        self.spawn_reason = loaded.spawn_reason
        if loaded.error:
            raise VersionFailed(f"{self._pool.version.name} does not load\n\n{loaded.error.rstrip()}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._unpacker.feed(data):
            if isinstance(frame, Loaded) and not self._loaded.done():
                self._loaded.set_result(frame)
            elif isinstance(frame, Born):
                self._pool.born(frame.number, frame.pid)
            elif isinstance(frame, Died):
                self._pool.died(frame.number, frame.how)

    def connection_lost(self, error: Exception | None) -> None:
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
