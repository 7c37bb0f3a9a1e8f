"""Artifacts of all runs: the list, and one value with who made it, who used it and which services answer from it."""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from headwater.client.lineage import read_artifact
from headwater.client.records import RunRecord
from headwater.client.siblings import Siblings
from headwater.hosting.versions import VERSION
from headwater.model.artifact import Header
from headwater.model.errors import NotFound
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.overviews import ArtifactQuery, NamedArtifact
from headwater.model.rows import ArtifactRow, TaskRow
from headwater.model.service import DeployedVersion
from headwater.web.asked import Asked
from headwater.web.callers import view_of
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, Text, find_run
from headwater.web.sorting import SortedQuery, direction
from headwater.web.views.shown import Shown, shown

#: BLAKE3, hexadecimal.
DigestText = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
#: Tasks that made or used a value that are listed.
_MOST_USERS = 200
#: Versions of services that are looked at, newest last.
_VERSIONS = 500


class ArtifactsQuery(SortedQuery, frozen=True):
    """Which artifacts; newest run first, unless it says otherwise."""

    name: Text | None = None
    #: Full name of the value's class.
    type: Text | None = None
    flow: Text | None = None
    #: `Churn/17`.
    run: Text | None = None
    #: Part of the name or type.
    search: Text = ""
    project: tuple[Text, ...] = ()
    #: `run`: the order in which the runs were started.
    sort: Literal["run", "-run", "name", "-name", "type", "-type", "size", "-size"] = "-run"


class ArtifactSummary(msgspec.Struct, frozen=True):
    """An artifact that a task set."""

    #: `Churn/17/train/4/model`.
    path: str
    name: str
    #: `Churn/17`.
    run: str
    step: str
    label: int
    project: str
    #: When its task ended.
    at: float
    value: Shown


class ArtifactsPage(msgspec.Struct, frozen=True):
    """A part of a list of artifacts."""

    rows: tuple[ArtifactSummary, ...]
    cursor: str | None = None


class ArtifactPath(msgspec.Struct, frozen=True):
    """A value."""

    digest: DigestText


class Use(msgspec.Struct, frozen=True):
    """A task that made or used a value."""

    #: `Churn/17/train/4`.
    task: str
    run: str
    step: str
    label: int
    #: The artifact's name there.
    name: str
    status: str
    started_at: float
    finished_at: float | None = None


class ServiceUse(msgspec.Struct, frozen=True):
    """A version of a service that answers from a value."""

    service: str
    number: int
    #: The artifact's name in it.
    name: str
    at: float
    #: Run whose artifacts it has.
    run: str | None = None


class ValueView(msgspec.Struct, frozen=True):
    """All that is known of a value, whoever made it."""

    digest: Digest
    type: str
    codec: str
    size: int
    header: Header
    #: Newest runs first.
    made_by: tuple[Use, ...]
    used_by: tuple[Use, ...]
    services: tuple[ServiceUse, ...]
    #: There are more users than are listed.
    has_more: bool


def list_artifacts(asked: Asked, query: ArtifactsQuery) -> ArtifactsPage:
    """List artifacts of all runs, newest run first."""
    column, is_ascending = direction(query.sort)
    found = asked.ledger.artifacts_named(
        ArtifactQuery(
            name=query.name,
            type=query.type,
            flow=query.flow,
            run=None if query.run is None else _run_of(asked, query.run),
            search=query.search,
            projects=query.project or None,
            limit=query.limit,
            cursor=query.cursor,
            sort=column,  # type: ignore[arg-type]
            is_ascending=is_ascending,
        )
    )
    return ArtifactsPage(tuple(_summary(row) for row in found.rows), found.cursor)


def show_artifact(asked: Asked, at: ArtifactPath) -> ValueView:
    """Show a value: its preview, which tasks made and used it, which services answer from it."""
    users = asked.ledger.users_of(at.digest, _MOST_USERS + 1)
    services = service_uses(asked, at.digest)
    if not users and not services:
        raise NotFound(f"nothing that you see has the artifact {at.digest}")
    known = _known(asked, at.digest, users)
    if known is None:
        raise NotFound(f"artifact {at.digest} belongs to no task that you see")
    uses = Uses(asked)
    return ValueView(
        at.digest,
        known.ref.type,
        known.ref.codec,
        known.ref.size,
        known.header or Header(),
        tuple(uses.of((run, key, name) for run, key, name, was_set in users[:_MOST_USERS] if was_set)),
        tuple(uses.of((run, key, name) for run, key, name, was_set in users[:_MOST_USERS] if not was_set)),
        services,
        len(users) > _MOST_USERS,
    )


