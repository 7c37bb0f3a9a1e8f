"""The host's end of the prediction log: takes an entry in microseconds; a thread hands them over to a process.

A log that slows answers down would be switched off: what the writer cannot take is dropped, and counted.
"""

import asyncio
import importlib.util
import random
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from headwater.hosting.pool import VersionPool
from headwater.hosting.prediction_writer import Written
from headwater.hosting.predictions import Entry, Lot
from headwater.model.service import LogOptions

_PROGRAM = (sys.executable, "-P", "-m", "headwater.hosting.prediction_writer")
#: Seconds between two lots: what a host that is killed loses at most.
LOT_SECONDS = 0.5
#: Entries, and bytes of requests and answers, that wait at most; beyond that they are dropped and counted.
_MOST_ENTRIES = 50_000
_MOST_BYTES = 64 << 20
#: Longer requests and answers are cut.
LONGEST = 64 << 10
#: Entries handed over at once: encoding them holds up answers for half a millisecond.
_LOT = 1000
#: Seconds before a writer that died is started again.
_PAUSE_SECONDS = 5.0
#: Seconds between two messages about the log of one service: a full disk stays full.
_SAID_SECONDS = 60.0
#: Seconds that the writer gets for the rest when the host ends.
_LAST_SECONDS = 30.0

#: Why entries were not kept: the buffer was full, the disk refused them, the writer died with them.
FULL, FAILED, LOST = "full", "failed", "lost"


class PredictionLog:
    """Takes answers; never waits for anything."""

    def __init__(self, home: str, clock: Callable[[], float], say: Callable[[str], None] | None = None) -> None:
        """Take what it needs.

        Args:
            home: folder of the store.
            clock: Unix time.
            say: gets what people should know; None = standard error.
        """
        self._home = home
        self._clock = clock
        self._say = say or _say
        # The loop's thread appends, the handing thread takes: neither ever waits for the other.
        self._entries: deque[Entry] = deque()
        self._bytes_in = 0
        self._bytes_out = 0
        self._options: dict[tuple[str, int], LogOptions] = {}
        self._full: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._writer: _Writer | None = None
        self._try_at = 0.0
        self._said_at: dict[str, float] = {}
        self._is_off = False
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def observe(
        self, pool: VersionPool, endpoint: str, id: str, request: bytes, status: int, answer: bytes, seconds: float
    ) -> None:
        """Take one answer, unless it is sampled out or there is no room."""
        self.take(pool, endpoint, id, request, status, answer, seconds, "live")

    def take(
        self,
        pool: VersionPool,
        endpoint: str,
        id: str,
        request: bytes,
        status: int,
        answer: bytes,
        seconds: float,
        origin: str,
    ) -> None:
        """As `observe`, for any origin."""
        version = pool.version
        definition = version.definition
        options = definition.log
        if self._is_off or (options.share < 1 and random.random() >= options.share):
            return
        request, answer = request[:LONGEST], answer[:LONGEST]
        size = len(request) + len(answer)
        service = definition.service
        if len(self._entries) >= _MOST_ENTRIES or self._bytes_in - self._bytes_out + size > _MOST_BYTES:
            self._full[service] += 1
            return
        key = (service, version.number)
        if self._options.get(key) is not options:
            self._options[key] = options
        self._bytes_in += size
        self._entries.append(
            (
                id,
                self._clock(),
                service,
                version.number,
                endpoint,
                origin,
                status,
                seconds,
                options.share,
                request,
                answer,
            )
        )

    @property
    def kept(self) -> Mapping[str, int]:
        """Entries that are in files, by service."""
        return dict(self._kept)

    @property
    def dropped(self) -> Mapping[tuple[str, str], int]:
        """Entries that were not kept, by service and reason."""
        by_reason = {FULL: self._full, FAILED: self._failed, LOST: self._lost}
        return {(service, why): count for why, counts in by_reason.items() for service, count in dict(counts).items()}

    def start(self) -> None:
        """Begin to hand over; without pyarrow nothing is logged, and said so."""
        if importlib.util.find_spec("pyarrow") is None:
            self._say("predictions are not logged: pyarrow is missing (pip install 'headwater[hosting]')")
            self._is_off = True
            return
        self._thread = threading.Thread(target=self._run, name="prediction log", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Hand over what is left and wait until it is written."""
        await asyncio.to_thread(self.stop)

    def stop(self) -> None:
        """As `close`, for callers without a loop."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        while not self._ending.wait(LOT_SECONDS):
            self._hand_over()
        self._try_at = 0.0
        self._hand_over()
        if self._writer is not None:
            self._bury(self._writer)

    def _hand_over(self) -> None:
        while self._entries:
            writer = self._living_writer()
            if writer is None:
                return
            lot = [self._entries.popleft() for _ in range(min(_LOT, len(self._entries)))]
            self._bytes_out += sum(len(entry[9]) + len(entry[10]) for entry in lot)
            if not writer.send(lot, dict(self._options)):
                self._bury(writer)

    def _living_writer(self) -> "_Writer | None":
        """Give the writer's process, a new one when it died a while ago; None = not yet."""
        if self._writer is not None and not self._writer.is_alive:
            self._bury(self._writer)
        if self._writer is None and time.monotonic() >= self._try_at:
            self._try_at = time.monotonic() + _PAUSE_SECONDS
            try:
                self._writer = _Writer(self._home, self._told)
            except OSError as error:
                self._say(f"predictions wait in memory: their writer does not start: {error}")
        return self._writer

    def _bury(self, writer: "_Writer") -> None:
        """Wait for the end of a writer, and count what died with it."""
        code = writer.end()
        self._writer = None
        lost = writer.waiting
        self._lost.update(lost)
        if lost:
            self._say(f"{lost.total()} predictions were lost: their writer ended with code {code}")

    def _told(self, written: Written) -> None:
        if written.kept:
            self._kept[written.service] += written.kept
        if written.failed:
            self._failed[written.service] += written.failed
        now = time.monotonic()
        if written.message and now - self._said_at.get(written.service, -_SAID_SECONDS) >= _SAID_SECONDS:
            self._said_at[written.service] = now
            self._say(written.message)


class _Writer:
    """The writer's process, and the thread that hears what it tells."""

    def __init__(self, home: str, told: Callable[[Written], None]) -> None:
        self._told = told
        self._encoder = msgspec.msgpack.Encoder()
        self._known: dict[tuple[str, int], LogOptions] = {}
        self._process = subprocess.Popen(
            [*_PROGRAM, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._sent: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._listener = threading.Thread(target=self._listen, name="prediction log, told", daemon=True)
        self._listener.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def waiting(self) -> "Counter[str]":
        """Entries of which it has not told what became of them, by service; the truth once it has ended."""
        return self._sent - self._done

    def send(self, entries: list[Entry], options: dict[tuple[str, int], LogOptions]) -> bool:
        """Hand a lot over; waits while the writer is busy. Gives False when it is dead."""
        new = [(*key, each) for key, each in options.items() if self._known.get(key) is not each]
        body = self._encoder.encode(Lot(entries, new))
        self._sent.update(entry[2] for entry in entries)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(body).to_bytes(4, "little") + body)
            self._process.stdin.flush()
        except OSError:
            return False
        self._known = options
        return True

    def end(self) -> int:
        """Let it write the rest and end; gives its exit code."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it is dead: what was on its way is among the lost
            self._process.stdin.close()
        code = self._process.wait()
        self._listener.join()
        return code

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                written = msgspec.json.decode(line, type=Written)
                self._done[written.service] += written.kept + written.failed
                self._told(written)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
