import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.home import open_home
from headwater.hosting.monitor import keeping

PROGRAM = [sys.executable, "-P", "-m", "headwater.hosting.monitor.process"]


def test_the_monitor_ends_when_the_host_closes_its_end(tmp_path: Path) -> None:
    open_home(str(tmp_path / "home"), make=True).close()
    done = subprocess.run(
        [*PROGRAM, str(tmp_path / "home")], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_monitor_that_dies_is_started_again_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_home(str(tmp_path / "home"), make=True).close()
    monkeypatch.setattr(keeping, "_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "_PAUSE_SECONDS", 0.0)
    pids = tmp_path / "pids"
    program = f"import os, sys; open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); "
    program += f"len(open({str(pids)!r}).readlines()) > 2 and sys.stdin.read()"
    monkeypatch.setattr(keeping, "_PROGRAM", (sys.executable, "-c", program))
    said: list[str] = []

    async def keep_for_a_while() -> None:
        task = asyncio.create_task(keeping.keep_monitor(str(tmp_path / "home"), said.append))
        while not pids.exists() or len(pids.read_text().splitlines()) < 3:
            await asyncio.sleep(0.02)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(keep_for_a_while())

    assert said == ["the monitor of requests ended with code 0: started again in 0 s"] * 2
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
