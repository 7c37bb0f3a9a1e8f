"""Services: the list, one with its endpoints and versions, its traffic over time, and what people do to it."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from headwater.hosting.changes import ServiceChanges
from headwater.hosting.pages import example_of
from headwater.hosting.status import read_status
from headwater.hosting.traffic import Traffic, read_traffic
from headwater.hosting.versions import find_version, list_versions, service_aliases
from headwater.model.deployment import AliasChange, AliasState
from headwater.model.errors import NotFound, NotInstalled
from headwater.model.service import (
    AuditResult,
    DeployedVersion,
    EndpointSpec,
    LogOptions,
    MonitorOptions,
    Rollout,
    TensorSpec,
)
from headwater.web.api.deployment_changes import ChangeAsked
from headwater.web.asked import Asked
from headwater.web.callers import Caller, home_of
from headwater.web.hosted import ServiceRow, service_row
from headwater.web.paging import NumberedQuery
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, Text, Time
from headwater.web.targets import (
    GivenToken,
    Number,
    Reason,
    ServicePath,
    ServiceVersionPath,
    find_service,
    project_of_service,
)

_DAY = 86400.0
#: The longest time over which traffic is told.
_LONGEST_SECONDS = 32 * _DAY


class ServicesQuery(msgspec.Struct, frozen=True):
    """Which services; by name."""

    limit: Limit = 50
    #: Name of the last one of the page before.
    cursor: Annotated[str, msgspec.Meta(max_length=300)] | None = None


class ServicesPage(msgspec.Struct, frozen=True):
    """A part of the list of services."""

    rows: tuple[ServiceRow, ...]
    cursor: str | None = None


class EndpointView(msgspec.Struct, frozen=True):
    """An endpoint of a service."""

    name: str
    doc: str
    #: JSON schemas of request and answer, and what both refer to by name.
    takes: msgspec.Raw
    gives: msgspec.Raw
    definitions: dict[str, msgspec.Raw]
    #: A request that fits.
    example: msgspec.Raw
    #: It is taken from the reference data; else it is made up from the types.
    is_real_example: bool
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    #: How many calls are gathered into one at most; None = each call by itself.
    batch: int | None
    timeout_seconds: float


class ServiceVersionRow(msgspec.Struct, frozen=True):
    """A version of a service."""

    number: int
    is_live: bool
    at: float
    user: str
    host: str
    note: str
    #: `SentimentFlow/17`, from whose artifacts it answers.
    run: str | None
    audits: tuple[AuditResult, ...]
    files: int
    size_bytes: int
    digest: str


class ServiceView(msgspec.Struct, frozen=True):
    """One service."""

    row: ServiceRow
    version: ServiceVersionRow
    doc: str
    #: File of the class below the code root, and its line.
    file: str
    line: int
    #: Whose artifacts: `SentimentFlow@production`; None = it needs none.
    source: str | None
    #: Each new successful run of the source becomes a candidate version.
    follows: bool
    #: Artifact that says what normal input looks like.
    reference: str | None
    endpoints: tuple[EndpointView, ...]
    #: How a new version takes over.
    plan: Rollout
    log: LogOptions
    monitor: MonitorOptions
    newest: int


class ServiceVersionsPage(msgspec.Struct, frozen=True):
    """A part of the list of versions, newest first."""

    rows: tuple[ServiceVersionRow, ...]
    cursor: str | None = None


class ServiceChangeView(msgspec.Struct, frozen=True):
    """One change of what answers."""

    at: float
    change: AliasChange
    user: str
    reason: str
    number: int | None
    is_paused: bool


class ServiceHistoryPage(msgspec.Struct, frozen=True):
    """Changes of a service, newest first."""

    rows: tuple[ServiceChangeView, ...]
    cursor: str | None = None


class TrafficQuery(msgspec.Struct, frozen=True):
    """Which time."""

    #: None = a day before `until`.
    since: Time | None = None
    #: None = now.
    until: Time | None = None
    #: Stretches into which it is divided.
    stretches: Annotated[int, msgspec.Meta(ge=1, le=500)] = 60
    version: Number | None = None
    endpoint: Text | None = None


class PromoteVersion(msgspec.Struct, frozen=True):
    """Which version is to answer."""

    #: None = the newest.
    number: Number | None = None
    reason: Reason = ""
    token: GivenToken = ""


class RollbackVersion(msgspec.Struct, frozen=True):
    """Back to which version."""

    #: None = the one before; while a version is rolled out, that is what goes back.
    number: Number | None = None
    reason: Reason = ""
    token: GivenToken = ""


def list_services(asked: Asked, query: ServicesQuery) -> ServicesPage:
    """List services: which version answers, how it does, and where."""
    host = read_status(home_of(asked))
    rows: list[ServiceRow] = []
    for state in service_aliases(asked.ledger).all():
        if query.cursor is not None and state.name <= query.cursor:
            continue
        if len(rows) == query.limit:
            return ServicesPage(tuple(rows), rows[-1].service)
        try:
            rows.append(service_row(asked, state, host))
        except NotFound:
            continue
    return ServicesPage(tuple(rows))


def show_service(asked: Asked, at: ServicePath) -> ServiceView:
    """Show a service: what answers, its endpoints, its audits, what is logged and watched."""
    state = find_service(asked, at.service)
    deployed = find_version(asked.ledger, state.name, state.number)
    definition = deployed.version.definition
    return ServiceView(
        row=service_row(asked, state, read_status(home_of(asked))),
        version=_version_row(deployed, state),
        doc=definition.doc,
        file=definition.file,
        line=definition.line,
        source=definition.source,
        follows=definition.follow,
        reference=definition.reference,
        endpoints=tuple(_endpoint(deployed, each) for each in definition.endpoints.values()),
        plan=definition.rollout,
        log=definition.log,
        monitor=definition.monitor,
        newest=list_versions(asked.ledger, state.name)[-1].number,
    )


def list_service_versions(asked: Asked, at: ServicePath, query: NumberedQuery) -> ServiceVersionsPage:
    """List the versions of a service, newest first."""
    state = find_service(asked, at.service)
    found = [
        each
        for each in reversed(list_versions(asked.ledger, state.name))
        if query.cursor is None or each.number < query.cursor
    ]
    rows = tuple(_version_row(each, state) for each in found[: query.limit])
    return ServiceVersionsPage(rows, str(rows[-1].number) if len(found) > query.limit else None)


def show_service_version(asked: Asked, at: ServiceVersionPath) -> ServiceVersionRow:
    """Show a version of a service."""
    state = find_service(asked, at.service)
    return _version_row(find_version(asked.ledger, state.name, at.number), state)


def show_service_history(asked: Asked, at: ServicePath, query: NumberedQuery) -> ServiceHistoryPage:
    """Show every change of what answers, newest first: who, when, why."""
    state = find_service(asked, at.service)
    numbered = list(enumerate(service_aliases(asked.ledger).history(state.target), 1))
    page = [each for each in reversed(numbered) if query.cursor is None or each[0] < query.cursor]
    rows = tuple(_change(each) for _, each in page[: query.limit])
    return ServiceHistoryPage(rows, str(page[query.limit - 1][0]) if len(page) > query.limit else None)


def show_service_traffic(asked: Asked, at: ServicePath, query: TrafficQuery) -> Traffic:
    """Show traffic, errors and latency of a service over time, by version; told from the prediction log."""
    state = find_service(asked, at.service)
    until = asked.now if query.until is None else query.until
    since = until - _DAY if query.since is None else query.since
    if not since < until <= since + _LONGEST_SECONDS:
        raise Refused(400, "`since` lies before `until`, by 32 days at most")
    try:
        return read_traffic(
            asked.home.path,
            state.name,
            since,
            until,
            stretches=query.stretches,
            version=query.version,
            endpoint=query.endpoint,
        )
    except NotInstalled as error:
        raise Refused(503, error.message, hint=error.hint) from error


def promote_version(asked: Asked, at: ServicePath, body: PromoteVersion) -> ServiceRow:
    """Let a version answer: the newest one, or the one with this number."""
    return _do(asked, at, body.token, lambda changes: changes.promote(at.service, asked.now, body.number, body.reason))


def roll_back_version(asked: Asked, at: ServicePath, body: RollbackVersion) -> ServiceRow:
    """Let an earlier version answer again; while a version is rolled out, that is what goes back."""
    return _do(
        asked, at, body.token, lambda changes: changes.roll_back(at.service, asked.now, body.number, body.reason)
    )


def pause_service(asked: Asked, at: ServicePath, body: ChangeAsked) -> ServiceRow:
    """Turn callers away (503) until it is unpaused."""
    return _do(asked, at, body.token, lambda changes: changes.pause(at.service, asked.now, body.reason))


def unpause_service(asked: Asked, at: ServicePath, body: ChangeAsked) -> ServiceRow:
    """Answer again."""
    return _do(asked, at, body.token, lambda changes: changes.unpause(at.service, asked.now))


def _do(asked: Asked, at: ServicePath, token: str, change: Callable[[ServiceChanges], AliasState]) -> ServiceRow:
    asked = asked.with_token(token)
    project = project_of_service(asked, at)
    state = change(ServiceChanges(asked.ledger, Caller(asked, token, project)))
    return service_row(asked, state, read_status(home_of(asked)))


def _version_row(deployed: DeployedVersion, state: AliasState) -> ServiceVersionRow:
    return ServiceVersionRow(
        number=deployed.number,
        is_live=deployed.number == state.number,
        at=deployed.at,
        user=deployed.user,
        host=deployed.host,
        note=deployed.note,
        run=deployed.version.run,
        audits=deployed.audits,
        files=deployed.files,
        size_bytes=deployed.size_bytes,
        digest=deployed.digest,
    )


def _endpoint(deployed: DeployedVersion, spec: EndpointSpec) -> EndpointView:
    kept = deployed.version.examples.get(spec.name)
    return EndpointView(
        name=spec.name,
        doc=spec.doc,
        takes=spec.takes,
        gives=spec.gives,
        definitions=spec.definitions,
        example=msgspec.Raw(msgspec.json.encode(example_of(spec))) if kept is None else kept,
        is_real_example=kept is not None,
        inputs=spec.inputs,
        outputs=spec.outputs,
        batch=spec.batch,
        timeout_seconds=spec.timeout_seconds,
    )


def _change(state: AliasState) -> ServiceChangeView:
    number = None if state.deployment is None else state.number
    return ServiceChangeView(state.at, state.change, state.user, state.reason, number, state.is_paused)


def _get(path: str, answer: Callable[..., object]) -> Route:
    return Route("GET", f"/services/{{service}}{path}", answer, needs="viewer", of=project_of_service)


def _verb(name: str, answer: Callable[..., ServiceRow]) -> Route:
    return Route("POST", f"/services/{{service}}/{name}", answer, needs="deployer", of=project_of_service)


ROUTES = (
    Route("GET", "/services", list_services, needs="viewer"),
    _get("", show_service),
    _get("/versions", list_service_versions),
    _get("/versions/{number}", show_service_version),
    _get("/history", show_service_history),
    _get("/traffic", show_service_traffic),
    _verb("promote", promote_version),
    _verb("rollback", roll_back_version),
    _verb("pause", pause_service),
    _verb("unpause", unpause_service),
)
