"""Deployments: the aliases with what they name, one alias, its history."""

from typing import Literal, get_args

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import find_deployment
from headwater.model.deployment import AliasChange, AliasState, Deployment
from headwater.model.errors import NotFound
from headwater.model.production import ProductionOptions
from headwater.production.upcoming import next_firings, schedule_states
from headwater.web.api.deployed_versions import VersionView, version_view
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Text
from headwater.web.scope.visible import project_of_name
from headwater.web.sorting import SortedQuery, Sorting, page_of
from headwater.web.targets import TargetPath, find_alias, project_of_target
from headwater.web.views.deployed import (
    AliasStanding,
    AliasView,
    RunMark,
    ScheduleView,
    alias_view,
    runs_of_target,
    schedule_view,
    standing_of,
)

#: Runs that a row of the list names, newest first.
_LAST_RUNS = 8
#: Runs that the page of one names.
_RUNS = 20
_STANDINGS = get_args(AliasStanding)


class DeploymentRow(msgspec.Struct, frozen=True):
    """An alias in the list."""

    alias: AliasView
    flow: str
    deployed_at: float | None
    deployed_by: str
    note: str
    #: Names of its schedules.
    schedules: tuple[str, ...]
    #: `event data_ready`, `Train succeeds`.
    triggers: tuple[str, ...]
    #: When it fires next; None = nothing is scheduled, or it does not fire.
    next_at: float | None
    #: Newest first.
    runs: tuple[RunMark, ...]


class DeploymentsPage(msgspec.Struct, frozen=True):
    """A part of the list of aliases."""

    rows: tuple[DeploymentRow, ...]
    cursor: str | None = None


class DeploymentsQuery(SortedQuery, frozen=True):
    """Which aliases; by name, unless it says otherwise."""

    #: `Churn`, `fraud.Churn`: aliases of this name only.
    name: Text | None = None
    #: Part of the alias's name, in upper or lower case.
    search: Text = ""
    project: Text | None = None
    owner: Text | None = None
    #: One of these.
    stands: tuple[AliasStanding, ...] = ()
    #: `next_at`: when it fires next; `changed_at`: when the alias was last moved, paused or let go on.
    sort: Literal[
        "target",
        "-target",
        "owner",
        "-owner",
        "stands",
        "-stands",
        "number",
        "-number",
        "changed_at",
        "-changed_at",
        "deployed_at",
        "-deployed_at",
        "deployed_by",
        "-deployed_by",
        "next_at",
        "-next_at",
    ] = "target"


class DeploymentView(msgspec.Struct, frozen=True):
    """One alias."""

    alias: AliasView
    #: What it names; None = nothing yet.
    deployment: VersionView | None
    schedules: tuple[ScheduleView, ...]
    #: Aliases that run beside it.
    shadows: tuple[str, ...]
    #: Newest first.
    runs: tuple[RunMark, ...]
    #: A daemon runs, so that what fires and what is asked for is started.
    has_daemon: bool


class AliasChangeView(msgspec.Struct, frozen=True):
    """One change of an alias."""

    at: float
    change: AliasChange
    user: str
    reason: str
    number: int | None
    is_paused: bool
    pending: int | None


class AliasHistoryQuery(SortedQuery, frozen=True):
    """Which changes; newest first, unless it says otherwise."""

    sort: Literal["at", "-at", "change", "-change", "user", "-user", "number", "-number"] = "-at"


class AliasHistoryPage(msgspec.Struct, frozen=True):
    """A part of the changes of an alias."""

    rows: tuple[AliasChangeView, ...]
    cursor: str | None = None


def list_aliases(asked: Asked, query: DeploymentsQuery) -> DeploymentsPage:
    """List aliases with what they name, when that fires next, and its last runs."""
    aliases = Aliases(asked.ledger)
    taken = aliases.all_taken() if query.name is None else aliases.of(query.name)
    wanted = [state for state in taken if _is_asked_for(asked, state, query)]
    page, cursor = page_of(wanted, _sorting(asked), query)
    return DeploymentsPage(tuple(_row(asked, state) for state in page), cursor)


def show_alias(asked: Asked, at: TargetPath) -> DeploymentView:
    """Show an alias: what it names, its schedules and triggers, its parameters, its newest runs."""
    state = find_alias(asked, at.target)
    deployment = _named(asked, state)
    others = Aliases(asked.ledger).of(state.name)
    states = [] if deployment is None else schedule_states(asked.ledger, state, deployment, asked.now)
    return DeploymentView(
        alias=alias_view(asked, state),
        deployment=None if deployment is None else version_view(asked, deployment, others),
        schedules=tuple(schedule_view(each, asked.now) for each in states),
        shadows=tuple(each.target for each in others if each.shadow_of == state.target),
        runs=runs_of_target(asked, state.target, _RUNS),
        has_daemon=asked.ledger.leader("daemon") is not None,
    )


