"""What every test may rely on, however the suite was started."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.home import Home
from tests.homes import empty_home

# Under `nohup`, or in the background of a script, some signals are ignored, and what tests start would inherit that.
for _number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test reads the settings of whoever runs it, or leaves tokens among theirs.
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="headwater-tests-")

# Daemons of tests show no page; those that are about it ask for it.
os.environ["HEADWATER_PAGE"] = "no"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An empty store of Ann's."""
    with empty_home(tmp_path / "home") as home:
        yield home


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Drive browsers last: their event loop stays at work in the process, and no other test could start its own."""
    items.sort(key=lambda item: "/tests/ui/" in str(item.path))


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["XDG_CONFIG_HOME"], ignore_errors=True)
