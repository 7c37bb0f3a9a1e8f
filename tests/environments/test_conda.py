"""`@conda`, with a stand-in for the tool that makes prefixes, lists and explicit files as the real ones document."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.environments.conda import TOOLS
from headwater.environments.prepare import Environments
from headwater.model.errors import EnvironmentMistake
from headwater.model.packages import PackageSet
from tests.environments.conftest import environments_in

#: Knows one package, `square`; keeps the list of an environment's files in it.
TOOL = """#!{python}
import os, subprocess, sys
words = sys.argv[1:]
prefix = words[words.index("--prefix") + 1]
files = os.path.join(prefix, "files.txt")
known = {{"python={minor}": "python-{version}-h1_0.conda", "square==2.0": "square-2.0-py_0.tar.bz2"}}
if words[0] == "create":
    assert os.environ["CONDA_PKGS_DIRS"].endswith("/wheels/conda")
    if "--file" in words:
        listed = open(words[words.index("--file") + 1]).read()
    else:
        wanted = [word for word in words[1:] if word not in ("--yes", "--prefix", prefix)]
        missing = [word for word in wanted if word not in known]
        if missing:
            sys.exit(f"nothing provides {{missing[0]}}")
        listed = "".join(f"https://channel.example/linux-64/{{known[word]}}#{{'0' * 32}}\\n" for word in wanted)
    subprocess.run([{python!r}, "-m", "venv", "--without-pip", prefix], check=True)
    site = os.path.join(prefix, "lib", "python{minor}", "site-packages")
    if "/square-2.0" in listed:
        open(os.path.join(site, "square.py"), "w").write("version = '2.0'\\n")
    open(files, "w").write(listed)
elif words[:3] == ["env", "export", "--explicit"]:
    text = open(files).read()
    print(text if "@EXPLICIT" in text else "# platform: linux-64\\n@EXPLICIT\\n" + text)
else:
    sys.exit("unknown command")
"""
ASKED = PackageSet(tool="conda", packages={"square": "2.0"})


@pytest.fixture
def with_tool(tmp_path: Path, environ: dict[str, str]) -> Environments:
    version = ".".join(map(str, sys.version_info[:3]))
    minor = version.rpartition(".")[0]
    tool = tmp_path / "bin" / "micromamba"
    tool.parent.mkdir()
    tool.write_text(TOOL.format(python=sys.executable, version=version, minor=minor))
    tool.chmod(0o755)
    return environments_in(tmp_path / "home", {**environ, "PATH": f"{tool.parent}{os.pathsep}{environ['PATH']}"})


def test_a_conda_environment_holds_its_packages_and_the_worker(with_tool: Environments, project: Path) -> None:
    digest = with_tool.lock(ASKED, str(project))
    command = with_tool.command(digest, str(project))
    code = "import square, headwater.worker, sys; print(square.version, sys.prefix)"
    printed = subprocess.run([command.python, "-P", "-c", code], env=command.environ, capture_output=True, text=True)

    assert printed.stdout.split() == ["2.0", f"{with_tool.folder}/{digest}"]


def test_the_lock_of_a_conda_environment_names_each_file(with_tool: Environments, project: Path) -> None:
    packages = with_tool.read(with_tool.lock(ASKED, str(project))).packages

    assert packages["square"].version == "2.0"
    assert packages["square"].url == "https://channel.example/linux-64/square-2.0-py_0.tar.bz2"
    assert packages["square"].hashes == ("md5:" + "0" * 32,)
    assert packages["msgspec"].hashes[0].startswith("sha256:")


def test_a_conda_environment_is_built_from_the_files_of_its_lock(with_tool: Environments, project: Path) -> None:
    digest = with_tool.lock(ASKED, str(project))
    built = with_tool.build(digest, str(project))
    files = Path(built.folder, "files.txt").read_text().splitlines()

    assert files[0] == "@EXPLICIT"
    assert f"https://channel.example/linux-64/square-2.0-py_0.tar.bz2#{'0' * 32}" in files
    assert [name for name in os.listdir(with_tool.folder) if name.endswith(".txt")] == []


def test_what_the_tool_refuses_is_told_and_nothing_stays(with_tool: Environments, project: Path) -> None:
    with pytest.raises(EnvironmentMistake, match="nothing provides circle"):
        with_tool.lock(PackageSet(tool="conda", packages={"circle": ""}), str(project))

    assert os.listdir(os.path.join(with_tool.folder, "resolved")) == []


def test_without_a_tool_it_is_refused_and_pypi_named(tmp_path: Path, environ: dict[str, str]) -> None:
    make = environments_in(tmp_path / "home", {**environ, "PATH": str(tmp_path)})
    with pytest.raises(EnvironmentMistake) as refused:
        make.lock(ASKED, str(tmp_path))

    assert all(tool in refused.value.message for tool in TOOLS)
    assert "@pypi(packages={...})" in refused.value.hint
