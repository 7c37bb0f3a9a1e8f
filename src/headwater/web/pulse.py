"""Wakes the streams whenever the ledger was written: one thread looks for all of them."""

import asyncio
import threading

from headwater.model.ports import Ledger

#: Seconds between two looks at whether to stop.
_LOOK_SECONDS = 0.5


class Pulse:
    """Tells everybody who waits of every write to a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """Take what it needs.

        Args:
            ledger: an own one, in which nobody else waits.
        """
        self._ledger = ledger
        self._beat = asyncio.Event()
        self._stop = threading.Event()
        self._waiting = 0
        self._is_wanted = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_stopped(self) -> bool:
        """The server stops: streams end."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begin to look; to be called in the event loop of the streams."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._look, args=(loop,), name="pulse", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let all streams end."""
        self._stop.set()
        self._is_wanted.set()
        self._wake()
        if self._thread is not None:
            self._thread.join()

    def mark(self) -> asyncio.Event:
        """Give what `after` waits on; taken before reading, so that nothing is written unseen in between."""
        return self._beat

    async def after(self, mark: asyncio.Event, seconds: float) -> bool:
        """Wait for the next write since `mark` was taken, at most so long; False when there was none."""
        self._waiting += 1
        self._is_wanted.set()
        try:
            async with asyncio.timeout(seconds):
                await mark.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stop.is_set():
            # Looking costs something; where nobody waits, the next one who does is told of what was written meanwhile.
            if not self._waiting:
                self._is_wanted.clear()
                if not self._waiting:
                    self._is_wanted.wait()
            if self._ledger.wait(_LOOK_SECONDS):
                try:
                    loop.call_soon_threadsafe(self._wake)
                except RuntimeError:  # the loop is closed
                    return

    def _wake(self) -> None:
        self._beat.set()
        self._beat = asyncio.Event()
