"""The ledger in one SQLite file: HOME/ledger.db, its locks in HOME/locks.

The methods say nothing that `model.ports.Ledger` does not say; each subject has a file of its own.
"""

import importlib
import os
import time
from collections.abc import Iterator, Sequence

from headwater.ledger.artifact_list import ArtifactList
from headwater.ledger.changes import Changes
from headwater.ledger.database import Database
from headwater.ledger.filesystems import refuse_network_folder
from headwater.ledger.holders import Holder, Holders
from headwater.ledger.launches import Launches
from headwater.ledger.leases import RunLease
from headwater.ledger.locks import FileLocks
from headwater.ledger.overviews import Overviews
from headwater.ledger.published_list import PublishedList
from headwater.ledger.publishing import Publishing
from headwater.ledger.records import Records
from headwater.ledger.roles import Roles
from headwater.ledger.run_questions import RunQuestions
from headwater.ledger.small_objects import SmallObjects
from headwater.ledger.streams import Streams
from headwater.ledger.tags import Tags
from headwater.ledger.task_questions import TaskQuestions
from headwater.model.events import Event, Request, RunStarted
from headwater.model.findings import Finding
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Firing, PublishedEvent
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
from headwater.model.ports import Commit, Lease, Owner, PlannedFiring
from headwater.model.private_files import make_private_folder
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

#: Imported only by who checks: every run opens a ledger, few look for damage.
_CHECK = "headwater.ledger.check"
#: Pause between two looks at the file while waiting.
_LOOK_SECONDS = 0.015


