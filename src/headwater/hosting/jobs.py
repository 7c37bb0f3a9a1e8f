"""Calls whose answer is fetched later: `Prefer: respond-async` gets 202 and an address."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from headwater.hosting.calls import Answer, Refused

#: Seconds for which an answer is kept.
KEPT_SECONDS = 3600.0


class Job(msgspec.Struct):
    """One call."""

    id: str
    version: str
    started_at: float
    answer: Answer | None = None
    #: Why there will be none: (status, detail).
    refused: tuple[int, str] | None = None


class Jobs:
    """The calls of a host that nobody waits for; they are gone when the host ends."""

    def __init__(
        self, clock: Callable[[], float] = time.time, *, most: int = 10_000, most_bytes: int = 256 << 20
    ) -> None:
        """Keep answers for `KEPT_SECONDS` of a clock, so many and so many bytes of them at most."""
        self._clock = clock
        self._most = most
        self._most_bytes = most_bytes
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._bytes = 0

    def start(self, id: str, version: str, call: "Coroutine[Any, Any, Answer]") -> Job:
        """Begin a call and keep an eye on it.

        Raises:
            Refused: too many are kept already (429); the call was not begun.
        """
        self._forget()
        if len(self._jobs) >= self._most or self._bytes >= self._most_bytes:
            call.close()
            raise Refused(429, f"{len(self._jobs)} answers wait to be fetched")
        job = self._jobs[id] = Job(id, version, self._clock())
        task = asyncio.create_task(self._finish(job, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def get(self, id: str) -> Job | None:
        """Give a job; None when there is none, or its answer was kept long enough."""
        self._forget()
        return self._jobs.get(id)

    async def _finish(self, job: Job, call: "Coroutine[Any, Any, Answer]") -> None:
        try:
            job.answer = await call
            if job.id in self._jobs:
                self._bytes += len(job.answer.body)
        except Refused as refused:
            job.refused = (refused.status, refused.detail)

    def _forget(self) -> None:
        old = self._clock() - KEPT_SECONDS
        while self._jobs:
            first = next(iter(self._jobs.values()))
            if first.started_at >= old:
                return
            if first.answer is not None:
                self._bytes -= len(first.answer.body)
            self._jobs.popitem(last=False)
