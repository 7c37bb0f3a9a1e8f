"""Builds an environment from its lock, whole or not at all, and once for all processes that want it."""

import os
import shutil
import time
from collections.abc import Callable, Mapping

import msgspec

from headwater.environments.conda import Conda, conda_part, write_explicit
from headwater.environments.files import locked, sync_file_system, sync_folder
from headwater.environments.interpreters import Interpreter, find_for_lock
from headwater.environments.locks import requirements_of
from headwater.environments.stamp import Stamp, first_damage, packages_folder, read_stamp, write_stamp
from headwater.environments.uv import Uv, UvFailed
from headwater.environments.verify import changed_packages
from headwater.model.errors import EnvironmentMistake
from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest
from headwater.model.packages import EnvironmentLock
from headwater.model.private_files import make_private_folder, private

#: Ends the name of a folder in which an environment is being built.
BUILDING = ".building"


class Built(msgspec.Struct, frozen=True):
    """An environment that is ready."""

    folder: str
    stamp: Stamp

    @property
    def python(self) -> str:
        """Its interpreter."""
        return os.path.join(self.folder, "bin", "python")


class Builder:
    """Builds environments in one folder, each under the digest of its lock."""

    def __init__(self, uv: Uv, folder: str, conda: Callable[[], Conda]) -> None:
        """Take what it needs; `conda` finds the tool when a lock is made of its packages."""
        self._uv = uv
        self._conda = conda
        self._folder = folder

    def ready(self, digest: Digest) -> Built | None:
        """Give the environment of a lock if it is built and undamaged; None when it has to be built."""
        folder = os.path.join(self._folder, digest)
        stamp = read_stamp(folder)
        if stamp is None or stamp.lock != digest or first_damage(folder, stamp):
            return None
        return Built(folder, stamp)

    def build(self, digest: Digest, lock: EnvironmentLock, *, settings_folder: str, is_anew: bool = False) -> Built:
        """Build the environment of a lock unless it is ready; waits for another process that does.

        Args:
            digest: the lock's.
            lock: what to install.
            settings_folder: a project's folder, whose settings for uv (its package indexes) count.
            is_anew: build it even if it is ready.

        Raises:
            EnvironmentMistake: with uv's reason, such as a hash that does not match; what was there is as it was.
        """
        make_private_folder(self._folder)
        with locked(os.path.join(self._folder, f"{digest}.lock")):
            built = None if is_anew else self.ready(digest)
            if built is not None:
                return built
            if lock.asked.tool == "conda":
                return self._build_conda(digest, lock, settings_folder)
            return self._build(digest, lock, settings_folder)

    def _build(self, digest: Digest, lock: EnvironmentLock, settings_folder: str) -> Built:
        staged = os.path.join(self._folder, f"{digest}.{os.getpid()}{BUILDING}")
        final = os.path.join(self._folder, digest)
        try:
            interpreter = find_for_lock(self._uv, lock.python, self._folder)
            self._install(staged, lock, interpreter, settings_folder)
            write_stamp(staged, digest, interpreter.version, time.time())
            sync_file_system(staged)
            failpoint("environments.before_rename")
            if os.path.lexists(final):
                os.rename(final, f"{staged[: -len(BUILDING)]}.old{BUILDING}")
            os.rename(staged, final)
            sync_folder(self._folder)
        finally:
            self._clear(digest)
        stamp = read_stamp(final)
        assert stamp is not None
        return Built(final, stamp)

    def _build_conda(self, digest: Digest, lock: EnvironmentLock, settings_folder: str) -> Built:
        """Build in place, since a conda environment holds its own path; it is none before its stamp is there."""
        folder = os.path.join(self._folder, digest)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            self._install_conda(folder, lock, settings_folder)
            sync_file_system(folder)
            write_stamp(folder, digest, lock.python, time.time())
            sync_folder(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        stamp = read_stamp(folder)
        assert stamp is not None
        return Built(folder, stamp)

    def _install_conda(self, folder: str, lock: EnvironmentLock, settings_folder: str) -> None:
        listing = f"{folder}.{os.getpid()}.txt"
        try:
            write_explicit(lock, listing)
            self._conda().create(folder, ["--file", listing])
            wheels = {name: one for name, one in lock.packages.items() if name not in conda_part(lock)}
            with open(listing, "w", encoding="utf-8", opener=private) as file:
                file.write(requirements_of(msgspec.structs.replace(lock, packages=wheels)))
            words = ["pip", "install", "--requirement", listing, "--require-hashes", "--no-deps"]
            self._install_online([*words, "--python", f"{folder}/bin/python"], settings_folder)
        finally:
            os.unlink(listing)

    def _install(self, folder: str, lock: EnvironmentLock, interpreter: Interpreter, settings_folder: str) -> None:
        words = ["venv", folder, "--relocatable", "--no-project", "--python", interpreter.path]
        self._uv.run(words, folder=self._folder)
        failpoint("environments.before_install")
        requirements = os.path.join(folder, "requirements.txt")
        with open(requirements, "w", encoding="utf-8", opener=private) as file:
            file.write(requirements_of(lock))
        words = ["pip", "sync", requirements, "--require-hashes", "--strict", "--python", f"{folder}/bin/python"]
        if lock.asked.index is not None:
            words += ["--default-index", lock.asked.index]
        try:
            # With all wheels at hand this takes a tenth of a second, and needs no network.
            self._uv.run(words, folder=settings_folder, is_offline=True)
        except UvFailed:
            self._install_online(words, settings_folder)
        changed = changed_packages(packages_folder(folder, lock.python))
        if changed:
            self._replace(changed, words, settings_folder)
        failpoint("environments.after_install")

    def _install_online(self, words: list[str], settings_folder: str) -> None:
        try:
            self._uv.run(words, folder=settings_folder)
        except UvFailed as failed:
            raise EnvironmentMistake(f"the environment cannot be built: {failed.message}") from failed

    def _replace(self, changed: Mapping[str, str], words: list[str], settings_folder: str) -> None:
        """Fetch wheels anew of which an unpacked file was changed; what comes is checked against the lock."""
        self._uv.run(["cache", "clean", *changed], folder=self._folder)
        try:
            self._uv.run([*words, "--reinstall"], folder=settings_folder)
        except UvFailed as failed:
            package, file = next(iter(changed.items()))
            raise EnvironmentMistake(
                f"{file} of package `{package}` was changed since its wheel was unpacked, "
                f"and the wheel cannot be fetched anew: {failed.message}",
                hint="`headwater env rebuild` with the package index in reach",
            ) from failed

    def _clear(self, digest: Digest) -> None:
        """Remove what this build leaves behind, and what killed ones left; called by the holder of the lock."""
        for name in os.listdir(self._folder):
            if name.startswith(f"{digest}.") and name.endswith(BUILDING):
                shutil.rmtree(os.path.join(self._folder, name), ignore_errors=True)
