"""Approvals: everything that waits for somebody's answer, and the answers to steps at gates."""

from typing import Annotated, Literal

import msgspec

from headwater.client.records import RunRecord
from headwater.deployments.aliases import Aliases
from headwater.deployments.moves import is_expired
from headwater.model.errors import RunIsFinished
from headwater.model.events import Decide
from headwater.model.rows import RunQuery, RunRow
from headwater.production.decisions import Verdict, decide_step, open_gates
from headwater.web.access import Role
from headwater.web.api.deployment_changes import DecisionAsked, deciding_role
from headwater.web.asked import Asked
from headwater.web.callers import view_of
from headwater.web.routes import Route
from headwater.web.run_paths import Label, Limit, Text
from headwater.web.scope.visible import project_of_name
from headwater.web.sorting import SortedQuery, Sorting, page_of

#: `step`: a run waits at a gate; `move`: an alias waits to name another deployment.
ApprovalKind = Literal["step", "move"]
#: Runs that wait which are looked at; of more, the newest ones.
_MOST_RUNS = 500


class GatePath(msgspec.Struct, frozen=True):
    """The step `release` of `Churn/17`."""

    flow: str
    label: Label
    step: Annotated[str, msgspec.Meta(max_length=128)]


class ApprovalsQuery(SortedQuery, frozen=True):
    """Which approvals; what has waited longest comes first, unless it says otherwise."""

    #: One of these.
    kind: tuple[ApprovalKind, ...] = ()
    target: Text | None = None
    project: Text | None = None
    #: Only what the caller may decide.
    mine: bool = False
    sort: Literal[
        "asked_at",
        "-asked_at",
        "expires_at",
        "-expires_at",
        "target",
        "-target",
        "kind",
        "-kind",
        "asked_by",
        "-asked_by",
        "run",
        "-run",
    ] = "asked_at"
    limit: Limit = 100


class ApprovalRow(msgspec.Struct, frozen=True):
    """Something that waits for an approval."""

    #: `step`: a run waits at a gate; `move`: an alias waits to name another deployment.
    kind: ApprovalKind
    #: `Churn@production`; empty for a run that is no deployment's.
    target: str
    project: str
    #: `Churn/17` and its step.
    run: str | None
    step: str | None
    #: Deployment to which the alias moves.
    number: int | None
    #: The role that may decide, as the flow names it, and what that comes to here.
    role: str
    needs: Role
    may_decide: bool
    #: Of a move: when it was asked for. Of a step: when its run was started.
    asked_at: float
    #: Who asked for the move, or started the run.
    asked_by: str
    #: Unanswered until then counts as rejected; None = it waits for ever.
    expires_at: float | None


class ApprovalsPage(msgspec.Struct, frozen=True):
    """A part of what waits."""

    rows: tuple[ApprovalRow, ...]
    #: More runs wait than are looked at.
    is_cut: bool = False
    cursor: str | None = None


class GateDecision(msgspec.Struct, frozen=True):
    """What was decided at a gate."""

    run: str
    step: str
    #: Tasks that waited there.
    tasks: int
    verdict: Verdict
    #: Somebody drives the run on from here by itself.
    is_driven: bool


def list_approvals(asked: Asked, query: ApprovalsQuery) -> ApprovalsPage:
    """List everything that waits for somebody's approval: steps of runs, and moves of aliases."""
    waiting = asked.ledger.runs(RunQuery(status="waiting", limit=_MOST_RUNS))
    found = [row for run in waiting.rows for row in _steps(asked, run)] + _moves(asked)
    page, cursor = page_of((row for row in found if _is_asked_for(row, query)), _SORTING, query)
    return ApprovalsPage(tuple(page), waiting.cursor is not None, cursor)


def approve_step(asked: Asked, at: GatePath, body: DecisionAsked) -> GateDecision:
    """Let all tasks that wait at a step go on; takes the role that its `@approval` names."""
    return _decide(asked, at, "approved", body.reason)


