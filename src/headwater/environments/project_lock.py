"""`@uv`: takes the packages of the project's own `pyproject.toml` and `uv.lock`."""

import os
from collections.abc import Sequence

from headwater.environments.interpreters import Interpreter, this_interpreter
from headwater.environments.uv import Uv, UvFailed
from headwater.model.errors import EnvironmentMistake

#: Not installed: steps run with the Headwater that runs the flow.
_OWN = "headwater"


def project_files(code_root: str) -> Sequence[bytes]:
    """Read the files that say what the project needs; the lock of a workspace lies in a folder above.

    Raises:
        EnvironmentMistake: one of them is not there.
    """
    return [_read(code_root, "pyproject.toml", code_root), _read(_lock_folder(code_root), "uv.lock", code_root)]


def project_requirements(uv: Uv, code_root: str) -> list[str]:
    """Give the lines of a requirements file, with hashes, of all that `uv.lock` holds for the project.

    Development groups, the project itself (its code is on the path already) and Headwater are left out.

    Raises:
        EnvironmentMistake: `uv.lock` does not fit `pyproject.toml`; nothing is changed.
    """
    project_files(code_root)
    _refuse_stale(uv, code_root)
    words = ["export", "--frozen", "--no-default-groups", "--no-emit-project", "--no-emit-workspace", "--no-annotate"]
    words += ["--no-header", "--prune", _OWN]
    return uv.run(words, folder=code_root).splitlines()


def find_project_python(uv: Uv, code_root: str) -> Interpreter:
    """Find the Python that the project asks for (`.python-version`, `requires-python`)."""
    own = this_interpreter()
    try:
        path = uv.run(["python", "find", "--show-version"], folder=code_root).strip()
    except UvFailed as failed:
        raise EnvironmentMistake(
            f"no Python of this machine is what {code_root} asks for: {failed.message}",
            hint="`uv python install` brings it",
        ) from failed
    if path == own.version:
        return own
    return Interpreter(uv.run(["python", "find"], folder=code_root).strip(), path)


def _refuse_stale(uv: Uv, code_root: str) -> None:
    words = ["lock", "--check"]
    try:
        uv.run(words, folder=code_root, is_offline=True)
    except UvFailed:
        try:
            uv.run(words, folder=code_root)
        except UvFailed as failed:
            raise EnvironmentMistake(
                f"{os.path.join(_lock_folder(code_root), 'uv.lock')} does not fit pyproject.toml: {failed.message}",
                hint="`uv lock` brings it up to date",
            ) from failed


def _lock_folder(code_root: str) -> str:
    """Find the nearest folder upward that has a lock; the project's own when none has."""
    folder = os.path.abspath(code_root)
    while not os.path.isfile(os.path.join(folder, "uv.lock")):
        above = os.path.dirname(folder)
        if above == folder:
            return code_root
        folder = above
    return folder


def _read(folder: str, name: str, code_root: str) -> bytes:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise EnvironmentMistake(
            f"@uv takes the packages from {name}, and there is none in {code_root}",
            hint="`uv lock` writes it, or name the packages with @pypi(packages={...})",
        ) from error
