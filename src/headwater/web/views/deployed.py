"""What pages tell of aliases, their schedules and their runs; the same words wherever they are told."""

from typing import Literal

import msgspec

from headwater.deployments.moves import is_expired
from headwater.deployments.names import is_production
from headwater.model.deployment import AliasChange, AliasState
from headwater.model.production import Approval, Schedule
from headwater.model.rows import RunQuery, RunRow, RunStatus
from headwater.production.upcoming import ScheduleState, next_firings
from headwater.web.asked import Asked
from headwater.web.scope.visible import project_of_name

#: Firings that are named of each schedule.
_FIRINGS = 5

#: Characters of a message in a list.
_LONGEST = 300

#: `active`; `paused`: nothing of it fires; `pending`: it waits for somebody's approval and names nothing yet;
#: `expired`: that approval came too late.
AliasStanding = Literal["active", "paused", "pending", "expired"]


#: `ended`: no slot is to come; `shadow`: what it shadows fires.
ScheduleStanding = Literal["fires", "paused", "shadow", "ended"]


class PendingView(msgspec.Struct, frozen=True):
    """A move of an alias that waits for somebody's approval."""

    number: int
    approval: Approval
    asked_at: float
    asked_by: str
    #: Unanswered until then counts as rejected; None = it waits for ever.
    expires_at: float | None
    is_expired: bool


class AliasView(msgspec.Struct, frozen=True):
    """Where an alias stands; never its token."""

    #: `fraud.Churn@production`.
    target: str
    #: `fraud.Churn`.
    name: str
    #: `production`.
    alias: str
    #: Empty = flows without a project.
    project: str
    stands: AliasStanding
    is_production: bool
    #: Number of the deployment that it names; None = it names none yet.
    number: int | None
    is_paused: bool
    owner: str
    #: Others need its token to change it.
    has_token: bool
    #: The caller must send that token along.
    needs_token: bool
    #: The caller's role is enough to change it.
    may_change: bool
    change: AliasChange
    changed_at: float
    changed_by: str
    reason: str
    pending: PendingView | None = None
    shadow_of: str | None = None
    #: A shadow stops after so many runs.
    shadow_runs: int | None = None
    #: A shadow without a grant runs without the secrets of what it shadows.
    has_secrets: bool = True


class RunMark(msgspec.Struct, frozen=True):
    """A run in a few words."""

    #: `Churn/17`.
    path: str
    status: RunStatus
    started_at: float
    finished_at: float | None
    #: Number of the deployment that it ran; None = it is no run of one.
    number: int | None
    #: `schedule`, `event`, `finish`, `backfill`, `person`, `retry`, `shadow`; empty = it is no run of a deployment.
    trigger: str
    #: The schedule's name, the backfill's id, the person.
    source: str
    #: The slot that it stands for.
    slot: float | None
    #: The first line of why it failed, cut to size.
    message: str


class ScheduleView(msgspec.Struct, frozen=True):
    """A schedule of a deployment, and how it stands."""

    target: str
    name: str
    schedule: Schedule
    stands: ScheduleStanding
    #: The firings to come, jitter included.
    next_at: tuple[float, ...]
    #: A slot that is due and has no record: nobody fires; None = there is none.
    due: float | None
    #: What became of its latest slot; None = it has never fired.
    last_slot: float | None
    last_verdict: Literal["started", "skipped", "missed", "refused"] | None
    last_reason: str
    last_run: str | None


def alias_view(asked: Asked, state: AliasState) -> AliasView:
    """Give where an alias stands."""
    project = project_of_name(state.name)
    return AliasView(
        target=state.target,
        name=state.name,
        alias=state.alias,
        project=project,
        stands=standing_of(state, asked.now),
        is_production=is_production(state.alias),
        number=None if state.deployment is None else state.number,
        is_paused=state.is_paused,
        owner=state.owner,
        has_token=state.token_hash is not None,
        needs_token=asked.access.user != state.owner and not asked.access.allows("admin", project),
        may_change=asked.access.allows("deployer", project),
        change=state.change,
        changed_at=state.at,
        changed_by=state.user,
        reason=state.reason,
        pending=_pending(state, asked.now),
        shadow_of=state.shadow_of,
        shadow_runs=state.shadow_runs,
        has_secrets=state.has_secrets,
    )


def run_mark(row: RunRow) -> RunMark:
    """Give a run in a few words."""
    launch = row.launch
    return RunMark(
        path=row.path,
        status=row.status,
        started_at=row.started_at,
        finished_at=row.finished_at,
        number=None if launch is None else launch.number,
        trigger="" if launch is None else launch.trigger.kind,
        source="" if launch is None else launch.trigger.source,
        slot=None if launch is None else launch.logical_date,
        message=row.message.strip().partition("\n")[0][:_LONGEST],
    )


def runs_of_target(asked: Asked, target: str, count: int) -> tuple[RunMark, ...]:
    """Give the newest runs of an alias, newest first."""
    return tuple(map(run_mark, asked.ledger.runs(RunQuery(target=target, limit=count)).rows))


def schedule_view(state: ScheduleState, now: float) -> ScheduleView:
    """Give how a schedule stands."""
    schedule, last, target = state.schedule, state.last, state.alias.target
    return ScheduleView(
        target=target,
        name=schedule_name(schedule),
        schedule=schedule,
        stands=state.stands,
        next_at=() if state.next_at is None else tuple(next_firings(schedule, target, now, _FIRINGS)),
        due=state.due,
        last_slot=None if last is None else last.slot,
        last_verdict=None if last is None else last.verdict,
        last_reason="" if last is None else last.reason,
        last_run=None if last is None else last.run_path,
    )


def schedule_name(schedule: Schedule) -> str:
    """Give what people call a schedule: its name, else its cron expression."""
    return schedule.name or schedule.cron


def standing_of(state: AliasState, now: float) -> AliasStanding:
    """Say how an alias stands that names a deployment, or waits to."""
    if state.deployment is not None:
        return "paused" if state.is_paused else "active"
    return "expired" if state.pending is not None and is_expired(state.pending, now) else "pending"


def _pending(state: AliasState, now: float) -> PendingView | None:
    pending = state.pending
    if pending is None:
        return None
    seconds = pending.approval.expires_seconds
    return PendingView(
        pending.number,
        pending.approval,
        pending.asked_at,
        pending.asked_by,
        None if seconds is None else pending.asked_at + seconds,
        is_expired(pending, now),
    )
