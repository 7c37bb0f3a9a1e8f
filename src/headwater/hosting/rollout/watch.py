"""Counts what callers see of two versions, while requests come in: the host's side of the judge."""

import hashlib
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from headwater.hosting.calls import Answer, Asked, Refused
from headwater.hosting.pool import VersionPool
from headwater.hosting.rollout.evidence import after_block, after_event
from headwater.hosting.rollout.judge import Signal, SignalName, Tally
from headwater.hosting.rollout.shift import Shift, shifts_of
from headwater.hosting.services import UNCOUNTED, unit_of_request

#: Seconds of which one failed request counts, drawn by lot: calls that were gathered fail together.
_EVENT_SECONDS = 0.05
#: Seconds whose slow requests are compared, at least.
_BLOCK_SECONDS = 0.25
#: Latest answers of the live version, per endpoint, that say what is slow; and how many it takes.
_RECENT = 500
_FEWEST = 50
_QUANTILE = 0.9
#: Seconds on top of that: what a rare caller's cold caches cost.
_FLOOR_SECONDS = 0.002
#: Answers of each version and endpoint that are kept for comparing their distribution; longer ones are left out.
_ANSWERS = 2000
_LONGEST = 4096
#: Callers who stay with one version are told apart by so many bits.
_UNIT_BITS = 20


class Watched(msgspec.Struct, kw_only=True):
    """A request on its way."""

    endpoint: str
    is_candidate: bool
    started: float
    #: Seconds from which on it is slow; None = nobody knows yet what is slow.
    limit: float | None
    unit: int | None
    #: It is the first one of its caller.
    counts: bool
    #: It was counted as slow before its answer came.
    is_counted: bool = False