class Uses:
    """Looks tasks up that made or used something; each run once."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._view = view_of(asked)
        self._records: dict[RunId, RunRecord] = {}

    def record(self, run: RunId) -> RunRecord:
        """Give a run."""
        if run not in self._records:
            row = self._asked.ledger.run(run)
            self._records[run] = RunRecord(self._view, row.flow, row.label, row)
        return self._records[run]

    def of(self, users: Iterable[tuple[RunId, TaskKey, str]]) -> list[Use]:
        """Give the tasks, in this order."""
        many = list(users)
        keys: dict[RunId, list[TaskKey]] = {}
        for run, key, _ in many:
            keys.setdefault(run, []).append(key)
        rows = {run: self.record(run).tasks_by_key(list(dict.fromkeys(some))) for run, some in keys.items()}
        return [_use(self.record(run), rows[run][key], name) for run, key, name in many if key in rows[run]]


def service_uses(asked: Asked, digest: Digest) -> tuple[ServiceUse, ...]:
    """Find the versions of services that answer from a value, of the services that the caller sees."""
    found = []
    for record in asked.ledger.records(VERSION, limit=_VERSIONS):
        deployed = msgspec.json.decode(record.body, type=DeployedVersion)
        for name, ref in deployed.version.artifacts.items():
            if ref.digest == digest:
                found.append(ServiceUse(deployed.service, deployed.number, name, deployed.at, deployed.version.run))
    return tuple(found)


def _known(asked: Asked, digest: Digest, users: Iterable[tuple[RunId, TaskKey, str, bool]]) -> ArtifactRow | None:
    """Find the value where a task set or read it; the first few say it."""
    view = view_of(asked)
    for run, key, used_as, was_set in sorted(list(users)[:20], key=lambda user: not user[3]):
        row = asked.ledger.run(run)
        record = RunRecord(view, row.flow, row.label, row)
        if was_set:
            found = asked.ledger.artifacts(run, [key], used_as)
        else:
            found = _read_by(record, key, read_artifact(used_as)[0])
        for each in found:
            if each.ref.digest == digest:
                return each
    return None


def _read_by(record: RunRecord, key: TaskKey, name: str) -> list[ArtifactRow]:
    """Give what a task can have read under a name: what those before it had, or a parameter."""
    keys = record.view.ledger.parents_of(record.run, key)[:64]
    rows = record.tasks_by_key(keys)
    siblings = Siblings(record, list(rows.values()))
    found = [siblings.find(each, name) for each in keys]
    ref = record.row.parameters.get(name)
    parameter = [] if ref is None else [ArtifactRow(record.run, "_parameters", name, ref)]
    return [*(each for each in found if each is not None), *parameter]


def _use(record: RunRecord, row: TaskRow, name: str) -> Use:
    path = f"{record.path}/{row.step}/{row.label}"
    return Use(path, record.path, row.step, row.label, name, row.status, row.started_at, row.finished_at)


def _summary(row: NamedArtifact) -> ArtifactSummary:
    run = f"{row.flow}/{row.run_label}"
    return ArtifactSummary(
        row.path, row.name, run, row.step, row.label, row.project, row.at, shown(row.ref, row.header)
    )


def _run_of(asked: Asked, path: str) -> RunId:
    flow, _, label = path.rpartition("/")
    if not label.isascii() or not label.isdigit() or len(label) > 15:
        raise NotFound(f"`{path[:200]}` is no run", hint="a run's path looks like Churn/17")
    return find_run(asked, RunPath(flow, int(label))).run


ROUTES = (
    Route("GET", "/artifacts", list_artifacts, needs="viewer"),
    Route("GET", "/artifacts/{digest}", show_artifact, needs="viewer"),
)
