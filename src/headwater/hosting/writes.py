"""Joins what is written to a connection: the head and the body of an answer go out in one piece, not in two."""

import asyncio
from typing import Any

#: Bytes above which a copy costs more than a write.
_LARGE = 64 << 10


class JoinedWrites:
    """A transport that keeps what is written until `flush`, or until the loop's next turn.

    A write costs as much as all else that is done for a small answer, and its reader wakes up for each.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Keep it for a moment."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)

    def flush(self) -> None:
        """Send what is kept."""
        held, self._held = self._held, []
        if sum(map(len, held)) <= _LARGE:
            if held:
                self._transport.write(b"".join(held))
            return
        for data in held:
            self._transport.write(data)

    def close(self) -> None:
        """Send what is kept, then end the connection."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """End the connection now; what is kept is not sent."""
        self._held = []
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        """Give what else the transport has."""
        return getattr(self._transport, name)
