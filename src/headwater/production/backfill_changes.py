"""Starts and stops backfills."""

import os
import time

import msgspec

from headwater.deployments.aliases import Aliases
from headwater.deployments.owners import Person
from headwater.home import Home
from headwater.model.errors import DeploymentRefused, RunIsFinished, VersionConflict
from headwater.model.events import Cancel
from headwater.model.ports import Ledger
from headwater.model.rows import RunRow
from headwater.production.backfill import Backfill, backfill_record
from headwater.production.backfill_progress import OPEN, Progress, backfill_records, find_backfill, progress_of, runs_of
from headwater.runtime.cancel import end_interrupted, request_cancel

#: How long a scheduler may take to hear of a cancellation.
_HEARD_SECONDS = 1.0


def start_backfill(ledger: Ledger, backfill: Backfill) -> Backfill:
    """Record a backfill under the next free id of its deployment's name, and give it; a daemon starts its runs."""
    taken = [each.key for each in backfill_records(ledger) if each.key.rpartition("-")[0] == backfill.name]
    number = max((int(key.rpartition("-")[2]) for key in taken), default=0)
    while True:
        number += 1
        named = msgspec.structs.replace(backfill, id=f"{backfill.name}-{number}")
        try:
            ledger.write_records([backfill_record(named, 1)])
        except VersionConflict:
            continue  # somebody else has taken that id just now
        return named


def stop_backfill(home: Home, person: Person, backfill_id: str, now: float, *, let_finish: bool) -> Progress:
    """Start no more runs of a backfill, and stop those under way; gives how it stands then.

    Args:
        home: the store.
        person: who asks.
        backfill_id: which.
        now: Unix time.
        let_finish: let the runs finish that have begun.

    Raises:
        NotFound: there is no such backfill.
        DeploymentRefused: it is done, or somebody else's.
    """
    backfill, version = find_backfill(home.ledger, backfill_id)
    state = Aliases(home.ledger).get(backfill.target)
    if state is not None and backfill.user != person.name:
        person.require(state, "cancel a backfill of")
    if backfill.cancelled_at is None:
        if progress_of(home.ledger, backfill).status == "done":
            raise DeploymentRefused(f"{backfill.id} is done: nothing is to be stopped")
        stopped = msgspec.structs.replace(backfill, cancelled_at=now, cancelled_by=person.name)
        home.ledger.write_records([backfill_record(stopped, version + 1)])
    _stop_runs(home, backfill, person.name, let_finish=let_finish)
    return progress_of(home.ledger, find_backfill(home.ledger, backfill_id)[0])


def _stop_runs(home: Home, backfill: Backfill, user: str, *, let_finish: bool) -> None:
    """Stop its runs; looks again until the scheduler has heard of it, which may have started some meanwhile."""
    asked: set[str] = set()
    deadline = time.monotonic() + _HEARD_SECONDS
    while True:
        cancel = Cancel(at=time.time(), user=user, reason=f"{backfill.id} was cancelled")
        for row in [row for row in runs_of(home.ledger, backfill) if row.status in OPEN and row.run not in asked]:
            if not (let_finish and row.status != "queued"):
                _stop(home, row, cancel)
            asked.add(row.run)
        left = deadline - time.monotonic()
        if left <= 0 or home.ledger.leader("scheduler") is None:
            return
        home.ledger.wait(left)


def _stop(home: Home, row: RunRow, cancel: Cancel) -> None:
    host, pid = os.uname().nodename, os.getpid()
    if row.status != "running" and end_interrupted(home, row, cancel, host=host, pid=pid):
        return
    try:
        request_cancel(home, row, cancel)
    except RunIsFinished:
        return
