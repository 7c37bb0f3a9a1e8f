import pytest

from tests.remote.served import Served


@pytest.fixture
def served(tmp_path):
    """A store and its server."""
    served = Served(tmp_path / "server")
    yield served
    served.close()
