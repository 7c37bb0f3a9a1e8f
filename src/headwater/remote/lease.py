"""The lease of a run that this process drives and a server holds: kept alive by a thread, given back or lost."""

import threading
from collections.abc import Callable

from headwater.model.errors import HeadwaterError, LeaseLost, RunIsFinished
from headwater.model.ids import RunId
from headwater.remote.connection import Server
from headwater.remote.outbox import Outbox
from headwater.remote.run_files import RunFiles
from headwater.remote.wire import PREFIX, HeldLease, Renew, Renewed

#: Seconds between two signs of life; the server waits for many times as long.
_BEAT_SECONDS = 1.0
#: The same while the server does not answer.
_OUTAGE_SECONDS = 2.0


class HttpLease:
    """Held until it is released, or until the server hears nothing from this process and somebody takes the run."""

    def __init__(
        self,
        server: Server,
        held: HeldLease,
        path: str,
        last_event: int,
        *,
        files: RunFiles | None,
        outbox: Outbox | None,
        on_release: Callable[["HttpLease"], None],
    ) -> None:
        """Take what it needs, and begin to give signs of life.

        Args:
            server: holds the lease.
            held: what proves that it is ours.
            path: `Churn/17`.
            last_event: number of the run's last event.
            files: what the run's attempts write; None = it is not sent.
            outbox: takes what is appended; None = it goes to the server, or nowhere.
            on_release: told when it is given back.
        """
        self.held = held
        #: `Churn/17`.
        self.path = path
        #: Number of the run's last event that is known here.
        self.last_event = last_event
        self.files = files
        self.outbox = outbox
        self._server = server
        self._on_release = on_release
        self._is_released = self._has_ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of {held.run}", daemon=True)
        self._thread.start()

    @property
    def run(self) -> RunId:
        return self.held.run

    @property
    def epoch(self) -> int:
        return self.held.epoch

    def require_held(self) -> None:
        """Refuse to write with a lease that was given back.

        Raises:
            LeaseLost: it was.
            RunIsFinished: its run has ended.
        """
        if self._has_ended:
            raise RunIsFinished(f"{self.path} is finished; nothing was written")
        if self._is_released:
            raise LeaseLost(f"the lease of {self.path} was given back; nothing was written")

    def settle(self) -> bool:
        return self.outbox is not None and self.outbox.settle()

    def end(self) -> None:
        """Release it for good: its run is finished."""
        self._has_ended = True
        self.release()

    def release(self) -> None:
        if self._is_released:
            return
        self._is_released = True
        self._stop.set()
        self._on_release(self)
        try:
            if self.outbox is not None:
                self.outbox.settle()
            if self.files is not None:
                self.files.flush()
            self._server.tell_to(f"{PREFIX}/remote/runs/release", self.held)
        except HeadwaterError:
            # The server gives it to whoever asks once it has heard nothing for a while.
            return
        finally:
            if self.outbox is not None:
                self.outbox.close()

    def _beat(self) -> None:
        server = self._server.in_background()
        pause = _BEAT_SECONDS
        while not self._stop.wait(pause):
            try:
                server.ask(f"{PREFIX}/remote/runs/renew", Renew(self.held, 0), Renewed)
                pause = _BEAT_SECONDS
            except LeaseLost:
                return  # the next write says so to whom it concerns
            except HeadwaterError:
                pause = _OUTAGE_SECONDS
        server.close()
