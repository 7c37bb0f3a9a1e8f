"""The three ports: Place (bytes at a key), Ledger (facts), Engine (where tasks run).

Each has an in-memory implementation that ships and one test suite that every implementation passes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from headwater.model.artifact import Header
from headwater.model.events import Event, Request, RunStarted
from headwater.model.findings import Finding
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Firing, PublishedEvent
from headwater.model.order import TaskOrder
from headwater.model.outcome import Outcome
from headwater.model.overviews import (
    ArtifactQuery,
    Change,
    FlowRow,
    NamedArtifact,
    StepCount,
    TaskSpan,
)
from headwater.model.records import Record
from headwater.model.rows import (
    ArtifactRow,
    AttemptRow,
    FiringQuery,
    Page,
    Reference,
    RunQuery,
    RunRow,
    TaskQuery,
    TaskRow,
    TaskStatus,
)

Buffer = bytes | bytearray | memoryview


class Stat(msgspec.Struct, frozen=True):
    """What a place says of a key without reading it."""

    size: int
    #: Unix time of the last write or touch.
    modified_at: float
    #: Changes whenever the bytes may have changed (device, inode, size, mtime_ns, ctime_ns of a file).
    identity: str


class Place(Protocol):
    """Bytes at a key. Keys are relative paths of `[a-z0-9._-]` parts."""

    def put(self, key: str, parts: Sequence[Buffer]) -> None:
        """Write the concatenated parts so that a power cut after the return loses nothing and no reader ever sees half.

        Replaces what was there. Nothing is left behind on failure.

        Raises:
            DiskFull: names the volume, the bytes needed and free.
        """

    def put_many(self, items: Iterable[tuple[str, Sequence[Buffer]]]) -> None:
        """As `put`, for many keys, with the flushes shared: all are durable on return, or an error is raised."""

    def get(self, key: str) -> bytes:
        """Read it whole.

        Raises:
            KeyError: nothing is there.
        """

    def map(self, key: str) -> memoryview:
        """Give its bytes as a writable, private, copy-on-write view; nothing is read before it is touched.

        Raises:
            KeyError: nothing is there.
        """

    def stat(self, key: str) -> Stat | None:
        """Describe it; None when nothing is there."""

    def touch(self, key: str) -> None:
        """Make it as new as if it had just been written (keeps a sweep away)."""

    def delete(self, key: str) -> None:
        """Remove it; silent when nothing is there."""

    def keys(self, prefix: str) -> Iterator[str]:
        """List the keys that begin so, sorted."""


#: Epoch of a run's first driver; a queued run, which has had none, gets it from `take`.
FIRST_EPOCH = 1


class Commit(msgspec.Struct, frozen=True):
    """Events to append, with the rows of the objects that they point to; all or nothing."""

    events: Sequence[Event]
    #: Payloads of small artifacts.
    small: Mapping[Digest, bytes] = {}
    headers: Mapping[Digest, Header] = {}


class PlannedFiring(msgspec.Struct, frozen=True):
    """A firing to record, with the run that it starts."""

    firing: Firing
    #: Begins with a `RunStarted` of label 0 whose launch has the firing's key; None when no run is started.
    commit: Commit | None = None


class Lease(Protocol):
    """The right to write one run's stream, held by its driver until released or its process dies."""

    @property
    def run(self) -> RunId: ...

    @property
    def epoch(self) -> int:
        """Grows with every holder; a write with an old one is refused."""

    def settle(self) -> bool:
        """Wait until everybody sees what was appended, and what they ask is read; False when nothing kept them from it.

        A ledger on another machine may be out of reach: a driver goes on meanwhile, and what it appends is durable on
        its own. Before it counts on being heard, or on having heard everything, it settles.

        Raises:
            HeadwaterError: the ledger did not take what was appended, or was out of reach for too long.
        """

    def release(self) -> None:
        """Give it back; safe to call twice."""


class Owner(msgspec.Struct, frozen=True):
    """Who drives a run."""

    host: str
    pid: int
    #: Unix time at which it took the lease.
    since: float


