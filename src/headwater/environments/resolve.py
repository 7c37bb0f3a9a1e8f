"""Resolves what a step asks for to exact versions with hashes, and remembers the answer."""

import os
import shutil
from collections.abc import Callable, Sequence

import msgspec

from headwater.environments.asked import WORKER_REQUIREMENTS, requirement_lines
from headwater.environments.conda import Conda, specifications
from headwater.environments.files import replace_file
from headwater.environments.interpreters import Interpreter, find_interpreter, platform_name, this_interpreter
from headwater.environments.locks import decode_lock, encode_lock, parse_requirements, with_hashes_of
from headwater.environments.project_lock import find_project_python, project_files, project_requirements
from headwater.environments.uv import Uv
from headwater.model.errors import FormatUnknown
from headwater.model.packages import EnvironmentLock, PackageSet
from headwater.model.private_files import make_private_folder
from headwater.store.framing import hash_bytes


class Resolver:
    """Answers from the folder of earlier answers where it can; then nothing needs the network, and runs agree."""

    def __init__(self, uv: Uv, folder: str, conda: Callable[[], Conda]) -> None:
        """Take what it needs; `conda` finds the tool when a set asks for it."""
        self._uv = uv
        self._conda = conda
        self._folder = folder

    def known(self, asked: PackageSet, code_root: str) -> EnvironmentLock | None:
        """Give the lock that was made for this set before, on this platform; None when there is none."""
        try:
            with open(self._file(asked, code_root), "rb") as file:
                return decode_lock(file.read())
        except (FileNotFoundError, FormatUnknown, msgspec.DecodeError):
            # One that does not read is worth no more than none: it is made anew.
            return None

    def resolve(self, asked: PackageSet, code_root: str, *, is_fresh: bool = False) -> EnvironmentLock:
        """Ask the package index, and remember the lock.

        Args:
            asked: a normalized set.
            code_root: the project's folder, whose settings for uv count.
            is_fresh: believe nothing that the index said before, however lately.

        Raises:
            EnvironmentMistake: with uv's reason; nothing is remembered.
        """
        if asked.tool == "conda":
            lock = self._resolve_conda(asked, code_root)
        else:
            lock = self._resolve(asked, code_root, ["--refresh"] if is_fresh else [])
        make_private_folder(self._folder)
        replace_file(self._file(asked, code_root), encode_lock(lock))
        return lock

    def _resolve(self, asked: PackageSet, code_root: str, more: Sequence[str]) -> EnvironmentLock:
        python = self._interpreter(asked, code_root)
        lines = project_requirements(self._uv, code_root) if asked.tool == "uv" else requirement_lines(asked)
        asking = "\n".join([*lines, *WORKER_REQUIREMENTS])
        text = self._uv.run([*_compile(asked, python), *more], folder=code_root, text=asking)
        packages = parse_requirements(text)
        if asked.tool == "uv":  # uv writes the hashes that the index has now
            packages = with_hashes_of(packages, "\n".join(lines))
        return EnvironmentLock(asked, python.version, platform_name(), dict(sorted(packages.items())))

    def _resolve_conda(self, asked: PackageSet, code_root: str) -> EnvironmentLock:
        """Make an environment once, to see which files the tool takes for it."""
        conda = self._conda()
        prefix = os.path.join(self._folder, f"conda.{os.getpid()}.{os.urandom(4).hex()}")
        make_private_folder(self._folder)
        try:
            conda.create(prefix, specifications(asked, asked.python or this_interpreter().version))
            found = conda.files_of(prefix)
            python = Interpreter(os.path.join(prefix, "bin", "python"), found["python"].version)
            text = self._uv.run(_compile(asked, python), folder=code_root, text="\n".join(WORKER_REQUIREMENTS))
        finally:
            shutil.rmtree(prefix, ignore_errors=True)
        packages = {**parse_requirements(text), **found}
        return EnvironmentLock(asked, python.version, platform_name(), dict(sorted(packages.items())))

    def _interpreter(self, asked: PackageSet, code_root: str) -> Interpreter:
        if asked.python is not None:
            return find_interpreter(self._uv, asked.python, code_root)
        return find_project_python(self._uv, code_root) if asked.tool == "uv" else this_interpreter()

    def _file(self, asked: PackageSet, code_root: str) -> str:
        own = this_interpreter().version if asked.python is None else ""
        what: Sequence[bytes] = [
            msgspec.json.encode((asked, platform_name(), own, WORKER_REQUIREMENTS)),
            *(project_files(code_root) if asked.tool == "uv" else ()),
        ]
        return os.path.join(self._folder, f"{hash_bytes(*what)}.json")


def _compile(asked: PackageSet, python: Interpreter) -> list[str]:
    words = ["pip", "compile", "-", "--generate-hashes", "--no-header", "--no-annotate", "--python", python.path]
    return words if asked.index is None else [*words, "--default-index", asked.index]
