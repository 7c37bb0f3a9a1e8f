"""What a host counts, in the conventions of Prometheus."""

from collections.abc import Iterator, Mapping
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


class _Of:
    """The counters of one endpoint of one version, looked up once."""

    __slots__ = ("batch", "by_status", "latency", "queue")

    def __init__(self, measures: "Measures", labels: tuple[str, str, str]) -> None:
        self.latency = measures.latency.labels(*labels)
        self.queue = measures.queue.labels(*labels)
        self.batch = measures.batch.labels(*labels)
        self.by_status: dict[int, Any] = {}


class Measures:
    """Counts and histograms of one host."""

    def __init__(self) -> None:
        """Count from zero.

        Raises:
            NotInstalled: prometheus-client is missing.
        """
        try:
            import prometheus_client
        except ImportError as error:
            raise NotInstalled("prometheus-client", "hosting", "counting requests") from error
        self._client = client = prometheus_client
        self._registry = registry = client.CollectorRegistry()

        def make(kind: Any, name: str, text: str, labels: tuple[str, ...], **more: Any) -> Any:
            return kind(name, text, labels, namespace="headwater", registry=registry, **more)

        self.requests = make(client.Counter, "requests", "Requests answered", (*_LABELS, "status"))
        arrival = "From the request's arrival to its answer"
        self.latency = make(client.Histogram, "request_seconds", arrival, _LABELS, buckets=_SECONDS)
        waited = "Time that a request waited for a worker"
        self.queue = make(client.Histogram, "queue_seconds", waited, _LABELS, buckets=_SECONDS)
        self.batch = make(client.Histogram, "batch_size", "Requests answered together", _LABELS, buckets=_SIZES)
        self.in_flight = make(client.Gauge, "in_flight", "Requests not answered yet", ("service",))
        self.workers = make(client.Gauge, "workers", "Worker processes that answer", ("service", "version"))
        self._known: dict[tuple[str, str, str], _Of] = {}

    def note(
        self, service: str, endpoint: str, version: str, status: int, seconds: float, queued: float, batch: int
    ) -> None:
        """Count one answer."""
        labels = (service, endpoint, version)
        known = self._known.get(labels)
        if known is None:
            known = self._known[labels] = _Of(self, labels)
        counter = known.by_status.get(status)
        if counter is None:
            counter = known.by_status[status] = self.requests.labels(*labels, str(status))
        counter.inc()
        known.latency.observe(seconds)
        known.queue.observe(queued)
        known.batch.observe(batch)

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
