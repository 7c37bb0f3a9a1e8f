"""Asks another version what callers asked before, and says how its answers differ."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from headwater.home import Home
from headwater.hosting.prediction_log import LONGEST
from headwater.hosting.prediction_writer import MASK
from headwater.hosting.predictions import Prediction, read_predictions
from headwater.hosting.scoring import Scored, Scorer
from headwater.hosting.scratch import ScratchPool
from headwater.hosting.versions import find_version
from headwater.model.errors import NotFound, UserMistake

#: Answers that say nothing of the version: the caller was turned away, or a process died.
_NO_ANSWER = (429, 502, 503, 504)
#: Requests that are asked at once, for one endpoint.
_LOT = 1024


class ReplayRequest(msgspec.Struct, frozen=True):
    """Which recorded requests are asked again."""

    service: str
    #: Unix times.
    since: float
    until: float
    #: Of the latest so many.
    limit: int
    #: To one endpoint; None = to all.
    endpoint: str | None = None
    #: That one version answered; None = any.
    version: int | None = None
    #: Numbers that differ by no more (absolutely, or of their size) are equal.
    tolerance: float = 1e-9
    #: How many differences are kept, the largest first.
    shown: int = 10


class Difference(msgspec.Struct, frozen=True):
    """A request that the candidate answers differently."""

    id: str
    version: int
    endpoint: str
    request: str
    before: str
    after: str
    #: Largest difference of two numbers; None = they differ in something else.
    size: float | None


class Replay(msgspec.Struct):
    """What replaying came to."""

    service: str
    candidate: int
    #: Requests by the version that answered them.
    versions: dict[int, int] = {}
    equal: int = 0
    different: int = 0
    #: Answered before, and fails now; and the other way round; and fails as before.
    fails_now: int = 0
    works_now: int = 0
    still_fails: int = 0
    #: Requests that were not asked, by reason.
    skipped: dict[str, int] = {}
    #: Files of the log that cannot be read.
    damaged: list[str] = []
    #: Largest first.
    differences: list[Difference] = []
    #: Seconds in the middle, and of the slowest twentieth: as recorded (with queue and network), as computed now.
    recorded_seconds: tuple[float, float] = (0.0, 0.0)
    replayed_seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def asked(self) -> int:
        """Requests that the candidate was asked."""
        return self.equal + self.different + self.fails_now + self.works_now + self.still_fails


def replay(home: Home, pool: ScratchPool, workers: int, request: ReplayRequest) -> Replay:
    """Ask a candidate what was asked before; nothing of it is logged, nobody hears the answers.

    Args:
        home: the store.
        pool: the candidate.
        workers: of the pool.
        request: which requests.

    Raises:
        UserMistake: requests have fields that the log masks: they cannot be asked again.
        NotFound: nothing was recorded.
    """
    found = _Comparing(home, pool, request)
    endpoints = pool.version.definition.endpoints
    scorers = {name: Scorer(pool, spec, None, workers) for name, spec in endpoints.items()}
    damaged: list[str] = []
    for predictions in _recorded(home, request, damaged):
        by_endpoint: dict[str, list[Prediction]] = {}
        for prediction in predictions:
            if found.is_comparable(prediction):
                by_endpoint.setdefault(prediction.endpoint, []).append(prediction)
        for name, those in by_endpoint.items():
            answers = scorers[name].score_requests(each.request.encode() for each in those)
            for prediction, scored in zip(those, answers, strict=True):
                found.compare(prediction, scored)
    return found.result(damaged)


def _recorded(home: Home, request: ReplayRequest, damaged: list[str]) -> Iterator[list[Prediction]]:
    """Give what callers asked, the latest first, some at a time."""
    left = request.limit
    tables = read_predictions(
        home.path,
        request.service,
        since=request.since,
        until=request.until,
        version=request.version,
        newest_first=True,
        damaged=damaged,
    )
    for table in tables:
        for start in range(table.num_rows, 0, -_LOT):
            rows = table.slice(max(0, start - _LOT), min(start, _LOT)).to_pylist()
            wanted = [
                Prediction(**row)
                for row in reversed(rows)
                if row["origin"] == "live" and request.endpoint in (None, row["endpoint"])
            ][:left]
            left -= len(wanted)
            yield wanted
            if not left:
                return


class _Comparing:
    """Compares answers one by one."""

    def __init__(self, home: Home, pool: ScratchPool, request: ReplayRequest) -> None:
        self._home = home
        self._request = request
        self._endpoints = pool.version.definition.endpoints
        self._masks: dict[int, frozenset[str]] = {}
        self._replay = Replay(request.service, pool.version.number)
        self._versions: Counter[int] = Counter()
        self._skipped: Counter[str] = Counter()
        self._largest: list[tuple[float, int, Difference]] = []
        self._recorded: list[float] = []
        self._replayed: list[float] = []

    def is_comparable(self, prediction: Prediction) -> bool:
        """Whether a request can be asked again; notes why not.

        Raises:
            UserMistake: it has a field that the log masks.
        """
        reason = self._reason_to_skip(prediction)
        if reason:
            self._skipped[reason] += 1
        return not reason

    def compare(self, prediction: Prediction, scored: Scored) -> None:
        """Note how an answer differs from the recorded one."""
        self._versions[prediction.version] += 1
        self._recorded.append(prediction.seconds)
        self._replayed.append(scored.seconds)
        worked, works = prediction.status < 400, not scored.error
        if worked and works:
            mask = self._mask_of(prediction.version)
            self._compare_values(prediction, scored, mask)
        elif worked:
            self._replay.fails_now += 1
            self._keep(prediction, scored.error, None)
        elif works:
            self._replay.works_now += 1
        else:
            self._replay.still_fails += 1

    def result(self, damaged: list[str]) -> Replay:
        """Give all of it.

        Raises:
            NotFound: nothing was recorded.
        """
        found = self._replay
        found.damaged = damaged
        if not found.asked and not self._skipped:
            hint = "log_sample = 1.0 logs all of them; the log is written every few seconds"
            raise NotFound(f"no request to {found.service} was recorded in that time", hint=hint)
        found.versions = dict(sorted(self._versions.items()))
        found.skipped = dict(self._skipped)
        found.differences = [
            difference for _, _, difference in sorted(self._largest, key=lambda one: (-one[0], one[1]))
        ]
        found.recorded_seconds, found.replayed_seconds = _quantiles(self._recorded), _quantiles(self._replayed)
        return found

    def _reason_to_skip(self, prediction: Prediction) -> str:
        if prediction.endpoint not in self._endpoints:
            return f"version {self._replay.candidate} has no endpoint `{prediction.endpoint}`"
        if prediction.status in _NO_ANSWER:
            return "had no answer: turned away, too slow, or a process died"
        if len(prediction.request) >= LONGEST or len(prediction.answer) >= LONGEST:
            return "too long: the log has only the beginning"
        try:
            asked = msgspec.json.decode(prediction.request)
        except msgspec.DecodeError:
            return "no JSON"
        if asked == MASK:
            return "no JSON, or too long, and therefore masked whole"
        if _is_tensors(asked):
            return "asked with tensors"
        masked = next(iter(_masked_in(asked, self._mask_of(prediction.version))), None)
        if masked is not None:
            raise UserMistake(
                f"requests to `{prediction.endpoint}` have `{masked}`, which the log of {prediction.service} masks: "
                "they cannot be asked again",
                hint="--endpoint names another one",
            )
        return ""

    def _compare_values(self, prediction: Prediction, scored: Scored, mask: frozenset[str]) -> None:
        size = difference_of(msgspec.json.decode(prediction.answer), scored.value, self._request.tolerance, mask)
        if size == 0:
            self._replay.equal += 1
        else:
            self._replay.different += 1
            self._keep(prediction, msgspec.json.encode(scored.value).decode(), size)

    def _keep(self, prediction: Prediction, after: str, size: float | None) -> None:
        difference = Difference(
            prediction.id,
            prediction.version,
            prediction.endpoint,
            prediction.request,
            prediction.answer,
            after,
            size,
        )
        rank = float("inf") if size is None else size
        entry = (rank, -len(self._recorded), difference)
        keep: Callable[..., object] = heapq.heappush if len(self._largest) < self._request.shown else heapq.heappushpop
        keep(self._largest, entry)

    def _mask_of(self, version: int) -> frozenset[str]:
        if version not in self._masks:
            deployed = find_version(self._home.ledger, self._request.service, version)
            self._masks[version] = frozenset(deployed.version.definition.log.mask)
        return self._masks[version]


def difference_of(before: Any, after: Any, tolerance: float, mask: frozenset[str] = frozenset()) -> float | None:
    """Give the largest difference of two numbers in two answers; 0 = they are equal, None = they differ otherwise.

    Args:
        before: as recorded.
        after: to compare with.
        tolerance: what is no difference, absolutely or of the number's size.
        mask: fields that were not recorded.
    """
    if _is_number(before) and _is_number(after):
        size = float(abs(before - after))
        return 0.0 if size <= tolerance * max(1.0, abs(before)) else size
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return _largest([difference_of(*pair, tolerance, mask) for pair in zip(before, after, strict=True)])
    if isinstance(before, dict) and isinstance(after, dict) and set(before) == set(after):
        return _largest(
            [difference_of(before[name], after[name], tolerance, mask) for name in before if name not in mask]
        )
    return 0.0 if before == after and type(before) is type(after) else None


def _largest(sizes: Sequence[float | None]) -> float | None:
    return None if None in sizes else max((size for size in sizes if size is not None), default=0.0)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_tensors(asked: object) -> bool:
    inputs = asked.get("inputs") if isinstance(asked, dict) else None
    return isinstance(inputs, list) and all(isinstance(each, dict) and "datatype" in each for each in inputs)


def _masked_in(value: object, mask: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name in mask and each == MASK:
                yield name
            yield from _masked_in(each, mask)
    elif isinstance(value, list):
        for each in value:
            yield from _masked_in(each, mask)


def _quantiles(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    return (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]) if ordered else (0.0, 0.0)
