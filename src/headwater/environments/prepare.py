"""Makes the environments of a flow's steps ready, before its run begins."""

import os
from collections.abc import Generator, Mapping, Sequence

import msgspec

from headwater.environments.asked import normalized
from headwater.environments.build import Builder, Built
from headwater.environments.conda import Conda, open_conda
from headwater.environments.imports import missing_imports
from headwater.environments.locks import lock_digest, read_lock, save_lock
from headwater.environments.resolve import Resolver
from headwater.environments.uv import Uv
from headwater.environments.worker_path import environ_inside, link_packages, own_package, project_folders
from headwater.model.errors import EnvironmentMistake, Mistake
from headwater.model.graph import Graph
from headwater.model.ids import Digest
from headwater.model.packages import EnvironmentLock, PackageSet
from headwater.store.objects import ObjectStore

#: Yields sentences for whoever watches, and gives the digest of each step's lock.
Preparation = Generator[str, None, dict[str, Digest]]


class Command(msgspec.Struct, frozen=True):
    """How to start a program inside an environment."""

    python: str
    environ: dict[str, str]


class Environments:
    """The environments of one store."""

    def __init__(self, home: str, objects: ObjectStore, environ: Mapping[str, str]) -> None:
        """Take what it needs.

        Args:
            home: the store's folder.
            objects: keeps the locks.
            environ: variables that uv and the environments' processes start from.
        """
        self.folder = os.path.join(home, "environments")
        self._objects = objects
        self._environ = environ
        wheels = os.path.join(home, "wheels")
        uv = Uv(wheels, environ)

        def conda() -> Conda:
            return open_conda(environ, os.path.join(wheels, "conda"))

        self._resolver = Resolver(uv, os.path.join(self.folder, "resolved"), conda)
        self._builder = Builder(uv, self.folder, conda)

    def prepare(self, graph: Graph, code_root: str) -> Preparation:
        """Lock and build what the steps of a flow ask for; steps that ask for nothing are not in the result.

        Imports that an environment does not hold are among the sentences, since code may never come to them.

        Raises:
            EnvironmentMistake: names every step whose packages cannot be had, with uv's reason.
        """
        built: dict[str, Built] = {}
        refused: list[str] = []
        hints: list[str] = []
        for asked, steps in asked_by_steps(graph):
            try:
                environment = yield from self._make(asked, steps, code_root)
            except EnvironmentMistake as mistake:
                refused.append(f"{_named(graph, steps)}: {mistake.message}")
                hints += [mistake.hint] if mistake.hint and mistake.hint not in hints else []
            else:
                built.update(dict.fromkeys(steps, environment))
        if refused:
            raise EnvironmentMistake("\n".join(refused), hint="; ".join(hints))
        yield from (str(mistake) for mistake in self._missing_imports(graph, code_root, built))
        return {step: built[step].stamp.lock for step in graph.steps if step in built}

    def check_imports(self, graph: Graph, code_root: str) -> list[Mistake]:
        """List imports that the environments of steps do not hold; says nothing of those that are not built yet.

        Never resolves or builds anything.
        """
        built: dict[str, Built] = {}
        for asked, steps in asked_by_steps(graph):
            lock = self._resolver.known(normalized(asked), code_root)
            found = None if lock is None else self.ready(lock_digest(lock))
            if found is not None:
                built.update(dict.fromkeys(steps, found))
        return self._missing_imports(graph, code_root, built)

    def lock(self, asked: PackageSet, code_root: str, *, is_anew: bool = False) -> Digest:
        """Resolve a set, unless that was done before, and keep the lock; gives its digest.

        Args:
            asked: as the decorator says.
            code_root: the project's folder.
            is_anew: ask the index even if the set was resolved before, and remember the new answer.

        Raises:
            EnvironmentMistake: with uv's reason.
        """
        asked = normalized(asked)
        folder = self._settings_folder(code_root)
        known = None if is_anew else self._resolver.known(asked, folder)
        return save_lock(self._objects, known or self._resolver.resolve(asked, folder, is_fresh=is_anew))

    def read(self, digest: Digest) -> EnvironmentLock:
        """Read the lock of an environment; raises ArtifactMissing or ArtifactDamaged."""
        return read_lock(self._objects, digest)

    def ready(self, digest: Digest) -> Built | None:
        """Give an environment that is built and undamaged; None when it has to be built."""
        return self._builder.ready(digest)

    def build(self, digest: Digest, code_root: str, *, is_anew: bool = False) -> Built:
        """Build the environment of a kept lock unless it is ready.

        Args:
            digest: the lock's.
            code_root: the project's folder, whose settings for uv count; it may be gone.
            is_anew: build it even if it is ready.

        Raises:
            EnvironmentMistake: with uv's reason; nothing half-built stays.
        """
        folder = self._settings_folder(code_root)
        return self._builder.build(digest, self.read(digest), settings_folder=folder, is_anew=is_anew)

    def command(self, digest: Digest, code_root: str) -> Command:
        """Say how a worker is started in an environment, which is built if need be, as by `build`."""
        built = self.ready(digest) or self.build(digest, code_root)
        return Command(built.python, environ_inside(built, self.link([own_package()]), self._environ, code_root))

    def link(self, packages: Sequence[str]) -> str:
        """Give a folder in which nothing but links to these packages lies, to be put on a module path."""
        return link_packages(os.path.join(self.folder, "worker"), packages)

    def _missing_imports(self, graph: Graph, code_root: str, built: Mapping[str, Built]) -> list[Mistake]:
        return missing_imports(graph, code_root, built, project_folders(self._environ, code_root))

    def _settings_folder(self, code_root: str) -> str:
        """The project's folder, or where it is gone, one without settings."""
        return code_root if os.path.isdir(code_root) else os.path.dirname(self.folder)

    def _make(self, asked: PackageSet, steps: Sequence[str], code_root: str) -> Generator[str, None, Built]:
        which = ", ".join(f"`{step}`" for step in steps)
        asked = normalized(asked)
        if self._resolver.known(asked, code_root) is None:
            yield f"resolving the packages of {which}"
        digest = self.lock(asked, code_root)
        built = self.ready(digest)
        if built is None:
            yield f"building the environment of {which}: {len(self.read(digest).packages)} packages"
            built = self.build(digest, code_root)
        return built


def asked_by_steps(graph: Graph) -> list[tuple[PackageSet, list[str]]]:
    """Give each set that steps ask for with the names of those steps, in the order of the flow."""
    found: list[tuple[PackageSet, list[str]]] = []
    for step in graph.steps.values():
        asked = step.options.packages
        if asked is None or asked.is_disabled:
            continue
        same = next((steps for other, steps in found if other == asked), None)
        if same is None:
            found.append((asked, [step.name]))
        else:
            same.append(step.name)
    return found


def _named(graph: Graph, steps: Sequence[str]) -> str:
    first = graph.steps[steps[0]]
    others = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
    return f"step `{first.name}`{others} ({first.file}:{first.line})"
