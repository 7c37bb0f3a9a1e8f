"""What a user writes: `ServiceSpec` with its endpoints and audits."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from headwater.model.errors import InvalidDecorator
from headwater.model.service import Rollout

Item = TypeVar("Item")
Function = TypeVar("Function", bound=Callable[..., object])

#: Where a decorator leaves what it says, on the function.
MARK = "_headwater_endpoint"
AUDIT_MARK = "_headwater_audit"

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([KMGT]?B)$", re.IGNORECASE)
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class EndpointMark(msgspec.Struct, frozen=True):
    """What `@endpoint` says of a method."""

    batch: int | None
    within_ms: float
    timeout_seconds: float
    repeats: bool = True


class Batch(list[Item], Generic[Item]):
    """A parameter of a batched endpoint: the values of all calls that were gathered, in order."""


class ServiceSpec:
    """A service: methods with `@endpoint` answer requests, from the artifacts of a run.

    `self.artifacts.model` is the artifact `model` of the source's run, loaded once and shared by all worker processes;
    `self.run` is that run. `setup` is called once per version, before workers are forked.
    """

    #: Whose artifacts: a flow (its latest successful run), `Flow@production`, or one run, `Flow/17`.
    source: str | None = None
    #: Each new successful run of the source becomes a candidate version.
    follow: bool = False
    #: Artifact that says what normal input looks like.
    reference: str | None = None
    #: How new versions take over.
    rollout: Rollout = Rollout()
    #: Share of the requests that is logged, with their answers: 0 to 1.
    log_sample: float = 1.0
    #: Fields of requests and answers whose values are not logged, such as `email`.
    mask: Sequence[str] = ()
    #: Room for the log: bytes, or text such as `500MB`.
    log_budget: int | str = "1GB"
    #: False alarms about its requests that are allowed in a month, on average; 0 = nobody is told.
    false_alarms: float = 1.0
    #: Requests from which normal input is learned when there is no `reference`.
    learn_from: int = 1000
    #: Packages that it needs, name -> version; None = it runs with the interpreter that serves or deploys it.
    packages: dict[str, str] | None = None
    #: Version of Python for these packages; None = that of the interpreter.
    python: str | None = None

    #: Artifacts of the source's run, by attribute.
    artifacts: Any
    #: The source's run; None when the service has no source.
    run: Any

    def setup(self) -> None:
        """Prepare what endpoints use; called once, before any request and before workers are forked."""


class WebServiceSpec(ServiceSpec):
    """A service in the older form: its endpoints are `def x(self, request_dict)` and give a dictionary.

    They take any JSON object, and nothing is known of what it holds: prefer typed parameters.
    """


def endpoint(
    function: Callable[..., object] | None = None,
    /,
    *,
    batch: int | None = None,
    within_ms: float = 5,
    timeout: float | str = 30,
    repeat: bool = True,
) -> Any:
    """Let a method answer requests; its annotations say what it takes and gives.

    Args:
        function: the method.
        batch: gather up to so many calls into one; the method's parameters are `Batch[...]`.
        within_ms: how long the first of a batch waits for others.
        timeout: seconds (or `500ms`, `2m`) after which a call is given up and its worker replaced.
        repeat: a call whose worker died goes to another one, once; False for a method that must not see it twice.

    Raises:
        InvalidDecorator: a number that cannot be.
    """
    if batch is not None and (not isinstance(batch, int) or isinstance(batch, bool) or not 1 <= batch <= 10_000):
        raise InvalidDecorator(f"`@endpoint(batch={batch!r})`: batch must be a whole number from 1 to 10000")
    if not isinstance(within_ms, int | float) or not 0 <= within_ms <= 60_000:
        raise InvalidDecorator(f"`@endpoint(within_ms={within_ms!r})`: within_ms must be from 0 to 60000")
    timeout_seconds = seconds_of(timeout, "@endpoint(timeout=...)")
    mark = EndpointMark(batch, float(within_ms) if batch else 0.0, timeout_seconds, repeat)

    def decorate(target: Callable[..., object]) -> Callable[..., object]:
        setattr(target, MARK, mark)
        return target

    return decorate if function is None else decorate(function)


def audit(function: Function) -> Function:
    """Let a method decide whether a new version may take traffic: it raises (or asserts) when it may not.

    It is called as `audit(self, live)`; `live` is the service of the live version, None for the first one.
    """
    setattr(function, AUDIT_MARK, True)
    return function


def Canary(
    *,
    shadow: float | str = 0,
    steps: list[float] | tuple[float, ...] = (),
    min_requests: int = 1000,
    on_inconclusive: str = "hold",
    sticky_by: str | None = None,
    max_more_errors: float = 0.01,
    max_slower: float = 1.25,
    max_shift: float | None = None,
    step_time: float | str = "1d",
) -> Rollout:
    """Say how a new version takes over: shadowed for a while, then with growing shares of the traffic.

    Args:
        shadow: how long it is called beside the live version, unheard: seconds, `10m`.
        steps: shares of the traffic in percent, one after the other; 100 is what follows the last one by itself.
        min_requests: requests to the candidate before a share may be passed.
        on_inconclusive: what follows when the numbers do not decide in time: `hold`, `promote` or `rollback`.
        sticky_by: header whose value keeps a caller with one version.
        max_more_errors: by how much its share of failed requests may be above the live version's.
        max_slower: how many times as slow it may be.
        max_shift: how far the distribution of its answers may be from the live version's (0 to 1); None = any.
        step_time: how long a share may take.

    Raises:
        InvalidDecorator: shares that do not grow within 0 to 100, or another value that cannot be.
    """
    shares = tuple(float(share) for share in steps)
    if list(shares) != sorted(set(shares)) or any(not 0 < share <= 100 for share in shares):
        raise InvalidDecorator(f"`Canary(steps={list(steps)!r})`: shares must grow, above 0 and up to 100 percent")
    if on_inconclusive not in ("hold", "promote", "rollback"):
        hint = "hold, promote or rollback"
        raise InvalidDecorator(f"`Canary(on_inconclusive={on_inconclusive!r})` is none of its choices", hint=hint)
    if min_requests < 1:
        raise InvalidDecorator(f"`Canary(min_requests={min_requests!r})`: at least one request is needed")
    if not 0 < max_more_errors < 1:
        raise InvalidDecorator(f"`Canary(max_more_errors={max_more_errors!r})`: a share is above 0 and below 1")
    if not max_slower >= 1:
        raise InvalidDecorator(f"`Canary(max_slower={max_slower!r})`: 1 is as fast as the live version")
    if max_shift is not None and not 0 < max_shift <= 1:
        raise InvalidDecorator(f"`Canary(max_shift={max_shift!r})`: a distance is above 0 and at most 1")
    return Rollout(
        shadow_seconds=seconds_of(shadow, "Canary(shadow=...)"),
        steps=tuple(share for share in shares if share < 100),
        min_requests=min_requests,
        on_inconclusive=msgspec.convert(on_inconclusive, type=Rollout.__annotations__["on_inconclusive"]),
        sticky_by=None if sticky_by is None else sticky_by.lower(),
        max_more_errors=max_more_errors,
        max_slower=max_slower,
        max_shift=max_shift,
        step_seconds=seconds_of(step_time, "Canary(step_time=...)"),
    )


def bytes_of(size: int | str, where: str) -> int:
    """Read `1000000`, `500MB`, `2GB`.

    Raises:
        InvalidDecorator: it is no size.
    """
    if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
        return size
    matched = _SIZE.match(size.strip()) if isinstance(size, str) else None
    if matched is None:
        raise InvalidDecorator(f"`{where}`: {size!r} is no size", hint="bytes, or text such as 500MB, 2GB")
    return int(float(matched[1]) * _BYTES[matched[2].upper()])


def seconds_of(duration: float | str, where: str) -> float:
    """Read `30`, `500ms`, `10m`.

    Raises:
        InvalidDecorator: it is no duration.
    """
    if isinstance(duration, int | float) and not isinstance(duration, bool) and 0 <= duration < float("inf"):
        return float(duration)
    matched = _DURATION.match(duration.strip()) if isinstance(duration, str) else None
    if matched is None:
        raise InvalidDecorator(
            f"`{where}`: {duration!r} is no duration", hint="seconds, or text such as 500ms, 10m, 2h"
        )
    return float(matched[1]) * _SECONDS[matched[2] or "s"]
