"""What the driver of one run writes: straight to the server, and into a journal while the server does not answer.

A driver goes on through an outage. Its appends are numbered as they will be: nobody else writes to the run while it has
the lease, and if somebody took the run over meanwhile, the epoch tells the server. A thread, which is there only in an
outage, tries the server again and again, delivers the journal in order, and then lets the appends go straight again.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from headwater.model.errors import (
    HeadwaterError,
    InternalError,
    LeaseLost,
    LedgerDamaged,
    RunIsFinished,
    ServerNotReached,
)
from headwater.model.events import RunFinished
from headwater.model.failpoints import failpoint
from headwater.model.ports import Commit
from headwater.remote.commits import Commits
from headwater.remote.connection import Server, duration_text, reason_text
from headwater.remote.journal import Journal, JournalEntry, JournalHead, create_journal
from headwater.remote.run_files import RunFiles
from headwater.remote.wire import PREFIX, Append, Appended, Renew, Renewed

Answer = TypeVar("Answer", bound=msgspec.Struct)

#: Seconds for which the server may be silent before the driver goes on without it.
_SILENCE_SECONDS = 5.0
#: Seconds between two tries, from the first to the longest.
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0
#: Whoever watches is told of an outage that is longer than so many seconds.
_TELL_AFTER_SECONDS = 1.0
#: Longest sleep of whoever waits for the delivery, so that Ctrl-C is seen in time.
_LOOK_SECONDS = 0.2
#: Entries are delivered together up to so many events and bytes.
_BATCH_EVENTS = 1000
_BATCH_BYTES = 1 << 20
#: A rest of the journal that is shorter is delivered while the driver waits.
_DRAINED_BYTES = 256 << 10


class Outbox:
    """The appends of one run whose lease this process holds; one thread appends."""

    def __init__(
        self,
        server: Server,
        head: JournalHead,
        folder: str,
        *,
        commits: Commits,
        files: RunFiles,
        patience_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what it needs.

        Args:
            server: has the run.
            head: whose run it is, and number of the last event that is there.
            folder: of the run; takes the journal.
            commits: sends commits with their objects.
            files: what the run's attempts write: all of it goes before the run's end.
            patience_seconds: how long the server may be away before the driver gives up.
            monotonic: seconds that never go back.
        """
        self._server = server
        self._head = head
        self._folder = folder
        self._commits = commits
        self._files = files
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        #: Tries once and says nothing.
        self._quick = server.in_background()
        #: Number of the last event that was appended.
        self.last_event = head.after
        self._changed = threading.Condition()
        self._is_out = self._is_closed = False
        #: An entry is being written, or the last ones are being delivered, one kept from beginning by the other.
        self._is_writing = self._is_draining = False
        self._journal: Journal | None = None
        self._offset = 0
        self._failure: HeadwaterError | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_out(self) -> bool:
        """The server does not answer, or does not have everything yet."""
        return self._is_out

    def append(self, commit: Commit) -> int:
        """Append and give the number of the last event; durable on return, there or here.

        The end of a run is there on return.

        Raises:
            HeadwaterError: the server refuses it; or it was away for too long, or refused what was kept for it, and
                then nothing more is taken.
            DiskFull: this machine has no room to keep it.
        """
        entry = JournalEntry(self.last_event, commit)
        while not (self._went_straight(entry) or self._is_kept(entry)):
            continue
        self.last_event = entry.last
        if _is_end(commit):
            self.settle()
        return self.last_event

    def ask(self, path: str, question: msgspec.Struct, answer: type[Answer]) -> Answer | None:
        """Ask the server what the driver need not know at once; None: it does not answer now.

        Raises:
            HeadwaterError: as `append`.
        """
        self._require_well()
        if not self._is_out:
            try:
                return self._quick.ask(path, question, answer, silence_seconds=_SILENCE_SECONDS)
            except ServerNotReached:
                self._begin_outage()
        return None

    def settle(self) -> bool:
        """Wait until the server answers and has everything; False when nothing was to be waited for.

        Raises:
            HeadwaterError: as `append`.
        """
        with self._changed:
            was_out = self._is_out
            while self._is_out and self._failure is None and not self._is_closed:
                self._changed.wait(_LOOK_SECONDS)
        self._require_well()
        return was_out

    def close(self) -> None:
        """Stop trying; what was not delivered stays in the journal."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_SILENCE_SECONDS)
        self._quick.close()
        with self._changed:
            if self._journal is not None and (self._thread is None or not self._thread.is_alive()):
                self._journal.close()

    def _went_straight(self, entry: JournalEntry) -> bool:
        self._require_well()
        if self._is_out:
            return False
        try:
            if _is_end(entry.commit):
                self._files.flush(self._quick)  # who reads that the run has ended finds all that it wrote
            self._send(self._quick, entry, silence_seconds=_SILENCE_SECONDS)
        except ServerNotReached:
            self._begin_outage()
            return False
        return True

    def _send(self, server: Server, entry: JournalEntry, *, silence_seconds: float | None = None) -> None:
        question = Append(self._head.lease, entry.after, entry.commit)
        self._commits.send(server, "runs/append", question, Appended, silence_seconds=silence_seconds)

    def _is_kept(self, entry: JournalEntry) -> bool:
        """Keep an entry in the journal; False when the outage ended meanwhile."""
        with self._changed:
            # A driver that writes without a pause would keep the journal from ever being at its end.
            self._changed.wait_for(lambda: not self._is_draining or self._failure is not None)
            self._require_well()
            if not self._is_out:
                return False
            if self._journal is None:
                head = msgspec.structs.replace(self._head, after=entry.after)
                self._journal = create_journal(self._folder, head)
                self._offset = self._journal.first
            journal, self._is_writing = self._journal, True
        try:
            journal.append(entry)
        finally:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
        return True

    def _begin_outage(self) -> None:
        with self._changed:
            if self._is_out:
                return
            self._is_out = True
            self._thread = threading.Thread(target=self._ride_out, name=f"outbox of {self._head.path}", daemon=True)
            self._thread.start()

    def _ride_out(self) -> None:
        """Try until everything is delivered."""
        server = self._server.in_background()
        outage = _Outage(self._server, self._patience_seconds, self._monotonic)
        try:
            while not self._is_closed:
                try:
                    is_over = self._deliver(server)
                except ServerNotReached as not_reached:
                    outage.goes_on(not_reached)
                    with self._changed:
                        self._is_draining = False
                        self._changed.notify_all()
                        self._changed.wait_for(lambda: self._is_closed or self._server.is_hurried, outage.pause())
                else:
                    outage.note_answer()
                    if is_over:
                        outage.end()
                        return
        except HeadwaterError as failure:
            self._fail(failure)
        except BaseException as broken:  # noqa: BLE001 - raised where the driver is
            self._fail(
                InternalError(f"what the server does not have of {self._head.path} is not delivered: {broken!r}")
            )
        finally:
            server.close()

    def _deliver(self, server: Server) -> bool:
        """Deliver some of the journal, or only see whether the server answers; True when everything is there."""
        entry, end = self._next()
        failpoint("remote.before_delivery")
        if entry is None:
            server.ask(f"{PREFIX}/remote/runs/renew", Renew(self._head.lease, 0), Renewed)
        else:
            if _is_end(entry.commit):
                self._files.flush(server)
            self._send(server, entry)
        failpoint("remote.after_delivery")
        with self._changed:
            self._is_draining = True
            self._changed.wait_for(lambda: not self._is_writing)
            if entry is not None:
                self._offset = end
            left = 0 if self._journal is None else self._journal.size - self._offset
            self._is_draining = 0 < left < _DRAINED_BYTES
            self._changed.notify_all()
            if left:
                return False
            if self._journal is not None:
                self._journal.remove()
                self._journal = None
            self._is_out = False
            return True

    def _next(self) -> tuple[JournalEntry | None, int]:
        """Give the next entries as one, and where the journal goes on behind them."""
        with self._changed:
            journal, offset = self._journal, self._offset
        return (None, 0) if journal is None else next_batch(journal, offset)

    def _fail(self, failure: HeadwaterError) -> None:
        """Let the driver stop: it is told by its next call."""
        with self._changed:
            if self._journal is not None:
                explain(failure, self._journal)
            elif isinstance(failure, ServerNotReached):
                failure.hint = f"{failure.hint} Nothing of {self._head.path} waits; `headwater resume` goes on with it"
            self._failure = failure
            self._changed.notify_all()

    def _require_well(self) -> None:
        if self._failure is not None:
            raise self._failure


class _Outage:
    """One time without the server: how long it may last, and who is told of it."""

    def __init__(self, server: Server, patience_seconds: float, monotonic: Callable[[], float]) -> None:
        self._server = server
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._began = monotonic()
        #: When the server answered last, or this began.
        self._since = self._began
        self._pause = _FIRST_PAUSE_SECONDS
        self._has_told = False

    def goes_on(self, error: ServerNotReached) -> None:
        """Note one more try in vain.

        Raises:
            ServerNotReached: it was tried for long enough.
        """
        waited = self._monotonic() - self._since
        reason = reason_text(error.__cause__ or error)
        if waited >= self._patience_seconds or self._server.is_hurried:
            self._server.is_given_up = True
            raise ServerNotReached(
                f"{self._server.url} does not answer: {reason}; tried for {duration_text(waited)}",
                hint="is it running there, and is the network up?",
            ) from error
        if waited >= _TELL_AFTER_SECONDS and not self._has_told:
            self._has_told = True
            patience = duration_text(self._patience_seconds)
            self._server.say(
                f"{self._server.url} does not answer ({reason}); the run goes on, and what it does is kept here for "
                f"up to {patience}"
            )

    def pause(self) -> float:
        """Give the seconds until the next try; from half to the whole, so that not everybody comes back at once."""
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        return pause * (0.5 + os.urandom(1)[0] / 512)

    def note_answer(self) -> None:
        """Note that the server answered."""
        self._since = self._monotonic()
        self._pause = _FIRST_PAUSE_SECONDS

    def end(self) -> None:
        """Say that it answers again, to whom the contrary was told."""
        if self._has_told:
            waited = duration_text(self._monotonic() - self._began)
            self._server.say(f"{self._server.url} answers again, after {waited}, and has everything")


def next_batch(journal: Journal, offset: int) -> tuple[JournalEntry | None, int]:
    """Give the next entries of a journal as one, None at its end, and where it goes on behind them.

    Holds a MiB, or one entry that is larger.

    Raises:
        LedgerDamaged: the next one does not read.
    """
    entries: list[JournalEntry] = []
    began, count = offset, 0
    while count < _BATCH_EVENTS and offset - began < _BATCH_BYTES:
        try:
            found = journal.read(offset)
        except LedgerDamaged:
            if entries:
                break  # the next batch begins with it
            raise
        if found is None or (entries and found[0].after != entries[-1].last):
            break
        entry, offset = found
        entries.append(entry)
        count += len(entry.commit.events)
    if not entries:
        return None, offset
    merged = Commit(
        events=[event for entry in entries for event in entry.commit.events],
        small={digest: payload for entry in entries for digest, payload in entry.commit.small.items()},
        headers={digest: header for entry in entries for digest, header in entry.commit.headers.items()},
    )
    return JournalEntry(entries[0].after, merged), offset


def explain(failure: HeadwaterError, journal: Journal) -> None:
    """Add to an error what became of a journal that it kept from being delivered; sets one aside that never can be."""
    path = journal.head.path
    if isinstance(failure, LeaseLost | RunIsFinished):
        kept = journal.set_aside()
        failure.message = (
            f"{path} was taken over while the server was away from here: what this driver did since event "
            f"{journal.head.after} is not written ({failure.message})"
        )
        failure.hint = f"it is kept for people in {kept}; `headwater status {path}` tells how the run went on"
        return
    told = f"what {path} did meanwhile is kept in {journal.path}; `headwater resume {path}` on this machine delivers it"
    failure.hint = f"{failure.hint} {told}".lstrip()


def _is_end(commit: Commit) -> bool:
    return any(isinstance(event, RunFinished) for event in commit.events[-1:])
