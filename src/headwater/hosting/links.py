"""The connection of a pool to one of its workers."""

import asyncio
from collections import deque
from typing import Protocol, cast

from headwater.hosting.calls import Waiting
from headwater.hosting.frames import Answers, Frame, Hello, Unpacker, packed


class Linked(Protocol):
    """Hears what workers say."""

    def joined(self, link: "Link", hello: Hello) -> None:
        """Hear that a worker is there."""

    def answered(self, link: "Link", answers: Answers) -> None:
        """Hear what it answers."""

    def left(self, link: "Link") -> None:
        """Hear that it is gone."""


class Link(asyncio.Protocol):
    """The connection of one worker."""

    def __init__(self, pool: Linked, loop: asyncio.AbstractEventLoop) -> None:
        self._pool = pool
        self._loop = loop
        self._unpacker = Unpacker()
        self.transport: asyncio.Transport | None = None
        self.number = 0
        #: Calls that it has, first to last; it answers them in this order.
        self.calls: deque[list[Waiting]] = deque()
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