class SqliteLedger:
    """The ledger of a home folder; makes it when it is not there, upgrades it when it is older.

    One object may be used by several threads. A forked child must open its own.

    Raises:
        SettingMistake: the folder lies on a network file system.
        FormatUnknown: a newer Headwater wrote it.
    """

    def __init__(self, home: str) -> None:
        folder = os.path.join(home, "locks")
        if not os.path.isdir(folder):
            make_private_folder(folder)
        refuse_network_folder(home)
        path = os.path.join(home, "ledger.db")
        if not os.path.exists(path):
            _make_private(path)
        self._use(Database(path, FileLocks(folder)))

    def _use(self, database: Database) -> None:
        self._database = database
        self._streams = Streams(database)
        self._runs = RunQuestions(database)
        self._tasks = TaskQuestions(database)
        self._overviews = Overviews(database, self._runs)
        self._artifacts = ArtifactList(database)
        self._changes = Changes(database)
        self._tags = Tags(database, self._streams)
        self._objects = SmallObjects(database)
        self._holders = Holders(database)
        self._launches = Launches(database)
        self._publishing = Publishing(database)
        self._published_list = PublishedList(database)
        self._records = Records(database)
        self._roles = Roles(database)
        self._seen = self._change()

    def start_run(self, commit: Commit) -> tuple[RunLease, RunStarted]:
        return self._streams.start_run(commit)

    def take(self, run: RunId, now: float, owner: Owner | None = None) -> tuple[RunLease, int]:
        # `owner`: whoever drives it when that is not this process.
        return self._streams.take(run, now, owner)

    def hold_on(self, run: RunId, epoch: int) -> RunLease | None:
        """Take a lease of this epoch again after a restart; None when the run has ended or is somebody else's now.

        Raises:
            NotFound: no such run.
        """
        return self._streams.hold_on(run, epoch)

    def append(self, lease: Lease, commit: Commit) -> int:
        return self._streams.append(lease, commit)

    def events(self, run: RunId, after: int = 0) -> Iterator[tuple[int, Event]]:
        return self._streams.events(run, after)

    def request(self, run: RunId, request: Request) -> None:
        self._streams.request(run, request)

    def requests(self, run: RunId, after: int = 0) -> list[tuple[int, Request]]:
        return self._streams.requests(run, after)

    def wait(self, timeout_seconds: float) -> bool:
        # SQLite tells of other processes' writes only when asked; those of this object wake us at once.
        deadline = time.monotonic() + timeout_seconds
        while (change := self._change()) == self._seen:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._database.written:
                if self._database.writes == self._seen[1]:
                    self._database.written.wait(min(left, _LOOK_SECONDS))
        self._seen = change
        return True

    def _change(self) -> tuple[int, int]:
        return self._database.version(), self._database.writes

    def owner(self, run: RunId) -> Owner | None:
        return self._streams.owner(run)

    def find_run(self, flow: str, label: int) -> RunRow:
        return self._runs.find_run(flow, label)

    def run(self, run: RunId) -> RunRow:
        return self._runs.run(run)

    def flows(self) -> list[str]:
        return self._runs.flows()

    def runs(self, query: RunQuery) -> Page[RunRow]:
        return self._runs.runs(query)

    def count_runs(self, query: RunQuery, *, at_most: int = 10_000) -> int:
        return self._runs.count_runs(query, at_most=at_most)

    def flow_rows(self, projects: Sequence[str] | None = None, *, after: str = "", limit: int = 500) -> list[FlowRow]:
        return self._overviews.flow_rows(projects, after=after, limit=limit)

    def list_flows(self, query: FlowQuery) -> Page[FlowRow]:
        """List flows, sorted; raises UserMistake for a cursor that is none, or belongs to another question."""
        return self._overviews.list_flows(query)

    def run_statuses(self, runs: Sequence[RunId]) -> dict[RunId, RunStatus]:
        """Give the statuses of those of these runs that there are."""
        return self._runs.statuses(runs)

    def run_failures(self, runs: Sequence[RunId]) -> dict[RunId, RunFailure]:
        """Give why these runs failed, of those that a task failed which says why."""
        return self._runs.failures(runs)

    def metric_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._overviews.metric_names(query, limit=limit)

    def tag_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._overviews.tag_names(query, limit=limit)

    def user_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._overviews.user_names(query, limit=limit)

    def step_counts(self, run: RunId) -> list[StepCount]:
        return self._overviews.step_counts(run)

    def step_statuses(self, runs: Sequence[RunId]) -> dict[RunId, dict[str, dict[TaskStatus, int]]]:
        return self._overviews.step_statuses(runs)

    def task_spans(self, run: RunId, *, after_label: int = 0, limit: int = 10_000) -> list[TaskSpan]:
        return self._overviews.task_spans(run, after_label=after_label, limit=limit)

    def task_usages(self, run: RunId, *, limit: int = 100_000) -> list[TaskUsage]:
        """Give what each of the first tasks of a run used, by label; raises NotFound."""
        return self._overviews.task_usages(run, limit=limit)

    def tasks(self, query: TaskQuery) -> Page[TaskRow]:
        return self._tasks.tasks(query)

    def parents_of(self, run: RunId, key: TaskKey) -> list[TaskKey]:
        return self._tasks.parents_of(run, key)

    def attempts(self, run: RunId, key: TaskKey) -> list[AttemptRow]:
        return self._tasks.attempts(run, key)

    def artifacts(self, run: RunId, keys: Sequence[TaskKey], name: str | None = None) -> list[ArtifactRow]:
        return self._tasks.artifacts(run, keys, name)

    def visible(self, run: RunId, key: TaskKey) -> dict[str, ArtifactRow]:
        return self._tasks.visible(run, key)

    def artifacts_named(self, query: ArtifactQuery) -> Page[NamedArtifact]:
        return self._artifacts.artifacts_named(query)

    def users_of(
        self, digest: Digest, limit: int = 100, *, projects: Sequence[str] | None = None
    ) -> list[tuple[RunId, TaskKey, str, bool]]:
        return self._tasks.users_of(digest, limit, projects)

    def changes(self, after: int = 0, *, limit: int = 1000) -> list[Change]:
        return self._changes.changes(after, limit=limit)

    def last_change(self) -> int:
        return self._changes.last_change()

    def tag_run(self, run: RunId, add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
        return self._tags.tag_run(run, add, remove)

    def annotate(self, run: RunId, note: str) -> None:
        self._tags.annotate(run, note)

    def small(self, digests: Sequence[Digest]) -> dict[Digest, bytes]:
        return self._objects.small(digests)

    def small_sizes(self) -> Iterator[tuple[Digest, int]]:
        return self._objects.small_sizes()

    def delete_small(self, digests: Sequence[Digest]) -> list[Digest]:
        return self._objects.delete_small(digests)

    def references(self) -> Iterator[Reference]:
        yield from self._objects.references()
        yield from self._records.references()

    def direct_holders_of(self, digest: Digest) -> list[Holder]:
        """Give who holds an object other than as a buffer: cheap however much there is."""
        return self._holders.holders_of(digest)

    def holders_of(self, digest: Digest) -> list[Holder]:
        """Give who holds an object; see `Holders`."""
        return self._holders.holders_of(digest) or self._holders.buffer_holders_of(digest)

    def oldest_live_run(self) -> float | None:
        return self._runs.oldest_live_run()

    def launch(self, planned: Sequence[PlannedFiring], *, cursor: tuple[str, int] | None = None) -> list[Firing]:
        return self._launches.launch(planned, cursor=cursor)

    def cursor(self, name: str) -> int:
        return self._launches.cursor(name)

    def firing(self, key: str) -> Firing | None:
        return self._launches.firing(key)

    def firings(self, query: FiringQuery) -> Page[Firing]:
        return self._launches.firings(query)

    def firing_targets(self) -> list[str]:
        """Name the targets that have firings, sorted."""
        return self._launches.firing_targets()

    def last_slot(self, target: str, source: str) -> float | None:
        return self._launches.last_slot(target, source)

    def publish(self, event: PublishedEvent) -> PublishedEvent:
        return self._publishing.publish(event)

    def published(self, after: int = 0, *, name: str | None = None, limit: int = 1000) -> list[PublishedEvent]:
        return self._publishing.published(after, name=name, limit=limit)

    def list_published(self, query: PublishedQuery) -> Page[PublishedEvent]:
        """List published events, sorted; raises UserMistake for a cursor that is none, or belongs to another question.

        Which project an event belongs to is told as the server tells it: `Projects.of_published`.
        """
        return self._published_list.list_published(query)

    def write_records(self, records: Sequence[Record], objects: Commit | None = None) -> None:
        self._records.write_records(records, objects)

    def record(self, kind: str, key: str) -> Record | None:
        return self._records.record(kind, key)

    def records(self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        return self._records.records(kind, prefix=prefix, after=after, limit=limit)

    def records_backwards(self, kind: str, *, before: str, limit: int) -> list[Record]:
        """List records as `records` does, those whose keys come before one, the last of these first."""
        return self._records.records_backwards(kind, before=before, limit=limit)

    def record_history(self, kind: str, key: str) -> list[Record]:
        return self._records.record_history(kind, key)

    def lead(self, role: str) -> bool:
        return self._roles.lead(role)

    def leader(self, role: str) -> int | None:
        return self._roles.leader(role)

    def resign(self, role: str) -> None:
        self._roles.resign(role)

    def check(self, *, is_quick: bool = False) -> Iterator[Finding]:
        findings: Iterator[Finding] = importlib.import_module(_CHECK).check_database(self._database, is_quick=is_quick)
        return findings

    def close(self) -> None:
        self._roles.close()
        self._database.close()


def _make_private(path: str) -> None:
    """Make the empty file, readable by its owner only; the files that SQLite puts beside it follow its mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        # Another process was faster. An existing file is never opened here: closing it would drop SQLite's locks.
        return
