"""Asks an application without a network."""

import asyncio
import json
from urllib.parse import urlencode

PORT = 8501
HOST = f"127.0.0.1:{PORT}"


class Given:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status = status
        #: (name, value) pairs.
        self.pairs = headers
        self.headers = dict(headers)
        self.body = body

    @property
    def value(self):
        return json.loads(self.body)

    def header(self, name):
        return next((value for each, value in self.pairs if each == name), None)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def request_scope(method, path, query, headers, client="127.0.0.1"):
    """What the server gives an application of a request; headers are pairs of texts."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(query, doseq=True).encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "client": (client, 4711),
        "server": ("127.0.0.1", PORT),
    }


def ask(app, scope, content=b"", *, stays=True):
    """Send a request and give the answer; whoever does not stay hangs up when the body is sent."""
    left = [{"type": "http.request", "body": content}]
    sent = []

    async def receive():
        if left:
            return left.pop()
        if stays:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start, *parts = sent
    headers = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
    return Given(start["status"], headers, b"".join(part.get("body", b"") for part in parts))
