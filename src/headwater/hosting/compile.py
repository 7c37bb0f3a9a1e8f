"""Compiles a service's class: its endpoints with their types, every mistake found at once."""

import inspect
import re
from collections.abc import Callable

import msgspec

from headwater.hosting.signatures import Signature
from headwater.hosting.spec import AUDIT_MARK, MARK, EndpointMark, ServiceSpec, bytes_of
from headwater.hosting.tensors import inputs_of, outputs_of
from headwater.model.errors import FlowMistakes, InvalidDecorator, Mistake, UserMistake
from headwater.model.ids import NAME
from headwater.model.order import CodeSource
from headwater.model.packages import PackageSet
from headwater.model.service import EndpointSpec, LogOptions, MonitorOptions, Rollout, ServiceDefinition

#: First parts of addresses that are the host's own.
_RESERVED = ("docs", "healthz", "jobs", "metrics", "readyz", "static", "v2")
_SOURCE = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)?(@[A-Za-z0-9_.-]+|/\d+)?$")


class Compiled(msgspec.Struct, frozen=True):
    """A service ready to be called in this process."""

    definition: ServiceDefinition
    signatures: dict[str, Signature]


def compile_service(service: type[ServiceSpec], code: CodeSource) -> Compiled:
    """Compile a service's class.

    Raises:
        FlowMistakes: lists everything that cannot be served, each with its line.
    """
    mistakes: list[Mistake] = []
    signatures: dict[str, Signature] = {}
    for name, function in _marked(service, MARK):
        try:
            signatures[name] = Signature(name, function, getattr(function, MARK))
        except UserMistake as wrong:
            mistakes.append(Mistake(wrong.message, code.file, _line(function), wrong.hint))
    audits = _marked(service, AUDIT_MARK)
    for name, function in audits:
        if len(inspect.signature(function).parameters) != 2:
            hint = f"def {name}(self, live): ..."
            mistakes.append(Mistake(f"audit `{name}` takes `self` and `live`", code.file, _line(function), hint))
    mistakes += _class_mistakes(service, code.file, has_endpoints=bool(signatures or mistakes))
    if mistakes:
        raise FlowMistakes(service.__name__, mistakes)
    definition = ServiceDefinition(
        service=service.__name__,
        file=code.file,
        line=_line(service),
        module=code.module,
        endpoints={name: _endpoint(signature, getattr(service, name)) for name, signature in signatures.items()},
        doc=inspect.getdoc(service) or "" if service.__doc__ else "",
        source=service.source,
        follow=service.follow,
        reference=service.reference,
        rollout=service.rollout,
        audits=tuple(name for name, _ in audits),
        log=LogOptions(float(service.log_sample), tuple(service.mask), bytes_of(service.log_budget, "log_budget")),
        monitor=MonitorOptions(float(service.false_alarms), service.learn_from),
        packages=None if service.packages is None else PackageSet(packages=service.packages, python=service.python),
    )
    return Compiled(definition, signatures)


def _marked(service: type, mark: str) -> list[tuple[str, Callable[..., object]]]:
    """Methods with a mark, base classes first, in the order written."""
    found: dict[str, Callable[..., object]] = {}
    for kind in reversed(service.__mro__):
        for name, value in vars(kind).items():
            if name in found or hasattr(value, mark):
                found[name] = value
    return [(name, value) for name, value in found.items() if hasattr(value, mark)]


def _class_mistakes(service: type[ServiceSpec], file: str, *, has_endpoints: bool) -> list[Mistake]:
    line = _line(service)
    found = []
    if not has_endpoints:
        found.append(Mistake(f"{service.__name__} has no endpoint", file, line, "decorate a method with @endpoint"))
    if service.source is not None and not (isinstance(service.source, str) and _SOURCE.match(service.source)):
        hint = "a flow's name, Flow@production, or Flow/17"
        found.append(Mistake(f"source = {service.source!r} names no run", file, line, hint))
    if service.source is None and (service.follow or service.reference):
        found.append(Mistake("`follow` and `reference` need a `source`", file, line, 'source = "MyFlow@production"'))
    if not isinstance(service.rollout, Rollout):
        found.append(Mistake(f"rollout = {service.rollout!r} is none", file, line, "rollout = Canary(steps=[10, 50])"))
    if not isinstance(service.log_sample, int | float) or not 0 <= service.log_sample <= 1:
        found.append(Mistake(f"log_sample = {service.log_sample!r} is no share", file, line, "from 0 to 1"))
    allowed, learned = service.false_alarms, service.learn_from
    if not isinstance(allowed, int | float) or not 0 <= allowed <= 1000:
        found.append(Mistake(f"false_alarms = {allowed!r} is no number a month", file, line, "from 0 to 1000"))
    if not isinstance(learned, int) or not 200 <= learned <= 100_000:
        found.append(Mistake(f"learn_from = {learned!r} is no number of requests", file, line, "from 200 to 100000"))
    if isinstance(service.mask, str) or not all(isinstance(name, str) for name in service.mask):
        found.append(Mistake(f"mask = {service.mask!r} must be a list of names", file, line, 'mask = ["email"]'))
    try:
        bytes_of(service.log_budget, "log_budget")
    except InvalidDecorator as wrong:
        found.append(Mistake(wrong.message, file, line, wrong.hint))
    packages = service.packages
    is_named = isinstance(packages, dict) and all(isinstance(text, str) for pair in packages.items() for text in pair)
    if packages is not None and not is_named:
        hint = 'packages = {"scikit-learn": "1.9.1"}'
        found.append(Mistake(f"packages = {packages!r} must be names and versions", file, line, hint))
    if not NAME.match(service.__name__):
        found.append(Mistake(f"{service.__name__} cannot be part of an address", file, line, "letters, digits, _"))
    if service.__name__ in _RESERVED:
        hint = "call it otherwise, for instance Sentiment"
        found.append(Mistake(f"/{service.__name__} is an address of the host itself", file, line, hint))
    return found


def _endpoint(signature: Signature, function: Callable[..., object]) -> EndpointSpec:
    mark: EndpointMark = signature.mark
    return EndpointSpec(
        name=signature.name,
        doc=inspect.getdoc(function) or "",
        takes=_raw(signature.takes_schema),
        gives=_raw(signature.gives_schema),
        definitions={name: _raw(schema) for name, schema in signature.definitions.items()},
        inputs=inputs_of(signature),
        outputs=outputs_of(signature),
        batch=mark.batch,
        within_ms=mark.within_ms,
        timeout_seconds=mark.timeout_seconds,
        repeats=mark.repeats,
    )


def _raw(schema: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(schema))


def _line(of: Callable[..., object] | type) -> int:
    try:
        return inspect.getsourcelines(of)[1]
    except (OSError, TypeError):
        return 1
