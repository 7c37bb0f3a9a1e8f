"""`@conda`: environments made by micromamba, mamba or conda, whichever is found first.

Only what all three document is used: `create --yes --prefix` with specifications or an explicit list of files, and the
printing of such a list. What they fetch is kept beside the wheels. Not verified against the real tools.
"""

import os
import shutil
from collections.abc import Mapping, Sequence

import msgspec

from headwater.model.errors import EnvironmentMistake
from headwater.model.packages import EnvironmentLock, LockedPackage, PackageSet
from headwater.model.private_files import private

#: Programs that make conda environments, the quickest first.
TOOLS = ("micromamba", "mamba", "conda")

_EXPLICIT = "@EXPLICIT"
#: How the tools print the files of an environment; each knows one of them.
_LISTINGS = (("list", "--explicit", "--md5"), ("env", "export", "--explicit"))


class Conda(msgspec.Struct, frozen=True):
    """A conda tool, with a folder of its own for what it fetches."""

    program: str
    packages_folder: str
    environ: Mapping[str, str]

    def create(self, prefix: str, what: Sequence[str]) -> None:
        """Make an environment; raises EnvironmentMistake with the tool's reason."""
        self._run(["create", "--yes", "--prefix", prefix, *what])

    def files_of(self, prefix: str) -> dict[str, LockedPackage]:
        """Give the packages of an environment, each with the address and MD5 of its file.

        Raises:
            EnvironmentMistake: the tool prints no such list.
        """
        refused = ""
        for words in _LISTINGS:
            try:
                text = self._run([*words, "--prefix", prefix])
            except EnvironmentMistake as mistake:
                refused = mistake.message
                continue
            if _EXPLICIT in text:
                return dict(_package(line) for line in text.splitlines() if "://" in line)
        raise EnvironmentMistake(f"{self.program} does not tell the files of an environment: {refused}")

    def _run(self, words: Sequence[str]) -> str:
        import subprocess

        environ = {**self.environ, "CONDA_PKGS_DIRS": self.packages_folder}
        done = subprocess.run(
            [self.program, *words], capture_output=True, text=True, env=environ, umask=0o077, check=False
        )
        if done.returncode:
            raise EnvironmentMistake((done.stderr or done.stdout).strip() or f"{self.program} ended without a word")
        return done.stdout


def find_conda(environ: Mapping[str, str]) -> str | None:
    """Give the path of a conda tool; None when there is none."""
    found = (shutil.which(tool, path=environ.get("PATH")) for tool in TOOLS)
    return next((path for path in found if path is not None), None)


def open_conda(environ: Mapping[str, str], packages_folder: str) -> Conda:
    """Find the tool.

    Raises:
        EnvironmentMistake: there is none; says what was looked for, and what to write instead.
    """
    program = find_conda(environ)
    if program is None:
        raise EnvironmentMistake(
            f"@conda needs one of {', '.join(TOOLS)}, and none is on the path",
            hint="write @pypi(packages={...}): most packages of conda-forge are on PyPI too, under the same names",
        )
    return Conda(program, packages_folder, environ)


def specifications(asked: PackageSet, python: str) -> list[str]:
    """Give what a set asks for as conda writes it, Python included."""
    packages = [_specification(name, version) for name, version in asked.packages.items()]
    return [f"python={'.'.join(python.split('.')[:2])}", *packages]


def write_explicit(lock: EnvironmentLock, path: str) -> None:
    """Write the list of files from which a tool makes the conda part of a lock."""
    lines = [f"{one.url}#{one.hashes[0].removeprefix('md5:')}" for one in conda_part(lock).values()]
    with open(path, "w", encoding="utf-8", opener=private) as file:
        file.write("\n".join([_EXPLICIT, *lines, ""]))


def conda_part(lock: EnvironmentLock) -> dict[str, LockedPackage]:
    """Give the packages of a lock that a conda tool installs; the others are wheels of the worker."""
    return {name: one for name, one in lock.packages.items() if _is_conda(one)}


def _is_conda(package: LockedPackage) -> bool:
    return package.url.endswith((".conda", ".tar.bz2"))


def _specification(name: str, version: str) -> str:
    if not version or version == "*":
        return name
    return f"{name}{version}" if version[0] in "<>=!~" else f"{name}=={version}"


def _package(line: str) -> tuple[str, LockedPackage]:
    url, _, md5 = line.strip().partition("#")
    file = os.path.basename(url).removesuffix(".conda").removesuffix(".tar.bz2")
    name, version, _ = file.rsplit("-", 2)
    return name, LockedPackage(version, (f"md5:{md5}",), url)
