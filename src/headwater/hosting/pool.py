"""The calls to one version: they wait, are gathered, go to its workers, and come back answered or refused."""

import asyncio
import os
import secrets
import time
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from headwater.hosting.calls import Answer, Asked, Refused, Waiting
from headwater.hosting.frames import JSON, Answers, Begin, Call, Hello
from headwater.hosting.gathering import Gatherer
from headwater.hosting.links import Link
from headwater.hosting.workers import WORKER_COMMAND, PoolLimits, Workers
from headwater.model.ids import Digest
from headwater.model.service import ServiceVersion

#: Seconds between looks at workers that take too long or too much.
_WATCH_SECONDS = 0.2
#: Calls that a worker may have at once: the second one waits there while the answer to the first is on its way.
_DEPTH = 2
#: The same where a call takes less than this: several go over the socket at once.
_DEPTH_OF_SHORT = 16
_SHORT_SECONDS = 0.0005


class Watching(Protocol):
    """Sees the calls of a pool."""

    def call(
        self, pool: "VersionPool", answering: Coroutine[Any, Any, Answer], asked: Asked
    ) -> Coroutine[Any, Any, Answer]:
        """Await `answering` and give its answer, or raise what it raises."""


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
        self._token = secrets.token_hex(16)
        self._address = os.path.join(folder, f"{version.number}-{secrets.token_hex(4)}.sock")
        self._server: asyncio.AbstractServer | None = None
        #: Kept, because asking which one runs costs a system call each time; None until it starts.
        self._loop: asyncio.AbstractEventLoop | None = None
        encoded, payloads = msgspec.json.encode(version), dict(small)
        self._workers = Workers(
            version.name,
            lambda number: Begin(encoded, payloads, self._address, self._token, number),
            limits,
            command=command,
            environ=environ,
            log=log,
        )
        self._links: list[Link] = []
        self._queue: deque[list[Waiting]] = deque()
        #: Calls whose worker died under them: each goes by itself to the next worker that comes, so that one which
        #: kills its worker costs no other one.
        self._suspects: list[Waiting] = []
        self._waiting = 0
        self._next = 0
        self._gatherers = {
            name: Gatherer[Waiting](spec.batch, spec.within_ms / 1000)
            for name, spec in version.definition.endpoints.items()
            if spec.batch
        }
        self._timers: dict[str, asyncio.TimerHandle] = {}
        #: Mean of what the methods took lately.
        self._seconds = 1.0
        self._is_closing = False
        self._watcher: asyncio.Task[None] | None = None
        #: Sees all calls while a rollout compares this version with another; None = nobody does.
        self.watch: Watching | None = None

    async def start(self) -> None:
        """Load the version and start its workers; returns when all of them answer.

        Raises:
            VersionFailed: it does not load.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Link(self, loop), self._address, backlog=128)
        try:
            await self._workers.start()
        except BaseException:
            await self.close()
            raise
        self._watcher = asyncio.create_task(self._watch())

    @property
    def is_ready(self) -> bool:
        """Some worker answers."""
        return bool(self._links) and not self._is_closing

    @property
    def takes_calls(self) -> bool:
        """Some worker answers, or one is expected soon enough for calls to wait."""
        return not self._is_closing and not self._workers.is_broken

    @property
    def worker_pids(self) -> list[int]:
        """Processes that answer now."""
        return self._workers.pids

    @property
    def waiting(self) -> int:
        """Calls that are not answered yet."""
        return self._waiting

    def call(self, endpoint: str, body: bytes, form: int = JSON, json_length: int = 0) -> Coroutine[Any, Any, Answer]:
        """Let a worker answer.

        Raises:
            Refused: the queue is full (429), its workers do not stay up or it waited too long (503), it took too long
                (504), its worker died, and so did the next one (502).
        """
        answering = self._answer(endpoint, body, form, json_length)
        if self.watch is None:
            return answering
        return self.watch.call(self, answering, Asked(endpoint, body, form, json_length))

    async def _answer(self, endpoint: str, body: bytes, form: int, json_length: int) -> Answer:
        if self._waiting >= self.limits.queue:
            raise Refused(429, f"{self.limits.queue} requests are waiting already")
        self._require_workers()
        now = time.monotonic()
        self._next += 1
        waiting = Waiting(self._next, endpoint, form, body, json_length, now, now, self._future())
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
        try:
            self._require_workers()
        except Refused as refused:
            return [refused for _ in bodies]
        now = time.monotonic()
        lot = [
            Waiting(self._next + place, endpoint, JSON, body, 0, now, now, self._future())
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

    def _require_workers(self) -> None:
        if self._is_closing:
            raise Refused(503, "this version is being shut down")
        if self._workers.is_broken:
            raise Refused(503, f"the workers of {self.version.name} do not stay up")

    def _future(self) -> "asyncio.Future[Answer]":
        return (self._loop or asyncio.get_running_loop()).create_future()

    def _wake(self, endpoint: str, gatherer: Gatherer[Waiting], now: float) -> None:
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
            self._send(link, batch)

    def _send(self, link: Link, batch: list[Waiting]) -> None:
        now = time.monotonic()
        if not link.calls:
            link.since = now
        for waiting in batch:
            waiting.sent = now
        link.calls.append(batch)
        first, definition = batch[0], self.version.definition
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

    # What links tell

    def joined(self, link: Link, hello: Hello) -> None:
        """Let a worker take calls, if it knows the token."""
        if not secrets.compare_digest(hello.token, self._token):
            assert link.transport is not None
            link.transport.abort()
            return
        link.number = hello.number
        self._links.append(link)
        self._workers.came(link.number)
        suspects, self._suspects = self._suspects, []
        for waiting in suspects:
            if not waiting.future.done():
                self._send(link, [waiting])
        self._dispatch()

    def answered(self, link: Link, answers: Answers) -> None:
        """Hand the answers to those who wait for them."""
        self._workers.answered()
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

    def left(self, link: Link) -> None:
        """A worker is gone: what it was at is repeated once or lost, what waited there goes to another one."""
        if link not in self._links:
            return
        self._links.remove(link)
        if link.calls:
            self._suspects += [waiting for waiting in link.calls.popleft() if not self._is_lost(waiting, link)]
            self._suspects += [batch[0] for batch in link.calls if batch[0].is_repeated]
            self._queue.extendleft(batch for batch in reversed(link.calls) if not batch[0].is_repeated)
            link.calls.clear()
        self._workers.fell(link.number)
        self._dispatch()

    def _is_lost(self, waiting: Waiting, link: Link) -> bool:
        """Refuse a call that its worker was at, unless another one may try.

        Of calls that were gathered all but one are not to blame; and the worker may have been killed from outside.
        """
        if waiting.future.done():
            return True
        repeats = self.version.definition.endpoints[waiting.endpoint].repeats
        if repeats and not (waiting.is_repeated or link.is_given_up):
            waiting.is_repeated = True
            return False
        status, detail = (504, "it took too long") if link.is_given_up else (502, "its worker process died")
        waiting.future.set_exception(Refused(status, detail))
        return True

    # Looking after

    async def _watch(self) -> None:
        while not self._is_closing:
            await asyncio.sleep(_WATCH_SECONDS)
            now = time.monotonic()
            for link in self._links:
                if link.calls and now - link.since > self._timeout(link.calls[0]):
                    link.is_given_up = True
                    self._workers.kill(link.number)
                elif self._workers.takes_too_much(link.number):
                    self._workers.kill(link.number)
            self._expire(now)

    def _timeout(self, batch: list[Waiting]) -> float:
        return self.version.definition.endpoints[batch[0].endpoint].timeout_seconds

    def _expire(self, now: float) -> None:
        for batch in [*self._queue, *([waiting] for waiting in self._suspects)]:
            for waiting in batch:
                if now - waiting.arrived > self._timeout(batch) and not waiting.future.done():
                    waiting.future.set_exception(Refused(503, "it waited too long for a worker"))

    async def close(self, drain_seconds: float = 0.0) -> None:
        """Stop; gives calls that are under way so long to end."""
        until = time.monotonic() + drain_seconds
        while self._waiting and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self._is_closing = True
        if self._watcher is not None:
            self._watcher.cancel()
        self._workers.stop()
        for link in list(self._links):
            if link.transport is not None:
                link.transport.abort()
        if self._server is not None:
            self._server.close()
        if os.path.exists(self._address):
            os.unlink(self._address)
        await self._workers.ended()
