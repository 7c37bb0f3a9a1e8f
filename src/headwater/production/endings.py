"""Reads what was published: runs that have ended are struck off, failed ones tried again if their policy says so."""

from collections.abc import Sequence

import msgspec

from headwater.model.errors import NotFound
from headwater.model.events import RunStarted
from headwater.model.launch import PublishedEvent
from headwater.model.ports import Ledger, PlannedFiring
from headwater.model.rows import RunRow
from headwater.production.journal import Journal
from headwater.production.knowledge import Knowledge
from headwater.production.retries import next_retry, plan_retry
from headwater.production.triggers import RUN_FINISHED

#: Events of one turn.
_MOST_EVENTS = 500


class Retry(msgspec.Struct, frozen=True):
    """A failed run that is to be tried again."""

    row: RunRow
    key: str


class Endings(msgspec.Struct, frozen=True):
    """Published events that nobody has heard yet, and the failed runs among them."""

    events: Sequence[PublishedEvent] = ()
    retries: Sequence[Retry] = ()
    #: There are more.
    is_more: bool = False

    def plan_retries(self, ledger: Ledger, now: float) -> list[PlannedFiring]:
        """Plan the runs that resume the failed ones."""
        return [plan_retry(_first_event(ledger, each.row), each.row.path, each.key, now) for each in self.retries]


def read_endings(ledger: Ledger, knowledge: Knowledge, journal: Journal) -> Endings:
    """Read the next events, and strike off the runs that have ended."""
    events = ledger.published(knowledge.listening.last, limit=_MOST_EVENTS)
    retries = []
    for event in events:
        if event.name != RUN_FINISHED or not event.id.startswith("run:"):
            continue
        knowledge.standing.runs.pop(event.id[4:], None)
        if bytes(event.payload.get("target", b"null")) == b"null":
            continue
        if event.at >= knowledge.read_at:
            journal.note(f"{event.run} {_end(event)}")
        if _end(event) == "failed":
            retry = _retry(ledger, knowledge, event.id[4:])
            retries += [] if retry is None else [retry]
    return Endings(events, retries, is_more=len(events) == _MOST_EVENTS)


def _end(event: PublishedEvent) -> str:
    return bytes(event.payload.get("end", b"")).decode().strip('"')


def _retry(ledger: Ledger, knowledge: Knowledge, run: str) -> Retry | None:
    try:
        row = ledger.run(run)
    except NotFound:
        return None  # somebody published it by hand
    if row.launch is None or row.launch.target not in knowledge.standing.deployed:
        return None
    key = next_retry(row, knowledge.policy(row.launch))
    return None if key is None else Retry(row, key)


def _first_event(ledger: Ledger, row: RunRow) -> RunStarted:
    _, event = next(iter(ledger.events(row.run)))
    assert isinstance(event, RunStarted)
    return event
