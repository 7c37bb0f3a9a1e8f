"""The leases of runs that are driven from other machines: by time, on this server's clock, fenced by epoch.

The server holds the lock of such a run for as long as its driver gives signs of life. A file for each, in HOME/leases,
lets a server that was started anew hold on to them: an outage of the server takes no run from anybody. A driver that
was away for too long gets its lease back unless somebody else took the run over, which the epoch tells.
"""

import hmac
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from headwater.ledger.leases import RunLease
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import InternalError, LeaseLost, NotFound, RunIsDriven, RunIsFinished
from headwater.model.events import Event, RunFinished, RunStarted
from headwater.model.failpoints import failpoint
from headwater.model.ids import RunId
from headwater.model.ports import Commit, Owner
from headwater.model.private_files import make_private_folder
from headwater.model.secret_digest import secret_digest
from headwater.remote.wire import LEASE_SECONDS, HeldLease
from headwater.store.place_disk import sync_folder
from headwater.web.problems import Refused
from headwater.web.scope.scoped import ScopedLedger

FOLDER = "leases"
#: Seconds for which the files of a run are taken from its driver after its end (exit hooks write after it).
_AFTERWARDS_SECONDS = 600.0
#: Seconds between two looks for drivers that are gone.
_LOOK_SECONDS = 1.0

_encode = msgspec.json.Encoder(order="deterministic").encode


class Kept(msgspec.Struct, frozen=True):
    """What a lease's file holds."""

    run: RunId
    epoch: int
    #: SHA-256 of what only the driver knows.
    secret_hash: str
    user: str
    owner: Owner
    #: The driver was not heard of for too long.
    is_expired: bool = False
    v: int = 1


class _Held:
    """A lease of this process's memory."""

    def __init__(self, kept: Kept, lease: RunLease | None, expires_at: float) -> None:
        self.kept = kept
        #: None: the run has ended, or the lease was given back; its files may still grow.
        self.lease = lease
        self.expires_at = expires_at
        #: One writer at a time: a call that was tried again may overtake the first try.
        self.mutex = threading.Lock()


