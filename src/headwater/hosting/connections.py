"""What a connection may take before its request has even come: heads that drip, bodies without end, too many of them.

The server's own protocol has no bounds for these; this one adds them, and says what is wrong as everything else does.
"""

import asyncio
import resource
from collections.abc import Callable
from typing import Any

import msgspec

from headwater.hosting.problems import problem
from headwater.hosting.requests import Receive, Scope, Send, answer_problem
from headwater.hosting.writes import JoinedWrites

#: Seconds between looks at slow connections.
_LOOK_SECONDS = 0.5
#: Descriptors that the host needs besides its callers' connections.
_OTHER_DESCRIPTORS = 200

_HEAD_TOO_LONG = "the request's head is too long"

#: Told of a request that never became one: its status, and its caller's address.
Told = Callable[[int, str], None]


class ConnectionLimits(msgspec.Struct, frozen=True):
    """What callers' connections may take."""

    #: Connections at once; when they are used up, the one that has been idle for longest goes first.
    connections: int = 4000
    #: Bytes of a request that are not its body: request line, headers, what surrounds chunks.
    head_bytes: int = 64 << 10
    #: Seconds until a request is there whole, from its first byte (or from the connection's start).
    request_seconds: float = 30.0
    #: Seconds for which a caller may leave an answer unread.
    answer_seconds: float = 30.0
    #: Bytes of a body that are thrown away when it was answered before it ended.
    wasted_bytes: int = 64 << 20


def connection_class(limits: ConnectionLimits, told: Told) -> type[asyncio.Protocol]:
    """Give the protocol that a host's server speaks, with these limits.

    Args:
        limits: of each connection, and of all together.
        told: gets what is refused here.
    """
    import logging

    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    watch = _Watch(limits)
    # A line for each malformed request would let anybody fill the log; `told` counts them.
    quiet = logging.getLogger("headwater.connections")
    quiet.setLevel(logging.ERROR)

    class Connection(HttpToolsProtocol):
        """One caller's connection."""

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.logger = quiet
            #: When the request that is coming began; None = none is.
            self.coming_since: float | None = self.loop.time()
            #: Since when its caller has not read what was written; None = it reads.
            self.unread_since: float | None = None
            self.idle_since = 0.0
            self._beside_body = 0
            self._wasted = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            joined = self._joined = JoinedWrites(transport, self.loop)
            super().connection_made(joined)  # type: ignore[arg-type]
            if not watch.add(self):
                self._refuse(503, "this host has all the connections that it takes")

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            watch.remove(self)

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            if self.coming_since is None:
                self.coming_since = self.loop.time()
            self._beside_body += len(data)
            super().data_received(data)
            if self._beside_body > limits.head_bytes and not self.transport.is_closing():
                self._refuse(431, _HEAD_TOO_LONG)

        def on_headers_complete(self) -> None:
            # A head that came at once is known to be too long only now, when what is body can be told.
            if self._beside_body > limits.head_bytes and self._head_bytes() > limits.head_bytes:
                self.app = _head_too_long
                told(431, self.client[0] if self.client else "")
            super().on_headers_complete()
            self.app = self.config.loaded_app

        def on_body(self, body: bytes) -> None:
            self._beside_body -= len(body)
            if self.cycle.response_complete:
                self._wasted += len(body)
                if self._wasted > limits.wasted_bytes:
                    self.transport.abort()
            super().on_body(body)

        def on_message_complete(self) -> None:
            self._beside_body = self._wasted = 0
            self.coming_since = None
            super().on_message_complete()

        def on_response_complete(self) -> None:
            self._joined.flush()
            self.idle_since = self.loop.time()
            super().on_response_complete()

        def pause_writing(self) -> None:
            self.unread_since = self.loop.time()
            super().pause_writing()

        def resume_writing(self) -> None:
            self.unread_since = None
            super().resume_writing()

        def send_400_response(self, msg: str) -> None:
            self._refuse(400, "this is no HTTP request")

        def _unsupported_upgrade_warning(self) -> None:
            """Say nothing: the request is answered as if it had not asked for another protocol."""

        @property
        def is_answering(self) -> bool:
            """A request has come whole and is not answered yet."""
            return self.cycle is not None and not self.cycle.response_complete and self.coming_since is None

        def give_up(self) -> None:
            """End a request that takes too long to come: in words, where its caller still listens."""
            if self.cycle is not None and not self.cycle.response_complete and self.cycle.response_started:
                self.transport.abort()
            else:
                self._refuse(408, f"the request did not come within {limits.request_seconds:g} s")

        def _head_bytes(self) -> int:
            return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

        def _refuse(self, status: int, detail: str) -> None:
            told(status, self.client[0] if self.client else "")
            self.coming_since = None
            if self.cycle is not None and not self.cycle.response_complete:
                # The application waits for the rest of a body: it must not write behind this answer.
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self.transport.write(_refusal(status, detail))
            self.transport.close()

    return Connection


async def _head_too_long(scope: Scope, receive: Receive, send: Send) -> None:
    await answer_problem(send, 431, _HEAD_TOO_LONG, [(b"connection", b"close")])


def _refusal(status: int, detail: str) -> bytes:
    body = problem(status, detail)
    pause = b"retry-after: 1\r\n" if status == 503 else b""
    head = b"HTTP/1.1 %d \r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n" % (status, len(body))
    return head + pause + b"connection: close\r\n\r\n" + body


class _Watch:
    """All connections of a host."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._most = max(1, min(limits.connections, _descriptors() - _OTHER_DESCRIPTORS))
        self._connections: set[Any] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Any) -> bool:
        """Take one in; False when all of them are busy."""
        if len(self._connections) >= self._most and not self._make_room():
            return False
        self._connections.add(connection)
        if self._timer is None:
            self._timer = connection.loop.call_later(_LOOK_SECONDS, self._look, connection.loop)
        return True

    def remove(self, connection: Any) -> None:
        self._connections.discard(connection)

    def _make_room(self) -> bool:
        """Close those that have done nothing for longest; several, because more callers are coming."""
        idle = [each for each in self._connections if not each.is_answering]
        idle.sort(key=lambda each: each.coming_since or each.idle_since)
        for each in idle[: 1 + self._most // 16]:
            self._connections.discard(each)
            each.transport.abort()
        return bool(idle)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for each in list(self._connections):
            if each.coming_since is not None and now - each.coming_since > self._limits.request_seconds:
                each.give_up()
            elif each.unread_since is not None and now - each.unread_since > self._limits.answer_seconds:
                each.transport.abort()
        self._timer = loop.call_later(_LOOK_SECONDS, self._look, loop) if self._connections else None


def _descriptors() -> int:
    """Let this process have as many descriptors as it may; gives how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1 << 20 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        wanted = min(wanted, 1 << 16)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        return max(soft, wanted)
    return wanted
