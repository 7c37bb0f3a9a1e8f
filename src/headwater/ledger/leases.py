"""The right to write one run's stream."""

import msgspec

from headwater.ledger.locks import Locks
from headwater.model.ids import RunId
from headwater.model.projections import Course


class RunLease:
    """Held until released or until its process dies; a copy in a forked child gives no right."""

    def __init__(self, locks: Locks, run: RunId, path: str, run_id: int, epoch: int) -> None:
        self._locks = locks
        self._run = run
        self._epoch = epoch
        #: `Churn/17`.
        self.path = path
        #: Row of the run.
        self.run_id = run_id
        #: What is projected so far; None = not known, read it from the rows.
        self.course: Course | None = None
        self._is_released = False

    @property
    def run(self) -> RunId:
        return self._run

    @property
    def epoch(self) -> int:
        return self._epoch

    @property
    def is_released(self) -> bool:
        """It was given back; nothing more may be written with it."""
        return self._is_released

    def settle(self) -> bool:
        return False

    def release(self) -> None:
        if not self._is_released:
            self._is_released = True
            self._locks.release(self._run)

    def end(self) -> None:
        """Release it for good: its run is finished, its lock file is wanted no more."""
        if not self._is_released:
            self._is_released = True
            self._locks.forget(self._run)


class RunPosition(msgspec.Struct, frozen=True):
    """What the ledger must know of a run before it writes to it."""

    run_id: int
    run: RunId
    flow: str
    label: int
    status: str
    epoch: int
    owner_host: str
    owner_pid: int
    owner_since: float

    @property
    def path(self) -> str:
        """`Churn/17`."""
        return f"{self.flow}/{self.label}"