class Watch:
    """What is seen at one share of one rollout."""

    def __init__(
        self,
        live: VersionPool,
        candidate: VersionPool,
        tally: Tally,
        *,
        max_slower: float,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        """Begin, or go on with a tally.

        Args:
            live: the version that answers most.
            candidate: the version that is judged.
            tally: what was seen before.
            max_slower: how many times as slow the candidate may be.
            clock: seconds that only go forward.
            chance: draws which of several failures counts.
        """
        self.live = live
        self.candidate = candidate
        self.tally = tally
        self._max_slower = max_slower
        self._clock = clock
        self._chance = chance or random.Random()
        self._under_way: dict[int, Watched] = {}
        self._next = 0
        self._recent: dict[str, deque[float]] = {}
        self._limits: dict[str, float] = {}
        self._events: dict[SignalName, list[bool]] = {"failures": [], "refusals": []}
        self._events_since = 0.0
        self._block = [0, 0, 0, 0]
        self._block_since = clock()
        self._answers: dict[tuple[str, bool], deque[bytes]] = {}
        self._units = _Units()
        self._bad_units = {"failures": _Units(), "refusals": _Units()}

    # While a request is answered

    async def call(self, pool: VersionPool, answering: Coroutine[Any, Any, Answer], asked: Asked) -> Answer:
        """Let the pool answer, and see how it does.

        Raises:
            Refused: as the pool's call.
        """
        unit = unit_of_request.get()
        if unit == UNCOUNTED:
            return await answering
        number, watched = self.begin(asked.endpoint, is_candidate=pool is self.candidate, unit=unit)
        try:
            answer = await answering
        except Refused as refused:
            self.end(number, watched, refused.status, b"")
            raise
        except BaseException:
            self.forget(number)
            raise
        self.end(number, watched, answer.status, answer.body)
        return answer

    def begin(self, endpoint: str, *, is_candidate: bool, unit: int | None = None) -> tuple[int, Watched]:
        """Note that a request is on its way."""
        limit = self._limits.get(endpoint)
        if limit is not None and is_candidate:
            within = self.candidate.version.definition.endpoints[endpoint].within_ms / 1000
            limit = limit * self._max_slower + _FLOOR_SECONDS + within
        counts = unit is None or self._units.add(unit)
        watched = Watched(
            endpoint=endpoint, is_candidate=is_candidate, started=self._clock(), limit=limit, unit=unit, counts=counts
        )
        self._next += 1
        if limit is not None and counts:
            self._under_way[self._next] = watched
        return self._next, watched

    def end(self, number: int, watched: Watched, status: int, body: bytes, seconds: float | None = None) -> None:
        """Note what became of it, after so many seconds (None: since `begin`)."""
        self._under_way.pop(number, None)
        seconds = self._clock() - watched.started if seconds is None else seconds
        if not watched.is_candidate:
            self.note_pace(watched.endpoint, seconds)
        if watched.limit is not None and watched.counts and not watched.is_counted:
            self._count_slow(watched.is_candidate, seconds > watched.limit)
        is_failure = status >= 500 or status == 429
        self._count("failures", watched, is_bad=is_failure)
        self._count("refusals", watched, is_bad=status >= 400 and not is_failure)
        if status == 200 and len(body) <= _LONGEST:
            self._keep(watched.endpoint, watched.is_candidate, body)

    def forget(self, number: int) -> None:
        """Do not count a request: its caller went away."""
        self._under_way.pop(number, None)

    def turn(self) -> None:
        """Count what time alone tells: requests that are slow already, blocks and failures whose time is over."""
        now = self._clock()
        for watched in self._under_way.values():
            if not watched.is_counted and watched.limit is not None and now - watched.started > watched.limit:
                watched.is_counted = True
                self._count_slow(watched.is_candidate, is_slow=True)
        self._close_events(now)
        live, live_slow, candidate, candidate_slow = self._block
        if live and candidate and now - self._block_since >= _BLOCK_SECONDS:
            signal = self.tally.slow
            bets = after_block(signal.bets, candidate_slow / candidate - live_slow / live)
            self._put("slow", Signal(signal.counts, bets))
            self._block, self._block_since = [0, 0, 0, 0], now

    def answers(self) -> dict[str, tuple[list[bytes], list[bytes]]]:
        """Give the latest answers of both versions (live, candidate) by endpoint, where both have some."""
        both = sorted(endpoint for endpoint, is_candidate in self._answers if is_candidate)
        return {
            endpoint: (list(self._answers[endpoint, False]), list(self._answers[endpoint, True]))
            for endpoint in both
            if (endpoint, False) in self._answers
        }

    # Counting

    def note_pace(self, endpoint: str, seconds: float) -> None:
        """Learn from an answer of the live version what is slow."""
        recent = self._recent.get(endpoint)
        if recent is None:
            recent = self._recent[endpoint] = deque(maxlen=_RECENT)
        recent.append(seconds)
        # Sorting 500 numbers takes 30 us; once in 20 answers is often enough.
        if len(recent) >= _FEWEST and (self._next % 20 == 0 or endpoint not in self._limits):
            self._limits[endpoint] = sorted(recent)[int(_QUANTILE * len(recent))]

    def _count(self, name: SignalName, watched: Watched, *, is_bad: bool) -> None:
        if watched.counts:
            signal = self.tally.signal(name)
            self._put(name, Signal(signal.counts.plus(watched.is_candidate, is_bad), signal.bets))
        if is_bad and (watched.unit is None or self._bad_units[name].add(watched.unit)):
            now = self._clock()
            self._close_events(now)
            if not any(self._events.values()):
                self._events_since = now
            self._events[name].append(watched.is_candidate)

    def _close_events(self, now: float) -> None:
        if now - self._events_since < _EVENT_SECONDS:
            return
        for name, events in self._events.items():
            if events:
                signal = self.tally.signal(name)
                bets = after_event(signal.bets, self._chance.choice(events), self.tally.share)
                self._put(name, Signal(signal.counts, bets))
                events.clear()

    def _count_slow(self, is_candidate: bool, is_slow: bool) -> None:
        place = 2 if is_candidate else 0
        self._block[place] += 1
        self._block[place + 1] += is_slow
        self._put("slow", Signal(self.tally.slow.counts.plus(is_candidate, is_slow), self.tally.slow.bets))

    def _put(self, name: SignalName, signal: Signal) -> None:
        self.tally = msgspec.structs.replace(self.tally, **{name: signal})

    def _keep(self, endpoint: str, is_candidate: bool, body: bytes) -> None:
        kept = self._answers.get((endpoint, is_candidate))
        if kept is None:
            kept = self._answers[endpoint, is_candidate] = deque(maxlen=_ANSWERS)
        kept.append(body)


def compare_answers(answers: dict[str, tuple[list[bytes], list[bytes]]]) -> tuple[Shift, ...]:
    """Compare the distributions of answers; takes some 10 ms an endpoint, so not in the loop that answers."""
    return tuple(
        shift for endpoint, (live, candidate) in answers.items() for shift in shifts_of(endpoint, live, candidate)
    )


class Divider:
    """Divides the callers between two versions: by lot, or by what their key hashes to, always the same."""

    def __init__(
        self,
        candidate: VersionPool,
        share: float,
        *,
        salt: str,
        sticky_by: str | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Take what it needs.

        Args:
            candidate: the version that answers some of them.
            share: probability of the candidate.
            salt: makes other callers the first ones in the next rollout.
            sticky_by: header whose value is the key; None = there are no keys.
            chance: draws for requests without a key.
        """
        self.candidate = candidate
        self.sticky_by = sticky_by
        self.share = share
        self._salt = hashlib.blake2b(salt.encode(), digest_size=16).digest()
        self._draw = (chance or random.Random()).random

    def is_candidate(self, key: bytes) -> bool:
        """Tell whose a request is; leaves the caller's unit for those who count."""
        if not key:
            unit_of_request.set(None)
            return self._draw() < self.share
        unit = int.from_bytes(hashlib.blake2b(key, key=self._salt, digest_size=8).digest(), "little")
        unit_of_request.set(unit)
        return (unit >> _UNIT_BITS) / (1 << (64 - _UNIT_BITS)) < self.share


class _Units:
    """Which callers were seen; two in a million are taken for one, which loses a request and nothing else."""

    def __init__(self) -> None:
        self._bits = bytearray((1 << _UNIT_BITS) // 8)

    def add(self, unit: int) -> bool:
        """Note a caller; True the first time."""
        place = unit & ((1 << _UNIT_BITS) - 1)
        mask = 1 << (place & 7)
        if self._bits[place >> 3] & mask:
            return False
        self._bits[place >> 3] |= mask
        return True
