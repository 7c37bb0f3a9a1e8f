"""What a host counts, in the conventions of Prometheus."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from math import inf
from typing import Any, Protocol

from headwater.model.errors import NotInstalled

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_LABELS = ("service", "endpoint", "version")


class Logged(Protocol):
    """What counts the entries of the prediction log."""

    @property
    def kept(self) -> Mapping[str, int]:
        """By service."""

    @property
    def dropped(self) -> Mapping[tuple[str, str], int]:
        """By service and reason."""


class Given(Protocol):
    """What a worker gave for a request."""

    @property
    def queued(self) -> float:
        """Seconds that it waited for the worker."""

    @property
    def computed(self) -> float:
        """Seconds that the method took."""

    @property
    def batch(self) -> int:
        """How many requests were answered together."""


class _Histogram:
    """How many values fell between the bounds, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        #: One for each bound, and one for what is above the last.
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)

    def buckets(self, write: Callable[[float], str]) -> list[tuple[str, float]]:
        """Give each bound and how many values are not above it."""
        return list(zip(map(write, (*self.bounds, inf)), accumulate(self.counts), strict=True))


class Counted:
    """What is counted of one endpoint of one version."""

    __slots__ = ("batch", "by_batch", "by_status", "failed_seconds", "last_at", "latency", "queue")

    def __init__(self) -> None:
        self.latency = _Histogram(_SECONDS)
        self.queue = _Histogram(_SECONDS)
        self.batch = _Histogram(_SIZES)
        self.by_status: dict[int, int] = {}
        #: Of requests that were answered well: size of their batch -> how many, and the sum of what the method took for
        #: each, in seconds.
        self.by_batch: dict[int, tuple[int, float]] = {}
        #: Part of the latency that is of the others.
        self.failed_seconds = 0.0
        #: Unix time of the last answer.
        self.last_at = 0.0

    @property
    def succeeded(self) -> int:
        """Requests that were answered well."""
        return sum(count for count, _ in self.by_batch.values())


class Measures:
    """Counts and histograms of one host."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Count from zero.

        Args:
            clock: Unix time.

        Raises:
            NotInstalled: prometheus-client is missing.
        """
        try:
            import prometheus_client
        except ImportError as error:
            raise NotInstalled("prometheus-client", "hosting", "counting requests") from error
        self._clock = clock
        self._client = client = prometheus_client
        self._registry = registry = client.CollectorRegistry()

        def make(kind: Any, name: str, text: str, labels: tuple[str, ...], **more: Any) -> Any:
            return kind(name, text, labels, namespace="headwater", registry=registry, **more)

        self.in_flight = make(client.Gauge, "in_flight", "Requests not answered yet", ("service",))
        self.workers = make(client.Gauge, "workers", "Worker processes that answer", ("service", "version"))
        # Numbers of our own, because the client's locks and checks would cost as much as all else that the host does
        # for an answer; the loop's thread alone writes and reads them.
        self._known: dict[tuple[str, str, str], Counted] = {}
        registry.register(_Answers(self._known))

    def note(self, labels: tuple[str, str, str], status: int, seconds: float, given: "Given | None") -> None:
        """Count one answer.

        Args:
            labels: service, endpoint, version.
            status: as HTTP has it.
            seconds: from the request's arrival to its answer.
            given: what the workers gave; None = nothing.
        """
        known = self._known.get(labels)
        if known is None:
            known = self._known[labels] = Counted()
        known.by_status[status] = known.by_status.get(status, 0) + 1
        known.latency.observe(seconds)
        known.queue.observe(0.0 if given is None else given.queued)
        known.batch.observe(1 if given is None else given.batch)
        known.last_at = self._clock()
        if given is None or status >= 400:
            known.failed_seconds += seconds
        else:
            count, computed = known.by_batch.get(given.batch, (0, 0.0))
            known.by_batch[given.batch] = (count + 1, computed + given.computed)

    def counted(self, service: str, endpoint: str, version: str) -> Counted | None:
        """Give what was counted of an endpoint of a version; None when nothing was."""
        return self._known.get((service, endpoint, version))

    def add_predictions(self, log: "Logged") -> None:
        """Show what became of answers in the prediction log."""
        from prometheus_client.core import CounterMetricFamily

        class Collector:
            def collect(self) -> Iterator[Any]:
                kept = CounterMetricFamily("headwater_predictions_kept", "Predictions in the log", labels=["service"])
                for service, count in sorted(log.kept.items()):
                    kept.add_metric([service], count)
                yield kept
                text = "Predictions that the log did not take: buffer full, disk failed, lost with its writer"
                gone = CounterMetricFamily("headwater_predictions_dropped", text, labels=["service", "reason"])
                for labels, count in sorted(log.dropped.items()):
                    gone.add_metric(labels, count)
                yield gone

        self._registry.register(Collector())

    def text(self) -> bytes:
        """Give all of it as Prometheus reads it."""
        text: bytes = self._client.generate_latest(self._registry)
        return text


class _Answers:
    """Shows what was counted of answers."""

    def __init__(self, known: Mapping[tuple[str, str, str], Counted]) -> None:
        self._known = known

    def collect(self) -> Iterator[Any]:
        """Give all of it, as the client's registry asks for it."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
        from prometheus_client.utils import floatToGoString

        known = sorted(self._known.items())
        requests = CounterMetricFamily("headwater_requests", "Requests answered", labels=[*_LABELS, "status"])
        for labels, one in known:
            for status, count in sorted(one.by_status.items()):
                requests.add_metric([*labels, str(status)], count)
        yield requests
        for name, text, of in _HISTOGRAMS:
            family = HistogramMetricFamily(f"headwater_{name}", text, labels=_LABELS)
            for labels, one in known:
                histogram = of(one)
                family.add_metric(labels, histogram.buckets(floatToGoString), histogram.total)
            yield family


_HISTOGRAMS: tuple[tuple[str, str, Callable[[Counted], _Histogram]], ...] = (
    ("request_seconds", "From the request's arrival to its answer", lambda one: one.latency),
    ("queue_seconds", "Time that a request waited for a worker", lambda one: one.queue),
    ("batch_size", "Requests answered together", lambda one: one.batch),
)
