"""The monitor's process: its counting takes no time from the process that answers."""

import asyncio
import os
import select
import sys
import time
from collections.abc import Callable

from headwater.home import open_home
from headwater.hosting.monitor.watch import Monitor

_PROGRAM = (sys.executable, "-P", "-m", "headwater.hosting.monitor.process")
#: Seconds between turns.
_TURN_SECONDS = 5.0
#: Seconds before a process that died is started again.
_PAUSE_SECONDS = 30.0
#: Seconds that it gets to end.
_LAST_SECONDS = 5.0


async def keep_monitor(home: str, say: Callable[[str], None]) -> None:
    """Keep the monitor's process alive until cancelled."""
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


def main() -> None:
    """Watch until the host closes its end."""
    # Answers go first.
    os.nice(10)
    home = open_home(sys.argv[1])
    monitor = Monitor(home, time.time, _say)
    try:
        while not select.select([sys.stdin.fileno()], [], [], _TURN_SECONDS)[0]:
            monitor.turn()
    finally:
        home.close()


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
