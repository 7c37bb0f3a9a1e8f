"""Runs the server: one port, and an orderly end."""

import asyncio
import os
import signal
import socket
from contextlib import nullcontext

import uvicorn

from headwater.home import Home, open_home
from headwater.hosting.access_log import AccessLog
from headwater.hosting.connections import ConnectionLimits, connection_class
from headwater.hosting.guard import is_loopback
from headwater.hosting.host import Address
from headwater.model.errors import UserMistake
from headwater.model.ports import Ledger
from headwater.model.private_files import make_private_folder
from headwater.web.accounts.credentials import Credentials
from headwater.web.accounts.users import Users
from headwater.web.app import WebApp
from headwater.web.guard import Guard
from headwater.web.pulse import Pulse
from headwater.web.sealed import refuse_unpickling
from headwater.web.tables import all_routes

#: Seconds that requests under way get when the server is told to stop.
DRAIN_SECONDS = 5


def serve(
    home: Home,
    address: Address,
    listener: socket.socket,
    *,
    is_read_only: bool = False,
    names: tuple[str, ...] = (),
    is_logging: bool = True,
) -> None:
    """Answer until SIGTERM or SIGINT; requests under way are answered first.

    Args:
        home: the store.
        address: where it is reached.
        listener: its port.
        is_read_only: refuse what changes anything.
        names: further names that the server goes by.
        is_logging: keep an access log, `web/access.log` in the store's folder.

    Raises:
        UserMistake: the port is taken, or the address is reached from elsewhere and it is not said by which names.
    """
    known = Credentials(home.ledger)
    guard = Guard(address.host, address.port, find_session=known.find_session, find_token=known.find_token, names=names)
    if not is_loopback(address.host):
        require_somebody(home.ledger)
    watched = open_home(home.path, user=home.user)
    pulse = Pulse(watched.ledger)
    log = AccessLog(_log_path(home.path)) if is_logging else None
    app = WebApp(home, guard, pulse, all_routes(), is_read_only=is_read_only, log=log)
    refuse_unpickling()
    if not is_read_only:
        app.desk.leases.start()
    try:
        asyncio.run(_serve(app, pulse, listener, log))
    finally:
        app.desk.leases.stop()
        watched.close()


def _log_path(home: str) -> str:
    folder = os.path.join(home, "web")
    make_private_folder(folder)
    return os.path.join(folder, "access.log")


def require_somebody(ledger: Ledger) -> None:
    """Refuse to be reached from other machines while there is nobody who could sign in.

    Raises:
        UserMistake: there is no account.
    """
    if next(Users(ledger).all(), None) is None:
        hint = "headwater user add NAME, or headwater token create NAME"
        raise UserMistake("other machines would reach this address, and nobody has an account yet", hint=hint)


async def _serve(app: WebApp, pulse: Pulse, listener: socket.socket, log: AccessLog | None) -> None:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        http=connection_class(ConnectionLimits(), _no_log if log is None else log.refused),
        ws="none",
        # Who may speak for a caller is nobody's to guess.
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    # Its own handlers end the process as soon as it has stopped listening.
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        loop.run_in_executor(None, pulse.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    pulse.start()
    await server.serve(sockets=[listener])
    if not pulse.is_stopped:
        await loop.run_in_executor(None, pulse.stop)
    if log is not None:
        log.close()


def _no_log(status: int, client: str) -> None:
    return None
