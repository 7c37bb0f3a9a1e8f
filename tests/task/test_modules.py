import os
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from headwater.task.modules import LoadedModules


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("first_of_project", "second_of_project"):
        (tmp_path / f"{name}.py").write_text(f"name = {name!r}\n")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Registered with the patch so that the module is gone after the test.
    monkeypatch.setitem(sys.modules, name, __import__(name))


def digest(path: Path) -> str:
    return blake3(path.read_bytes()).hexdigest()


def test_project_files_are_reported_by_their_path_below_the_root(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("first_of_project", monkeypatch)

    found = LoadedModules(str(project)).digests()

    assert found == {"first_of_project.py": digest(project / "first_of_project.py")}


def test_what_is_loaded_later_is_added(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("first_of_project", monkeypatch)
    modules = LoadedModules(str(project))
    before = modules.digests()
    load("second_of_project", monkeypatch)

    assert set(modules.digests()) == {"first_of_project.py", "second_of_project.py"}
    assert set(before) == {"first_of_project.py"}


def test_a_module_that_takes_the_place_of_another_is_seen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "goes_away", sys)
    modules = LoadedModules(str(project))
    modules.digests()
    del sys.modules["goes_away"]
    load("first_of_project", monkeypatch)

    assert set(modules.digests()) == {"first_of_project.py"}


def test_files_are_hashed_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("first_of_project", monkeypatch)
    modules = LoadedModules(str(project))
    first = modules.digests()
    (project / "first_of_project.py").write_text("changed = True\n")
    load("second_of_project", monkeypatch)

    assert modules.digests()["first_of_project.py"] == first["first_of_project.py"]


def test_a_file_that_is_gone_is_left_out(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("first_of_project", monkeypatch)
    os.unlink(project / "first_of_project.py")

    assert LoadedModules(str(project)).digests() == {}


def test_installed_packages_below_the_root_are_not_the_projects() -> None:
    packages = Path(pytest.__file__).parent.parent

    assert LoadedModules(str(packages.parent)).digests() == {}
