"""Scores many rows with one version, in order and in bounded memory, and logs them as predictions of origin `batch`."""

import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

import msgspec

from headwater.hosting.calls import Answer, Refused
from headwater.hosting.columns import TABLE_ROWS, ColumnPlan
from headwater.hosting.prediction_log import LONGEST
from headwater.hosting.prediction_writer import WRITE_SECONDS, Writer
from headwater.hosting.predictions import Entry, Lot
from headwater.hosting.problems import problem
from headwater.hosting.scratch import ScratchPool
from headwater.model.ids import new_ulid
from headwater.model.service import EndpointSpec

#: Lots that wait for a worker or its answer, per worker.
_AHEAD = 2
#: A lot should take a worker about so long: short enough for its time limit, long enough to be worth sending.
_LOT_SECONDS = 0.05
_LARGEST_LOT = 512


Item = TypeVar("Item")


class Scored(msgspec.Struct, frozen=True):
    """What became of one row."""

    #: The prediction's id.
    id: str
    #: What the endpoint answered; None when it did not.
    value: object
    #: Why it did not; empty when it did.
    error: str = ""
    #: HTTP status that a caller would have got.
    status: int = 200
    seconds: float = 0.0


class BatchLog:
    """Logs what is scored here, without a process of its own: scoring waits for it, and nothing is dropped."""

    def __init__(self, home: str, pool: ScratchPool, say: Callable[[str], None], origin: str = "batch") -> None:
        """Take what it needs.

        Args:
            home: folder of the store.
            pool: whose answers are logged.
            say: gets what people should know.
            origin: as in `Prediction`.
        """
        self._version = pool.version
        self._options = pool.version.definition.log
        self._writer = Writer(home)
        self._say = say
        self._origin = origin

    def add(self, endpoint: str, lot: Sequence[tuple[bytes, bytes, Scored]]) -> None:
        """Log (request, answer, what became of it)."""
        at, share = time.time(), self._options.share
        service, number = self._version.definition.service, self._version.number
        entries: list[Entry] = [
            (
                scored.id,
                at,
                service,
                number,
                endpoint,
                self._origin,
                scored.status,
                scored.seconds,
                share,
                request[:LONGEST],
                answer[:LONGEST],
            )
            for request, answer, scored in lot
            if share >= 1 or random.random() < share
        ]
        if entries:
            self._writer.take(Lot(entries, [(service, number, self._options)]))
        if self._writer.is_full or (self._writer.count and time.monotonic() - self._writer.since > WRITE_SECONDS):
            self.close()

    def close(self) -> None:
        """Write what has not been written."""
        for written in self._writer.write():
            if written.message:
                self._say(written.message)


