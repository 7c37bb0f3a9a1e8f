"""How far backfills have come: told by the firings and runs that they left."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec

from headwater.model.errors import NotFound
from headwater.model.launch import Firing
from headwater.model.nearest import did_you_mean
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.rows import FiringQuery, RunRow
from headwater.production.backfill import KIND, Backfill, decode_backfill, next_slots
from headwater.production.history import runs_since

_PAGE = 1000
#: A run that has not ended.
OPEN = ("running", "queued", "waiting", "interrupted")


class SlotState(msgspec.Struct, frozen=True):
    """One slot that was dealt with."""

    slot: float
    #: `started`, or why not: `refused`.
    verdict: str
    reason: str
    #: None = no run was started.
    run: RunRow | None


class Progress(msgspec.Struct, frozen=True):
    """Where one backfill stands."""

    backfill: Backfill
    #: `stopping`: cancelled, and some of its runs have not ended yet.
    status: Literal["running", "stopping", "cancelled", "done"]
    #: In the order of the slots; those that are not started yet are not among them.
    slots: tuple[SlotState, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of slots by the status of their runs; `refused` without one, `to come` not started yet."""
        found = Counter(each.verdict if each.run is None else each.run.status for each in self.slots)
        if self.status == "running" and self.backfill.total > len(self.slots):
            found["to come"] = self.backfill.total - len(self.slots)
        return dict(found)


def find_backfill(ledger: Ledger, backfill_id: str) -> tuple[Backfill, int]:
    """Find a backfill, with the version of its record.

    Raises:
        NotFound: there is none; names near ones.
    """
    record = ledger.record(KIND, backfill_id)
    if record is None:
        known = [each.key for each in backfill_records(ledger)]
        hint = did_you_mean(backfill_id, known, what="They")
        hint = hint or "headwater backfill Churn@production --from 2025-01-01 starts one"
        raise NotFound(f"there is no backfill `{backfill_id}`", choices=known, hint=hint)
    return decode_backfill(record), record.version


def backfill_records(ledger: Ledger) -> Iterator[Record]:
    """Yield the latest version of each backfill's record."""
    after = ""
    while page := ledger.records(KIND, after=after, limit=_PAGE):
        yield from page
        after = page[-1].key


def progress_of(ledger: Ledger, backfill: Backfill) -> Progress:
    """Tell where a backfill stands."""
    runs = {row.run: row for row in runs_of(ledger, backfill)}
    slots = sorted((_slot_state(firing, runs) for firing in _firings(ledger, backfill)), key=lambda each: each.slot)
    is_open = any(each.run is not None and each.run.status in OPEN for each in slots)
    if backfill.cancelled_at is not None:
        return Progress(backfill, "stopping" if is_open else "cancelled", tuple(slots))
    latest = slots[-1].slot if slots else None
    is_through = not is_open and not next_slots(backfill, latest, 0)
    return Progress(backfill, "done" if is_through else "running", tuple(slots))


def runs_of(ledger: Ledger, backfill: Backfill) -> Iterator[RunRow]:
    """Yield the runs that a backfill has started, newest first."""
    for row in runs_since(ledger, backfill.target, backfill.at):
        trigger = None if row.launch is None else row.launch.trigger
        if trigger is not None and (trigger.kind, trigger.source) == (KIND, backfill.id):
            yield row


def _slot_state(firing: Firing, runs: dict[str, RunRow]) -> SlotState:
    assert firing.slot is not None, firing
    return SlotState(firing.slot, firing.verdict, firing.reason, runs.get(firing.run or ""))


def _firings(ledger: Ledger, backfill: Backfill) -> Iterator[Firing]:
    cursor = None
    while True:
        query = FiringQuery(target=backfill.target, source=backfill.source, limit=_PAGE, cursor=cursor)
        page = ledger.firings(query)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return
