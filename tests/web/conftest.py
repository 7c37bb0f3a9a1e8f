import pytest

from tests.homes import empty_home
from tests.web.gate_site import GateSite


@pytest.fixture
def store(tmp_path):
    with empty_home(tmp_path / "home", user="root") as home:
        yield home


@pytest.fixture
def gate(store):
    """The application with its real guard; nobody has an account yet."""
    site = GateSite(store)
    yield site
    site.close()
