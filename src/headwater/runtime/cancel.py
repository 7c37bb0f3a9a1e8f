"""Cancels a run: asks its driver, or ends it when it has none."""

from headwater.home import Home
from headwater.model.errors import RunIsDriven, RunIsFinished
from headwater.model.events import Cancel, CancelRequested, DriverChanged, Event, RunFinished
from headwater.model.ports import FIRST_EPOCH, Commit
from headwater.model.rows import RunRow

#: Longest sleep between two looks while waiting for a driver.
_LOOK_SECONDS = 0.5


def request_cancel(home: Home, row: RunRow, cancel: Cancel) -> None:
    """Leave a request for the run's driver; durable on return, and also read by a driver that comes later.

    Raises:
        RunIsFinished: it has ended; nothing is to be cancelled.
    """
    home.ledger.request(row.run, cancel)


def wait_for_end(home: Home, row: RunRow) -> RunRow:
    """Wait until nobody drives the run any more, and give it as it is then: ended, or interrupted."""
    while True:
        now = home.ledger.run(row.run)
        if now.status != "running":
            return now
        home.ledger.wait(_LOOK_SECONDS)


def end_interrupted(home: Home, row: RunRow, cancel: Cancel, *, host: str, pid: int) -> bool:
    """End a run that nobody drives as cancelled; False when a driver or an end came in between.

    What was running in it is given up: its processes went with their driver. Of a queued run nothing was running.
    """
    try:
        lease, epoch = home.ledger.take(row.run, cancel.at)
    except (RunIsDriven, RunIsFinished):
        return False
    events: list[Event] = [
        CancelRequested(at=cancel.at, user=cancel.user, reason=cancel.reason),
        RunFinished(at=cancel.at, end="cancelled", message=cancel.reason),
    ]
    if epoch > FIRST_EPOCH:
        events.insert(0, DriverChanged(at=cancel.at, host=host, pid=pid, epoch=epoch))
    try:
        home.ledger.append(lease, Commit(events=events))
    finally:
        lease.release()
    return True