class Scorer:
    """Scores rows with one endpoint."""

    def __init__(self, pool: ScratchPool, spec: EndpointSpec, log: BatchLog | None, workers: int) -> None:
        """Take what it needs.

        Args:
            pool: the version.
            spec: the endpoint.
            log: gets the predictions; None = nothing is logged.
            workers: of the pool.
        """
        self._pool = pool
        self._spec = spec
        self._log = log
        self._ahead = workers * _AHEAD
        self._largest = max(_LARGEST_LOT, spec.batch or 1)
        #: Requests that are sent at once; those that are gathered into one call are at most `batch` of them.
        self._size = spec.batch or 1

    def score(self, plan: ColumnPlan, rows: Iterable[Mapping[str, object]]) -> Iterator[Scored]:
        """Give what became of each row, in order; takes rows as it needs them."""
        if not plan.takes_many:
            yield from self.score_requests(request for row in rows for request in plan.requests([row]))
            return
        sizes: deque[int] = deque()

        def tables() -> Iterator[list[bytes]]:
            for lot in _lots(rows, lambda: TABLE_ROWS):
                sizes.append(len(lot))
                yield plan.requests(lot)

        for (scored,) in self._in_order(tables()):
            yield from _spread(scored, sizes.popleft())

    def score_requests(self, requests: Iterable[bytes]) -> Iterator[Scored]:
        """Give what became of each request, in order; takes requests as it needs them."""
        for scored in self._in_order(_lots(requests, lambda: self._size)):
            yield from scored

    def _in_order(self, lots: Iterable[list[bytes]]) -> Iterator[list[Scored]]:
        """Keep the workers busy, and give the answers lot by lot."""
        waiting: deque[tuple[list[bytes], Future[list[Answer | Refused]]]] = deque()
        for lot in lots:
            waiting.append((lot, self._pool.ask(self._spec.name, lot, self._together(lot))))
            if len(waiting) >= self._ahead:
                yield self._finish(*waiting.popleft())
        while waiting:
            yield self._finish(*waiting.popleft())

    def _together(self, lot: Sequence[bytes]) -> int:
        return self._spec.batch or len(lot)

    def _finish(self, lot: list[bytes], asked: "Future[list[Answer | Refused]]") -> list[Scored]:
        """Pair requests with answers, and log them."""
        answers = asked.result()
        self._adapt(answers)
        step = self._together(lot)
        found = [
            each
            for start in range(0, len(lot), step)
            for each in self._answered(lot[start : start + step], answers[start : start + step])
        ]
        if self._log is not None:
            self._log.add(self._spec.name, found)
        return [scored for _, _, scored in found]

    def _answered(
        self, bodies: Sequence[bytes], answers: "Sequence[Answer | Refused]"
    ) -> list[tuple[bytes, bytes, Scored]]:
        """Give (request, answer, what became of it) of one call; what failed together is asked again by itself."""
        found: list[tuple[bytes, bytes, Scored]] = []
        # What a method raises fails all that it was called with; where one has an answer, each is answered for itself.
        is_shared = len(bodies) > 1 and not any(isinstance(each, Answer) and each.status == 200 for each in answers)
        for body, answer in zip(bodies, answers, strict=True):
            if is_shared:
                (answer,) = self._pool.ask(self._spec.name, [body], 1).result()
            told = problem(answer.status, answer.detail) if isinstance(answer, Refused) else answer.body
            found.append((body, told, _scored(answer, told)))
        return found

    def _adapt(self, answers: "Sequence[Answer | Refused]") -> None:
        """Let more go at once until it takes long enough."""
        calls = answers[:: self._spec.batch or len(answers)]
        seconds = sum(each.computed for each in calls if isinstance(each, Answer))
        smallest = self._spec.batch or 1
        if seconds > 4 * _LOT_SECONDS or any(isinstance(each, Refused) for each in calls):
            self._size = max(smallest, self._size // 4)
        elif seconds < _LOT_SECONDS:
            self._size = min(self._largest, self._size * 2)


def _lots(items: Iterable[Item], size: Callable[[], int]) -> Iterator[list[Item]]:
    lot: list[Item] = []
    for item in items:
        lot.append(item)
        if len(lot) >= size():
            yield lot
            lot = []
    if lot:
        yield lot


def _scored(answer: "Answer | Refused", told: bytes) -> Scored:
    id = new_ulid(time.time(), os.urandom(10))
    if isinstance(answer, Refused):
        return Scored(id, None, answer.detail, answer.status)
    seconds = answer.computed / answer.batch
    if answer.status == 200:
        return Scored(id, msgspec.json.decode(told), seconds=seconds)
    return Scored(id, None, detail_of(told), answer.status, seconds)


def detail_of(told: bytes) -> str:
    """Give the sentence of a problem."""
    try:
        found = msgspec.json.decode(told)
        return str(found.get("detail") or found.get("title") or found)
    except (msgspec.DecodeError, AttributeError):
        return told.decode(errors="replace")


def _spread(scored: Scored, rows: int) -> list[Scored]:
    """Give each row of a table its part of the one answer; all have the id of the one prediction."""
    values = scored.value
    if isinstance(values, list) and len(values) == rows:
        return [msgspec.structs.replace(scored, value=value, seconds=scored.seconds / rows) for value in values]
    if scored.error:
        return [scored] * rows
    count = f"{len(values)} values" if isinstance(values, list) else "one value"
    return [msgspec.structs.replace(scored, value=None, error=f"{rows} rows were sent, and {count} came back")] * rows
