"""What people do to deployments: run now, pause, promote, roll back, approve. The same as the commands do."""

import re
from collections.abc import Callable
from typing import Annotated

import msgspec

from headwater.deployments.changes import Changes
from headwater.deployments.person_runs import start_run_of
from headwater.model.deployment import AliasState
from headwater.web.access import ROLES, Role
from headwater.web.asked import Asked
from headwater.web.callers import Caller, home_of
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.targets import GivenToken, Number, Reason, TargetName, TargetPath, find_alias, project_of_target
from headwater.web.views.deployed import AliasView, alias_view

_KEY = re.compile(r"[!-~]{1,200}")


class RunNow(msgspec.Struct, frozen=True):
    """A run that somebody asks for. `Idempotency-Key` in the header makes that one run, however often it is sent."""

    #: Values by parameter's name, instead of those that were deployed.
    parameters: dict[Annotated[str, msgspec.Meta(max_length=200)], msgspec.Raw] = {}
    token: GivenToken = ""


class StartedRun(msgspec.Struct, frozen=True):
    """A run that was recorded: a daemon starts it."""

    #: `Churn/17`.
    path: str
    run: str
    #: A daemon runs on this store; without one the run waits.
    has_daemon: bool


class ChangeAsked(msgspec.Struct, frozen=True):
    """Why something is changed."""

    reason: Reason = ""
    token: GivenToken = ""


class PromoteAsked(msgspec.Struct, frozen=True):
    """Which alias is to name what this one names."""

    #: None = what this one is a shadow of, else production.
    to: TargetName | None = None
    #: Token of the alias that moves.
    token: GivenToken = ""


class RollbackAsked(msgspec.Struct, frozen=True):
    """Back to which deployment."""

    #: None = the one before.
    number: Number | None = None
    reason: Reason = ""
    token: GivenToken = ""


class DecisionAsked(msgspec.Struct, frozen=True):
    """Why something is approved or rejected."""

    reason: Reason = ""


class ChangedAlias(msgspec.Struct, frozen=True):
    """An alias after a change."""

    alias: AliasView
    #: Others need it to change the alias; told this once to who made the alias, None otherwise.
    token: str | None = None


def run_now(asked: Asked, at: TargetPath, body: RunNow) -> StartedRun:
    """Start a run of what an alias names."""
    state = find_alias(asked, at.target)
    asked = asked.with_token(body.token)
    Caller(asked, body.token).require(state, "run")
    firing = start_run_of(
        home_of(asked),
        state.target,
        body.parameters,
        user=asked.access.user,
        at=asked.now,
        key=idempotency_key(asked),
    )
    assert firing.run is not None and firing.run_path is not None, firing
    return StartedRun(firing.run_path, firing.run, asked.ledger.leader("daemon") is not None)


def pause_alias(asked: Asked, at: TargetPath, body: ChangeAsked) -> ChangedAlias:
    """Keep schedules and triggers from starting runs; what runs goes on."""
    return _told(asked, _changes(asked, body.token).pause(at.target, asked.now, body.reason))


def unpause_alias(asked: Asked, at: TargetPath, body: ChangeAsked) -> ChangedAlias:
    """Let schedules and triggers start runs again, from now on; what passed meanwhile is not made up for."""
    return _told(asked, _changes(asked, body.token).unpause(at.target, asked.now, body.reason))


def promote_alias(asked: Asked, at: TargetPath, body: PromoteAsked) -> ChangedAlias:
    """Let another alias name what this one names; nothing is computed again. It may wait for an approval."""
    asked = asked.with_token(body.token)
    caller = Caller(asked, body.token)
    state = Changes(asked.ledger, caller).promote(find_alias(asked, at.target).target, body.to, asked.now)
    return _told(asked, state, caller)


def roll_back_alias(asked: Asked, at: TargetPath, body: RollbackAsked) -> ChangedAlias:
    """Let an alias name an earlier deployment again."""
    changes = _changes(asked, body.token)
    return _told(asked, changes.roll_back(at.target, asked.now, body.number, body.reason))


def approve_move(asked: Asked, at: TargetPath, body: DecisionAsked) -> ChangedAlias:
    """Carry out the move of an alias that waits for an approval; takes the role that the flow names for it."""
    return _told(asked, _changes(asked, "").approve(at.target, asked.now, body.reason))


def reject_move(asked: Asked, at: TargetPath, body: DecisionAsked) -> ChangedAlias:
    """Drop the move of an alias that waits for an approval; takes the role that the flow names for it."""
    return _told(asked, _changes(asked, "").reject(at.target, asked.now, body.reason))


def deciding_role(name: str) -> Role:
    """Give the role that may decide an `@approval` names; deployer where it names none that there is."""
    return next((role for role in ROLES if role == name), "deployer")


def idempotency_key(asked: Asked) -> str:
    """Give what the caller calls this change; empty = nothing was sent.

    Raises:
        Refused: it cannot be one.
    """
    if asked.idempotency_key and not _KEY.fullmatch(asked.idempotency_key):
        raise Refused(400, "`Idempotency-Key` has up to 200 visible ASCII characters")
    return asked.idempotency_key


def _changes(asked: Asked, token: str) -> Changes:
    return Changes(asked.with_token(token).ledger, Caller(asked, token))


def _told(asked: Asked, state: AliasState, caller: Caller | None = None) -> ChangedAlias:
    made = {} if caller is None else caller.told.made
    return ChangedAlias(alias_view(asked, state), made.get(state.target))


def _verb(name: str, answer: Callable[..., ChangedAlias]) -> Route:
    return Route("POST", f"/deployments/{{target}}/{name}", answer, needs="deployer", of=project_of_target)


ROUTES = (
    Route("POST", "/deployments/{target}/runs", run_now, needs="deployer", of=project_of_target, status=201),
    _verb("pause", pause_alias),
    _verb("unpause", unpause_alias),
    _verb("promote", promote_alias),
    _verb("rollback", roll_back_alias),
    # The role that the flow names is asked for where the decision is written.
    Route("POST", "/deployments/{target}/approve", approve_move, needs="viewer", of=project_of_target),
    Route("POST", "/deployments/{target}/reject", reject_move, needs="viewer", of=project_of_target),
)
