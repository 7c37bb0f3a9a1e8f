"""Backfills: what one would do, how far each has come; starts and stops them."""

from typing import Annotated, Literal

import msgspec

from headwater.model.errors import DeploymentRefused
from headwater.model.rows import RunStatus
from headwater.production.backfill import Backfill, decode_backfill
from headwater.production.backfill_changes import start_backfill, stop_backfill
from headwater.production.backfill_plan import Asked as BackfillAsked
from headwater.production.backfill_plan import Preview, plan_backfill
from headwater.production.backfill_progress import Progress, SlotState, backfill_records, find_backfill, progress_of
from headwater.web.asked import Asked
from headwater.web.callers import Caller, home_of
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, Text
from headwater.web.scope.visible import project_of_name
from headwater.web.sorting import SortedQuery, Sorting, page_of
from headwater.web.targets import GivenToken, TargetPath, find_alias, project_of_target

_Word = Annotated[str, msgspec.Meta(max_length=100)]


class BackfillPath(msgspec.Struct, frozen=True):
    """`Churn-1`."""

    backfill: Annotated[str, msgspec.Meta(max_length=400)]


class BackfillsQuery(SortedQuery, frozen=True):
    """Which backfills; newest first, unless it says otherwise."""

    target: Text | None = None
    user: Text | None = None
    #: Part of the id or target, in upper or lower case.
    search: Text = ""
    #: `since` and `until`: of the slots.
    sort: Literal[
        "at",
        "-at",
        "id",
        "-id",
        "target",
        "-target",
        "user",
        "-user",
        "since",
        "-since",
        "until",
        "-until",
        "total",
        "-total",
        "parallel",
        "-parallel",
    ] = "-at"
    limit: Limit = 20


class SlotsQuery(msgspec.Struct, frozen=True):
    """Which of its slots; newest first."""

    limit: Limit = 100
    #: Slots before this one, Unix time: that of the page before.
    cursor: float | None = None


class BackfillWanted(msgspec.Struct, frozen=True):
    """A backfill that somebody asks for."""

    #: First slot: `2025-01-31`, `2025-01-31T06:00`.
    since: _Word
    #: Slots before this one; None = now.
    until: _Word | None = None
    #: A slot every `1d`, `6h`, `1w`; None = those of a schedule.
    every: _Word | None = None
    #: Name of that schedule, when there are several.
    schedule: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    #: With `every`: on whose clocks dates are read.
    timezone: _Word | None = None
    #: Deployment that it runs; None = the one that the alias names.
    number: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    #: Runs at the same time.
    parallel: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    parameters: dict[Annotated[str, msgspec.Meta(max_length=200)], msgspec.Raw] = {}
    #: Run slots again that have a successful run.
    again: bool = False
    token: GivenToken = ""


class StopBackfill(msgspec.Struct, frozen=True):
    """How a backfill is stopped."""

    #: Let the runs finish that have begun.
    let_finish: bool = False
    token: GivenToken = ""


class BackfillFacts(msgspec.Struct, frozen=True):
    """A backfill as it was asked for."""

    #: `Churn-1`; empty = nobody has started it.
    id: str
    target: str
    number: int
    #: Slots are not earlier than this, and earlier than `until`.
    since: float
    until: float
    #: Runs in all.
    total: int
    #: Slots that had a successful run.
    left_out: int
    #: Cron expression of the schedule whose slots they are; None = they lie `every` apart.
    schedule: str | None
    every: str | None
    timezone: str
    parallel: int
    parameters: dict[str, msgspec.Raw]
    at: float
    user: str
    cancelled_at: float | None
    cancelled_by: str


class BackfillPreview(msgspec.Struct, frozen=True):
    """What a backfill would do."""

    backfill: BackfillFacts
    first_slot: float
    last_slot: float
    #: How long a run usually takes, and all of them; None = there is no history.
    usual_seconds: float | None
    seconds: float | None
    #: Ids of backfills at work on slots of the same stretch.
    others: tuple[str, ...]


class BackfillRow(msgspec.Struct, frozen=True):
    """A backfill, and how far it has come."""

    backfill: BackfillFacts
    #: `stopping`: cancelled, and some of its runs have not ended yet.
    status: Literal["running", "stopping", "cancelled", "done"]
    #: Slots by the status of their runs; `refused` without one, `to come` not started yet.
    counts: dict[str, int]


class BackfillsPage(msgspec.Struct, frozen=True):
    """A part of the list of backfills."""

    rows: tuple[BackfillRow, ...]
    cursor: str | None = None


class SlotRow(msgspec.Struct, frozen=True):
    """A slot of a backfill that was dealt with."""

    slot: float
    verdict: str
    reason: str
    #: `Churn/17`; None = no run was started.
    run: str | None
    status: RunStatus | None
    started_at: float | None
    finished_at: float | None
    message: str


class BackfillView(msgspec.Struct, frozen=True):
    """A backfill with its slots, newest first; those that are still to come are not among them."""

    row: BackfillRow
    slots: tuple[SlotRow, ...]
    #: Where the next part begins; None at the end.
    cursor: float | None = None


def list_backfills(asked: Asked, query: BackfillsQuery) -> BackfillsPage:
    """List backfills, newest first, and how far each has come."""
    found = (decode_backfill(record) for record in backfill_records(asked.ledger))
    page, cursor = page_of((each for each in found if _is_asked_for(each, query)), _SORTING, query)
    return BackfillsPage(tuple(_row(progress_of(asked.ledger, each)) for each in page), cursor)


