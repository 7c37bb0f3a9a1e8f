"""The services of a host by name, each with the pool that answers for it."""

from headwater.hosting.pool import Refused, VersionPool
from headwater.model.service import EndpointSpec


class Hosted:
    """One service of a host: what answers now."""

    def __init__(self, name: str, live: VersionPool | None = None) -> None:
        self.name = name
        #: The version that callers get; None while there is none.
        self.live = live
        #: Why there is none, for callers.
        self.reason = "it is being loaded"
        #: Why callers are turned away although it could answer; empty = they are not.
        self.paused = ""

    def pick(self, key: bytes) -> VersionPool:
        """Give the pool that answers a request.

        Args:
            key: what keeps a caller with one version; empty = drawn anew.

        Raises:
            Refused: no version is ready (503).
        """
        if self.paused:
            raise Refused(503, f"{self.name} is {self.paused}")
        if self.live is None or not self.live.is_ready:
            raise Refused(503, f"{self.name} is not ready: {self.reason}")
        return self.live


class Services:
    """All services of a host."""

    def __init__(self) -> None:
        self._by_name: dict[str, Hosted] = {}

    def put(self, hosted: Hosted) -> None:
        """Add one, or replace the one of that name."""
        self._by_name[hosted.name] = hosted

    def remove(self, name: str) -> None:
        """Take one away; silent when it is not there."""
        self._by_name.pop(name, None)

    def get(self, name: str) -> Hosted | None:
        """Give it; None when there is none."""
        return self._by_name.get(name)

    def all(self) -> list[Hosted]:
        """All of them, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    def find_model(self, model: str) -> tuple[Hosted, EndpointSpec] | None:
        """Find what the inference protocol calls a model: `Sentiment` (its first endpoint), `Sentiment.score_many`."""
        name, _, endpoint = model.partition(".")
        hosted = self.get(name)
        if hosted is None or hosted.live is None:
            return None
        endpoints = hosted.live.version.definition.endpoints
        spec = endpoints.get(endpoint) if endpoint else next(iter(endpoints.values()))
        return None if spec is None else (hosted, spec)
