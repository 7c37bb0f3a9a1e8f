"""What goes over the wire between a ledger's client and the server: one Struct a question, by the name of its method.

The nouns inside (`Commit`, `RunRow`, `Record`, ...) are those of `model`, as JSON.
"""

from typing import Annotated, Literal

import msgspec

from headwater.model.events import Event, Request, RunStarted
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Firing, PublishedEvent
from headwater.model.overviews import Change, FlowRow, StepCount, TaskSpan
from headwater.model.ports import Commit, Owner, PlannedFiring
from headwater.model.records import Record
from headwater.model.rows import ArtifactRow, AttemptRow, RunQuery, TaskStatus

#: In front of every path.
PREFIX = "/api/v1"
#: Rows that a question may ask for.
MOST_ROWS = 10_000
#: Bytes that a commit may have as JSON.
COMMIT_BYTES = 64 << 20
#: Bytes of a log that are sent at once.
PIECE_BYTES = 256 << 10
#: Seconds for which a run stays its driver's without a word from it.
LEASE_SECONDS = 30.0
#: Seconds for which the server holds a question for news back at most.
WAIT_SECONDS = 20.0

Rows = Annotated[int, msgspec.Meta(ge=0, le=MOST_ROWS)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
#: What only the driver of a run knows: 256 random bits in hexadecimal.
Secret = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
#: A ULID.
Run = Annotated[RunId, msgspec.Meta(pattern="^[0-9A-HJKMNP-TV-Z]{26}$")]
#: What somebody takes for the ULID of a run.
AnyRun = Annotated[RunId, msgspec.Meta(max_length=1000)]
#: A file of a run's folder: an attempt's lines or points, or the lines of a hook.
FileName = Annotated[
    str, msgspec.Meta(pattern=r"^(\d{1,18}\.\d{1,9}\.(log|points)|hook\.[A-Za-z_][A-Za-z0-9_]{0,127}\.log)$")
]
Object = Annotated[Digest, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Nothing(msgspec.Struct, frozen=True):
    """A question without parameters."""


class StartRun(msgspec.Struct, frozen=True):
    """Start a run and hold its lease."""

    commit: Commit
    secret: Secret

    @property
    def about(self) -> dict[str, str]:
        """What is started, for the audit log."""
        first = next((event for event in self.commit.events if isinstance(event, RunStarted)), None)
        return {} if first is None else {"flow": first.flow, "run": first.run}


class BegunRun(msgspec.Struct, frozen=True):
    """A run that was started, and its first event as stored."""

    epoch: int
    started: RunStarted


class TakeRun(msgspec.Struct, frozen=True):
    """Take the lease of a run."""

    run: AnyRun
    secret: Secret
    host: Annotated[str, msgspec.Meta(max_length=256)]
    pid: Number
    #: Unix time, for people.
    at: float


class TakenRun(msgspec.Struct, frozen=True):
    """A lease that was taken."""

    epoch: int
    #: Number of the run's last event.
    last_event: int
    #: `Churn/17`.
    path: str


class HeldLease(msgspec.Struct, frozen=True):
    """A lease, as its holder names it."""

    run: Run
    epoch: Number
    secret: Secret


class Append(msgspec.Struct, frozen=True):
    """Append to a run."""

    lease: HeldLease
    #: Number of the last event that the holder knows; a batch that follows on it already is not written again.
    after: Number
    commit: Commit


class Appended(msgspec.Struct, frozen=True):
    """Number of the run's last event."""

    number: int


class Renew(msgspec.Struct, frozen=True):
    """Say that the driver lives."""

    lease: HeldLease
    #: Number of the last request that it knows.
    after_request: Number


class Renewed(msgspec.Struct, frozen=True):
    """What others asked of the driver since."""

    requests: list[tuple[int, Request]]


class AppendFile(msgspec.Struct, frozen=True):
    """Append to a file of a run; what lies there already is not written again."""

    lease: HeldLease
    name: FileName
    #: Where the piece begins.
    offset: Number
    piece: Annotated[bytes, msgspec.Meta(max_length=PIECE_BYTES)]


class FileSize(msgspec.Struct, frozen=True):
    """Bytes that the server has of a file."""

    size: int


class ObjectSize(msgspec.Struct, frozen=True):
    """Bytes of an object's file."""

    size: int


class OfRun(msgspec.Struct, frozen=True):
    """A question about one run."""

    run: AnyRun


class ReadEvents(msgspec.Struct, frozen=True):
    """Events of a run."""

    run: AnyRun
    after: Number = 0
    limit: Rows = 1000


class EventsFound(msgspec.Struct, frozen=True):
    """Events with their numbers."""

    events: list[tuple[int, Event]]
    is_last: bool


class AskDriver(msgspec.Struct, frozen=True):
    """Ask a run's driver for something."""

    run: AnyRun
    request: Request


class ReadRequests(msgspec.Struct, frozen=True):
    """What was asked of a run's driver."""

    run: AnyRun
    after: Number = 0


class RequestsFound(msgspec.Struct, frozen=True):
    """Requests with their numbers."""

    requests: list[tuple[int, Request]]


class OwnerFound(msgspec.Struct, frozen=True):
    """Who drives a run; None when nobody does."""

    owner: Owner | None


class FindRun(msgspec.Struct, frozen=True):
    """`Churn/17`."""

    flow: str
    label: Number


class NamesFound(msgspec.Struct, frozen=True):
    """Names."""

    names: list[str]


class CountRuns(msgspec.Struct, frozen=True):
    """How many runs match."""

    query: RunQuery
    at_most: Rows = MOST_ROWS


class Counted(msgspec.Struct, frozen=True):
    """A number."""

    count: int


class ReadFlowRows(msgspec.Struct, frozen=True):
    """Flows by name."""

    projects: tuple[str, ...] | None = None
    after: str = ""
    limit: Rows = 500


class FlowsFound(msgspec.Struct, frozen=True):
    """Flows."""

    rows: list[FlowRow]


class NamesOf(msgspec.Struct, frozen=True):
    """Names that runs have: of metrics, tags or users."""

    what: Literal["metrics", "tags", "users"]
    query: RunQuery
    limit: Rows = 200


class StepCountsFound(msgspec.Struct, frozen=True):
    """Tasks of a run by step and status."""

    rows: list[StepCount]


class OfRuns(msgspec.Struct, frozen=True):
    """A question about many runs."""

    runs: Annotated[list[AnyRun], msgspec.Meta(max_length=1000)]


class StatusesFound(msgspec.Struct, frozen=True):
    """Run -> step -> status -> tasks."""

    by_run: dict[RunId, dict[str, dict[TaskStatus, int]]]


class ReadTaskSpans(msgspec.Struct, frozen=True):
    """Attempts of the tasks behind a label."""

    run: AnyRun
    after_label: Number = 0
    limit: Rows = MOST_ROWS


class SpansFound(msgspec.Struct, frozen=True):
    """Attempts."""

    rows: list[TaskSpan]


class OfTask(msgspec.Struct, frozen=True):
    """A question about one task."""

    run: AnyRun
    key: TaskKey


class TaskKeys(msgspec.Struct, frozen=True):
    """Keys of tasks."""

    keys: list[TaskKey]


class AttemptsFound(msgspec.Struct, frozen=True):
    """Attempts of a task."""

    rows: list[AttemptRow]


class ReadArtifacts(msgspec.Struct, frozen=True):
    """Artifacts that tasks set themselves."""

    run: AnyRun
    keys: Annotated[list[TaskKey], msgspec.Meta(max_length=MOST_ROWS)]
    name: str | None = None


class ArtifactsFound(msgspec.Struct, frozen=True):
    """Artifacts."""

    rows: list[ArtifactRow]


class UsersOf(msgspec.Struct, frozen=True):
    """Who set or read an artifact."""

    digest: Object
    limit: Rows = 100
    projects: tuple[str, ...] | None = None


class UsersFound(msgspec.Struct, frozen=True):
    """(run, task, name, was it set there)."""

    rows: list[tuple[RunId, TaskKey, str, bool]]


class ReadChanges(msgspec.Struct, frozen=True):
    """What was written since."""

    after: Number = 0
    limit: Rows = 1000


class ChangesFound(msgspec.Struct, frozen=True):
    """Changes."""

    rows: list[Change]


class TagRun(msgspec.Struct, frozen=True):
    """Change a run's tags."""

    run: AnyRun
    add: tuple[str, ...]
    remove: tuple[str, ...]


class Annotate(msgspec.Struct, frozen=True):
    """Replace a run's note."""

    run: AnyRun
    note: Annotated[str, msgspec.Meta(max_length=100_000)]


class ReadSmall(msgspec.Struct, frozen=True):
    """Payloads of small objects."""

    digests: Annotated[list[Object], msgspec.Meta(max_length=1000)]


class SmallFound(msgspec.Struct, frozen=True):
    """Payloads by digest."""

    payload_by_digest: dict[Digest, bytes]


class LaunchRuns(msgspec.Struct, frozen=True):
    """Record firings and start their runs."""

    planned: Annotated[list[PlannedFiring], msgspec.Meta(max_length=100)]

    @property
    def about(self) -> dict[str, str]:
        """Of what runs are started, for the audit log."""
        return {"target": ", ".join(sorted({each.firing.target for each in self.planned}))}


class ReadFiringKey(msgspec.Struct, frozen=True):
    """A firing's idempotency key."""

    key: str


class FiringFound(msgspec.Struct, frozen=True):
    """A firing; None when there is none."""

    firing: Firing | None


class FiringsFound(msgspec.Struct, frozen=True):
    """Firings."""

    rows: list[Firing]


class LastSlot(msgspec.Struct, frozen=True):
    """The latest slot of a target's source."""

    target: str
    source: str


class SlotFound(msgspec.Struct, frozen=True):
    """A slot; None when there is none."""

    slot: float | None


class ReadCursor(msgspec.Struct, frozen=True):
    """Name of a cursor."""

    name: str


class ReadPublished(msgspec.Struct, frozen=True):
    """Published events."""

    after: Number = 0
    name: str | None = None
    limit: Rows = 1000


class PublishedFound(msgspec.Struct, frozen=True):
    """Published events."""

    rows: list[PublishedEvent]


class WriteRecords(msgspec.Struct, frozen=True):
    """Append versions of records."""

    records: Annotated[list[Record], msgspec.Meta(max_length=MOST_ROWS)]
    objects: Commit | None = None

    @property
    def about(self) -> dict[str, str]:
        """What is written, for the audit log."""
        return {"records": ", ".join(f"{each.kind} {each.key} {each.version}" for each in self.records[:10])}


class FindRecord(msgspec.Struct, frozen=True):
    """One record."""

    kind: str
    key: str


class RecordFound(msgspec.Struct, frozen=True):
    """A record; None when there is none."""

    record: Record | None


class ReadRecords(msgspec.Struct, frozen=True):
    """The latest versions of a kind."""

    kind: str
    prefix: str = ""
    after: str = ""
    limit: Rows = 1000


class RecordsFound(msgspec.Struct, frozen=True):
    """Records."""

    rows: list[Record]


class News(msgspec.Struct, frozen=True):
    """Whether something was written since, and how far that is."""

    number: int
    is_changed: bool


class VisibleFound(msgspec.Struct, frozen=True):
    """Artifacts of a task by name, inherited ones included."""

    row_by_name: dict[str, ArtifactRow]


class WaitForNews(msgspec.Struct, frozen=True):
    """Answer when something was written since."""

    #: Number of the last change that the caller knows; None = what is written from now on.
    after: Number | None = None
    #: How long to wait at most.
    seconds: Annotated[float, msgspec.Meta(ge=0.0, le=WAIT_SECONDS)] = 0.0


class ReadLeader(msgspec.Struct, frozen=True):
    """Who has a role, such as the scheduler's."""

    role: Annotated[str, msgspec.Meta(pattern="^[a-z_]{1,40}$")]


class LeaderFound(msgspec.Struct, frozen=True):
    """Number of its process on the server; None when nobody has it."""

    pid: int | None
