"""Services: the list, one with its endpoints and versions, its traffic over time, and what people do to it."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, get_args

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
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.run_paths import Text, Time
from headwater.web.sorting import SortedQuery, Sorting, page_of
from headwater.web.targets import (
    GivenToken,
    Number,
    Reason,
    ServicePath,
    ServiceVersionPath,
    find_service,
    project_of_service,
)
from headwater.web.views.hosted import ServiceRow, ServiceStanding, service_row

_DAY = 86400.0
#: The longest time over which traffic is told.
_LONGEST_SECONDS = 32 * _DAY


class ServicesQuery(SortedQuery, frozen=True):
    """Which services; by name, unless it says otherwise."""

    #: Part of the name, in upper or lower case.
    search: Text = ""
    project: Text | None = None
    owner: Text | None = None
    #: One of these.
    stands: tuple[ServiceStanding, ...] = ()
    #: `requests`, `failed`, `p99`: of the last minutes.
    sort: Literal[
        "service",
        "-service",
        "stands",
        "-stands",
        "number",
        "-number",
        "owner",
        "-owner",
        "deployed_at",
        "-deployed_at",
        "requests",
        "-requests",
        "failed",
        "-failed",
        "p99",
        "-p99",
    ] = "service"


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


class ServiceVersionsQuery(SortedQuery, frozen=True):
    """Which versions; newest first, unless it says otherwise."""

    sort: Literal["number", "-number", "at", "-at", "user", "-user", "run", "-run", "size", "-size"] = "-number"


class ServiceVersionsPage(msgspec.Struct, frozen=True):
    """A part of the list of versions."""

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


class ServiceHistoryQuery(SortedQuery, frozen=True):
    """Which changes; newest first, unless it says otherwise."""

    sort: Literal["at", "-at", "change", "-change", "user", "-user", "number", "-number"] = "-at"


class ServiceHistoryPage(msgspec.Struct, frozen=True):
    """A part of the changes of a service."""

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
    rows = (row for row in _service_rows(asked, query) if _is_asked_for(row, query))
    page, cursor = page_of(rows, _SERVICES, query)
    return ServicesPage(tuple(page), cursor)


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


def list_service_versions(asked: Asked, at: ServicePath, query: ServiceVersionsQuery) -> ServiceVersionsPage:
    """List the versions of a service, newest first."""
    state = find_service(asked, at.service)
    page, cursor = page_of(list_versions(asked.ledger, state.name), _VERSIONS, query, of=state.name)
    return ServiceVersionsPage(tuple(_version_row(each, state) for each in page), cursor)


def show_service_version(asked: Asked, at: ServiceVersionPath) -> ServiceVersionRow:
    """Show a version of a service."""
    state = find_service(asked, at.service)
    return _version_row(find_version(asked.ledger, state.name, at.number), state)


def show_service_history(asked: Asked, at: ServicePath, query: ServiceHistoryQuery) -> ServiceHistoryPage:
    """Show every change of what answers, newest first: who, when, why."""
    state = find_service(asked, at.service)
    numbered = enumerate(service_aliases(asked.ledger).history(state.target), 1)
    page, cursor = page_of(numbered, _HISTORY, query, of=state.name)
    return ServiceHistoryPage(tuple(_change(each) for _, each in page), cursor)


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


def _service_rows(asked: Asked, query: ServicesQuery) -> Iterator[ServiceRow]:
    host = read_status(home_of(asked))
    for state in service_aliases(asked.ledger).all():
        # What its name and owner rule out need not be looked at more closely.
        if query.search.casefold() in state.name.casefold() and query.owner in (None, state.owner):
            try:
                yield service_row(asked, state, host)
            except NotFound:
                continue


def _is_asked_for(row: ServiceRow, query: ServicesQuery) -> bool:
    return query.project in (None, row.project) and (not query.stands or row.stands in query.stands)


_STANDINGS = get_args(ServiceStanding)

#: In memory: as many as one host has processes for, and how they do is in no table.
_SERVICES: Sorting[ServiceRow] = Sorting(
    {
        "service": lambda row: row.service,
        "stands": lambda row: _STANDINGS.index(row.stands),
        "number": lambda row: row.number,
        "owner": lambda row: row.owner,
        "deployed_at": lambda row: row.deployed_at,
        "requests": lambda row: None if row.health is None else row.health.requests,
        "failed": lambda row: None if row.health is None else row.health.failed,
        "p99": lambda row: None if row.health is None else row.health.p99,
    },
    lambda row: row.service,
)
#: In memory: as many as somebody deployed.
_VERSIONS: Sorting[DeployedVersion] = Sorting(
    {
        "number": lambda each: each.number,
        "at": lambda each: each.at,
        "user": lambda each: each.user,
        "run": lambda each: each.version.run,
        "size": lambda each: each.size_bytes,
    },
    lambda each: each.number,
)
#: In memory: as many as somebody changed it; a change has no number but its place.
_HISTORY: Sorting[tuple[int, AliasState]] = Sorting(
    {
        "at": lambda each: each[0],
        "change": lambda each: each[1].change,
        "user": lambda each: each[1].user,
        "number": lambda each: None if each[1].deployment is None else each[1].number,
    },
    lambda each: each[0],
)


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
