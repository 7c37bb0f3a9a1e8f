"""The application as its server runs it, asked without a network: every request goes through the guard."""

import asyncio
import hashlib
import json
import time

from headwater.home import open_home
from headwater.web.access import Access
from headwater.web.app import WebApp
from headwater.web.guard import Guard
from headwater.web.pulse import Pulse
from headwater.web.tables import all_routes
from tests.web.asking import HOST, PORT, ask, request_scope


class Event:
    """One event of a stream."""

    def __init__(self, text):
        fields = dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith(":"))
        self.id = fields["id"]
        self.name = fields["event"]
        self.value = json.loads(fields["data"])


class Site:
    """A home and its application; callers say who they are with `who`."""

    def __init__(self, home, is_read_only=False):
        self.home = home
        self.people = {"ann": {"*": "admin"}}
        self.watched = open_home(home.path, user=home.user)
        self.is_read_only = is_read_only
        #: What time it is; tests may turn it.
        self.clock = time.time
        self.app = self._made(Pulse(self.watched.ledger))

    def close(self):
        self.watched.close()

    def _made(self, pulse):
        guard = Guard("127.0.0.1", PORT, find_session=lambda digest: None, find_token=self._find)
        return WebApp(self.home, guard, pulse, all_routes(), is_read_only=self.is_read_only, clock=lambda: self.clock())

    def get(self, path, who="ann", **query):
        return self.send("GET", path, None, who, **query)

    def put(self, path, body, who="ann"):
        return self.send("PUT", path, body, who)

    def post(self, path, body, who="ann"):
        return self.send("POST", path, body, who)

    def send(self, method, path, body=None, who="ann", headers=(), **query):
        scope = self._scope(method, path, query, who, headers, has_body=body is not None)
        return ask(self.app, scope, b"" if body is None else json.dumps(body).encode())

    def stream(self, path, count, who="ann", then=None, last_id="", seconds=20, **query):
        """Take so many events, or all up to the end of the stream; `then(events)` is called after each."""
        headers = [("last-event-id", last_id)] if last_id else []
        scope = self._scope("GET", path, query, who, headers)
        events = []
        held = bytearray()
        pulse = Pulse(self.watched.ledger)
        app = self._made(pulse)

        async def take():
            gone = asyncio.Event()

            async def receive():
                await gone.wait()
                return {"type": "http.disconnect"}

            async def send(message):
                if message["type"] == "http.response.start":
                    assert message["status"] == 200, message
                held.extend(message.get("body", b""))
                while b"\n\n" in held:
                    text, _, rest = bytes(held).partition(b"\n\n")
                    held[:] = rest
                    if text.startswith(b":"):
                        if then is not None and text == b": open":
                            await asyncio.to_thread(then, events)
                        continue
                    events.append(Event(text.decode()))
                    if then is not None:
                        await asyncio.to_thread(then, events)
                    if len(events) >= count:
                        gone.set()

            pulse.start()
            try:
                async with asyncio.timeout(seconds):
                    await app(scope, receive, send)
            finally:
                await asyncio.to_thread(pulse.stop)

        asyncio.run(take())
        return events[:count]

    def _scope(self, method, path, query, who, headers, has_body=False):
        known = [("host", HOST), *headers]
        if who is not None:
            known.append(("authorization", f"Bearer {who}"))
        if has_body:
            known.append(("content-type", "application/json"))
        return request_scope(method, f"/api/v1{path}", query, known)

    def _find(self, digest):
        for name, roles in self.people.items():
            if hashlib.sha256(name.encode()).hexdigest() == digest:
                return Access(name, roles, "token")
        return None
