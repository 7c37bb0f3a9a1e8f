import os
import subprocess
import sys
import time

import pytest

from headwater.ledger.memory import MemoryLedger
from headwater.ledger.sqlite import SqliteLedger

#: Folder of the project, from which `tests.` is found.
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(params=["file", "memory"])
def ledger(request, tmp_path):
    """Every implementation in turn: what is tested with it is the contract."""
    opened = SqliteLedger(str(tmp_path / "home")) if request.param == "file" else MemoryLedger()
    yield opened
    opened.close()


@pytest.fixture
def home(tmp_path):
    return str(tmp_path / "home")


@pytest.fixture
def file_ledger(home):
    opened = SqliteLedger(home)
    yield opened
    opened.close()


@pytest.fixture
def until():
    """Wait for something that another process does."""

    def wait(is_true, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not is_true():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.002)

    return wait


@pytest.fixture
def writer(home):
    """Start `ledger_writer.py`; whatever is left of it is killed at the end."""
    processes = []

    def start(what, *arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.ledger_writer", home, what, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()