class Ledger(Protocol):
    """An append-only list of events per run, requests to its driver, and answers worked out from the events."""

    def start_run(self, commit: Commit) -> tuple[Lease, RunStarted]:
        """Append a run's first events and take its lease, in one transaction.

        `commit.events[0]` is a `RunStarted` whose label is 0: the ledger hands out the next label of its flow and
        gives the event back as stored. Labels of one flow are unique whatever starts at the same instant.
        """

    def take(self, run: RunId, now: float) -> tuple[Lease, int]:
        """Take the lease of a run whose driver is gone, or that never had one; gives it and its new epoch.

        Raises:
            RunIsDriven: its driver lives; names host, pid and since when.
            RunIsFinished: its last event is there; nothing is to be driven.
            NotFound: no such run.
        """

    def append(self, lease: Lease, commit: Commit) -> int:
        """Append to the run's stream, durably, and give the number of its last event.

        Durable may mean on the driver's machine, until `Lease.settle`; the end of a run is settled on return.

        Raises:
            LeaseLost: somebody else took the run over (older epoch); nothing was written.
            RunIsFinished: the stream has ended; nothing was written.
        """

    def events(self, run: RunId, after: int = 0) -> Iterator[tuple[int, Event]]:
        """The run's events with numbers greater than `after`, in order; numbers count from 1 without gaps."""

    def request(self, run: RunId, request: Request) -> None:
        """Ask the run's driver for something; durable on return.

        Raises:
            RunIsFinished: there is nobody to ask.
            NotFound: no such run.
        """

    def requests(self, run: RunId, after: int = 0) -> list[tuple[int, Request]]:
        """Requests with numbers greater than `after`, in order."""

    def wait(self, timeout_seconds: float) -> bool:
        """Sleep until any process has written since the last call, or the time is up; True if something changed."""

    def owner(self, run: RunId) -> Owner | None:
        """Who drives it now; None when nobody does."""

    def find_run(self, flow: str, label: int) -> RunRow:
        """Find `Churn/17`.

        Raises:
            NotFound: no such run; `choices` holds near ones.
        """

    def run(self, run: RunId) -> RunRow:
        """Find by ULID; raises NotFound."""

    def flows(self) -> list[str]:
        """Names of all flows that have runs, sorted."""

    def runs(self, query: RunQuery) -> Page[RunRow]:
        """Runs, newest first or as the query sorts them.

        Raises:
            UserMistake: the cursor is none, or belongs to another question.
        """

    def count_runs(self, query: RunQuery, *, at_most: int = 10_000) -> int:
        """How many runs match, cursor and limit aside; counts no further than `at_most`."""

    def flow_rows(self, projects: Sequence[str] | None = None, *, after: str = "", limit: int = 500) -> list[FlowRow]:
        """Flows with runs in these projects (None = all), by name, those behind `after`."""

    def metric_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        """Names of summary metrics of the runs that match, the most frequent first."""

    def tag_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        """User tags of the runs that match, the most frequent first."""

    def user_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        """Users of the runs that match, the most frequent first."""

    def tasks(self, query: TaskQuery) -> Page[TaskRow]:
        """Tasks of one run, by label or as the query sorts them.

        Raises:
            UserMistake: the cursor is none, or belongs to another question.
        """

    def step_counts(self, run: RunId) -> list[StepCount]:
        """The run's tasks by step and status, steps in the order in which they first started."""

    def step_statuses(self, runs: Sequence[RunId]) -> dict[RunId, dict[str, dict[TaskStatus, int]]]:
        """Run -> step -> status -> tasks, for many runs in one look; runs without tasks, or unknown, are left out."""

    def task_spans(self, run: RunId, *, after_label: int = 0, limit: int = 10_000) -> list[TaskSpan]:
        """Attempts of the next `limit` tasks behind a label, by label and attempt."""

    def parents_of(self, run: RunId, key: TaskKey) -> list[TaskKey]:
        """All tasks that this one follows, also those that the row of a wide join does not list."""

    def attempts(self, run: RunId, key: TaskKey) -> list[AttemptRow]:
        """All attempts of a task, first to last."""

    def artifacts(self, run: RunId, keys: Sequence[TaskKey], name: str | None = None) -> list[ArtifactRow]:
        """Artifacts that these tasks set themselves (headers included); `visible` follows inheritance."""

    def visible(self, run: RunId, key: TaskKey) -> dict[str, ArtifactRow]:
        """All artifacts of a task by name, those it inherited included; parameters are in the run's row."""

    def artifacts_named(self, query: ArtifactQuery) -> Page[NamedArtifact]:
        """Artifacts that tasks of any run set, newest run first.

        Raises:
            UserMistake: the cursor is none, or belongs to another question.
        """

    def users_of(
        self, digest: Digest, limit: int = 100, *, projects: Sequence[str] | None = None
    ) -> list[tuple[RunId, TaskKey, str, bool]]:
        """Lineage: (run, task, name, was it set there) of tasks that set or read the artifact with this digest.

        Newest runs first, of these projects only (None = all).
        """

    def changes(self, after: int = 0, *, limit: int = 1000) -> list[Change]:
        """What was written since the change of that number, in the order of the writes.

        Who goes on from the last number that it got misses nothing and gets nothing twice. A run that was written
        several times since comes once, at its latest place. That a driver died is no write.
        """

    def last_change(self) -> int:
        """Number of the latest change; 0 when nothing was ever written."""

    def tag_run(self, run: RunId, add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
        """Remove, then add user tags, atomically; gives the new ones.

        Raises:
            TagRefused: a system tag would be removed, or a tag is not well-formed, or there would be too many.
        """

    def annotate(self, run: RunId, note: str) -> None:
        """Replace the run's note; it may be finished."""

    def small(self, digests: Sequence[Digest]) -> dict[Digest, bytes]:
        """Payloads of small objects; those that are not there are left out."""

    def small_sizes(self) -> Iterator[tuple[Digest, int]]:
        """Every small object with the bytes of its payload, by digest."""

    def delete_small(self, digests: Sequence[Digest]) -> list[Digest]:
        """Delete those of these small objects (and headers) that no run holds at this instant; gives the deleted."""

    def references(self) -> Iterator[Reference]:
        """Everything stored that some run holds: parameters, code, artifacts, items of foreachs; in no order."""

    def oldest_live_run(self) -> float | None:
        """When the oldest run that is not finished was started (interrupted ones included); None when all are."""

    def launch(self, planned: Sequence[PlannedFiring], *, cursor: tuple[str, int] | None = None) -> list[Firing]:
        """Record firings and start their runs, all in one transaction; gives each as stored, in order.

        A firing whose key is recorded already is left out, with its run, and given as it was recorded: this is what
        makes a slot fire exactly once. A started run is `queued`: nobody holds its lease until somebody takes it.

        Args:
            planned: what to record.
            cursor: name and value of a cursor to move in the same transaction; it never moves back.
        """

    def cursor(self, name: str) -> int:
        """Where a reader of the published events stands; 0 when it has read nothing.

        A name with a dot (`alerts.slots`) is that of a reader of something else, which counts in its own way.
        """

    def firing(self, key: str) -> Firing | None:
        """The record with this idempotency key; None when there is none."""

    def firings(self, query: FiringQuery) -> Page[Firing]:
        """Firings, newest first."""

    def last_slot(self, target: str, source: str) -> float | None:
        """The latest slot that is recorded for it, whatever was done about it; None when there is none."""

    def publish(self, event: PublishedEvent) -> PublishedEvent:
        """Keep an event, durably, and give it with its number; one whose id is there already is given as it was kept.

        Every run that finishes publishes `run.finished` by itself, in the transaction that ends it: its id is
        `run:<ulid>`, its source `run:<Flow>`, its payload `flow`, `label`, `end`, `target`, `project`, `branch`.
        """

    def published(self, after: int = 0, *, name: str | None = None, limit: int = 1000) -> list[PublishedEvent]:
        """Events with numbers greater than `after`, in order."""

    def write_records(self, records: Sequence[Record], objects: Commit | None = None) -> None:
        """Append versions of records, all or nothing, with rows of small objects that they point to.

        Raises:
            VersionConflict: a version is not the next one of its record; nothing was written.
        """

    def record(self, kind: str, key: str) -> Record | None:
        """The latest version; None when there is none."""

    def records(self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        """The latest version of each record of a kind whose key begins so and sorts behind `after`, by key."""

    def record_history(self, kind: str, key: str) -> list[Record]:
        """All versions, first to last."""

    def lead(self, role: str) -> bool:
        """Become the only process of this store with this role until it resigns or dies; False if there is one."""

    def leader(self, role: str) -> int | None:
        """Process that has the role (0 when it is in another process namespace); None when nobody has."""

    def resign(self, role: str) -> None:
        """Give the role up; silent when this process does not have it."""

    def check(self, *, is_quick: bool = False) -> Iterator[Finding]:
        """Look for damage, and say what is known of it; `is_quick` leaves out the replay of all events."""

    def close(self) -> None:
        """Release the files; the object is not used afterwards."""


class LogLine(msgspec.Struct, frozen=True):
    """One line that a task wrote."""

    at: float
    #: stdout or stderr.
    stream: str
    text: str


class Started(msgspec.Struct, frozen=True):
    """Engine report: the attempt's process runs."""

    key: TaskKey
    attempt: int
    pid: int


class Wrote(msgspec.Struct, frozen=True):
    """Engine report: lines of an attempt, already stored in its log file."""

    key: TaskKey
    attempt: int
    lines: tuple[LogLine, ...]


class Ended(msgspec.Struct, frozen=True):
    """Engine report: the attempt is over, its process and what it had started are gone, its objects are durable."""

    outcome: Outcome


class Notice(msgspec.Struct, frozen=True):
    """Engine report: something that whoever watches the run should read once."""

    text: str


Report = Started | Wrote | Ended | Notice


class Engine(Protocol):
    """Where tasks run."""

    def submit(self, order: TaskOrder) -> None:
        """Start an attempt now; the caller keeps the number in flight within what the machine has."""

    def submit_gang(self, orders: Sequence[TaskOrder]) -> None:
        """Start attempts that need each other together."""

    def poll(self, timeout_seconds: float) -> list[Report]:
        """Wait until something happened or the time is up, and give all that happened."""

    def cancel(self, key: TaskKey, attempt: int, grace_seconds: float) -> None:
        """Ask an attempt to stop (SIGTERM), and kill it after the grace; an `Ended` follows."""

    def fileno(self) -> int | None:
        """A descriptor that becomes readable when `poll` has something to give; None when there is none."""

    def close(self) -> None:
        """Kill what still runs, with all descendants, and release everything."""
