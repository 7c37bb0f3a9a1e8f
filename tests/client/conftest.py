import pytest

from headwater.client import session
from headwater.home import open_home
from tests.client.history import History


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.delenv("HEADWATER_HOME", raising=False)
    home = open_home(str(tmp_path / "home"), make=True)
    session.metadata(home.path)
    session.namespace(None)
    yield home
    session.default_namespace()
    session.default_metadata()
    home.close()


@pytest.fixture
def history(home):
    return History(home)