def show_alias_history(asked: Asked, at: TargetPath, query: AliasHistoryQuery) -> AliasHistoryPage:
    """Show every change of an alias, newest first: who, when, why."""
    find_alias(asked, at.target)
    states = enumerate(Aliases(asked.ledger).history(at.target), 1)
    page, cursor = page_of(states, _HISTORY, query, of=at.target)
    return AliasHistoryPage(tuple(_change(state) for _, state in page), cursor)


def _is_asked_for(asked: Asked, state: AliasState, query: DeploymentsQuery) -> bool:
    return (
        query.project in (None, project_of_name(state.name))
        and query.owner in (None, state.owner)
        and query.search.casefold() in state.target.casefold()
        and (not query.stands or standing_of(state, asked.now) in query.stands)
    )


def _sorting(asked: Asked) -> Sorting[AliasState]:
    """Say how aliases are sorted; in memory: people make each of them, and most columns are worked out from the clock.

    What is deployed is read only when it is sorted by.
    """

    def deployed(state: AliasState) -> Deployment | None:
        return _named(asked, state)

    return Sorting(
        {
            "target": lambda state: state.target,
            "owner": lambda state: state.owner,
            "stands": lambda state: _STANDINGS.index(standing_of(state, asked.now)),
            "number": lambda state: None if state.deployment is None else state.number,
            "changed_at": lambda state: state.at,
            "deployed_at": lambda state: None if (found := deployed(state)) is None else found.at,
            "deployed_by": lambda state: None if (found := deployed(state)) is None else found.user,
            "next_at": lambda state: _next_at(asked, state, deployed(state)),
        },
        lambda state: state.target,
    )


#: In memory: as many as somebody changed it; a change has no number but its place.
_HISTORY: Sorting[tuple[int, AliasState]] = Sorting(
    {
        "at": lambda each: each[0],
        "change": lambda each: each[1].change,
        "user": lambda each: each[1].user,
        "number": lambda each: None if each[1].deployment is None else each[1].number,
    },
    lambda each: each[0],
)


def _next_at(asked: Asked, state: AliasState, deployment: Deployment | None) -> float | None:
    """Give when an alias fires next; None = nothing is scheduled, or it does not fire."""
    if deployment is None or state.is_paused or state.shadow_of is not None:
        return None
    schedules = deployment.graph.production.schedules
    return min((at for each in schedules for at in next_firings(each, state.target, asked.now, 1)), default=None)


def _row(asked: Asked, state: AliasState) -> DeploymentRow:
    deployment = _named(asked, state)
    production = ProductionOptions() if deployment is None else deployment.graph.production
    return DeploymentRow(
        alias=alias_view(asked, state),
        flow=state.name.rpartition(".")[2],
        deployed_at=None if deployment is None else deployment.at,
        deployed_by="" if deployment is None else deployment.user,
        note="" if deployment is None else deployment.note,
        schedules=tuple(schedule.name or schedule.cron for schedule in production.schedules),
        triggers=_trigger_words(production),
        next_at=_next_at(asked, state, deployment),
        runs=runs_of_target(asked, state.target, _LAST_RUNS),
    )


def _named(asked: Asked, state: AliasState) -> Deployment | None:
    if state.deployment is None:
        return None
    try:
        return find_deployment(asked.ledger, state.name, state.number)
    except NotFound:
        return None


def _trigger_words(production: ProductionOptions) -> tuple[str, ...]:
    return tuple(
        " and ".join([*(f"event {each.name}" for each in one.events), *(f"{each.flow} succeeds" for each in one.flows)])
        for one in production.triggers
    )


def _change(state: AliasState) -> AliasChangeView:
    return AliasChangeView(
        at=state.at,
        change=state.change,
        user=state.user,
        reason=state.reason,
        number=None if state.deployment is None else state.number,
        is_paused=state.is_paused,
        pending=None if state.pending is None else state.pending.number,
    )


ROUTES = (
    Route("GET", "/deployments", list_aliases, needs="viewer"),
    Route("GET", "/deployments/{target}", show_alias, needs="viewer", of=project_of_target),
    Route("GET", "/deployments/{target}/history", show_alias_history, needs="viewer", of=project_of_target),
)
