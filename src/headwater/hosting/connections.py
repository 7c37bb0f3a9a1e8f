"""What a connection may take before its request has even come: heads that drip, bodies without end, too many of them.

The server's own protocol has no bounds for these; this one adds them, and says what is wrong as everything else does.
"""

import asyncio
import importlib
import resource
from collections.abc import Callable
from typing import Any

import msgspec

#: Has the class of a connection, with the HTTP server behind it: not for who only names limits.
_CONNECTION = "headwater.hosting.connection"

#: Seconds between looks at slow connections.
_LOOK_SECONDS = 0.5
#: Descriptors that the host needs besides its callers' connections.
_OTHER_DESCRIPTORS = 200

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
    made: type[asyncio.Protocol] = importlib.import_module(_CONNECTION).bounded(limits, told)
    return made


class Connections:
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
