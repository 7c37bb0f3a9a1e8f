"""The ledger as one caller sees it: what is not theirs to see is not there, what is not theirs to do is refused."""

from collections.abc import Iterator, Sequence

import msgspec

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import NotFound, UserMistake
from headwater.model.events import Event, Request, RunStarted
from headwater.model.findings import Finding
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Firing, PublishedEvent
from headwater.model.nearest import did_you_mean
from headwater.model.overviews import (
    ArtifactQuery,
    Change,
    FlowQuery,
    FlowRow,
    NamedArtifact,
    RunFailure,
    StepCount,
    TaskSpan,
    TaskUsage,
)
from headwater.model.ports import Commit, Lease, Ledger, Owner, PlannedFiring
from headwater.model.records import Record
from headwater.model.rows import (
    ArtifactRow,
    AttemptRow,
    FiringQuery,
    Page,
    PublishedQuery,
    Reference,
    RunQuery,
    RunRow,
    RunStatus,
    TaskQuery,
    TaskRow,
    TaskStatus,
)
from headwater.store.keys import is_digest
from headwater.web.access import Access
from headwater.web.scope.policy import Policy
from headwater.web.scope.visible import PRIVATE, Projects, Sight, project_of_name

_PAGE = 500


def scoped(ledger: Ledger, access: Access, projects: Projects, tokens: Sequence[str] = ()) -> "ScopedLedger":
    """Give the ledger as a caller sees it.

    Args:
        ledger: the whole one.
        access: who calls.
        projects: knows the projects of its runs; one for all callers.
        tokens: production tokens that came with the request.
    """
    return ScopedLedger(ledger, access, projects, tokens)


