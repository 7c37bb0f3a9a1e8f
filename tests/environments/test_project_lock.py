"""`@uv`: a step runs with what the project's own `uv.lock` holds."""

import re
import subprocess
from pathlib import Path

import pytest

from headwater.environments.prepare import Environments
from headwater.environments.uv import find_uv
from headwater.model.errors import EnvironmentMistake
from headwater.model.packages import PackageSet
from tests.environments.conftest import environ_for, environments_in
from tests.environments.wheelhouse import Index, make_wheel

UV = PackageSet(tool="uv")


def write_project(folder: Path, *requirements: str, index: str = "", default: str = "") -> None:
    lines = ["[project]", 'name = "own"', 'version = "1.0"', 'requires-python = ">=3.11"']
    lines += [f"dependencies = {list(requirements)!r}", "[dependency-groups]", 'dev = ["devtool"]']
    lines += ["[[tool.uv.index]]", f'url = "{index}"'] if index else []
    lines += ["[[tool.uv.index]]", f'url = "{default}"', "default = true"] if default else []
    (folder / "pyproject.toml").write_text("\n".join(lines))


def lock_project(folder: Path, environ: dict[str, str]) -> None:
    done = subprocess.run(
        [find_uv(environ), "lock", "--quiet"], cwd=folder, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_step_gets_the_versions_of_the_projects_lock(
    make: Environments, project: Path, environ: dict[str, str]
) -> None:
    write_project(project, "tiny==1.0")
    lock_project(project, environ)
    packages = make.read(make.lock(UV, str(project))).packages

    assert packages["tiny"].version == "1.0"
    assert packages["tiny"].hashes
    assert "devtool" not in packages
    assert "own" not in packages


def test_a_package_whose_hash_is_not_that_of_the_projects_lock_is_refused(
    make: Environments, project: Path, environ: dict[str, str]
) -> None:
    write_project(project, "tiny==1.0")
    lock_project(project, environ)
    locked = project / "uv.lock"
    locked.write_text(re.sub(r'hash = "sha256:[0-9a-f]{64}"', f'hash = "sha256:{"0" * 64}"', locked.read_text()))
    digest = make.lock(UV, str(project))

    assert make.read(digest).packages["tiny"].hashes == (f"sha256:{'0' * 64}",)
    with pytest.raises(EnvironmentMistake, match=r"(?is)hash mismatch.*tiny==1\.0"):
        make.build(digest, str(project))


def test_headwater_and_what_only_it_needs_are_left_out(own_index: Index, project: Path, tmp_path: Path) -> None:
    make_wheel(own_index.folder, "headwater", "9.0", requires=("outer",))
    environ = environ_for(own_index)
    write_project(project, "headwater", "tiny")
    lock_project(project, environ)
    make = environments_in(tmp_path / "home", environ)
    packages = make.read(make.lock(UV, str(project))).packages

    assert "outer" in (project / "uv.lock").read_text()
    assert "tiny" in packages
    assert not {"headwater", "outer"} & set(packages)


def test_a_lock_that_does_not_fit_the_project_is_refused_with_the_command(
    make: Environments, project: Path, environ: dict[str, str]
) -> None:
    write_project(project, "tiny==1.0")
    lock_project(project, environ)
    write_project(project, "tiny==2.0")
    before = (project / "uv.lock").read_bytes()
    with pytest.raises(EnvironmentMistake, match=r"does not fit pyproject\.toml") as refused:
        make.lock(UV, str(project))

    assert "`uv lock`" in refused.value.hint
    assert (project / "uv.lock").read_bytes() == before


def test_another_lock_of_the_project_is_another_environment(
    make: Environments, project: Path, environ: dict[str, str]
) -> None:
    write_project(project, "tiny==1.0")
    lock_project(project, environ)
    first = make.lock(UV, str(project))
    write_project(project, "tiny==2.0")
    lock_project(project, environ)

    assert make.read(make.lock(UV, str(project))).packages["tiny"].version == "2.0"
    assert make.read(first).packages["tiny"].version == "1.0"


def test_the_lock_of_a_workspace_lies_above_its_projects(
    make: Environments, project: Path, environ: dict[str, str]
) -> None:
    (project / "member").mkdir()
    (project / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["member"]\n')
    write_project(project / "member", "tiny==1.1")
    lock_project(project, environ)
    packages = make.read(make.lock(UV, str(project / "member"))).packages

    assert not (project / "member" / "uv.lock").exists()
    assert packages["tiny"].version == "1.1"
    assert "own" not in packages


def test_a_project_without_a_lock_is_told_how_to_get_one(make: Environments, project: Path) -> None:
    write_project(project, "tiny")
    with pytest.raises(EnvironmentMistake, match=r"@uv takes the packages from uv\.lock") as refused:
        make.lock(UV, str(project))

    assert "`uv lock` writes it" in refused.value.hint


def test_the_index_that_the_projects_settings_name_is_used_to_build_as_well(
    own_index: Index, project: Path, tmp_path: Path
) -> None:
    make_wheel(own_index.folder, "local", "1.0")
    environ = {name: value for name, value in environ_for(own_index).items() if not name.startswith("UV_")}
    write_project(project, "local", index=own_index.url, default=own_index.beside)
    lock_project(project, environ)
    make = environments_in(tmp_path / "home", environ)
    for asked in (UV, PackageSet(packages={"local": ""})):
        digest = make.lock(asked, str(project))

        assert make.build(digest, str(project)).stamp.lock == digest