class RunLeases:
    """All leases of drivers elsewhere."""

    def __init__(
        self,
        ledger: SqliteLedger,
        home: str,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = LEASE_SECONDS,
    ) -> None:
        """Hold on to the leases that the server before had.

        Args:
            ledger: the whole one.
            home: the store's folder.
            clock: seconds that never go back.
            seconds: how long a driver may be silent.
        """
        self._ledger = ledger
        self._folder = os.path.join(home, FOLDER)
        self._clock = clock
        self._seconds = seconds
        self._mutex = threading.Lock()
        #: One start at a time: a second try must find what the first, which may still be under way, has done.
        self._beginning = threading.Lock()
        self._held: dict[RunId, _Held] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take up the leases that are kept, and begin to look for drivers that are gone."""
        for kept in self._all_kept():
            if not kept.is_expired:
                self._hold_on(kept)
        self._thread = threading.Thread(target=self._watch, name="leases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End looking; the locks go with the process, the files stay."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def start_run(self, ledger: ScopedLedger, user: str, commit: Commit, secret: str) -> tuple[int, RunStarted]:
        """Start a run for a driver elsewhere; asked again it gives the same.

        Raises:
            Refused: somebody else started a run with this ULID.
        """
        first = commit.events[0] if commit.events else None
        if not isinstance(first, RunStarted) or first.label:
            raise Refused(422, "a run starts with a `run_started` of label 0")
        with self._beginning:
            before = self._started_before(first.run, user, secret)
            if before is not None:
                return before
            kept = Kept(first.run, 1, secret_digest(secret), user, Owner(first.host, first.pid, first.at))
            # First, so that a start whose answer is lost can be asked for again whatever happens in between.
            self._keep(kept)
            try:
                with _told_as_refusal():
                    lease, started = ledger.start_run(commit)
            except BaseException:
                self._forget(first.run)
                raise
            assert isinstance(lease, RunLease)
            failpoint("web.after_start")
            self._remember(kept, lease)
            return lease.epoch, started

    def take(self, ledger: ScopedLedger, user: str, run: RunId, secret: str, owner: Owner) -> tuple[int, int]:
        """Take a run over for a driver elsewhere; gives the epoch and the number of its last event.

        Raises:
            RunIsDriven: its driver lives.
        """
        with self._beginning:
            row = ledger.run(run)
            known = self._held.get(run)
            if known is not None and known.lease is not None:
                if not _fits(known.kept, user, secret):
                    driver = known.kept.owner
                    raise RunIsDriven(row.path, driver.host, driver.pid, max(0.0, owner.since - driver.since))
                return known.kept.epoch, self._last_event(run)
            lease, epoch = ledger.take(run, owner.since, owner)
            assert isinstance(lease, RunLease)
            kept = Kept(run, epoch, secret_digest(secret), user, owner)
            self._keep(kept)
            self._remember(kept, lease)
            return epoch, self._last_event(run)

    def append(self, ledger: ScopedLedger, user: str, held: HeldLease, after: int, commit: Commit) -> int:
        """Append what follows on an event; what of it is there already is not written again.

        Raises:
            LeaseLost: the lease is not this driver's any more.
            RunIsFinished: the run has ended otherwise.
        """
        with self._turn(user, held) as known:
            there = self._count_there(ledger, held.run, after, commit.events)
            if there == len(commit.events) and after + there:
                return after + there
            if known is None:
                raise _lost(held.run)
            if known.lease is None:
                row = ledger.run(held.run)
                if row.finished_at is not None:
                    raise RunIsFinished(f"{row.path} is finished ({row.status}); nothing was written")
                raise LeaseLost(f"the lease of {row.path} was given back; nothing was written")
            rest = msgspec.structs.replace(commit, events=commit.events[there:]) if there else commit
            with _told_as_refusal():
                number = ledger.append(known.lease, rest)
            failpoint("web.after_append")
            if any(isinstance(event, RunFinished) for event in commit.events[-1:]):
                self._let_go(known)
            return number

    def renew(self, user: str, held: HeldLease) -> None:
        """Note that a driver lives.

        Raises:
            LeaseLost: somebody else drives the run now.
        """
        known = self._known(user, held)
        if known.lease is not None:
            known.expires_at = self._clock() + self._seconds

    def release(self, user: str, held: HeldLease) -> None:
        """Take a lease back; silent when it was taken back before."""
        with self._turn(user, held) as known:
            if known is not None and known.lease is not None:
                known.lease.release()
                self._let_go(known)

    def require(self, user: str, held: HeldLease) -> None:
        """Let the driver of a run write its files, also for a while after its end.

        Raises:
            LeaseLost: it is not its driver.
        """
        self._known(user, held)

    def owner(self, run: RunId) -> Owner | None:
        """Who drives a run from elsewhere; None when nobody does."""
        known = self._held.get(run)
        return None if known is None or known.lease is None else known.kept.owner

    def look(self) -> None:
        """Give up the leases of drivers that were not heard of for too long."""
        now = self._clock()
        for run, known in list(self._held.items()):
            if known.expires_at > now:
                continue
            with known.mutex:
                if known.expires_at > now:
                    continue
                if known.lease is not None:
                    known.lease.release()
                    self._keep(msgspec.structs.replace(known.kept, is_expired=True))
                self._held.pop(run, None)

    def _started_before(self, run: RunId, user: str, secret: str) -> tuple[int, RunStarted] | None:
        try:
            self._ledger.run(run)
        except NotFound:
            return None
        kept = self._kept(run)
        first = next(iter(self._ledger.events(run)), None)
        if kept is None or first is None or not isinstance(first[1], RunStarted) or not _fits(kept, user, secret):
            raise Refused(409, f"run {run} was started before")
        if run not in self._held:
            self._hold_on(kept)
        return kept.epoch, first[1]

    def _count_there(self, ledger: ScopedLedger, run: RunId, after: int, events: Sequence[Event]) -> int:
        """Count how many of these were appended before: whoever delivers what it kept may cut it up anew.

        Raises:
            LeaseLost: others follow on that event, or it is not there.
        """
        if not events:
            return 0
        there = ledger.events(run, max(0, after - 1))
        if after and next(there, (0, None))[0] != after:
            raise LeaseLost(f"run {run} has no event {after} here; nothing was written")
        count = 0
        for (number, stored), event in zip(there, events, strict=False):
            if _encode(stored) != _encode(event):
                raise LeaseLost(f"run {run} went on otherwise from event {number} on; nothing was written")
            count += 1
        return count

    @contextmanager
    def _turn(self, user: str, held: HeldLease) -> Iterator[_Held | None]:
        """Keep others from writing with the lease that a driver names; None: it is not this driver's any more."""
        while True:
            try:
                known = self._known(user, held)
            except LeaseLost:
                yield None
                return
            with known.mutex:
                if self._held.get(held.run) is known:  # it did not expire just now
                    yield known
                    return

    def _known(self, user: str, held: HeldLease) -> _Held:
        """Give the lease that a driver names; one that expired is taken again, unless somebody else has the run."""
        lost = _lost(held.run)
        known = self._held.get(held.run)
        if known is None:
            kept = self._kept(held.run)
            if kept is None or kept.epoch != held.epoch or not _fits(kept, user, held.secret):
                raise lost
            known = self._hold_on(kept)
            if known is None:
                raise lost
            self._keep(known.kept)
        if known.kept.epoch != held.epoch or not _fits(known.kept, user, held.secret):
            raise lost
        return known

    def _hold_on(self, kept: Kept) -> _Held | None:
        """Take up a lease from its file; None when the run is somebody else's, or was never started."""
        kept = msgspec.structs.replace(kept, is_expired=False)
        with self._mutex:
            known = self._held.get(kept.run)
            if known is not None:
                return known
            try:
                lease = self._ledger.hold_on(kept.run, kept.epoch)
                row = self._ledger.run(kept.run)
            except NotFound:
                self._forget(kept.run)
                return None
            if lease is None and row.finished_at is None:  # somebody else drives it, or did
                return None
            seconds = self._seconds if lease is not None else _AFTERWARDS_SECONDS
            known = _Held(kept, lease, self._clock() + seconds)
            self._held[kept.run] = known
            if lease is None:
                self._forget(kept.run)
            return known

    def _remember(self, kept: Kept, lease: RunLease) -> None:
        with self._mutex:
            self._held[kept.run] = _Held(kept, lease, self._clock() + self._seconds)

    def _let_go(self, known: _Held) -> None:
        """Note that a lease is over; its driver may send what it still has of files."""
        known.lease = None
        known.expires_at = self._clock() + _AFTERWARDS_SECONDS
        self._forget(known.kept.run)

    def _last_event(self, run: RunId) -> int:
        last = 0
        for number, _ in self._ledger.events(run):
            last = number
        return last

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            self.look()

    # Files

    def _keep(self, kept: Kept) -> None:
        """Write a lease's file, durably: who has the lease must have it after a power cut, too."""
        make_private_folder(self._folder)
        staged = self._path(f".{kept.run}.{os.urandom(4).hex()}")
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, msgspec.json.encode(kept))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(staged, self._path(kept.run))
        sync_folder(self._folder)

    def _kept(self, run: RunId) -> Kept | None:
        try:
            with open(self._path(run), "rb") as file:
                return msgspec.json.decode(file.read(), type=Kept)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _all_kept(self) -> list[Kept]:
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return []
        found = [self._kept(name) for name in names if not name.startswith(".")]
        return [kept for kept in found if kept is not None]

    def _forget(self, run: RunId) -> None:
        try:
            os.unlink(self._path(run))
        except FileNotFoundError:
            return

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)


@contextmanager
def _told_as_refusal() -> Iterator[None]:
    """Let a driver whose events do not follow on one another hear that it is wrong, not that the server failed."""
    try:
        yield
    except (KeyError, OverflowError, InternalError) as error:
        raise Refused(422, "these events do not follow on what the run has; nothing was written") from error


def _lost(run: RunId) -> LeaseLost:
    return LeaseLost(f"run {run} is driven by somebody else by now; nothing was written")


def _fits(kept: Kept, user: str, secret: str) -> bool:
    return kept.user == user and hmac.compare_digest(kept.secret_hash, secret_digest(secret))
