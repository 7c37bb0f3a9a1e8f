"""What people do to a service: promote a version, roll back, pause, unpause, delete."""

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.owners import Person
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState, ended
from headwater.hosting.versions import find_version, list_versions, require_service, service_aliases
from headwater.model.deployment import AliasChange, AliasState
from headwater.model.errors import DeploymentRefused
from headwater.model.failpoints import failpoint
from headwater.model.ports import Ledger


class ServiceChanges:
    """Changes that one person makes; each is one version of one record.

    Every method raises NotFound for what is not there, DeploymentRefused for what this person may not do or cannot be,
    and VersionConflict when somebody else was faster.
    """

    def __init__(self, ledger: Ledger, person: Person) -> None:
        self._ledger = ledger
        self._aliases: Aliases = service_aliases(ledger)
        self._rollouts = Rollouts(ledger)
        self._person = person

    def promote(self, service: str, at: float, number: int | None = None, reason: str = "") -> AliasState:
        """Let a version answer: the newest one, or the one with this number."""
        state = self._require(service, "promote")
        newest = number or list_versions(self._ledger, state.name)[-1].number
        if newest == state.number:
            raise DeploymentRefused(f"{state.name} answers with version {newest} already")
        return self._move(state, newest, "promote", at, reason)

    def roll_back(self, service: str, at: float, number: int | None = None, reason: str = "") -> AliasState:
        """Let an earlier version answer again: the one before the present one, or the one with this number.

        While a version is rolled out, that is what goes back: the live one answers alone again.
        """
        state = self._require(service, "roll back")
        under_way = self._rollouts.active(state.name)
        if under_way is not None and number is None:
            self._end_rollout(under_way, at, reason)
            return state
        to = number or self._number_before(state)
        if to == state.number:
            raise DeploymentRefused(f"{state.name} answers with version {to} already")
        return self._move(state, to, "rollback", at, reason or f"from version {state.number}")

    def pause(self, service: str, at: float, reason: str = "") -> AliasState:
        """Turn callers away (503) until it is unpaused."""
        state = self._require(service, "pause")
        if state.is_paused:
            raise DeploymentRefused(f"{state.name} is paused already, by {state.user}")
        return self._aliases.change(state, change="pause", user=self._person.name, at=at, is_paused=True, reason=reason)

    def unpause(self, service: str, at: float) -> AliasState:
        """Let it answer again."""
        state = self._require(service, "unpause")
        if not state.is_paused:
            raise DeploymentRefused(f"{state.name} is not paused")
        return self._aliases.change(state, change="unpause", user=self._person.name, at=at, is_paused=False)

    def delete(self, service: str, at: float) -> AliasState:
        """Take the service down; its versions stay, and `promote` brings one back."""
        state = self._require(service, "delete")
        return self._write(state, at, "the service was taken down", change="delete", deployment=None)

    def _end_rollout(self, rollout: RolloutState, at: float, reason: str) -> None:
        after = ended(
            rollout, at=at, user=self._person.name, reason=reason or "rolled back by hand", state="rolled_back"
        )
        self._ledger.write_records([self._rollouts.record_after(rollout, after)])

    def _write(
        self, state: AliasState, at: float, why: str, *, change: AliasChange, promoted: int = 0, **fields: object
    ) -> AliasState:
        """Write the alias, and with it the end of the rollout under way: both or neither."""
        user = self._person.name
        after = msgspec.structs.replace(state, **{"reason": "", **fields}, change=change, user=user, at=at)
        ends = self._rollouts.records_of_end(state.name, user=user, at=at, reason=why, promoted=promoted)
        self._ledger.write_records([self._aliases.record_after(state, after), *ends])
        return after

    def _move(self, state: AliasState, number: int, change: str, at: float, reason: str) -> AliasState:
        version = find_version(self._ledger, state.name, number)
        failpoint("hosting.before_move")
        moved = self._write(
            state,
            at,
            reason or f"{change} by hand: version {number} answers",
            change="promote" if change == "promote" else "rollback",
            promoted=number,
            deployment=version.id,
            number=number,
            reason=reason,
        )
        failpoint("hosting.after_move")
        return moved

    def _require(self, service: str, deed: str) -> AliasState:
        state = require_service(self._ledger, service)
        self._person.require(state, deed)
        return state

    def _number_before(self, state: AliasState) -> int:
        for earlier in reversed(self._aliases.history(state.target)):
            if earlier.deployment is not None and earlier.number != state.number:
                return earlier.number
        raise DeploymentRefused(f"{state.name} has answered with version {state.number} only")
