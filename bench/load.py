"""Sends requests to a server as fast as it answers, over connections that stay open; one process, no event loop.

A request costs about ten microseconds here, a fifth of what the barest server needs for it; to keep that out of the
comparison all subjects get the same number of connections, and processor time is measured on the servers' side as well.
"""

import selectors
import socket
import time
from collections.abc import Sequence

import msgspec

from bench.session import CommandFailed

_PATIENCE = 30.0


class Load(msgspec.Struct, frozen=True):
    """What came of it."""

    #: Answers in a second.
    rate: float
    #: Seconds from a request's first byte to its answer's last, sorted.
    seconds: list[float]
    #: Answers whose status was not 200, and connections that broke.
    failed: int

    def quantile(self, share: float) -> float:
        """The time within which this share of the requests was answered."""
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


class NoAnswers(CommandFailed):
    """A server gave nothing that could be measured."""


def post(path: str, bodies: Sequence[bytes], port: int, kind: str = "application/json") -> list[bytes]:
    """Give the bytes of requests that post these bodies."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: {kind}\r\ncontent-length: "
    return [head.encode() + b"%d\r\n\r\n" % len(body) + body for body in bodies]


def send_load(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Keep every connection busy for so long, with the requests in turns.

    Raises:
        NoAnswers: not one came.
    """
    selector = selectors.EpollSelector()
    callers = [_Caller(port, selector) for _ in range(connections)]
    began = time.perf_counter()
    until, sent = began + seconds, 0
    for caller in callers:
        caller.ask(requests[sent % len(requests)])
        sent += 1
    times: list[float] = []
    failed = busy = 0
    busy = connections
    while busy:
        ready = selector.select(_PATIENCE)
        if not ready:
            failed += busy
            break
        for key, _ in ready:
            caller = key.data
            status = caller.read()
            if status is None:
                continue
            now = time.perf_counter()
            if status == 200:
                times.append(now - caller.asked_at)
            else:
                failed += 1
            if now < until:
                caller.ask(requests[sent % len(requests)])
                sent += 1
            else:
                busy -= 1
                caller.close()
    elapsed = time.perf_counter() - began
    if not times:
        raise NoAnswers(f"{failed} requests failed, none was answered")
    return Load(len(times) / elapsed, sorted(times), failed)


class _Caller:
    """One connection, with one request under way at a time."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._selector = selector
        self._held = b""
        self.asked_at = 0.0
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), _PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def ask(self, request: bytes) -> None:
        self.asked_at = time.perf_counter()
        self._socket.sendall(request)

    def read(self) -> int | None:
        """Give the status of the answer once all of it is there; 0 when the connection broke, None before."""
        try:
            received = self._socket.recv(1 << 20)
        except ConnectionError:
            received = b""
        if not received:
            self.close()
            self._held = b""
            self._connect()
            return 0
        held = self._held = self._held + received
        end = held.find(b"\r\n\r\n")
        if end < 0 or len(held) < end + 4 + _length(held[:end]):
            return None
        self._held = b""
        return int(held[9:12])

    def close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()


def _length(head: bytes) -> int:
    start = head.lower().find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    start += 17
    end = head.find(b"\r\n", start)
    return int(head[start : end if end > 0 else None])
