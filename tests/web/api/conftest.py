import pytest

from tests.client.history import History
from tests.web.api.production_scene import Scene
from tests.web.api.site import Site


@pytest.fixture
def history(home):
    """Writes runs into the home, event by event."""
    return History(home)


@pytest.fixture
def site(home):
    site = Site(home)
    yield site
    site.close()


@pytest.fixture
def scene(tmp_path):
    """A store in which flows are deployed."""
    scene = Scene(tmp_path)
    yield scene
    scene.close()
