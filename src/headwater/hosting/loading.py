"""Makes a service ready in this process: its class, the artifacts of its run, its own preparation."""

import ast
import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from headwater.flow.load import load_module
from headwater.hosting.compile import Compiled, compile_service
from headwater.hosting.serving import Serving
from headwater.hosting.spec import ServiceSpec
from headwater.model.artifact import Ref
from headwater.model.errors import UserMistake
from headwater.model.ids import Digest
from headwater.model.nearest import did_you_mean
from headwater.model.order import CodeSource
from headwater.model.service import ServiceVersion
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_disk import DiskPlace

#: Imported only by a service that asks for its run.
_CLIENT = "headwater.client.objects"
_SESSION = "headwater.client.session"


class Artifacts:
    """The artifacts of the source's run by attribute; each is loaded when it is first asked for, and kept."""

    def __init__(self, refs: Mapping[str, Ref], store: ArtifactStore, run: str | None) -> None:
        self._refs = refs
        self._store = store
        self._run = run

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_refs" not in self.__dict__:
            raise AttributeError(name)
        if name not in self._refs:
            near = did_you_mean(name, self._refs)
            raise AttributeError(f"{self._run or 'the service'} has no artifact `{name}`{near and '; '}{near}")
        value = self._store.load(self._refs[name])
        self.__dict__[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._refs))

    def __contains__(self, name: object) -> bool:
        return name in self._refs


class _Instance:
    """Gives `self.run`, made on first use."""

    def __init__(self, home: str, path: str) -> None:
        self._home = home
        self._path = path

    def __get__(self, service: object, owner: type) -> object:
        view = importlib.import_module(_SESSION).View(self._home, None)
        run = importlib.import_module(_CLIENT).Run(self._path, _namespace_check=False, _view=view)
        if service is not None:
            service.__dict__["run"] = run
        return run


def find_service(code: CodeSource) -> type[ServiceSpec]:
    """Import a service's file and give the class that `code` names, or the only one.

    Raises:
        FlowNotImported: the file does not import.
        UserMistake: it has no such service, or several.
    """
    module = load_module(code)
    services = _services_of(module)
    if code.flow:
        if code.flow not in services:
            raise UserMistake(f"{code.file} has no service `{code.flow}`", hint=did_you_mean(code.flow, services))
        return services[code.flow]
    own = {name: kind for name, kind in services.items() if kind.__module__ in (module.__name__, "__main__")}
    found = own or services
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise UserMistake(f"{code.file} has no service", hint="a service is a class X(ServiceSpec) with an @endpoint")
    hint = f"name one: {code.file}:{next(iter(found))}"
    raise UserMistake(f"{code.file} has several services: {', '.join(found)}", hint=hint)


def _services_of(module: ModuleType) -> dict[str, type[ServiceSpec]]:
    return {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, ServiceSpec) and kind.__module__ != ServiceSpec.__module__
    }


def make_service(
    version: ServiceVersion, small: Mapping[Digest, bytes], service: type[ServiceSpec] | None = None
) -> tuple[ServiceSpec, Compiled]:
    """Make the service's object, without `setup`, and compile its class.

    Args:
        version: what it is.
        small: payloads of its small artifacts: a process that will fork must not open the ledger for them.
        service: its class, when it is imported already.

    Raises:
        FlowNotImported, FlowMistakes, UserMistake: it cannot be loaded.
    """
    service = service or find_service(version.code)
    compiled = compile_service(service, version.code)
    made = service()
    place = DiskPlace(f"{version.home}/objects")
    store = ArtifactStore(place, lambda digests: _picked(small, digests), main_module=version.code.module)
    made.artifacts = Artifacts(version.artifacts, store, version.run)
    if version.run is None:
        made.run = None
    elif not isinstance(vars(service).get("run"), _Instance):
        service.run = _Instance(version.home, version.run)
    return made, compiled


def load_serving(version: ServiceVersion, small: Mapping[Digest, bytes]) -> Serving:
    """Make the service, let it prepare itself, and load what its endpoints will ask for.

    Raises:
        Whatever its import or its `setup` raises.
    """
    made, compiled = make_service(version, small)
    made.setup()
    load_named(made, version)
    return Serving(made, compiled.signatures)


def load_named(service: ServiceSpec, version: ServiceVersion) -> None:
    """Load the artifacts that the service's file names: workers that are forked later share them.

    Raises:
        ArtifactMissing, ArtifactDamaged: found now, not by the first caller who needs it.
    """
    with open(os.path.join(version.code.root, version.code.file), encoding="utf-8") as file:
        text = file.read()
    for name in version.artifacts:
        if f"artifacts.{name}" in text:
            getattr(service.artifacts, name)


def require_artifacts(version: ServiceVersion) -> None:
    """See that the run has each `self.artifacts.NAME` of the service's class, so that no caller finds it missing.

    A name that the class also writes as text (`"vocabulary" in self.artifacts`) may be missing: it is looked for first.

    Raises:
        UserMistake: names that the run does not have, each with its line.
    """
    with open(os.path.join(version.code.root, version.code.file), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    named: dict[str, int] = {}
    asked: set[object] = set()
    for kind in tree.body:
        if isinstance(kind, ast.ClassDef) and kind.name == version.definition.service:
            for node in ast.walk(kind):
                match node:
                    case ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr="artifacts")):
                        named.setdefault(node.attr, node.lineno)
                    case ast.Constant():
                        asked.add(node.value)
    missing = {name: line for name, line in named.items() if name not in version.artifacts and name not in asked}
    if missing:
        places = ", ".join(f"`{name}` ({version.code.file}:{line})" for name, line in missing.items())
        near = did_you_mean(next(iter(missing)), version.artifacts)
        raise UserMistake(f"{version.run or 'the service'} has no artifact {places}{near and '; '}{near}")


def _picked(small: Mapping[Digest, bytes], digests: Sequence[Digest]) -> Mapping[Digest, bytes]:
    return {digest: small[digest] for digest in digests if digest in small}
