"""A server of a store in a thread of this process, with people and their tokens; nothing here stands in for code."""

import asyncio
import os
import socket
import threading
import time
from contextlib import nullcontext

import uvicorn

from headwater.home import open_home
from headwater.hosting.connections import ConnectionLimits, connection_class
from headwater.model.launch import PublishedEvent
from headwater.remote.connection import Server
from headwater.remote.ledger import HttpLedger
from headwater.web.accounts.credentials import Credentials
from headwater.web.accounts.tokens import create_token
from headwater.web.accounts.users import Users
from headwater.web.app import WebApp
from headwater.web.guard import Guard
from headwater.web.pulse import Pulse
from headwater.web.tables import all_routes

#: Made once: what they say does not change.
ROUTES = all_routes()


class Served:
    """A store with a server; `port` lets a new one take the place of one that was stopped."""

    def __init__(self, folder, port=0, *, ports=()):
        self.home = open_home(str(folder), user="root", make=True)
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(200)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        known = Credentials(self.home.ledger)
        # Callers that come through something in between name its port.
        names = tuple(f"127.0.0.1:{other}" for other in ports)
        guard = Guard("127.0.0.1", self.port, find_session=known.find_session, find_token=known.find_token, names=names)
        self.watched = open_home(self.home.path, user="root")
        self.pulse = Pulse(self.watched.ledger)
        self.app = WebApp(self.home, guard, self.pulse, ROUTES)
        self.app.desk.leases.start()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        config = uvicorn.Config(
            self.app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            http=connection_class(ConnectionLimits(), lambda status, client: None),
            ws="none",
        )
        self.server = uvicorn.Server(config)
        self.server.capture_signals = nullcontext

        async def serve():
            self.pulse.start()
            self._ready.set()
            await self.server.serve(sockets=[self.listener])

        try:
            self._loop.run_until_complete(serve())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    def close(self):
        self.server.should_exit = True
        stopping = threading.Thread(target=self.pulse.stop)
        stopping.start()
        # A write wakes who waits for one.
        self.home.ledger.publish(PublishedEvent(os.urandom(8).hex(), "closed", 1.0))
        stopping.join(10)
        self._thread.join(10)
        self.app.desk.leases.stop()
        self.watched.close()
        self.home.close()

    def token(self, user="root", **roles):
        """Add an account, and a token of it; `everything` stands for `*`, `none` for flows without a project."""
        names = {"everything": "*", "none": ""}
        given = {names.get(name, name): role for name, role in (roles or {"everything": "admin"}).items()}
        users = Users(self.home.ledger)
        if users.get(user) is None:
            users.add(user, by="root", at=time.time(), roles=given)
        return create_token(self.home.ledger, f"t{time.monotonic_ns()}", user, by="root", now=time.time())[0]

    def ledger(self, token=None, *, url=None, patience_seconds=5.0, **rest):
        """A client of it."""
        return HttpLedger(Server(url or self.url, token or self.token(), patience_seconds=patience_seconds), **rest)
