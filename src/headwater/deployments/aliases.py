"""Aliases: movable names of deployments, each a list of states that is only ever added to."""

from collections.abc import Iterator

import msgspec

from headwater.deployments.names import split_target
from headwater.model.deployment import AliasChange, AliasState
from headwater.model.errors import NotFound, VersionConflict
from headwater.model.nearest import did_you_mean
from headwater.model.ports import Ledger
from headwater.model.records import Record

#: Kind of their records.
KIND = "alias"
_PAGE = 1000


class Aliases:
    """The aliases of one store."""

    def __init__(self, ledger: Ledger, kind: str = KIND) -> None:
        """Take what it needs.

        Args:
            ledger: keeps them.
            kind: of their records; services have a kind of their own, as a flow may have the same name.
        """
        self._ledger = ledger
        self._kind = kind

    def get(self, target: str) -> AliasState | None:
        """Give where an alias stands, also when it names nothing any more; None when it never was."""
        record = self._ledger.record(self._kind, str(split_target(target)))
        return None if record is None else _decode(record)

    def require(self, target: str) -> AliasState:
        """Give where an alias stands that names a deployment, or waits to.

        Raises:
            NotFound: there is none; names near ones.
        """
        state = self.get(target)
        if state is None or (state.deployment is None and state.pending is None):
            known = [each.target for each in self.all()]
            hint = did_you_mean(target, known, what="Deployed") or "headwater deploy FILE.py deploys a flow"
            raise NotFound(f"nothing is deployed as {target}", choices=known, hint=hint)
        return state

    def all(self) -> list[AliasState]:
        """Give the aliases that name a deployment, by target."""
        return [state for state in self._states("") if state.deployment is not None]

    def all_taken(self) -> list[AliasState]:
        """Give the aliases that name a deployment, or wait to, by target."""
        return [state for state in self._states("") if state.deployment is not None or state.pending is not None]

    def of(self, name: str) -> list[AliasState]:
        """Give the aliases of a name that name a deployment or wait to, by target."""
        return [
            state for state in self._states(f"{name}@") if state.deployment is not None or state.pending is not None
        ]

    def history(self, target: str) -> list[AliasState]:
        """Give all states of an alias, first to last; empty when it never was."""
        return [_decode(record) for record in self._ledger.record_history(self._kind, str(split_target(target)))]

    def change(self, state: AliasState, *, change: AliasChange, user: str, at: float, **fields: object) -> AliasState:
        """Write the state that follows on `state`; what is not among the fields stays, but for the reason.

        Raises:
            VersionConflict: the alias is not as `state` says any more; nothing was written.
        """
        changed = msgspec.structs.replace(state, **{"reason": "", **fields}, change=change, user=user, at=at)
        self._ledger.write_records([self.record_after(state, changed)])
        return changed

    def record_after(self, before: AliasState | None, after: AliasState) -> Record:
        """Give the record that takes an alias from one state (None: it never was) to the next, to be written.

        Raises:
            VersionConflict: the alias is not as `before` says any more.
        """
        latest = self._ledger.record(self._kind, after.target)
        version = 1 if latest is None else latest.version + 1
        if before != (None if latest is None else _decode(latest)):
            raise VersionConflict(self._kind, after.target, version - 1)
        return Record(self._kind, after.target, version, after.at, msgspec.Raw(msgspec.json.encode(after)))

    def _states(self, prefix: str) -> Iterator[AliasState]:
        after = ""
        while page := self._ledger.records(self._kind, prefix=prefix, after=after, limit=_PAGE):
            for record in page:
                yield _decode(record)
            after = page[-1].key


def _decode(record: Record) -> AliasState:
    return msgspec.json.decode(record.body, type=AliasState)
