import pytest

from headwater.home import open_home
from tests.web.gate_site import GateSite


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWATER_USER", "root")
    monkeypatch.delenv("HEADWATER_HOME", raising=False)
    home = open_home(str(tmp_path / "home"), make=True)
    yield home
    home.close()


@pytest.fixture
def gate(store):
    """The application with its real guard; nobody has an account yet."""
    site = GateSite(store)
    yield site
    site.close()
