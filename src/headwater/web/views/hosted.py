"""What pages tell of services: where each stands, and how it does lately."""

from functools import lru_cache
from typing import Literal

import msgspec

from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState, StateName
from headwater.hosting.status import HostStatus
from headwater.hosting.traffic import read_traffic
from headwater.hosting.versions import find_version
from headwater.model.deployment import AliasState
from headwater.model.errors import HeadwaterError
from headwater.web.asked import Asked
from headwater.web.scope.visible import Projects

#: Seconds over which health is told, and for which it is remembered.
HEALTH_SECONDS = 300.0
_FRESH_SECONDS = 5.0
#: Logged answers that health is told from, the newest.
_MOST_ROWS = 5_000

#: `answers`; `loading`: the version that is to answer is not loaded yet; `old`: another version answers than the one
#: that should; `failed`: no version answers, see `problem`; `paused`: callers are turned away; `no host`: none runs.
ServiceStanding = Literal["answers", "loading", "old", "failed", "paused", "no host"]


class ServiceHealth(msgspec.Struct, frozen=True):
    """How a service did in the last minutes."""

    #: Seconds that are told of; fewer than usual when there were very many requests.
    seconds: float
    #: Requests, as many as the logged ones stand for.
    requests: float
    #: Shares of the logged ones, 0 to 1.
    failed: float
    refused: float
    #: Seconds of the middle answer, and of the slowest hundredth; of the version with most requests.
    p50: float | None
    p99: float | None


class RolloutMark(msgspec.Struct, frozen=True):
    """A rollout in a few words."""

    #: Version that is to take over, and the one that it is compared with.
    number: int
    live: int
    state: StateName
    #: `10 % of the requests`.
    words: str
    #: Share of the requests that goes to it, 0 to 1.
    share: float
    since: float
    reason: str


class ServiceRow(msgspec.Struct, frozen=True):
    """A service in the list."""

    service: str
    project: str
    stands: ServiceStanding
    #: Why the version that should answer does not.
    problem: str
    #: Version that should answer, and the one that does; None = none does.
    number: int
    answering: int | None
    #: Version that stands by for a rollback.
    warm: int | None
    workers: int
    #: `SentimentFlow/17`, from whose artifacts it answers.
    run: str | None
    deployed_at: float
    deployed_by: str
    #: Where callers reach it; None = no host runs.
    url: str | None
    is_paused: bool
    reason: str
    owner: str
    has_token: bool
    #: The caller must send that token along to change it.
    needs_token: bool
    may_change: bool
    #: The rollout under way; None = none is.
    rollout: RolloutMark | None
    #: None = nothing was asked lately, or nothing is logged.
    health: ServiceHealth | None


def service_row(asked: Asked, state: AliasState, host: HostStatus | None) -> ServiceRow:
    """Give a service as lists show it.

    Raises:
        NotFound: its version is not there for the caller.
    """
    deployed = find_version(asked.ledger, state.name, state.number)
    status = None if host is None else host.services.get(state.name)
    stands, problem = _standing(state, host)
    project = Projects(asked.ledger).of_service(state.name)
    under_way = Rollouts(asked.ledger).active(state.name)
    return ServiceRow(
        service=state.name,
        project=project,
        stands=stands,
        problem=problem,
        number=state.number,
        answering=None if status is None else status.live,
        warm=None if status is None else status.warm,
        workers=0 if status is None else status.workers,
        run=deployed.version.run,
        deployed_at=deployed.at,
        deployed_by=deployed.user,
        url=None if host is None else f"{host.url}/{state.name}",
        is_paused=state.is_paused,
        reason=state.reason,
        owner=state.owner,
        has_token=state.token_hash is not None,
        needs_token=asked.access.user != state.owner and not asked.access.allows("admin", project),
        may_change=asked.access.allows("deployer", project),
        rollout=None if under_way is None else rollout_mark(under_way),
        health=health_of(asked, state.name, began_at=deployed.at if deployed.number == 1 else 0.0),
    )


def rollout_mark(rollout: RolloutState) -> RolloutMark:
    """Give a rollout in a few words."""
    return RolloutMark(
        rollout.number,
        rollout.live,
        rollout.state,
        rollout.words,
        rollout.share,
        rollout.since,
        rollout.reason,
    )


def health_of(asked: Asked, service: str, *, began_at: float = 0.0) -> ServiceHealth | None:
    """Give how a service did in the last minutes, as of a few seconds ago at most; None when nothing says so.

    Args:
        asked: the request.
        service: its name.
        began_at: when it could first be asked: a rate is told of no time before that.
    """
    return _health(asked.home.path, service, int(asked.now / _FRESH_SECONDS), began_at)


@lru_cache(maxsize=256)
def _health(home: str, service: str, tick: int, began_at: float) -> ServiceHealth | None:
    until = (tick + 1) * _FRESH_SECONDS
    try:
        traffic = read_traffic(home, service, until - HEALTH_SECONDS, until, stretches=1, most_rows=_MOST_ROWS)
    except HeadwaterError:  # what reads the log is not installed
        return None
    if not traffic.points:
        return None
    logged = sum(point.logged for point in traffic.points)
    main = max(traffic.points, key=lambda point: point.logged)
    return ServiceHealth(
        until - min(until - _FRESH_SECONDS, max(traffic.told_since, until - HEALTH_SECONDS, began_at)),
        sum(point.requests for point in traffic.points),
        sum(point.failed for point in traffic.points) / logged,
        sum(point.refused for point in traffic.points) / logged,
        main.p50,
        main.p99,
    )


def _standing(state: AliasState, host: HostStatus | None) -> tuple[ServiceStanding, str]:
    status = None if host is None else host.services.get(state.name)
    problem = "" if status is None else status.problem.partition("\n")[0]
    if state.is_paused:
        return "paused", problem
    if host is None:
        return "no host", ""
    if status is None or status.live is None:
        return ("failed", problem) if problem else ("loading", "")
    return ("answers", "") if status.live == state.number else ("old", problem)
