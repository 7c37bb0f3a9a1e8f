"""`headwater serve SERVICE.py`: serves it on this machine, with reload."""

import asyncio
import os
import sys

import click
import msgspec

from headwater.flow.load import find_code
from headwater.home import open_home
from headwater.hosting.app import HostApp
from headwater.hosting.guard import Guard
from headwater.hosting.host import Address, listen, serve
from headwater.hosting.local import LocalService, compiled
from headwater.hosting.services import Services
from headwater.hosting.sources import version_from
from headwater.hosting.workers import PoolLimits


@click.command("serve")
@click.argument("file", metavar="SERVICE.py")
@click.option("--port", type=click.IntRange(0, 65535), default=8500, show_default=True, help="port to listen on")
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="processes that answer [default: cpus]")
@click.option("--source", default=None, metavar="RUN", help="whose artifacts: Flow, Flow@production, Flow/17")
@click.option("--no-reload", is_flag=True, help="do not load it anew when its code changes")
@click.option("--home", metavar="FOLDER", default=None, help="folder of store and ledger")
def command(file: str, port: int, workers: int | None, source: str | None, no_reload: bool, home: str | None) -> int:
    """Serve a service on this machine: nothing is deployed, nobody else can reach it.

    Prints the addresses; Ctrl-C ends it after the requests under way are answered.
    """
    path, _, name = file.partition(":")
    definition, code = compiled(msgspec.structs.replace(find_code(path, "a service"), flow=name))
    opened = open_home(home, make=True)
    version = version_from(opened, definition, code, source=source)
    listener = listen(Address(port=port))
    address = Address(port=listener.getsockname()[1])
    limits = PoolLimits(workers=workers or max(1, os.cpu_count() or 1))
    services = Services()
    local = LocalService(opened, version, limits, source=source, reload=not no_reload, say=_say)

    async def attend(services: Services, folder: str, loaded: asyncio.Event) -> None:
        telling = asyncio.create_task(
            _tell(loaded, address, version.run, sorted(definition.endpoints), definition.service)
        )
        try:
            await local.attend(services, folder, loaded)
        finally:
            telling.cancel()

    try:
        serve(HostApp(services, Guard(address.host, address.port)), services, listener, attend)
    finally:
        opened.close()
    return 0


async def _tell(loaded: asyncio.Event, address: Address, run: str | None, endpoints: list[str], service: str) -> None:
    await loaded.wait()
    _say(f"{service} answers" + (f", from {run}" if run else ""))
    for endpoint in endpoints:
        _say(f"  {address.url}/{service}/{endpoint}")
    _say(f"  {address.url}/ lists them, with a form to try each; Ctrl-C ends it")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
