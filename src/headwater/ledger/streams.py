"""The streams of runs: starting one, taking one over, appending under the lease, reading back."""

import os
import time
from collections.abc import Iterator

import msgspec

from headwater.ledger.database import Database
from headwater.ledger.leases import RunLease, RunPosition
from headwater.ledger.writing import insert_run, write_events, write_objects
from headwater.model.errors import DiskFull, InternalError, LeaseLost, NotFound, RunIsDriven, RunIsFinished
from headwater.model.events import Event, Request, RunFinished, RunStarted
from headwater.model.failpoints import failpoint
from headwater.model.ids import RunId, TaskKey
from headwater.model.ports import FIRST_EPOCH, Commit, Lease, Owner
from headwater.model.projections import Course, OpenGate, OpenTask

#: Events of one read; the first is short because many want the first event only.
_FIRST_PAGE = 50
_PAGE = 2000


class Streams:
    """Events and requests of all runs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._encode = msgspec.json.Encoder().encode
        self._decode_event = msgspec.json.Decoder(Event).decode
        self._decode_request = msgspec.json.Decoder(Request).decode

    def start_run(self, commit: Commit) -> tuple[RunLease, RunStarted]:
        first = commit.events[0] if commit.events else None
        if not isinstance(first, RunStarted) or first.label:
            raise InternalError(f"a run starts with a RunStarted of label 0, not with {first!r}")
        locks = self._database.locks
        if not locks.take(first.run):
            raise InternalError(f"run {first.run} was started before")
        try:
            with self._database.transaction():
                lease, started = self._insert_run(first, len(commit.events))
                self._write(lease, 0, Commit([started, *commit.events[1:]], commit.small, commit.headers))
        except BaseException:
            locks.release(first.run)
            raise
        return lease, started

    def _insert_run(self, first: RunStarted, last_event: int) -> tuple[RunLease, RunStarted]:
        label = int(self._database.row(self._database.sql["next_label"], (first.flow,))[0])
        started = msgspec.structs.replace(first, label=label)
        run_id = insert_run(self._database, started, last_event)
        lease = RunLease(self._database.locks, started.run, f"{started.flow}/{label}", run_id, FIRST_EPOCH)
        lease.course = Course()
        return lease, started

    def take(self, run: RunId, now: float, owner: Owner | None = None) -> tuple[RunLease, int]:
        position = self.position(run)
        locks = self._database.locks
        if position.status != "running":
            raise RunIsFinished(f"{position.path} is finished ({position.status})")
        if not locks.take(run):
            driver = self._owner(position)
            if driver is None:
                return self.take(run, now, owner)
            raise RunIsDriven(position.path, driver.host, driver.pid, max(0.0, now - driver.since))
        host, pid = (os.uname().nodename, os.getpid()) if owner is None else (owner.host, owner.pid)
        try:
            with self._database.transaction():
                row = self._database.row(self._database.sql["take_over"], (host, pid, now, position.run_id))
                if row is None:
                    raise RunIsFinished(f"{position.path} has just finished")
        except BaseException:
            locks.release(run)
            raise
        lease = RunLease(locks, run, position.path, position.run_id, int(row[0]))
        return lease, lease.epoch

    def hold_on(self, run: RunId, epoch: int) -> RunLease | None:
        """Take the lease of this epoch again, which was given up only because its process ended."""
        position = self.position(run)
        locks = self._database.locks
        if position.status != "running" or position.epoch != epoch or not locks.take(run):
            return None
        # Somebody may have had it between the look and the lock.
        if self.position(run).epoch != epoch:
            locks.release(run)
            return None
        return RunLease(locks, run, position.path, position.run_id, epoch)

    def append(self, lease: Lease, commit: Commit) -> int:
        if not isinstance(lease, RunLease):
            raise InternalError(f"{lease!r} is no lease of this ledger")
        if lease.is_released:
            raise self._why_refused(lease)
        count = len(commit.events)
        try:
            with self._database.transaction():
                row = self._database.row(self._database.sql["claim_numbers"], (count, lease.run_id, lease.epoch))
                if row is None:
                    raise self._why_refused(lease)
                if lease.course is None:
                    lease.course = self._course(lease.run_id)
                self._write(lease, int(row[0]) - count, commit)
        except DiskFull as full:
            lease.course = None
            raise DiskFull(full.path, self._size(commit), full.free) from full
        except BaseException:
            lease.course = None
            raise
        if any(isinstance(event, RunFinished) for event in commit.events[-1:]):
            lease.end()
        return int(row[0])

    def _size(self, commit: Commit) -> int:
        """Give the bytes that a commit needs at least."""
        return len(self._encode(commit.events)) + sum(len(payload) for payload in commit.small.values())

    def _write(self, lease: RunLease, last: int, commit: Commit) -> None:
        course = lease.course if lease.course is not None else Course()
        write_objects(self._database, commit)
        write_events(self._database, lease.run_id, last + 1, commit.events, course)
        failpoint("ledger.after_insert")

    def _why_refused(self, lease: RunLease) -> LeaseLost | RunIsFinished:
        position = self.position(lease.run)
        if position.status != "running":
            return RunIsFinished(f"{position.path} is finished ({position.status}); nothing was written")
        by = f"process {position.owner_pid} on {position.owner_host}"
        if position.epoch == lease.epoch:
            return LeaseLost(f"the lease of {position.path} was given back; nothing was written")
        return LeaseLost(f"{position.path} was taken over by {by}; nothing was written")

    def _course(self, run_id: int) -> Course:
        """Read back what is projected so far."""
        _, counts, metrics, gates = self._database.row(self._database.sql["open_state"], (run_id,))
        return Course(
            {
                key: OpenTask(label, attempt, status)
                for key, label, attempt, status in self._database.rows(self._database.sql["open_tasks"], (run_id,))
            },
            msgspec.json.decode(counts, type=dict[str, int]),
            msgspec.json.decode(metrics, type=dict[str, float | int | str | bool | None]),
            msgspec.json.decode(gates, type=dict[TaskKey, OpenGate]),
        )

    def position(self, run: RunId) -> RunPosition:
        """Find a run by its ULID.

        Raises:
            NotFound: no such run.
        """
        row = self._database.row(self._database.sql["run_position"], (run,))
        if row is None:
            raise NotFound(f"there is no run {run}")
        return RunPosition(*row)

    def owner(self, run: RunId) -> Owner | None:
        return self._owner(self.position(run))

    def _owner(self, position: RunPosition) -> Owner | None:
        pid = self._database.locks.holder(position.run)
        if pid is None:
            return None
        was_here = not position.owner_pid or position.owner_host == os.uname().nodename
        if pid and pid != position.owner_pid and was_here:
            # It has just taken the lock; its row follows. (One that holds it for another machine is not in the row.)
            return Owner(os.uname().nodename, pid, time.time())
        return Owner(position.owner_host, position.owner_pid, position.owner_since)

    def events(self, run: RunId, after: int = 0) -> Iterator[tuple[int, Event]]:
        size = _FIRST_PAGE
        while page := self._database.rows(self._database.sql["events"], (run, after, size)):
            for number, body in page:
                yield number, self._decode_event(body)
            if len(page) < size:
                return
            after, size = page[-1][0], _PAGE

    def request(self, run: RunId, request: Request) -> None:
        with self._database.transaction():
            position = self.position(run)
            if position.status != "running":
                raise RunIsFinished(f"{position.path} is finished ({position.status})")
            self._database.execute_many(
                self._database.sql["insert_request"], [(position.run_id, self._encode(request))]
            )

    def requests(self, run: RunId, after: int = 0) -> list[tuple[int, Request]]:
        rows = self._database.rows(self._database.sql["requests"], (run, after))
        return [(number, self._decode_request(body)) for number, body in rows]
