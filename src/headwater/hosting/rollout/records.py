"""Rollouts as the ledger keeps them: a record each, a version of it for every change."""

import msgspec

from headwater.hosting.rollout.states import RolloutState, StateName, ended
from headwater.model.errors import VersionConflict
from headwater.model.ports import Ledger
from headwater.model.records import Record

#: Kind of their records.
ROLLOUT = "rollout"
_PAGE = 500


class Rollouts:
    """The rollouts of one store."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, service: str, number: int) -> RolloutState | None:
        """Give how the rollout of a version stands; None when there was none."""
        record = self._ledger.record(ROLLOUT, _key(service, number))
        return None if record is None else _decode(record)

    def all(self, service: str) -> list[RolloutState]:
        """Give the rollouts of a service, by version."""
        found: list[RolloutState] = []
        after = ""
        while page := self._ledger.records(ROLLOUT, prefix=f"{service}/", after=after, limit=_PAGE):
            found += map(_decode, page)
            after = page[-1].key
        return sorted(found, key=lambda each: each.number)

    def active(self, service: str) -> RolloutState | None:
        """Give the rollout that is under way; None when none is."""
        under_way = [each for each in self.all(service) if not each.is_over]
        return under_way[-1] if under_way else None

    def history(self, service: str, number: int) -> list[RolloutState]:
        """Give all states of a rollout, first to last; empty when there was none."""
        return [_decode(record) for record in self._ledger.record_history(ROLLOUT, _key(service, number))]

    def record_after(self, before: RolloutState | None, after: RolloutState) -> Record:
        """Give the record that takes a rollout from one state (None: it never was) to the next, to be written.

        Raises:
            VersionConflict: it is not as `before` says any more.
        """
        latest = self._ledger.record(ROLLOUT, _key(after.service, after.number))
        version = 1 if latest is None else latest.version + 1
        if before != (None if latest is None else _decode(latest)):
            raise VersionConflict(ROLLOUT, _key(after.service, after.number), version - 1)
        body = msgspec.Raw(msgspec.json.encode(after))
        return Record(ROLLOUT, _key(after.service, after.number), version, after.since, body)

    def records_of_begin(self, begun: RolloutState) -> list[Record]:
        """Give what begins a rollout, and ends the one under way in favour of it.

        Raises:
            VersionConflict: the version has a rollout already.
        """
        reason = f"version {begun.number} takes its place"
        ends = self.records_of_end(begun.service, user=begun.user, at=begun.began_at, reason=reason)
        return [*ends, self.record_after(None, begun)]

    def records_of_end(self, service: str, *, user: str, at: float, reason: str, promoted: int = 0) -> list[Record]:
        """Give what ends the rollout under way, if one is.

        Args:
            service: whose.
            user: who ends it.
            at: now, Unix time.
            reason: why.
            promoted: version that is to answer from now on; 0 = nothing is said of that.
        """
        found = []
        for each in self.all(service):
            if not each.is_over:
                state: StateName = "promoted" if each.number == promoted else "ended"
                after = ended(each, at=at, user=user, reason=reason, state=state)
                found.append(self.record_after(each, after))
        return found


def _key(service: str, number: int) -> str:
    return f"{service}/{number}"


def _decode(record: Record) -> RolloutState:
    return msgspec.json.decode(record.body, type=RolloutState)
