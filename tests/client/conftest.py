import pytest

from headwater.client import session
from tests.client.history import History


@pytest.fixture
def home(home):
    session.metadata(home.path)
    session.namespace(None)
    yield home
    session.default_namespace()
    session.default_metadata()


@pytest.fixture
def history(home):
    return History(home)
