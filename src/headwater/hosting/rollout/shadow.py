"""Lets a candidate answer beside the live version, unheard: never in a caller's way, dropped when it is busy."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from headwater.hosting.calls import Answer, Asked, Refused
from headwater.hosting.pool import VersionPool
from headwater.hosting.rollout.watch import Watch
from headwater.model.ids import new_ulid

#: Shadowed calls under way, per worker of the candidate: one at work, one that waits.
_DEPTH = 2

#: Takes a shadowed answer for the prediction log: version, endpoint, id, request, status, answer, seconds, `shadow`.
ShadowLog = Callable[[VersionPool, str, str, bytes, int, bytes, float, str], None]


class ShadowWatch(Watch):
    """Asks the candidate what the live version was asked, when its caller has been answered."""

    def __init__(self, *given: Any, log: ShadowLog | None = None, **named: Any) -> None:
        """As a watch.

        Args:
            given: as `Watch`.
            log: takes the candidate's answers.
            named: as `Watch`.
        """
        super().__init__(*given, **named)
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        #: Requests that the candidate was not asked: it had enough to do.
        self.dropped = 0

    async def call(self, pool: VersionPool, answering: Coroutine[Any, Any, Answer], asked: Asked) -> Answer:
        """Let the live version answer; the candidate is asked afterwards, if it has room.

        Raises:
            Refused: as the pool's call.
        """
        started = time.perf_counter()
        try:
            answer = await answering
        except Refused as refused:
            self._offer(asked, refused.status, b"", time.perf_counter() - started)
            raise
        self._offer(asked, answer.status, answer.body, time.perf_counter() - started)
        return answer

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _offer(self, asked: Asked, status: int, body: bytes, seconds: float) -> None:
        has_room = self.candidate.is_ready and len(self._tasks) < _DEPTH * self.candidate.limits.workers
        if not has_room:
            self.note_pace(asked.endpoint, seconds)
            self.dropped += 1
            return
        number, watched = self.begin(asked.endpoint, is_candidate=False)
        self.end(number, watched, status, body, seconds)
        task = asyncio.create_task(self._compare(asked, status, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compare(self, asked: Asked, status: int, body: bytes) -> None:
        started = time.perf_counter()
        number, watched = self.begin(asked.endpoint, is_candidate=True)
        try:
            answer = await self.candidate.call(asked.endpoint, asked.body, asked.form, asked.json_length)
            given = (answer.status, answer.body)
        except Refused as refused:
            given = (refused.status, b"")
        except BaseException:
            self.forget(number)
            raise
        seconds = time.perf_counter() - started
        self.end(number, watched, *given, seconds)
        if self._log is not None:
            id = new_ulid(time.time(), os.urandom(10))
            self._log(self.candidate, asked.endpoint, id, asked.body, *given, seconds, "shadow")
        if status == 200:
            tally, is_equal = self.tally, given == (status, body)
            self.tally = msgspec.structs.replace(tally, compared=tally.compared + 1, equal=tally.equal + is_equal)
