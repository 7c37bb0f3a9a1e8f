"""Reads requests within bounds: size, time, encoding, type; and writes answers. Plain ASGI, nothing else."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from headwater.hosting.problems import problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PROBLEM = b"application/problem+json"
JSON_TYPE = b"application/json"
BINARY_TYPE = b"application/octet-stream"
_WBITS = {b"gzip": 31, b"deflate": 15}


class RequestLimits(msgspec.Struct, frozen=True):
    """What one request may bring."""

    body_bytes: int = 32 << 20
    #: Seconds for the body to come.
    body_seconds: float = 20.0
    #: Bytes of the bodies of all requests that are being read or answered.
    held_bytes: int = 512 << 20


class BadRequest(Exception):
    """A request that is not taken; holds the status and what to tell."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def header(scope: Scope, name: bytes) -> bytes:
    """Give the value of a header; empty when it is not there."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


class Intake:
    """Reads the bodies of requests, and knows how many bytes of them the host holds."""

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        #: Bytes of the bodies that are being read or answered.
        self.held = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Read a body, unpacked; it counts as held until it is released.

        Raises:
            BadRequest: it is too large (413), too slow (408), packed in a way that we do not know (415), broken (400),
                or too much is held already (503).
        """
        limits = self._limits
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body") or message["type"] != "http.request":
            try:
                async with asyncio.timeout(limits.body_seconds):
                    body = await self._read_rest(scope, message, receive)
            except TimeoutError:
                raise BadRequest(408, f"the body did not come within {limits.body_seconds:g} s") from None
        if len(body) > limits.body_bytes:
            raise BadRequest(413, f"a body has at most {limits.body_bytes} bytes")
        encoding = header(scope, b"content-encoding").strip().lower()
        if encoding and encoding != b"identity":
            body = _unpacked(body, encoding, limits)
        self._hold(len(body))
        return body

    def release(self, body: bytes) -> None:
        """Forget a body that was read."""
        self.held -= len(body)

    async def _read_rest(self, scope: Scope, message: MutableMapping[str, Any], receive: Receive) -> bytes:
        length = header(scope, b"content-length")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            raise BadRequest(413, f"a body has at most {self._limits.body_bytes} bytes")
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] != "http.request":
                    raise BadRequest(400, "the caller went away")
                part: bytes = message.get("body", b"")
                self._hold(len(part))
                size += len(part)
                if size > self._limits.body_bytes:
                    raise BadRequest(413, f"a body has at most {self._limits.body_bytes} bytes")
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
                message = await receive()
        finally:
            self.held -= size

    def _hold(self, size: int) -> None:
        if self.held + size > self._limits.held_bytes:
            raise BadRequest(503, "the requests that are being answered take all the room there is")
        self.held += size


def _unpacked(body: bytes, encoding: bytes, limits: RequestLimits) -> bytes:
    if encoding not in _WBITS:
        raise BadRequest(
            415, f"content encoding {encoding.decode(errors='replace')!r} is not known; gzip and deflate are"
        )
    unpacker = zlib.decompressobj(_WBITS[encoding])
    try:
        found = unpacker.decompress(body, limits.body_bytes + 1)
    except zlib.error as error:
        raise BadRequest(400, f"the body is no {encoding.decode()}: {error}") from error
    if len(found) > limits.body_bytes:
        raise BadRequest(413, f"a body has at most {limits.body_bytes} bytes, unpacked too")
    if not unpacker.eof:
        raise BadRequest(400, "the packed body ends too early")
    return found


def packed_for(scope: Scope, body: bytes) -> tuple[bytes, bytes]:
    """Pack an answer when its receiver takes that and it pays; gives it and the encoding (empty = as it is)."""
    accepted = header(scope, b"accept-encoding").lower()
    if len(body) < 1024 or not accepted:
        return body, b""
    for encoding in (b"gzip", b"deflate"):
        if encoding in accepted:
            packer = zlib.compressobj(1, zlib.DEFLATED, _WBITS[encoding])
            return packer.compress(body) + packer.flush(), encoding
    return body, b""


async def answer(send: Send, status: int, body: bytes, kind: bytes, headers: Headers | None = None) -> None:
    """Send an answer whole."""
    fields: Headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
    ]
    if headers:
        fields += headers
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def answer_problem(send: Send, status: int, detail: str, headers: Headers | None = None) -> None:
    """Say what is wrong with a request."""
    await answer(send, status, problem(status, detail), PROBLEM, headers)
