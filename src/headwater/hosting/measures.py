"""What a host counts, in the conventions of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LABELS = ("service", "endpoint", "version")


class _Of:
    """The counters of one endpoint of one version, looked up once."""

    __slots__ = ("batch", "by_status", "latency", "queue")

    def __init__(self, measures: "Measures", labels: tuple[str, str, str]) -> None:
        self.latency = measures.latency.labels(*labels)
        self.queue = measures.queue.labels(*labels)
        self.batch = measures.batch.labels(*labels)
        self.by_status: dict[int, Counter] = {}


class Measures:
    """Counts and histograms of one host."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        names = {"registry": registry, "namespace": "headwater"}
        self.requests = Counter("requests", "Requests answered", (*_LABELS, "status"), **names)  # type: ignore[arg-type]
        self.latency = Histogram(
            "request_seconds",
            "From the request's arrival to its answer",
            _LABELS,
            buckets=_SECONDS,
            **names,  # type: ignore[arg-type]
        )
        self.queue = Histogram(
            "queue_seconds",
            "Time that a request waited for a worker",
            _LABELS,
            buckets=_SECONDS,
            **names,  # type: ignore[arg-type]
        )
        self.batch = Histogram(
            "batch_size",
            "Requests answered together",
            _LABELS,
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
            **names,  # type: ignore[arg-type]
        )
        self.in_flight = Gauge("in_flight", "Requests not answered yet", ("service",), **names)  # type: ignore[arg-type]
        self.workers = Gauge("workers", "Worker processes that answer", ("service", "version"), **names)  # type: ignore[arg-type]
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

    def text(self) -> bytes:
        """Give all of it as Prometheus reads it."""
        return generate_latest(self._registry)