class ScopedLedger:
    """A `Ledger`; what a caller may not see raises `NotFound` with the same words as what does not exist.

    Records of accounts, sessions, tokens and the audit log are not there for anybody.
    """

    def __init__(self, ledger: Ledger, access: Access, projects: Projects, tokens: Sequence[str] = ()) -> None:
        self._ledger = ledger
        self._known = projects
        self._sight = Sight(access, projects)
        self._policy = Policy(ledger, access, self._sight, tokens)
        #: Changes behind the first number, up to the second, are none of the caller's.
        self._skipped = (0, 0)

    def with_tokens(self, tokens: Sequence[str]) -> "ScopedLedger":
        """The same for a caller who gave these production tokens too."""
        return ScopedLedger(self._ledger, self._sight.access, self._known, tokens)

    # Runs

    def start_run(self, commit: Commit) -> tuple[Lease, RunStarted]:
        self._policy.require_start(commit)
        lease, started = self._ledger.start_run(commit)
        self._known.note(started.run, "" if started.project is None else started.project.name)
        return lease, started

    def take(self, run: RunId, now: float, owner: Owner | None = None) -> tuple[Lease, int]:
        # `owner`: the driver, when that is not this process.
        self._policy.require_drive(self.run(run))
        return self._ledger.take(run, now) if owner is None else self._whole().take(run, now, owner)

    def append(self, lease: Lease, commit: Commit) -> int:
        self._policy.require_drive(self.run(lease.run))
        return self._ledger.append(lease, commit)

    def events(self, run: RunId, after: int = 0) -> Iterator[tuple[int, Event]]:
        self._require(run)
        return self._ledger.events(run, after)

    def request(self, run: RunId, request: Request) -> None:
        self._policy.require_request(self.run(run), request)
        self._ledger.request(run, request)

    def requests(self, run: RunId, after: int = 0) -> list[tuple[int, Request]]:
        self._require(run)
        return self._ledger.requests(run, after)

    def wait(self, timeout_seconds: float) -> bool:
        return self._ledger.wait(timeout_seconds)

    def owner(self, run: RunId) -> Owner | None:
        self._require(run)
        return self._ledger.owner(run)

    def find_run(self, flow: str, label: int) -> RunRow:
        if self._sight.is_whole:
            return self._ledger.find_run(flow, label)
        try:
            row = self._ledger.find_run(flow, label)
        except NotFound:
            raise self._no_run_of(flow, label) from None
        if not self._sight.sees(row.project):
            raise self._no_run_of(flow, label)
        return row

    def run(self, run: RunId) -> RunRow:
        self._require(run)
        return self._ledger.run(run)

    def flows(self) -> list[str]:
        if self._sight.is_whole:
            return self._ledger.flows()
        found: list[str] = []
        while page := self._ledger.flow_rows(self._sight.projects, after=found[-1] if found else "", limit=_PAGE):
            found += [row.flow for row in page]
        return found

    def runs(self, query: RunQuery) -> Page[RunRow]:
        return self._ledger.runs(self._narrowed(query))

    def count_runs(self, query: RunQuery, *, at_most: int = 10_000) -> int:
        return self._ledger.count_runs(self._narrowed(query), at_most=at_most)

    def flow_rows(self, projects: Sequence[str] | None = None, *, after: str = "", limit: int = 500) -> list[FlowRow]:
        return self._ledger.flow_rows(self._among(projects), after=after, limit=limit)

    def list_flows(self, query: FlowQuery) -> Page[FlowRow]:
        """List flows, sorted; see `SqliteLedger.list_flows`."""
        return self._whole().list_flows(msgspec.structs.replace(query, projects=self._among(query.projects)))

    def run_statuses(self, runs: Sequence[RunId]) -> dict[RunId, RunStatus]:
        """Give the statuses of those of these runs that are seen."""
        return self._whole().run_statuses([run for run in runs if self._sight.sees_run(run)])

    def run_failures(self, runs: Sequence[RunId]) -> dict[RunId, RunFailure]:
        """Give why these runs failed, of those that are seen and of which that is known."""
        return self._whole().run_failures([run for run in runs if self._sight.sees_run(run)])

    def metric_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._ledger.metric_names(self._narrowed(query), limit=limit)

    def tag_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._ledger.tag_names(self._narrowed(query), limit=limit)

    def user_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._ledger.user_names(self._narrowed(query), limit=limit)

    def step_counts(self, run: RunId) -> list[StepCount]:
        self._require(run)
        return self._ledger.step_counts(run)

    def step_statuses(self, runs: Sequence[RunId]) -> dict[RunId, dict[str, dict[TaskStatus, int]]]:
        return self._ledger.step_statuses([run for run in runs if self._sight.sees_run(run)])

    def task_spans(self, run: RunId, *, after_label: int = 0, limit: int = 10_000) -> list[TaskSpan]:
        self._require(run)
        return self._ledger.task_spans(run, after_label=after_label, limit=limit)

    def task_usages(self, run: RunId, *, limit: int = 100_000) -> list[TaskUsage]:
        """Give what each task of a run used; see `SqliteLedger.task_usages`."""
        self._require(run)
        return self._whole().task_usages(run, limit=limit)

    def tasks(self, query: TaskQuery) -> Page[TaskRow]:
        self._require(query.run)
        return self._ledger.tasks(query)

    def parents_of(self, run: RunId, key: TaskKey) -> list[TaskKey]:
        self._require(run)
        return self._ledger.parents_of(run, key)

    def attempts(self, run: RunId, key: TaskKey) -> list[AttemptRow]:
        self._require(run)
        return self._ledger.attempts(run, key)

    def tag_run(self, run: RunId, add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
        self._policy.require_tags(self.run(run), add)
        return self._ledger.tag_run(run, add, remove)

    def annotate(self, run: RunId, note: str) -> None:
        self._policy.require_note(self.run(run))
        self._ledger.annotate(run, note)

    # Artifacts and objects

    def artifacts(self, run: RunId, keys: Sequence[TaskKey], name: str | None = None) -> list[ArtifactRow]:
        self._require(run)
        return self._ledger.artifacts(run, keys, name)

    def visible(self, run: RunId, key: TaskKey) -> dict[str, ArtifactRow]:
        self._require(run)
        return self._ledger.visible(run, key)

    def artifacts_named(self, query: ArtifactQuery) -> Page[NamedArtifact]:
        projects = self._among(query.projects)
        return self._ledger.artifacts_named(msgspec.structs.replace(query, projects=projects))

    def users_of(
        self, digest: Digest, limit: int = 100, *, projects: Sequence[str] | None = None
    ) -> list[tuple[RunId, TaskKey, str, bool]]:
        return self._ledger.users_of(digest, limit, projects=self._among(projects))

    def readable(self, digests: Sequence[Digest]) -> set[Digest]:
        """Give those of these objects that something refers to which the caller sees: a run, a record."""
        if self._sight.is_whole:
            return set(digests)
        return {digest for digest in digests if is_digest(digest) and self._is_held(digest)}

    def small(self, digests: Sequence[Digest]) -> dict[Digest, bytes]:
        readable = self.readable(digests)
        return self._ledger.small([digest for digest in digests if digest in readable])

    def small_sizes(self) -> Iterator[tuple[Digest, int]]:
        self._policy.require_upkeep()
        return self._ledger.small_sizes()

    def delete_small(self, digests: Sequence[Digest]) -> list[Digest]:
        self._policy.require_upkeep()
        return self._ledger.delete_small(digests)

    def references(self) -> Iterator[Reference]:
        self._policy.require_upkeep()
        return self._ledger.references()

    def oldest_live_run(self) -> float | None:
        self._policy.require_upkeep()
        return self._ledger.oldest_live_run()

    # Firings and events

    def launch(self, planned: Sequence[PlannedFiring], *, cursor: tuple[str, int] | None = None) -> list[Firing]:
        self._policy.require_launch(planned, cursor)
        return self._ledger.launch(planned, cursor=cursor)

    def cursor(self, name: str) -> int:
        return self._ledger.cursor(name)

    def firing(self, key: str) -> Firing | None:
        found = self._ledger.firing(key)
        return found if found is not None and self._sees_firing(found) else None

    def firings(self, query: FiringQuery) -> Page[Firing]:
        if self._sight.is_whole:
            return self._ledger.firings(query)
        seen = {target for target in self._whole().firing_targets() if self._sight.sees(project_of_name(target))}
        targets = seen if query.targets is None else seen.intersection(query.targets)
        return self._ledger.firings(msgspec.structs.replace(query, targets=tuple(sorted(targets))))

    def last_slot(self, target: str, source: str) -> float | None:
        is_seen = self._sight.sees(project_of_name(target))
        return self._ledger.last_slot(target, source) if is_seen else None

    def publish(self, event: PublishedEvent) -> PublishedEvent:
        return self._ledger.publish(self._policy.publishable(event))

    def published(self, after: int = 0, *, name: str | None = None, limit: int = 1000) -> list[PublishedEvent]:
        found: list[PublishedEvent] = []
        while page := self._ledger.published(after, name=name, limit=_PAGE):
            found += [event for event in page if self._sight.sees_published(event)]
            if len(found) >= limit or len(page) < _PAGE:
                break
            after = page[-1].number
        return found[:limit]

    def list_published(self, query: PublishedQuery) -> Page[PublishedEvent]:
        """List published events, sorted; see `SqliteLedger.list_published`."""
        return self._whole().list_published(msgspec.structs.replace(query, projects=self._among(query.projects)))

    # Changes

    def changes(self, after: int = 0, *, limit: int = 1000) -> list[Change]:
        begin, skipped = self._skipped
        if after == begin:
            after = skipped
        else:
            begin = after
        found: list[Change] = []
        while page := self._ledger.changes(after, limit=min(limit, _PAGE)):
            after = page[-1].number
            found += [change for change in page if self._sees_change(change)]
            if len(found) >= limit:
                return found[:limit]
        # Who comes again with the same number need not look at these once more.
        self._skipped = (found[-1].number if found else begin, after)
        return found

    def last_change(self) -> int:
        return self._ledger.last_change()

    # Records

    def write_records(self, records: Sequence[Record], objects: Commit | None = None) -> None:
        self._policy.require_records(records)
        self._ledger.write_records(records, objects)

    def record(self, kind: str, key: str) -> Record | None:
        if kind in PRIVATE:
            return None
        found = self._ledger.record(kind, key)
        return found if found is not None and self._sight.sees_record(found) else None

    def records(self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        found: list[Record] = []
        if kind in PRIVATE:
            return found
        while page := self._ledger.records(kind, prefix=prefix, after=after, limit=limit - len(found)):
            found += [record for record in page if self._sight.sees_record(record)]
            if len(found) >= limit:
                break
            after = page[-1].key
        return found

    def record_history(self, kind: str, key: str) -> list[Record]:
        if self.record(kind, key) is None:
            return []
        return self._ledger.record_history(kind, key)

    # The store itself

    def lead(self, role: str) -> bool:
        raise UserMistake(f"what is {role} of a store runs beside it")

    def leader(self, role: str) -> int | None:
        return self._ledger.leader(role)

    def resign(self, role: str) -> None:
        """Nothing: nobody has a role over the network."""

    def check(self, *, is_quick: bool = False) -> Iterator[Finding]:
        self._policy.require_upkeep()
        return self._ledger.check(is_quick=is_quick)

    def close(self) -> None:
        """Nothing: the ledger belongs to the server."""

    def _whole(self) -> SqliteLedger:
        assert isinstance(self._ledger, SqliteLedger)
        return self._ledger

    def _is_held(self, digest: Digest) -> bool:
        assert isinstance(self._ledger, SqliteLedger)
        for holder in self._ledger.holders_of(digest):
            if holder.project is not None and self._sight.sees(holder.project):
                return True
            if holder.project is None and self.record(holder.kind, holder.key) is not None:
                return True
        return False

    def _require(self, run: RunId) -> None:
        if not self._sight.sees_run(run):
            raise NotFound(f"there is no run {run}")

    def _narrowed(self, query: RunQuery) -> RunQuery:
        return msgspec.structs.replace(query, projects=self._among(query.projects))

    def _among(self, projects: Sequence[str] | None) -> tuple[str, ...] | None:
        """Give those of these projects that are seen; None = all there are."""
        if projects is None:
            return self._sight.projects
        return tuple(project for project in projects if self._sight.sees(project))

    def _no_run_of(self, flow: str, label: int) -> NotFound:
        page = self.runs(RunQuery(flow=flow, limit=5))
        near = sorted((row.label for row in page.rows), key=lambda each: (abs(each - label), -each))
        if near:
            paths = [f"{flow}/{each}" for each in near]
            return NotFound(f"there is no run {flow}/{label}", choices=paths, hint=f"the nearest is {paths[0]}")
        flows = self.flows()
        hint = did_you_mean(flow, flows, what="Flows with runs") or "no flow has been run here yet"
        return NotFound(f"there is no run of {flow}", choices=flows, hint=hint)

    def _sees_firing(self, firing: Firing) -> bool:
        return self._sight.sees(project_of_name(firing.target))

    def _sees_change(self, change: Change) -> bool:
        if change.kind == "record" and change.record_kind in PRIVATE:
            return False
        if self._sight.is_whole and change.kind != "record":
            return True
        if change.kind == "published" and change.run is None and change.scope is None:
            return True
        return self._sight.sees(self._known.of_change(change))
