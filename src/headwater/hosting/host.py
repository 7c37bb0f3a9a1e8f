"""Runs a host: one port, the services behind it, and an orderly end."""

import asyncio
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import msgspec

from headwater.hosting.app import HostApp
from headwater.hosting.connections import ConnectionLimits, connection_class
from headwater.hosting.services import Services
from headwater.model.errors import NotInstalled, UserMistake

#: Seconds that requests under way get when the host is told to stop.
DRAIN_SECONDS = 20


class Address(msgspec.Struct, frozen=True):
    """Where a host listens."""

    host: str = "127.0.0.1"
    port: int = 8500

    @property
    def url(self) -> str:
        """`http://127.0.0.1:8500`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


#: Brings services up and looks after them until it is cancelled; gets a private folder for sockets.
Attend = Callable[[Services, str, "asyncio.Event"], Awaitable[None]]


def listen(address: Address) -> socket.socket:
    """Take the port.

    Raises:
        UserMistake: it is taken, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # The protocol is named because event loops send small answers at once (TCP_NODELAY) only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        hint = f"--port {address.port + 1}"
        raise UserMistake(f"{address.host}:{address.port} cannot be listened on: {reason}", hint=hint) from error
    listener.listen(2048)
    return listener


def serve(
    app: HostApp,
    services: Services,
    listener: socket.socket,
    attend: Attend,
    *,
    limits: ConnectionLimits | None = None,
) -> None:
    """Answer until SIGTERM or SIGINT; requests under way are answered first.

    Args:
        app: what answers.
        services: what it answers for; filled by `attend`.
        listener: the port.
        attend: loads the services, sets the event when all of them answer, keeps them up, closes them when cancelled.
        limits: what callers' connections may take.
    """
    with (
        tempfile.TemporaryDirectory(prefix="headwater-host-") as folder,
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        runner.run(_serve(app, services, listener, attend, folder, limits or ConnectionLimits()))


def _loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Give what makes the fastest event loop that there is; None = Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    make: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return make


async def _serve(
    app: HostApp, services: Services, listener: socket.socket, attend: Attend, folder: str, limits: ConnectionLimits
) -> None:
    try:
        import uvicorn
    except ImportError as error:
        raise NotInstalled("uvicorn", "hosting", "answering requests") from error
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        http=connection_class(limits, app.refused),
        ws="none",
        # Who may speak for a caller is nobody's to guess: the address in the log is that of the connection.
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    # Its own handlers end the process as soon as it has stopped listening, with the versions' processes still there.
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    loaded = asyncio.Event()
    attending = asyncio.ensure_future(attend(services, folder, loaded))

    def stop_with_it(ended: "asyncio.Future[None]") -> None:
        server.should_exit = True

    attending.add_done_callback(stop_with_it)
    await server.serve(sockets=[listener])
    if not attending.done():
        attending.cancel()
    try:
        await attending
    except asyncio.CancelledError:
        return


def _stop(server: Any) -> None:
    """Take no more requests and end when those under way are answered; told a second time, end at once."""
    server.force_exit = server.should_exit
    server.should_exit = True
