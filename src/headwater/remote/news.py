"""Waits until something was written to a server's ledger."""

import time
from http.client import HTTPResponse
from urllib.parse import urlencode

import msgspec

from headwater.model.errors import ServerFailed
from headwater.remote.connection import Request, Server
from headwater.remote.wire import PREFIX, WAIT_SECONDS, News

#: The server has so much longer to answer than it was told to wait.
_GRACE_SECONDS = 15.0


def wait_for_news(server: Server, after: int | None, timeout_seconds: float) -> News:
    """Wait for a write after the change of that number; None = since the server was asked.

    Raises:
        ServerNotReached: it does not answer.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        left = max(0.0, deadline - time.monotonic())
        seconds = min(left, WAIT_SECONDS)
        asked = {"seconds": f"{seconds:.3f}"} | ({} if after is None else {"after": str(after)})
        path = f"{PREFIX}/remote/news?{urlencode(asked)}"
        news = server.exchange(Request("GET", path, silence_seconds=seconds + _GRACE_SECONDS), _read)
        if news.is_changed or left <= WAIT_SECONDS:
            return news
        after = news.number


def _read(response: HTTPResponse) -> News:
    """Read the one event of the stream."""
    for line in response.read().splitlines():
        if line.startswith(b"data: "):
            return msgspec.json.decode(line[len(b"data: ") :], type=News)
    raise ServerFailed("the server ended its answer before it said anything")
