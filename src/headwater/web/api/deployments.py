"""Deployments: the aliases with what they name, one alias, its history."""

from typing import Annotated

import msgspec

from headwater.deployments.aliases import KIND, Aliases
from headwater.deployments.stored import find_deployment
from headwater.model.deployment import AliasChange, AliasState, Deployment
from headwater.model.errors import NotFound
from headwater.model.production import ProductionOptions
from headwater.production.upcoming import next_firings, schedule_states
from headwater.web.api.deployed_versions import VersionView, version_view
from headwater.web.asked import Asked
from headwater.web.deployed import (
    AliasStanding,
    AliasView,
    RunMark,
    ScheduleView,
    alias_view,
    runs_of_target,
    schedule_view,
    standing_of,
)
from headwater.web.paging import NumberedQuery
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, Text
from headwater.web.targets import TargetPath, find_alias, project_of_target
from headwater.web.visible import project_of_name

#: Runs that a row of the list names, newest first.
_LAST_RUNS = 8
#: Runs that the page of one names.
_RUNS = 20
#: Aliases read at once.
_PAGE = 200


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
    """A part of the list of aliases, by name."""

    rows: tuple[DeploymentRow, ...]
    cursor: str | None = None


class DeploymentsQuery(msgspec.Struct, frozen=True):
    """Which aliases; by name."""

    #: `Churn`, `fraud.Churn`: aliases of this name only.
    name: Text | None = None
    #: Part of the alias's name, in upper or lower case.
    search: Text = ""
    project: Text | None = None
    owner: Text | None = None
    #: One of these.
    stands: tuple[AliasStanding, ...] = ()
    limit: Limit = 50
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


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


class AliasHistoryPage(msgspec.Struct, frozen=True):
    """Changes of an alias, newest first."""

    rows: tuple[AliasChangeView, ...]
    cursor: str | None = None


def list_aliases(asked: Asked, query: DeploymentsQuery) -> DeploymentsPage:
    """List aliases with what they name, when that fires next, and its last runs."""
    rows: list[DeploymentRow] = []
    after, prefix = query.cursor or "", "" if query.name is None else f"{query.name}@"
    while page := asked.ledger.records(KIND, prefix=prefix, after=after, limit=_PAGE):
        for record in page:
            after = record.key
            state = msgspec.json.decode(record.body, type=AliasState)
            if _is_asked_for(asked, state, query):
                rows.append(_row(asked, state))
                if len(rows) == query.limit:
                    return DeploymentsPage(tuple(rows), after)
    return DeploymentsPage(tuple(rows))


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


def show_alias_history(asked: Asked, at: TargetPath, query: NumberedQuery) -> AliasHistoryPage:
    """Show every change of an alias, newest first: who, when, why."""
    find_alias(asked, at.target)
    states = list(enumerate(Aliases(asked.ledger).history(at.target), 1))
    page = [each for each in reversed(states) if query.cursor is None or each[0] < query.cursor]
    rows = tuple(_change(state) for _, state in page[: query.limit])
    return AliasHistoryPage(rows, None if len(page) <= query.limit else str(page[query.limit - 1][0]))


def _is_asked_for(asked: Asked, state: AliasState, query: DeploymentsQuery) -> bool:
    return (
        (state.deployment is not None or state.pending is not None)
        and query.project in (None, project_of_name(state.name))
        and query.owner in (None, state.owner)
        and query.search.lower() in state.target.lower()
        and (not query.stands or standing_of(state, asked.now) in query.stands)
    )


def _row(asked: Asked, state: AliasState) -> DeploymentRow:
    deployment = _named(asked, state)
    production = ProductionOptions() if deployment is None else deployment.graph.production
    fires = not state.is_paused and state.shadow_of is None
    times = [
        at for schedule in production.schedules for at in next_firings(schedule, state.target, asked.now, 1) if fires
    ]
    return DeploymentRow(
        alias=alias_view(asked, state),
        flow=state.name.rpartition(".")[2],
        deployed_at=None if deployment is None else deployment.at,
        deployed_by="" if deployment is None else deployment.user,
        note="" if deployment is None else deployment.note,
        schedules=tuple(schedule.name or schedule.cron for schedule in production.schedules),
        triggers=_trigger_words(production),
        next_at=min(times, default=None),
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
