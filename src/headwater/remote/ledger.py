"""The ledger of a server: every method of the port asks over HTTP; what it means, `model.ports.Ledger` says."""

import os
from collections.abc import Iterator, Sequence
from typing import NoReturn, TypeVar

import msgspec

from headwater.model.errors import InternalError, UserMistake
from headwater.model.events import Event, Request, RunFinished, RunStarted
from headwater.model.findings import Finding
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.launch import Firing, PublishedEvent
from headwater.model.overviews import ArtifactQuery, Change, FlowRow, NamedArtifact, StepCount, TaskSpan
from headwater.model.ports import Commit, Lease, Owner, PlannedFiring
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
from headwater.remote import wire
from headwater.remote.commits import Commits, Delivery
from headwater.remote.connection import DRIVER_PATIENCE_SECONDS, Server
from headwater.remote.journal import JournalHead
from headwater.remote.kept_small import FOLDER as SMALL
from headwater.remote.kept_small import KeptSmall
from headwater.remote.lease import HttpLease
from headwater.remote.leftover import deliver_left
from headwater.remote.news import wait_for_news
from headwater.remote.outbox import Outbox
from headwater.remote.run_files import RunFiles
from headwater.remote.wire import PREFIX

Answer = TypeVar("Answer", bound=msgspec.Struct)

#: Objects that are asked for at once.
_MOST_AT_ONCE = 1000


