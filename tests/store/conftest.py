from collections.abc import Callable, Iterator

import pytest

from headwater.model import failpoints
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace


@pytest.fixture
def place(tmp_path) -> DiskPlace:
    return DiskPlace(str(tmp_path / "objects"))


@pytest.fixture
def store(place) -> ArtifactStore:
    return ArtifactStore(place)


@pytest.fixture
def break_at(monkeypatch) -> Iterator[Callable[[str], None]]:
    """Make a named failpoint fail, as HEADWATER_FAILPOINT does for a new process."""

    def arm(point: str) -> None:
        monkeypatch.setattr(failpoints, "_wanted", point)
        failpoints._passed.clear()

    yield arm
    failpoints._passed.clear()
