"""Keeps the monitor's process alive beside the host: its counting takes no time from the process that answers."""

import asyncio
import sys
from collections.abc import Callable

_PROGRAM = (sys.executable, "-P", "-m", "headwater.hosting.monitor.process")
#: Seconds that services get to come up.
_FIRST_SECONDS = 5.0
#: Seconds before a process that died is started again.
_PAUSE_SECONDS = 30.0
#: Seconds that it gets to end.
_LAST_SECONDS = 5.0


async def keep_monitor(home: str, say: Callable[[str], None]) -> None:
    """Keep the monitor's process alive until cancelled; services come up first."""
    await asyncio.sleep(_FIRST_SECONDS)
    while True:
        process = await asyncio.create_subprocess_exec(
            *_PROGRAM, home, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None and process.stdin is not None:
                process.stdin.close()
                await _end(process)
        say(f"the monitor of requests ended with code {code}: started again in {_PAUSE_SECONDS:g} s")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), _LAST_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
