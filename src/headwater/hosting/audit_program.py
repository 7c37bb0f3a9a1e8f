"""Audits a version: the request comes on standard input, a result a line goes to standard output."""

import os
import sys
import time
import traceback
from collections.abc import Callable

import msgspec

from headwater.client.objects import Run
from headwater.client.session import View
from headwater.home import open_home
from headwater.hosting.audits import AuditRequest, Told
from headwater.hosting.compile import compile_service
from headwater.hosting.examples import examples_from
from headwater.hosting.loading import load_named, make_service, require_artifacts
from headwater.hosting.sources import small_of
from headwater.hosting.spec import ServiceSpec
from headwater.model.service import AuditResult, ServiceVersion


def main() -> None:
    """Load, audit, tell."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=AuditRequest)
    # What user code prints is not a result.
    results = os.dup(1)
    os.dup2(2, 1)
    services: list[ServiceSpec | None] = []

    def load() -> None:
        require_artifacts(request.version)
        services.append(_load(request.version))
        services.append(None if request.live is None else _load(request.live, request.version))

    is_passed = _run("loads", load, results)
    for name in request.version.definition.audits if is_passed else ():
        service, live = services
        if not _run(name, lambda: getattr(service, name)(live), results):  # noqa: B023 - called at once
            return
    if is_passed:
        _tell_examples(request.version, services[0], results)


def _load(version: ServiceVersion, code_of: ServiceVersion | None = None) -> ServiceSpec:
    """Make a service ready; the live one with the code of the audited: one process cannot import two of one name."""
    home = open_home(version.home)
    if code_of is not None:
        version = msgspec.structs.replace(version, code=code_of.code, definition=code_of.definition)
    service, _ = make_service(version, small_of(home, version))
    if version.run is not None:
        service.run = Run(version.run, _namespace_check=False, _view=View(version.home, None))
    service.setup()
    load_named(service, version)
    return service


def _tell_examples(version: ServiceVersion, service: ServiceSpec | None, results: int) -> None:
    """Tell a request of each endpoint; a reference that cannot be read is the monitor's matter."""
    name = version.definition.reference
    if service is None or name is None or name not in version.artifacts:
        return
    try:
        signatures = compile_service(type(service), version.code).signatures
        examples = examples_from(getattr(service.artifacts, name), signatures)
    except Exception:  # noqa: BLE001 - loading a value may raise whatever its library does
        return
    os.write(results, msgspec.json.encode(Told(examples=examples)) + b"\n")


def _run(name: str, audit: Callable[[], object], results: int) -> bool:
    started = time.perf_counter()
    try:
        audit()
    except BaseException as raised:  # noqa: BLE001 - whatever an audit raises, the version has not passed it
        traceback.print_exc()
        text = f"{type(raised).__name__}: {raised}" if str(raised) else type(raised).__name__
        result = AuditResult(name, is_passed=False, seconds=time.perf_counter() - started, message=text)
    else:
        result = AuditResult(name, is_passed=True, seconds=time.perf_counter() - started)
    os.write(results, msgspec.json.encode(Told(result)) + b"\n")
    return result.is_passed


if __name__ == "__main__":
    main()