def reject_step(asked: Asked, at: GatePath, body: DecisionAsked) -> GateDecision:
    """Fail all tasks that wait at a step; takes the role that its `@approval` names."""
    return _decide(asked, at, "rejected", body.reason)


def project_of_gate(asked: Asked, at: GatePath) -> str:
    """Give the project of the run that waits."""
    return asked.ledger.find_run(at.flow, at.label).project


def _is_asked_for(row: ApprovalRow, query: ApprovalsQuery) -> bool:
    return (
        (not query.kind or row.kind in query.kind)
        and query.target in (None, row.target)
        and query.project in (None, row.project)
        and (row.may_decide or not query.mine)
    )


#: In memory: people are to answer each of them.
_SORTING: Sorting[ApprovalRow] = Sorting(
    {
        "asked_at": lambda row: row.asked_at,
        "expires_at": lambda row: row.expires_at,
        "target": lambda row: row.target or None,
        "kind": lambda row: row.kind,
        "asked_by": lambda row: row.asked_by,
        "run": lambda row: row.run,
    },
    lambda row: f"{row.kind} {row.run or row.target} {row.step or row.number}",
)


def _decide(asked: Asked, at: GatePath, verdict: Verdict, reason: str) -> GateDecision:
    row = asked.ledger.find_run(at.flow, at.label)
    run = RunRecord(view_of(asked), at.flow, at.label, row)
    done = decide_step(run, at.step, verdict, user=asked.access.user, reason=reason, now=asked.now)
    is_driven = run.fresh().status == "running" or asked.ledger.leader("scheduler") is not None
    return GateDecision(row.path, done.step, done.tasks, verdict, is_driven)


def _role(run: RunRecord, step: str) -> str:
    node = run.started.graph.steps.get(step)
    return "deployer" if node is None or node.options.approval is None else node.options.approval.role


def _steps(asked: Asked, row: RunRow) -> list[ApprovalRow]:
    run = RunRecord(view_of(asked), row.flow, row.label, row)
    found = []
    for step in row.gates:
        if _is_answered(run, step):
            continue
        role = _role(run, step)
        found.append(
            ApprovalRow(
                kind="step",
                target="" if row.launch is None else row.launch.target,
                project=row.project,
                run=row.path,
                step=step,
                number=None,
                role=role,
                needs=deciding_role(role),
                may_decide=asked.access.allows(deciding_role(role), row.project),
                asked_at=row.started_at,
                asked_by=row.user,
                expires_at=row.gate_expires_at,
            )
        )
    return found


def _is_answered(run: RunRecord, step: str) -> bool:
    """Whether all that waits at a step has its answer, which the run's next driver goes on with."""
    requests = [request for _, request in run.view.ledger.requests(run.run)]
    answers = [each.at for each in requests if isinstance(each, Decide) and each.step == step]
    if not answers:
        return False
    try:
        return all(gate.at <= max(answers) for gate in open_gates(run) if gate.step == step)
    except RunIsFinished:
        return True


def _moves(asked: Asked) -> list[ApprovalRow]:
    found = []
    for state in Aliases(asked.ledger).all_taken():
        pending = state.pending
        if pending is None or is_expired(pending, asked.now):
            continue
        seconds, project = pending.approval.expires_seconds, project_of_name(state.name)
        needs = deciding_role(pending.approval.role)
        found.append(
            ApprovalRow(
                kind="move",
                target=state.target,
                project=project,
                run=None,
                step=None,
                number=pending.number,
                role=pending.approval.role,
                needs=needs,
                may_decide=asked.access.allows(needs, project),
                asked_at=pending.asked_at,
                asked_by=pending.asked_by,
                expires_at=None if seconds is None else pending.asked_at + seconds,
            )
        )
    return found


ROUTES = (
    Route("GET", "/approvals", list_approvals, needs="viewer"),
    # The role that the gate names is asked for where the decision is written.
    Route("POST", "/runs/{flow}/{label}/gates/{step}/approve", approve_step, needs="viewer", of=project_of_gate),
    Route("POST", "/runs/{flow}/{label}/gates/{step}/reject", reject_step, needs="viewer", of=project_of_gate),
)