def show_backfill(asked: Asked, at: BackfillPath, query: SlotsQuery) -> BackfillView:
    """Show how far a backfill has come, slot by slot."""
    progress = progress_of(asked.ledger, find_backfill(asked.ledger, at.backfill)[0])
    slots = [each for each in reversed(progress.slots) if query.cursor is None or each.slot < query.cursor]
    cursor = slots[query.limit - 1].slot if len(slots) > query.limit else None
    return BackfillView(_row(progress), tuple(map(_slot, slots[: query.limit])), cursor)


def preview_backfill(asked: Asked, at: TargetPath, body: BackfillWanted) -> BackfillPreview:
    """Work out what a backfill of an alias would do; starts nothing."""
    return _preview(_planned(asked, at, body))


def begin_backfill(asked: Asked, at: TargetPath, body: BackfillWanted) -> BackfillRow:
    """Start a backfill: one run for each slot of a stretch of the past, the oldest first."""
    asked = asked.with_token(body.token)
    Caller(asked, body.token).require(find_alias(asked, at.target), "backfill")
    started = start_backfill(asked.ledger, _planned(asked, at, body).backfill)
    return _row(progress_of(asked.ledger, started))


def end_backfill(asked: Asked, at: BackfillPath, body: StopBackfill) -> BackfillRow:
    """Start no more runs of a backfill, and stop those under way."""
    asked = asked.with_token(body.token)
    caller = Caller(asked, body.token)
    return _row(stop_backfill(home_of(asked), caller, at.backfill, asked.now, let_finish=body.let_finish))


def project_of_backfill(asked: Asked, at: BackfillPath) -> str:
    """Give the project of a backfill's deployment; raises NotFound."""
    return project_of_name(find_backfill(asked.ledger, at.backfill)[0].target)


def _planned(asked: Asked, at: TargetPath, body: BackfillWanted) -> Preview:
    state = find_alias(asked, at.target)
    if state.deployment is None:
        raise DeploymentRefused(f"{state.target} names no deployment yet: it waits for an approval")
    wanted = BackfillAsked(
        body.since,
        body.until,
        body.every,
        body.schedule,
        body.timezone,
        body.number,
        body.parallel,
        body.parameters,
        body.again,
    )
    return plan_backfill(home_of(asked), state, wanted, asked.now)


def _is_asked_for(backfill: Backfill, query: BackfillsQuery) -> bool:
    part = query.search.casefold()
    return (
        query.target in (None, backfill.target)
        and query.user in (None, backfill.user)
        and (part in backfill.id.casefold() or part in backfill.target.casefold())
    )


#: In memory: people start each of them. How far each has come takes a look at its runs, for those of the page only.
_SORTING: Sorting[Backfill] = Sorting(
    {
        "at": lambda each: each.at,
        "id": lambda each: each.id,
        "target": lambda each: each.target,
        "user": lambda each: each.user,
        "since": lambda each: each.first,
        "until": lambda each: each.until,
        "total": lambda each: each.total,
        "parallel": lambda each: each.parallel,
    },
    lambda each: each.id,
)


def _row(progress: Progress) -> BackfillRow:
    return BackfillRow(_facts(progress.backfill), progress.status, progress.counts)


def _preview(preview: Preview) -> BackfillPreview:
    return BackfillPreview(
        backfill=_facts(preview.backfill),
        first_slot=preview.first_slot,
        last_slot=preview.last_slot,
        usual_seconds=None if preview.usual is None else preview.usual.seconds,
        seconds=preview.seconds,
        others=preview.others,
    )


def _facts(backfill: Backfill) -> BackfillFacts:
    return BackfillFacts(
        id=backfill.id,
        target=backfill.target,
        number=backfill.number,
        since=backfill.first,
        until=backfill.until,
        total=backfill.total,
        left_out=len(backfill.left_out),
        schedule=None if backfill.schedule is None else backfill.schedule.cron,
        every=backfill.every,
        timezone=backfill.timezone,
        parallel=backfill.parallel,
        parameters=backfill.parameters,
        at=backfill.at,
        user=backfill.user,
        cancelled_at=backfill.cancelled_at,
        cancelled_by=backfill.cancelled_by,
    )


def _slot(state: SlotState) -> SlotRow:
    run = state.run
    return SlotRow(
        slot=state.slot,
        verdict=state.verdict,
        reason=state.reason,
        run=None if run is None else run.path,
        status=None if run is None else run.status,
        started_at=None if run is None else run.started_at,
        finished_at=None if run is None else run.finished_at,
        message="" if run is None else run.message,
    )


ROUTES = (
    Route("GET", "/backfills", list_backfills, needs="viewer"),
    Route("GET", "/backfills/{backfill}", show_backfill, needs="viewer", of=project_of_backfill),
    Route("POST", "/backfills/{backfill}/stop", end_backfill, needs="deployer", of=project_of_backfill),
    Route(
        "POST",
        "/deployments/{target}/backfills/preview",
        preview_backfill,
        needs="deployer",
        of=project_of_target,
        is_reading=True,
    ),
    Route(
        "POST", "/deployments/{target}/backfills", begin_backfill, needs="deployer", of=project_of_target, status=201
    ),
)
