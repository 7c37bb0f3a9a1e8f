"""One caller's connection: uvicorn's protocol with bounds for what a request takes before it has even come."""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headwater.hosting.connections import ConnectionLimits, Connections, Told
from headwater.hosting.problems import problem
from headwater.hosting.requests import Receive, Scope, Send, answer_problem
from headwater.hosting.writes import JoinedWrites

_HEAD_TOO_LONG = "the request's head is too long"
# A line for each malformed request would let anybody fill the log; `told` counts them.
_QUIET = logging.getLogger("headwater.connections")
_QUIET.setLevel(logging.ERROR)


class Connection(HttpToolsProtocol):
    """One caller's connection; a subclass says within which bounds."""

    limits: ConnectionLimits
    told: Told
    others: Connections

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.logger = _QUIET
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
        if not self.others.add(self):
            self._refuse(503, "this host has all the connections that it takes")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.others.remove(self)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.coming_since is None:
            self.coming_since = self.loop.time()
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > self.limits.head_bytes and not self.transport.is_closing():
            self._refuse(431, _HEAD_TOO_LONG)

    def on_headers_complete(self) -> None:
        # A head that came at once is known to be too long only now, when what is body can be told.
        if self._beside_body > self.limits.head_bytes and self._head_bytes() > self.limits.head_bytes:
            self.app = _head_too_long
            type(self).told(431, self.client[0] if self.client else "")
        super().on_headers_complete()
        self.app = self.config.loaded_app

    def on_body(self, body: bytes) -> None:
        self._beside_body -= len(body)
        if self.cycle.response_complete:
            self._wasted += len(body)
            if self._wasted > self.limits.wasted_bytes:
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
            self._refuse(408, f"the request did not come within {self.limits.request_seconds:g} s")

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse(self, status: int, detail: str) -> None:
        type(self).told(status, self.client[0] if self.client else "")
        self.coming_since = None
        if self.cycle is not None and not self.cycle.response_complete:
            # The application waits for the rest of a body: it must not write behind this answer.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_refusal(status, detail))
        self.transport.close()


def bounded(limits: ConnectionLimits, told: Told) -> type[Connection]:
    """Give the class of the connections of one host."""
    others = Connections(limits)
    return type("BoundedConnection", (Connection,), {"limits": limits, "told": staticmethod(told), "others": others})


async def _head_too_long(scope: Scope, receive: Receive, send: Send) -> None:
    await answer_problem(send, 431, _HEAD_TOO_LONG, [(b"connection", b"close")])


def _refusal(status: int, detail: str) -> bytes:
    body = problem(status, detail)
    pause = b"retry-after: 1\r\n" if status == 503 else b""
    head = b"HTTP/1.1 %d \r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n" % (status, len(body))
    return head + pause + b"connection: close\r\n\r\n" + body
