"""Stores of tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headwater.home import Home, open_home


@contextmanager
def empty_home(folder: Path, user: str = "ann") -> Iterator[Home]:
    """Make a store of a user in a folder; what is started meanwhile has the user from here, and no store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_USER", user)
        patch.delenv("HEADWATER_HOME", raising=False)
        home = open_home(str(folder), make=True)
        try:
            yield home
        finally:
            home.close()
