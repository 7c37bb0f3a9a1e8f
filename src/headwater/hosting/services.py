"""The services of a host by name, each with the pool that answers for it."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from headwater.hosting.calls import Refused
from headwater.hosting.pool import VersionPool
from headwater.model.service import EndpointSpec

#: The caller of the request that this task answers, as a number: what is counted once while versions are compared. None
#: = each request counts by itself.
unit_of_request: ContextVar[int | None] = ContextVar("unit_of_request", default=None)
#: Nobody drew the version of this request: it says nothing about versions.
UNCOUNTED = -1


class Splitting(Protocol):
    """Divides the callers between two versions."""

    #: The version that answers some of them.
    candidate: VersionPool
    #: Header whose value keeps a caller with one version; None = each request is drawn by itself.
    sticky_by: str | None

    def is_candidate(self, key: bytes) -> bool:
        """Tell whether a request with this key is the candidate's."""


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
        #: Set while a rollout gives a share of the requests to another version.
        self.split: Splitting | None = None
        #: Gives the page about a version's rollout; None = it had none.
        self.rollout_page: Callable[[int], bytes | None] = _no_page
        #: Gives the page about its requests; None = there is none yet.
        self.monitor_page: Callable[[], bytes | None] = lambda: None

    @property
    def sticky_by(self) -> str | None:
        """Header whose value `pick` is to be given; None = it needs none."""
        return None if self.split is None else self.split.sticky_by

    def pick(self, key: bytes) -> VersionPool:
        """Give the pool that answers a request.

        Args:
            key: what keeps a caller with one version; empty = drawn anew.

        Raises:
            Refused: no version is ready (503).
        """
        live = self._ready()
        split = self.split
        if split is not None and split.is_candidate(key):
            if split.candidate.is_ready:
                return split.candidate
            unit_of_request.set(UNCOUNTED)
        return live

    def pick_live(self) -> VersionPool:
        """Give the pool of the live version, for who asks for it by its number, or only wants to know of it.

        Raises:
            Refused: no version is ready (503).
        """
        if self.split is not None:
            unit_of_request.set(UNCOUNTED)
        return self._ready()

    def _ready(self) -> VersionPool:
        if self.paused:
            raise Refused(503, f"{self.name} is {self.paused}")
        if self.live is None:
            raise Refused(503, f"{self.name} is not ready: {self.reason}")
        if not self.live.takes_calls:
            raise Refused(503, f"the workers of {self.live.version.name} do not stay up")
        return self.live


def _no_page(number: int) -> bytes | None:
    return None


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