class HttpLedger:
    """The ledger of a server, as the bearer of a token sees it."""

    def __init__(
        self,
        server: Server,
        *,
        folder: str | None = None,
        user: str = "",
        delivery: Delivery | None = None,
        production_tokens: Sequence[str] = (),
        driver_patience_seconds: float = DRIVER_PATIENCE_SECONDS,
    ) -> None:
        """Take what it needs.

        Args:
            server: has the ledger.
            folder: stands for the server on this machine (`remote/folder.py`): what attempts write in `runs/` is sent
                while this process drives their run, and what the server does not take is kept there; None = nothing
                is kept, and a driver waits.
            user: who the bearer of the token is.
            delivery: sends, before a commit goes out, the objects that it may point to; None = they are there.
            production_tokens: shown to the server with what is written; may grow.
            driver_patience_seconds: how long a driver goes on while the server does not answer.
        """
        self._server = server
        self._folder = folder
        self._user = user
        self._commits = Commits(delivery, production_tokens)
        self._production_tokens = production_tokens
        self._small = None if folder is None else KeptSmall(os.path.join(folder, SMALL))
        self._driver_patience_seconds = driver_patience_seconds
        self._patience_seconds = server.patience_seconds
        self._leases: list[HttpLease] = []
        self._files: list[RunFiles] = []
        self._seen: int | None = None
        self._has_written = False

    def start_run(self, commit: Commit) -> tuple[HttpLease, RunStarted]:
        first = commit.events[0] if commit.events else None
        if not isinstance(first, RunStarted) or first.label:
            raise InternalError(f"a run starts with a RunStarted of label 0, not with {first!r}")
        secret = os.urandom(32).hex()
        self._keep_small(commit)
        found = self._commit("runs/start", wire.StartRun(commit, secret), wire.BegunRun)
        held = wire.HeldLease(first.run, found.epoch, secret)
        path = f"{found.started.flow}/{found.started.label}"
        return self._lease(held, len(commit.events), path), found.started

    def take(self, run: RunId, now: float) -> tuple[HttpLease, int]:
        self.deliver_left(run)
        secret = os.urandom(32).hex()
        question = wire.TakeRun(run, secret, os.uname().nodename, os.getpid(), now)
        found = self._write("runs/take", question, wire.TakenRun)
        return self._lease(wire.HeldLease(run, found.epoch, secret), found.last_event, found.path), found.epoch

    def append(self, lease: Lease, commit: Commit) -> int:
        if not isinstance(lease, HttpLease):
            raise InternalError(f"{lease!r} is no lease of this ledger")
        lease.require_held()
        if lease.outbox is not None:
            self._keep_small(commit)
            lease.last_event = lease.outbox.append(commit)
            self._has_written = True
        else:
            question = wire.Append(lease.held, lease.last_event, commit)
            lease.last_event = self._commit("runs/append", question, wire.Appended).number
        if any(isinstance(event, RunFinished) for event in commit.events[-1:]):
            lease.end()
        return lease.last_event

    def deliver_left(self, run: RunId) -> bool:
        """Deliver what a driver on this machine kept of a run and could not deliver; False when there is nothing.

        Raises:
            HeadwaterError: as `remote.leftover.deliver_left`.
        """
        if self._folder is None or any(lease.run == run for lease in self._leases):
            return False
        self._has_written = True
        return deliver_left(self._server, self._run_folder(run), self._user, self._commits)

    def events(self, run: RunId, after: int = 0) -> Iterator[tuple[int, Event]]:
        # Short at first, because many want the first event only.
        limit = 50
        while True:
            page = self._ask("events", wire.ReadEvents(run, after, limit), wire.EventsFound)
            yield from page.events
            if page.is_last:
                return
            after, limit = page.events[-1][0], 2000

    def request(self, run: RunId, request: Request) -> None:
        self._tell("request", wire.AskDriver(run, request))

    def requests(self, run: RunId, after: int = 0) -> list[tuple[int, Request]]:
        """Give requests in order; for the driver of a run whose server does not answer there are none."""
        question = wire.ReadRequests(run, after)
        outbox = next((lease.outbox for lease in self._leases if lease.run == run), None)
        if outbox is None:
            return self._ask("requests", question, wire.RequestsFound).requests
        found = outbox.ask(f"{PREFIX}/remote/ledger/requests", question, wire.RequestsFound)
        return [] if found is None else found.requests

    def wait(self, timeout_seconds: float) -> bool:
        if self._has_written:
            self._has_written, self._seen = False, None
            return True
        news = wait_for_news(self._server, self._seen, timeout_seconds)
        self._seen = news.number
        return news.is_changed

    def owner(self, run: RunId) -> Owner | None:
        return self._ask("owner", wire.OfRun(run), wire.OwnerFound).owner

    def find_run(self, flow: str, label: int) -> RunRow:
        return self._ask("find-run", wire.FindRun(flow, label), RunRow)

    def run(self, run: RunId) -> RunRow:
        return self._ask("run", wire.OfRun(run), RunRow)

    def flows(self) -> list[str]:
        return self._ask("flows", wire.Nothing(), wire.NamesFound).names

    def runs(self, query: RunQuery) -> Page[RunRow]:
        return self._ask("runs", query, Page[RunRow])

    def count_runs(self, query: RunQuery, *, at_most: int = 10_000) -> int:
        return self._ask("count-runs", wire.CountRuns(query, at_most), wire.Counted).count

    def flow_rows(self, projects: Sequence[str] | None = None, *, after: str = "", limit: int = 500) -> list[FlowRow]:
        chosen = None if projects is None else tuple(projects)
        return self._ask("flow-rows", wire.ReadFlowRows(chosen, after, limit), wire.FlowsFound).rows

    def metric_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._ask("names", wire.NamesOf("metrics", query, limit), wire.NamesFound).names

    def tag_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._ask("names", wire.NamesOf("tags", query, limit), wire.NamesFound).names

    def user_names(self, query: RunQuery, *, limit: int = 200) -> list[str]:
        return self._ask("names", wire.NamesOf("users", query, limit), wire.NamesFound).names

    def step_counts(self, run: RunId) -> list[StepCount]:
        return self._ask("step-counts", wire.OfRun(run), wire.StepCountsFound).rows

    def step_statuses(self, runs: Sequence[RunId]) -> dict[RunId, dict[str, dict[TaskStatus, int]]]:
        found: dict[RunId, dict[str, dict[TaskStatus, int]]] = {}
        for start in range(0, len(runs), _MOST_AT_ONCE):
            asked = wire.OfRuns(list(runs[start : start + _MOST_AT_ONCE]))
            found.update(self._ask("step-statuses", asked, wire.StatusesFound).by_run)
        return found

    def task_spans(self, run: RunId, *, after_label: int = 0, limit: int = 10_000) -> list[TaskSpan]:
        return self._ask("task-spans", wire.ReadTaskSpans(run, after_label, limit), wire.SpansFound).rows

    def tasks(self, query: TaskQuery) -> Page[TaskRow]:
        return self._ask("tasks", query, Page[TaskRow])

    def parents_of(self, run: RunId, key: TaskKey) -> list[TaskKey]:
        return self._ask("parents", wire.OfTask(run, key), wire.TaskKeys).keys

    def attempts(self, run: RunId, key: TaskKey) -> list[AttemptRow]:
        return self._ask("attempts", wire.OfTask(run, key), wire.AttemptsFound).rows

    def artifacts(self, run: RunId, keys: Sequence[TaskKey], name: str | None = None) -> list[ArtifactRow]:
        found: list[ArtifactRow] = []
        for start in range(0, len(keys), _MOST_AT_ONCE):
            asked = wire.ReadArtifacts(run, list(keys[start : start + _MOST_AT_ONCE]), name)
            found += self._ask("artifacts", asked, wire.ArtifactsFound).rows
        return found

    def visible(self, run: RunId, key: TaskKey) -> dict[str, ArtifactRow]:
        return self._ask("visible", wire.OfTask(run, key), wire.VisibleFound).row_by_name

    def artifacts_named(self, query: ArtifactQuery) -> Page[NamedArtifact]:
        return self._ask("artifacts-named", query, Page[NamedArtifact])

    def users_of(
        self, digest: Digest, limit: int = 100, *, projects: Sequence[str] | None = None
    ) -> list[tuple[RunId, TaskKey, str, bool]]:
        chosen = None if projects is None else tuple(projects)
        return self._ask("users-of", wire.UsersOf(digest, limit, chosen), wire.UsersFound).rows

    def changes(self, after: int = 0, *, limit: int = 1000) -> list[Change]:
        return self._ask("changes", wire.ReadChanges(after, limit), wire.ChangesFound).rows

    def last_change(self) -> int:
        return self._ask("last-change", wire.Nothing(), wire.Counted).count

    def tag_run(self, run: RunId, add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
        question = wire.TagRun(run, tuple(add), tuple(remove))
        return tuple(self._write("ledger/tag-run", question, wire.NamesFound).names)

    def annotate(self, run: RunId, note: str) -> None:
        self._tell("annotate", wire.Annotate(run, note))

    def small(self, digests: Sequence[Digest]) -> dict[Digest, bytes]:
        found = {} if self._small is None else self._small.find(digests)
        missing = [digest for digest in digests if digest not in found]
        for start in range(0, len(missing), _MOST_AT_ONCE):
            asked = wire.ReadSmall(missing[start : start + _MOST_AT_ONCE])
            got = self._ask("small", asked, wire.SmallFound).payload_by_digest
            if self._small is not None:
                self._small.keep(got)
            found.update(got)
        return found

    def launch(self, planned: Sequence[PlannedFiring], *, cursor: tuple[str, int] | None = None) -> list[Firing]:
        if cursor is not None:
            _refuse("cursors are moved")
        return self._commit("ledger/launch", wire.LaunchRuns(list(planned)), wire.FiringsFound).rows

    def cursor(self, name: str) -> int:
        return self._ask("cursor", wire.ReadCursor(name), wire.Counted).count

    def firing(self, key: str) -> Firing | None:
        return self._ask("firing", wire.ReadFiringKey(key), wire.FiringFound).firing

    def firings(self, query: FiringQuery) -> Page[Firing]:
        return self._ask("firings", query, Page[Firing])

    def last_slot(self, target: str, source: str) -> float | None:
        return self._ask("last-slot", wire.LastSlot(target, source), wire.SlotFound).slot

    def publish(self, event: PublishedEvent) -> PublishedEvent:
        return self._write("ledger/publish", event, PublishedEvent)

    def published(self, after: int = 0, *, name: str | None = None, limit: int = 1000) -> list[PublishedEvent]:
        return self._ask("published", wire.ReadPublished(after, name, limit), wire.PublishedFound).rows

    def write_records(self, records: Sequence[Record], objects: Commit | None = None) -> None:
        if objects is not None and objects.events:
            raise InternalError(f"records come with objects, not with events: {objects.events[0]!r}")
        self._commit("ledger/write-records", wire.WriteRecords(list(records), objects), wire.Nothing)

    def record(self, kind: str, key: str) -> Record | None:
        return self._ask("record", wire.FindRecord(kind, key), wire.RecordFound).record

    def records(self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        return self._ask("records", wire.ReadRecords(kind, prefix, after, limit), wire.RecordsFound).rows

    def record_history(self, kind: str, key: str) -> list[Record]:
        return self._ask("record-history", wire.FindRecord(kind, key), wire.RecordsFound).rows

    def references(self) -> Iterator[Reference]:
        _refuse("what nothing refers to is looked for and removed")

    def small_sizes(self) -> Iterator[tuple[Digest, int]]:
        _refuse("small objects are counted")

    def delete_small(self, digests: Sequence[Digest]) -> list[Digest]:
        _refuse("objects are removed")

    def oldest_live_run(self) -> float | None:
        _refuse("what nothing refers to is looked for and removed")

    def lead(self, role: str) -> bool:
        _refuse(f"the role `{role}` is taken")

    def leader(self, role: str) -> int | None:
        return self._ask("leader", wire.ReadLeader(role), wire.LeaderFound).pid

    def resign(self, role: str) -> None:
        return

    def check(self, *, is_quick: bool = False) -> Iterator[Finding]:
        _refuse("the ledger is checked")

    def stop_waiting(self) -> None:
        """Let whoever waits for the server give up now, and from now on try only once."""
        self._server.stop_waiting()

    def close(self) -> None:
        for lease in list(self._leases):
            lease.release()
        try:
            for files in self._files:
                files.close()
                if not self._server.is_given_up:  # which was said already
                    files.flush()
        finally:
            self._files = []
            self._server.close()

    def _lease(self, held: wire.HeldLease, last_event: int, path: str) -> HttpLease:
        # Whoever drives a run has tasks under way: they are worth a longer wait.
        self._server.patience_seconds = max(self._patience_seconds, self._driver_patience_seconds)
        files = outbox = None
        if self._folder is not None:
            files = RunFiles(self._server, self._run_folder(held.run), held)
            files.start()
            self._files.append(files)
            outbox = Outbox(
                self._server,
                JournalHead(held, path, self._user, last_event),
                self._run_folder(held.run),
                commits=self._commits,
                files=files,
                patience_seconds=self._driver_patience_seconds,
            )
        lease = HttpLease(self._server, held, path, last_event, files=files, outbox=outbox, on_release=self._forget)
        self._leases.append(lease)
        return lease

    def _run_folder(self, run: RunId) -> str:
        assert self._folder is not None
        return os.path.join(self._folder, "runs", run)

    def _keep_small(self, commit: Commit) -> None:
        """Let tasks find small objects without the server."""
        if self._small is not None:
            self._small.keep(commit.small)

    def _forget(self, lease: HttpLease) -> None:
        self._leases.remove(lease)
        if not self._leases:
            self._server.patience_seconds = self._patience_seconds

    def _ask(self, name: str, question: msgspec.Struct, answer: type[Answer]) -> Answer:
        return self._server.ask(f"{PREFIX}/remote/ledger/{name}", question, answer)

    def _commit(self, path: str, question: msgspec.Struct, answer: type[Answer]) -> Answer:
        found = self._commits.send(self._server, path, question, answer)
        self._has_written = True
        return found

    def _write(self, path: str, question: msgspec.Struct, answer: type[Answer]) -> Answer:
        tokens = self._production_tokens
        found = self._server.ask(f"{PREFIX}/remote/{path}", question, answer, production_tokens=tokens)
        self._has_written = True
        return found

    def _tell(self, name: str, question: msgspec.Struct) -> None:
        self._server.tell_to(f"{PREFIX}/remote/ledger/{name}", question)
        self._has_written = True


def _refuse(deed: str) -> NoReturn:
    raise UserMistake(f"{deed} where the store is, not from another machine", hint="do it on the server")
