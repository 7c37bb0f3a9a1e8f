"""`headwater host`: answers for all deployed services."""

import asyncio
import os
import sys
import time
from typing import Any

import click

from headwater.home import open_home
from headwater.hosting.access_log import AccessLog, access_path
from headwater.hosting.app import HostApp
from headwater.hosting.around import Around
from headwater.hosting.attend import Keeper
from headwater.hosting.guard import Guard, tokens_for
from headwater.hosting.host import Address, listen, serve
from headwater.hosting.monitor.keeping import keep_monitor
from headwater.hosting.prediction_log import PredictionLog
from headwater.hosting.services import Services
from headwater.hosting.status import ROLE
from headwater.hosting.workers import PoolLimits
from headwater.model.errors import UserMistake


@click.command("host")
@click.option("--port", type=click.IntRange(0, 65535), default=8500, show_default=True, help="Port to listen on.")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on; a wider one needs tokens.")
@click.option("--tokens", "asks_tokens", is_flag=True, help="Ask callers for tokens on this machine too.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer, per version  [default: cpus].")
@click.option("--memory", type=click.IntRange(16), metavar="MB", help="Replace a worker that takes more.")
@click.option("--no-access-log", is_flag=True, help="Write no line for each request to services/access.log.")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
def command(
    port: int,
    bind: str,
    asks_tokens: bool,
    workers: int | None,
    memory: int | None,
    no_access_log: bool,
    home: str | None,
) -> int:
    """Answer for all deployed services, until told to stop; requests under way are answered first.

    `headwater up` starts one by itself when a service is deployed. Bound to an address that other machines reach, it
    asks every caller for a token: `headwater service token create NAME`.
    """
    opened = open_home(home, make=True)
    opened.require_near("services are hosted")
    try:
        if not opened.ledger.lead(ROLE):
            raise UserMistake(
                f"the store at {opened.path} has its host: process {opened.ledger.leader(ROLE)}",
                hint="one host answers for all services",
            )
        tokens = tokens_for(opened.ledger, bind, is_asked=asks_tokens)
        listener = listen(Address(bind, port))
        address = Address(bind, listener.getsockname()[1])
        limits = PoolLimits(
            workers=workers or os.cpu_count() or 1, memory_bytes=None if memory is None else memory * 10**6
        )
        log = PredictionLog(opened.path, time.time, _say)
        keeper = Keeper(Around(opened, _say, time.time, log.take), address.url, limits)
        _say(f"{address.url} answers for the services of {opened.path}")
        services = Services()
        access = None if no_access_log else AccessLog(access_path(opened.path))
        guard = Guard(address.host, address.port, find_token=None if tokens is None else tokens.find)
        app = HostApp(services, guard, observe=log.observe, access=access)
        app.measures.add_predictions(log)
        serve(app, services, listener, lambda *given: _attend(keeper, log, opened.path, *given))
        if access is not None:
            access.close()
    finally:
        opened.close()
    return 0


async def _attend(keeper: Keeper, log: PredictionLog, home: str, *given: Any) -> None:
    log.start()
    monitor = asyncio.create_task(keep_monitor(home, _say))
    try:
        await keeper.attend(*given)
    finally:
        monitor.cancel()
        await asyncio.gather(monitor, return_exceptions=True)
        await log.close()


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", file=sys.stderr, flush=True)
