"""What people do to aliases and deployments: pause, promote, roll back, approve, delete, rotate a token."""

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.moves import asked, is_expired, latest_event, moved
from headwater.deployments.names import PRODUCTION, Target, split_target
from headwater.deployments.owners import Person, is_taken
from headwater.deployments.promotion import require_conditions
from headwater.deployments.stored import KIND as DEPLOYMENT
from headwater.deployments.stored import decode_deployment, find_deployment, list_deployments, record_key, record_of
from headwater.deployments.tokens import new_token
from headwater.model.deployment import AliasState, Deployment
from headwater.model.errors import DeploymentRefused, NotFound
from headwater.model.failpoints import failpoint
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.rows import RunQuery, RunRow, RunStatus
from headwater.model.secret_digest import secret_digest

_AT_WORK: tuple[RunStatus, ...] = ("queued", "running", "waiting", "interrupted")


class Changes:
    """Changes that one person makes; each is one version of one record, made whole or not at all.

    Every method raises NotFound for what is not there, DeploymentRefused for what this person may not do or cannot be,
    and VersionConflict when somebody else was faster.
    """

    def __init__(self, ledger: Ledger, person: Person) -> None:
        self._ledger = ledger
        self._aliases = Aliases(ledger)
        self._person = person

    def pause(self, target: str, at: float, reason: str = "") -> AliasState:
        """Keep schedules and triggers from starting runs; what runs goes on."""
        state = self._require(target, "pause")
        if state.is_paused:
            raise DeploymentRefused(f"{state.target} is paused already, by {self._paused_by(state)}")
        return self._aliases.change(state, change="pause", user=self._person.name, at=at, is_paused=True, reason=reason)

    def unpause(self, target: str, at: float, reason: str = "") -> AliasState:
        """Let schedules and triggers start runs again, from now on: what passed meanwhile is not made up for."""
        state = self._require(target, "unpause")
        if not state.is_paused:
            raise DeploymentRefused(f"{state.target} is not paused")
        deployment = find_deployment(self._ledger, state.name, state.number)
        since = {schedule.key: at for schedule in deployment.graph.production.schedules}
        return self._aliases.change(
            state,
            change="unpause",
            user=self._person.name,
            at=at,
            is_paused=False,
            reason=reason,
            schedules_since=since,
            events_after=latest_event(self._ledger),
        )

    def promote(self, source: str, target: str | None, at: float) -> AliasState:
        """Let an alias name what another one names, without computing anything again.

        `target` is by default what the source is a shadow of, else production. When the flow asks for an approval, the
        move waits for it: the state given has it as `pending`. A shadow that is promoted is over.
        """
        origin = self._aliases.require(source)
        goal, candidate = self._goal_of(origin, target)
        before = self._aliases.get(str(goal))
        if before is not None:
            self._person.require(before, "promote to")
            if before.deployment == candidate.id and before.pending is None:
                raise DeploymentRefused(f"{goal} names deployment {candidate.number} already")
        if goal.alias == PRODUCTION:
            require_conditions(self._ledger, candidate, str(goal), origin.target)
        state = self._promoted(before, goal, candidate, origin.target, at)
        token = None
        if goal.alias == PRODUCTION and (before is None or not is_taken(before)):
            self._person.kept.require_writable()
            token = new_token()
            state = msgspec.structs.replace(state, token_hash=secret_digest(token))
        self._write_promotion(origin, before, state, candidate)
        if token is not None:
            self._person.kept.keep(str(goal), token)
        return state

    def roll_back(self, target: str, at: float, to: int | None = None, reason: str = "") -> AliasState:
        """Let an alias name an earlier deployment again: the one before the present one, or number `to`."""
        state = self._require(target, "roll back")
        number = to if to is not None else self._number_before(state)
        if number == state.number and state.deployment is not None:
            raise DeploymentRefused(f"{state.target} names deployment {number} already")
        earlier = find_deployment(self._ledger, state.name, number)
        changed = moved(
            state,
            split_target(state.target),
            earlier,
            self._named(state).graph if state.deployment is not None else None,
            change="rollback",
            user=self._person.name,
            at=at,
            latest_event=latest_event(self._ledger),
            reason=reason or f"from deployment {state.number}",
        )
        self._ledger.write_records([self._aliases.record_after(state, changed), held_on(self._ledger, earlier)])
        return changed

    def approve(self, target: str, at: float, reason: str = "") -> AliasState:
        """Carry out the move that waits for an approval; anybody may, the embedded store records who it was."""
        state, candidate = self._pending(target, at)
        changed = moved(
            state,
            split_target(state.target),
            candidate,
            self._named(state).graph if state.deployment is not None else None,
            change="promote",
            user=self._person.name,
            at=at,
            latest_event=latest_event(self._ledger),
            reason=reason or f"approved by {self._person.name}",
        )
        self._ledger.write_records([self._aliases.record_after(state, changed), held_on(self._ledger, candidate)])
        return changed

    def reject(self, target: str, at: float, reason: str = "") -> AliasState:
        """Drop the move that waits for an approval; the alias names what it named."""
        state = self._aliases.require(target)
        if state.pending is None:
            raise DeploymentRefused(f"no move of {state.target} waits for an approval")
        return self._aliases.change(state, change="reject", user=self._person.name, at=at, pending=None, reason=reason)

    def grant_secrets(self, target: str, at: float, *, is_granted: bool) -> AliasState:
        """Let a shadow have the secrets of what it shadows, or take them away."""
        state = self._require(target, "change")
        if state.shadow_of is None:
            raise DeploymentRefused(f"{state.target} is no shadow: it has its secrets")
        self._person.require(self._aliases.require(state.shadow_of), "grant the secrets of")
        return self._aliases.change(state, change="secrets", user=self._person.name, at=at, has_secrets=is_granted)

    def delete_alias(self, target: str, at: float, reason: str = "") -> AliasState:
        """Let an alias name nothing any more: nothing of it fires; its deployments and runs stay."""
        state = self._require(target, "delete")
        shadows = [each.target for each in self._aliases.of(state.name) if each.shadow_of == state.target]
        if shadows:
            raise DeploymentRefused(
                f"{state.target} has shadows: {', '.join(shadows)}", hint=f"headwater deployment delete {shadows[0]}"
            )
        changed = _deleted(state, self._person.name, at, reason)
        self._ledger.write_records([self._aliases.record_after(state, changed)])
        self._person.kept.forget(state.target)
        return changed

    def delete_deployment(self, name: str, number: int, at: float) -> Deployment:
        """Give up what a deployment holds; its runs stay, and hold what they need themselves."""
        deployment = find_deployment(self._ledger, name, number)
        # The version from before the aliases are looked at: one that moves here meanwhile makes the write fail.
        record = held_on(self._ledger, deployment)
        holders = [
            state.target
            for state in self._aliases.of(name)
            if state.deployment == deployment.id
            or (state.pending is not None and state.pending.deployment == deployment.id)
        ]
        if holders:
            raise DeploymentRefused(
                f"{name}, deployment {number} is held by {', '.join(holders)}",
                hint=f"move or delete that first: headwater deployment delete {holders[0]}",
            )
        if deployment.user != self._person.name:
            raise DeploymentRefused(f"{name}, deployment {number} belongs to {deployment.user}")
        if (run := self._run_at_work(deployment)) is not None:
            raise DeploymentRefused(
                f"{run.path} runs from {name}, deployment {number}, and has not ended",
                hint=f"wait for it, or stop it: headwater cancel {run.path}",
            )
        deleted = msgspec.structs.replace(deployment, deleted_at=at, deleted_by=self._person.name)
        self._ledger.write_records([record_of(deleted, record.version)])
        return deleted

    def rotate_token(self, target: str, at: float) -> str:
        """Make a new token for an alias; the old one opens nothing any more."""
        state = self._aliases.require(target)
        if self._person.name != state.owner:
            raise DeploymentRefused(f"{state.target} belongs to {state.owner}, who alone makes its tokens")
        token = new_token()
        self._person.kept.require_writable()
        self._aliases.change(state, change="token", user=self._person.name, at=at, token_hash=secret_digest(token))
        self._person.kept.keep(state.target, token)
        return token

    def _require(self, target: str, deed: str) -> AliasState:
        state = self._aliases.require(target)
        self._person.require(state, deed)
        return state

    def _named(self, state: AliasState) -> Deployment:
        return find_deployment(self._ledger, state.name, state.number)

    def _goal_of(self, origin: AliasState, target: str | None) -> tuple[Target, Deployment]:
        """Give the alias that moves when another is promoted, and what it will name."""
        if origin.deployment is None:
            raise DeploymentRefused(f"{origin.target} names no deployment yet: it waits for an approval")
        goal = split_target(target or origin.shadow_of or f"{origin.name}@{PRODUCTION}")
        if goal.name != origin.name:
            raise DeploymentRefused(
                f"{goal} is an alias of another flow than {origin.target}", hint=f"--to {origin.name}@{goal.alias}"
            )
        return goal, self._named(origin)

    def _write_promotion(
        self, origin: AliasState, before: AliasState | None, state: AliasState, candidate: Deployment
    ) -> None:
        records = [self._aliases.record_after(before, state), held_on(self._ledger, candidate)]
        if origin.shadow_of == state.target and state.pending is None:
            over = _deleted(origin, self._person.name, state.at, f"promoted to {state.target}")
            records.append(self._aliases.record_after(origin, over))
        failpoint("deployments.before_promote")
        self._ledger.write_records(records)
        failpoint("deployments.after_promote")

    def _promoted(
        self, before: AliasState | None, goal: Target, candidate: Deployment, source: str, at: float
    ) -> AliasState:
        if candidate.graph.production.approval is not None and goal.alias == PRODUCTION:
            return asked(before, goal, candidate, user=self._person.name, at=at)
        is_named = before is not None and before.deployment is not None
        return moved(
            before,
            goal,
            candidate,
            self._named(before).graph if before is not None and is_named else None,
            change="promote",
            user=self._person.name,
            at=at,
            latest_event=latest_event(self._ledger),
            reason=f"from {source}",
        )

    def _pending(self, target: str, at: float) -> tuple[AliasState, Deployment]:
        state = self._aliases.require(target)
        if state.pending is None:
            raise DeploymentRefused(f"no move of {state.target} waits for an approval")
        if is_expired(state.pending, at):
            raise DeploymentRefused(
                f"the move of {state.target} to deployment {state.pending.number} was to be approved within "
                f"{state.pending.approval.expires_seconds:g} s, and counts as rejected",
                hint="deploy or promote again",
            )
        return state, find_deployment(self._ledger, state.name, state.pending.number)

    def _run_at_work(self, deployment: Deployment) -> RunRow | None:
        """Give a run of a deployment that has not ended; None when all have."""
        for status in _AT_WORK:
            cursor = None
            while True:
                page = self._ledger.runs(RunQuery(flow=deployment.flow, status=status, limit=1000, cursor=cursor))
                for row in page.rows:
                    if row.launch is not None and row.launch.deployment == deployment.id:
                        return row
                cursor = page.cursor
                if cursor is None:
                    break
        return None

    def _number_before(self, state: AliasState) -> int:
        """Give the deployment that an alias named before the present one."""
        there = {each.number for each in list_deployments(self._ledger, state.name)}
        for earlier in reversed(self._aliases.history(state.target)):
            is_other = earlier.deployment is not None and earlier.number != state.number
            if is_other and earlier.number in there:
                return earlier.number
        raise DeploymentRefused(
            f"{state.target} has named no other deployment", hint=f"headwater deployment list {state.name}"
        )

    def _paused_by(self, state: AliasState) -> str:
        for earlier in reversed(self._aliases.history(state.target)):
            if earlier.change == "pause":
                return earlier.user + (f": {earlier.reason}" if earlier.reason else "")
        return state.user


def held_on(ledger: Ledger, deployment: Deployment) -> Record:
    """Give the next version of a deployment's record, unchanged.

    Written together with an alias that moves there, it keeps somebody else from deleting the deployment meanwhile.

    Raises:
        NotFound: it was deleted.
    """
    record = ledger.record(DEPLOYMENT, record_key(deployment.name, deployment.number))
    if record is None or decode_deployment(record) != deployment:
        raise NotFound(f"{deployment.name}, deployment {deployment.number} was deleted")
    return record_of(deployment, record.version + 1)


def _deleted(state: AliasState, user: str, at: float, reason: str) -> AliasState:
    return msgspec.structs.replace(
        state,
        change="delete",
        user=user,
        at=at,
        reason=reason,
        deployment=None,
        is_paused=False,
        pending=None,
        token_hash=None,
        schedules_since={},
        shadow_of=None,
    )
