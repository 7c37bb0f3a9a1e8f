"""Answers for services of a file on a free port, with the limits that a test asks for: JSON on the command line.

The first line that it prints is the port.
"""

import asyncio
import sys

import msgspec

from headwater.flow.load import find_code
from headwater.home import open_home
from headwater.hosting.access_log import AccessLog
from headwater.hosting.app import HostApp
from headwater.hosting.connections import ConnectionLimits
from headwater.hosting.guard import Guard, tokens_for
from headwater.hosting.host import Address, listen, serve
from headwater.hosting.local import compiled
from headwater.hosting.pool import VersionPool
from headwater.hosting.requests import RequestLimits
from headwater.hosting.services import Hosted, Services
from headwater.hosting.sources import small_of, version_from
from headwater.hosting.workers import WORKER_COMMAND, PoolLimits


class Wanted(msgspec.Struct):
    """What a test asks for."""

    home: str
    file: str
    services: list[str]
    requests: RequestLimits = RequestLimits()
    connections: ConnectionLimits = ConnectionLimits()
    pool: PoolLimits = PoolLimits()
    #: What to execute as the zygote, instead of the real one.
    command: tuple[str, ...] = WORKER_COMMAND
    #: File of the access log; empty = none.
    access: str = ""
    #: Ask for tokens.
    tokens: bool = False
    #: Services that are there and never load.
    unloaded: list[str] = []


def main() -> None:
    wanted = msgspec.json.decode(sys.argv[1], type=Wanted)
    home = open_home(wanted.home, make=True)
    listener = listen(Address(port=0))
    address = Address(port=listener.getsockname()[1])
    services = Services()
    tokens = tokens_for(home.ledger, address.host, is_asked=wanted.tokens)
    guard = Guard(address.host, address.port, find_token=None if tokens is None else tokens.find)
    access = AccessLog(wanted.access) if wanted.access else None
    app = HostApp(services, guard, limits=wanted.requests, access=access)

    async def attend(services: Services, folder: str, loaded: asyncio.Event) -> None:
        pools: list[VersionPool] = []
        for name in wanted.unloaded:
            services.put(Hosted(name))
        try:
            for name in wanted.services:
                code = msgspec.structs.replace(find_code(wanted.file), flow=name)
                definition, named = compiled(code)
                version = version_from(home, definition, named)
                pool = VersionPool(version, small_of(home, version), wanted.pool, folder=folder, command=wanted.command)
                await pool.start()
                pools.append(pool)
                services.put(Hosted(name, pool))
            print(address.port, flush=True)
            await asyncio.Event().wait()
        finally:
            for pool in pools:
                await pool.close()

    serve(app, services, listener, attend, limits=wanted.connections)
    if access is not None:
        access.close()
    home.close()


if __name__ == "__main__":
    main()
