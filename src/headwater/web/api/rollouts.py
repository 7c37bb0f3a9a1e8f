"""Rollouts: how new versions take over, with the numbers that their verdicts come from."""

from typing import Literal, get_args

import msgspec

from headwater.hosting.rollout.files import read_progress
from headwater.hosting.rollout.judge import Judgement, Needed, requests_needed
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState, StateName
from headwater.model.errors import NotFound
from headwater.model.service import Rollout
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.sorting import SortedQuery, Sorting, page_of
from headwater.web.targets import ServicePath, ServiceVersionPath, find_service, project_of_service
from headwater.web.views.hosted import RolloutMark, rollout_mark


class RolloutsQuery(SortedQuery, frozen=True):
    """Which rollouts; newest version first, unless it says otherwise."""

    #: One of these.
    state: tuple[StateName, ...] = ()
    sort: Literal["number", "-number", "state", "-state", "share", "-share", "since", "-since"] = "-number"


class RolloutsPage(msgspec.Struct, frozen=True):
    """A part of the list of rollouts."""

    rows: tuple[RolloutMark, ...]
    cursor: str | None = None


class RolloutStep(msgspec.Struct, frozen=True):
    """One state of a rollout, and the numbers that led to it."""

    state: StateName
    #: `10 % of the requests`.
    words: str
    since: float
    #: Person, or `host`.
    user: str
    reason: str
    #: None = no numbers led here.
    judgement: Judgement | None


class RolloutView(msgspec.Struct, frozen=True):
    """One rollout."""

    service: str
    mark: RolloutMark
    is_over: bool
    began_at: float
    plan: Rollout
    #: Requests that each share of the plan takes.
    needed: tuple[Needed, ...]
    #: What was counted since the last change, or what led to the end; None = nothing yet.
    judgement: Judgement | None
    #: When that was counted; None = it is final.
    counted_at: float | None
    #: Shadowed requests that the candidate was not asked: it had enough to do.
    not_shadowed: int
    #: First to last.
    steps: tuple[RolloutStep, ...]


def list_rollouts(asked: Asked, at: ServicePath, query: RolloutsQuery) -> RolloutsPage:
    """List the rollouts of a service, newest version first."""
    service = find_service(asked, at.service).name
    found = (each for each in Rollouts(asked.ledger).all(service) if not query.state or each.state in query.state)
    page, cursor = page_of(found, _SORTING, query, of=service)
    return RolloutsPage(tuple(map(rollout_mark, page)), cursor)


def show_rollout(asked: Asked, at: ServiceVersionPath) -> RolloutView:
    """Show how a version takes over: its share of the requests, what was counted, and what that comes to."""
    service = find_service(asked, at.service).name
    history = Rollouts(asked.ledger).history(service, at.number)
    if not history:
        raise NotFound(f"{service} has no rollout of version {at.number}")
    latest = history[-1]
    progress = None if latest.is_over else read_progress(asked.home.path, latest)
    return RolloutView(
        service=service,
        mark=rollout_mark(latest),
        is_over=latest.is_over,
        began_at=latest.began_at,
        plan=latest.plan,
        needed=tuple(requests_needed(latest.plan)),
        judgement=latest.judgement if progress is None else progress.judgement,
        counted_at=None if progress is None else progress.at,
        not_shadowed=0 if progress is None else progress.dropped,
        steps=tuple(map(_step, history)),
    )


_STATES = get_args(StateName)

#: In memory: one for each version at most.
_SORTING: Sorting[RolloutState] = Sorting(
    {
        "number": lambda each: each.number,
        "state": lambda each: _STATES.index(each.state),
        "share": lambda each: each.share,
        "since": lambda each: each.since,
    },
    lambda each: each.number,
)


def _step(state: RolloutState) -> RolloutStep:
    return RolloutStep(state.state, state.words, state.since, state.user, state.reason, state.judgement)


ROUTES = (
    Route("GET", "/services/{service}/rollouts", list_rollouts, needs="viewer", of=project_of_service),
    Route("GET", "/services/{service}/rollouts/{number}", show_rollout, needs="viewer", of=project_of_service),
)
