"""The host's end of the prediction log: takes an entry in microseconds, and hands them over in lots to a process."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Callable

import msgspec

from headwater.hosting.pool import VersionPool
from headwater.model.service import LogOptions

_PROGRAM = (sys.executable, "-P", "-m", "headwater.hosting.prediction_writer")
#: Seconds between two lots: what a host that is killed loses at most.
LOT_SECONDS = 0.5
#: Entries, and bytes of requests and answers, that wait at most; beyond that they are dropped and counted.
_MOST_ENTRIES = 50_000
_MOST_BYTES = 64 << 20
#: Longer requests and answers are cut.
_LONGEST = 64 << 10

#: Fields as `Prediction` has them, requests and answers as they came.
Entry = tuple[str, float, str, int, str, str, int, float, float, bytes, bytes]


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """What goes to the writer at once."""

    entries: list[Entry]
    #: By service, when it changed.
    options: dict[str, LogOptions]


class PredictionLog:
    """Takes answers; never waits for anything."""

    def __init__(self, home: str, clock: Callable[[], float]) -> None:
        """Take what it needs.

        Args:
            home: folder of the store.
            clock: Unix time.
        """
        self._home = home
        self._clock = clock
        self._entries: list[Entry] = []
        self._bytes = 0
        self._options: dict[str, LogOptions] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._encoder = msgspec.msgpack.Encoder()
        #: Entries that were not kept.
        self.dropped = 0

    def observe(
        self, pool: VersionPool, endpoint: str, id: str, request: bytes, status: int, answer: bytes, seconds: float
    ) -> None:
        """Take one answer, unless it is sampled out or there is no room."""
        self.take(pool, endpoint, id, request, status, answer, seconds, "live")

    def take(
        self,
        pool: VersionPool,
        endpoint: str,
        id: str,
        request: bytes,
        status: int,
        answer: bytes,
        seconds: float,
        origin: str,
    ) -> None:
        """As `observe`, for any origin."""
        definition = pool.version.definition
        options = definition.log
        if options.share < 1 and random.random() >= options.share:
            return
        size = len(request) + len(answer)
        if len(self._entries) >= _MOST_ENTRIES or self._bytes + size > _MOST_BYTES:
            self.dropped += 1
            return
        if self._options.get(definition.service) != options:
            self._options[definition.service] = options
        self._bytes += size
        self._entries.append(
            (
                id,
                self._clock(),
                definition.service,
                pool.version.number,
                endpoint,
                origin,
                status,
                seconds,
                options.share,
                request[:_LONGEST],
                answer[:_LONGEST],
            )
        )

    def start(self) -> None:
        """Begin to hand over; needs a running loop."""
        self._task = asyncio.create_task(self._hand_over())

    async def close(self) -> None:
        """Hand over what is left and wait until it is written."""
        if self._task is not None:
            self._task.cancel()
        await asyncio.to_thread(self._send)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await asyncio.to_thread(self._process.wait)

    async def _hand_over(self) -> None:
        while True:
            await asyncio.sleep(LOT_SECONDS)
            if self._entries:
                await asyncio.to_thread(self._send)

    def _send(self) -> None:
        """Write a lot to the process; one that died is started again, and what it had is lost with it."""
        entries, self._entries, self._bytes = self._entries, [], 0
        if not entries:
            return
        body = self._encoder.encode(Lot(entries, self._options))
        try:
            if self._process is None or self._process.poll() is not None:
                command = [*_PROGRAM, self._home]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
            assert self._process.stdin is not None
            self._process.stdin.write(len(body).to_bytes(4, "little") + body)
            self._process.stdin.flush()
        except OSError:
            self.dropped += len(entries)
            self._process = None


def own_priority() -> None:
    """Let answers go first: the writer takes what processor time is left."""
    os.nice(5)
