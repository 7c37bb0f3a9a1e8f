"""What earlier runs of a deployment tell: how long they take, and which slots they stand for."""

from collections.abc import Callable, Iterator
from statistics import median

import msgspec

from headwater.model.ports import Ledger
from headwater.model.rows import RunQuery, RunRow

#: Runs of which the middle duration is taken.
_NEWEST = 50
_PAGE = 1000


class UsualDuration(msgspec.Struct, frozen=True):
    """How long runs usually take."""

    #: The median.
    seconds: float
    #: Of how many runs.
    runs: int
    #: Deployment whose runs they are; None = of several.
    number: int | None


def usual_duration(ledger: Ledger, target: str, number: int | None = None) -> UsualDuration | None:
    """Give how long the newest successful runs of an alias took; None when there are none.

    Args:
        ledger: where the runs are.
        target: the alias.
        number: deployment whose runs are wanted; where it has none, those of any deployment count.
    """
    rows = ledger.runs(RunQuery(target=target, status="succeeded", limit=_NEWEST)).rows
    of_number = [row for row in rows if row.launch is not None and row.launch.number == number]
    chosen = of_number or rows
    seconds = [row.finished_at - row.started_at for row in chosen if row.finished_at is not None]
    if not seconds:
        return None
    return UsualDuration(max(0.0, median(seconds)), len(seconds), number if of_number else None)


def runs_since(ledger: Ledger, target: str, since: float) -> Iterator[RunRow]:
    """Yield the runs of an alias that were started at some time or later, newest first."""
    return _pages(lambda cursor: RunQuery(target=target, since=since, limit=_PAGE, cursor=cursor), ledger)


def _pages(query: Callable[[str | None], RunQuery], ledger: Ledger) -> Iterator[RunRow]:
    cursor = None
    while True:
        page = ledger.runs(query(cursor))
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return
