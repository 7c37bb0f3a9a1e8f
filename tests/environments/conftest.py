"""Environments that are really built, from a package index on this machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.environments.prepare import Environments
from headwater.model.packages import PackageSet
from headwater.store.objects import ObjectStore
from headwater.store.place_disk import DiskPlace
from tests.environments.wheelhouse import WORKER_PACKAGES, Index, make_wheel, pack_again


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of a worker, and some tiny ones."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in WORKER_PACKAGES:
        pack_again(folder, name)
    make_wheel(folder, "tiny", "1.0")
    make_wheel(folder, "tiny", "1.1")
    make_wheel(folder, "tiny", "2.0")
    make_wheel(folder, "outer", "1.0", requires=("tiny>=1.1,<2",))
    make_wheel(folder, "devtool", "1.0")
    make_wheel(folder, "quarrel", "1.0", requires=("tiny<1",))
    return folder


@pytest.fixture(scope="session")
def shared_index(wheels: Path) -> Iterator[Index]:
    """The index of these wheels; tests that change it make one of their own."""
    index = Index(wheels)
    yield index
    index.close()


@pytest.fixture
def own_index(wheels: Path, tmp_path: Path, shared_index: Index, warm_cache: Path) -> Iterator[Index]:
    """An index that a test may add wheels to, take them from, and close; a worker's wheels come from the shared one.

    The folder `home` has these already, unpacked.
    """
    folder = tmp_path / "own wheels"
    folder.mkdir()
    for wheel in wheels.glob("*-py3-none-any.whl"):
        shutil.copy(wheel, folder)
    shutil.copytree(warm_cache, tmp_path / "home" / "wheels", copy_function=os.link)
    index = Index(folder, beside=shared_index.url)
    yield index
    index.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(shared_index: Index) -> dict[str, str]:
    """Variables for uv: nothing but the index of this machine."""
    return environ_for(shared_index)


def environ_for(index: Index) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    ours = {"UV_DEFAULT_INDEX": index.beside or index.url, "UV_NO_CONFIG": "1", "UV_HTTP_RETRIES": "0"}
    return {**kept, **ours, "UV_INDEX": index.url if index.beside else "", "NO_PROXY": "127.0.0.1"}


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory, shared_index: Index) -> Path:
    """Wheels that were fetched before, so that a test need not unpack those of a worker again."""
    home = tmp_path_factory.mktemp("warm")
    make = environments_in(home, environ_for(shared_index))
    for packages in ({"outer": ""}, {"tiny": "1.0"}, {"tiny": "2.0"}):
        make.build(make.lock(PackageSet(packages=packages), str(home)), str(home))
    return home / "wheels"


@pytest.fixture
def make(tmp_path: Path, environ: dict[str, str], warm_cache: Path) -> Environments:
    """The environments of an empty store, with wheels that are there already."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "wheels").symlink_to(warm_cache)
    return environments_in(tmp_path / "home", environ)


@pytest.fixture
def make_cold(tmp_path: Path, environ: dict[str, str]) -> Environments:
    """The environments of an empty store."""
    return environments_in(tmp_path / "cold home", environ)


def environments_in(home: Path, environ: dict[str, str]) -> Environments:
    home.mkdir(exist_ok=True)
    return Environments(str(home), ObjectStore(DiskPlace(str(home / "objects"))), environ)
