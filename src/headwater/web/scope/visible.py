"""Which project something belongs to, and so who sees it; names are compared whole, never by how they begin."""

from collections import OrderedDict

import msgspec

from headwater.deployments.names import PRODUCTION
from headwater.model.errors import NotFound
from headwater.model.launch import PublishedEvent
from headwater.model.overviews import Change
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.service import DeployedVersion
from headwater.web.access import ALL, Access

#: Kinds of records whose keys are a name, behind which more may follow: `fraud.Churn@production`, `fraud.Churn/3`.
NAMED = ("alias", "deployment", "flow_page")
#: Kinds of records whose bodies name their target.
TARGETED = ("backfill", "alert")
#: Kinds of records that nobody reads or writes through a scoped ledger: who may come in, and what they did.
PRIVATE = ("account", "access_token", "session", "sign_in_link", "audit", "token")
#: Runs whose project is remembered; it never changes.
_MOST_RUNS = 20_000


class _Targeted(msgspec.Struct):
    target: str = ""


class _Numbered(msgspec.Struct):
    number: int = 1


class _Ended(msgspec.Struct):
    project: str | None = None


def project_of_name(name: str) -> str:
    """Give the project in the name of a deployment, alias or target: `fraud` of `fraud.Churn@production`, else empty.

    The branch behind `@` and the number behind `/` may have dots of their own.
    """
    project, dot, _ = name.partition("@")[0].partition("/")[0].partition(".")
    return project if dot else ""


class Projects:
    """Knows the projects of a ledger's runs; what it has looked up it keeps, within bounds. One for all callers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._by_run: OrderedDict[str, str] = OrderedDict()
        self._by_path: OrderedDict[str, str] = OrderedDict()

    def of_run(self, run: str) -> str | None:
        """Give the project of a run (its ULID); None when there is no such run."""
        known = self._by_run.get(run)
        if known is None:
            try:
                known = self._ledger.run(run).project
            except NotFound:
                return None
            self.note(run, known)
        return known

    def note(self, run: str, project: str) -> None:
        """Remember the project of a run."""
        _keep(self._by_run, run, project)

    def of_path(self, path: str) -> str | None:
        """Give the project of `Churn/17`; None when there is no such run."""
        known = self._by_path.get(path)
        if known is None:
            flow, _, label = path.partition("/")
            try:
                known = self._ledger.find_run(flow, int(label)).project
            except (NotFound, ValueError, OverflowError):
                return None
            _keep(self._by_path, path, known)
        return known

    def of_service(self, service: str) -> str:
        """Give the project of a service: that of its live version, else of its first one; empty when there is none."""
        record = self._ledger.record("service", f"{service}@{PRODUCTION}")
        number = 1 if record is None else msgspec.json.decode(record.body, type=_Numbered).number
        return self._of_version(f"{service}/{number}") or ""

    def _of_version(self, key: str) -> str | None:
        version = self._ledger.record("version", key)
        return None if version is None else self.of_version(msgspec.json.decode(version.body, type=DeployedVersion))

    def of_version(self, deployed: DeployedVersion) -> str:
        """Give the project of a version: that of the run that it answers from; empty when it answers from none."""
        if deployed.version.run is None:
            return project_of_name(deployed.version.definition.source or "")
        return self.of_path(deployed.version.run) or ""

    def of_record(self, record: Record) -> str | None:
        """Give the project of a record; None for kinds that belong to nobody's project."""
        if record.kind in TARGETED:
            return self.of_target(msgspec.json.decode(record.body, type=_Targeted).target)
        return self._of_key(record.kind, record.key)

    def of_target(self, target: str) -> str:
        """Give the project of an alias of a flow, or of a service."""
        return project_of_name(target)

    def _of_key(self, kind: str, key: str) -> str | None:
        if kind in NAMED:
            return project_of_name(key)
        if kind in ("version", "profile", "rollout"):
            found = self._of_version(key)
            return self.of_service(key.partition("/")[0]) if found is None else found
        return self.of_service(key.partition("@")[0]) if kind == "service" else None

    def of_published(self, event: PublishedEvent) -> str | None:
        """Give the project that an event was told in; None when it was told everywhere."""
        if event.id.startswith("run:"):
            return msgspec.convert(_decoded(event), _Ended).project or ""
        if event.run is not None:
            return self.of_path(event.run)
        return None if event.scope is None else event.scope.partition(".")[0]

    def of_change(self, change: Change) -> str | None:
        """Give the project of what was changed; None when it is in none, or must be looked at by somebody who may."""
        if change.project is not None:
            return change.project
        if change.kind == "firing":
            return project_of_name(change.target)
        if change.kind == "record" and change.record_kind in TARGETED:
            record = self._ledger.record(change.record_kind, change.record_key)
            return None if record is None else self.of_record(record)
        if change.kind == "record":
            return self._of_key(change.record_kind, change.record_key)
        if change.kind == "published":
            found = self._ledger.published(change.published - 1, limit=1)
            return self.of_published(found[0]) if found else None
        return None


class Sight:
    """What one caller sees."""

    def __init__(self, access: Access, projects: Projects) -> None:
        self.access = access
        #: Knows which project something belongs to.
        self.projects_of = projects
        #: Everything is seen.
        self.is_whole = ALL in access.roles
        #: None = all.
        self.projects = access.projects

    def sees(self, project: str | None) -> bool:
        """Whether a project is seen; what belongs to none (None) is seen by admins of all."""
        if project is None:
            return self.access.is_admin_of_all
        return self.access.role_in(project) is not None

    def sees_run(self, run: str) -> bool:
        """Whether a run is there for this caller."""
        project = self.projects_of.of_run(run)
        return project is not None and self.sees(project)

    def sees_published(self, event: PublishedEvent) -> bool:
        """Whether an event was told to this caller too."""
        if event.run is None and event.scope is None and not event.id.startswith("run:"):
            return True
        return self.is_whole or self.sees(self.projects_of.of_published(event))

    def sees_record(self, record: Record) -> bool:
        """Whether a record is there for this caller."""
        return self.sees(self.projects_of.of_record(record))


def _keep(known: OrderedDict[str, str], key: str, project: str) -> None:
    known[key] = project
    if len(known) > _MOST_RUNS:
        known.popitem(last=False)


def _decoded(event: PublishedEvent) -> object:
    return msgspec.json.decode(msgspec.json.encode(event.payload))
