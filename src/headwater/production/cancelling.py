"""Cancels a run of a deployment: through its driver when it has one."""

import os

from headwater.home import Home
from headwater.model.errors import RunIsFinished
from headwater.model.events import Cancel
from headwater.production.standing import ActiveRun
from headwater.runtime.cancel import end_interrupted, request_cancel


def cancel_run(home: Home, run: ActiveRun, reason: str, now: float) -> None:
    """Ask its driver, or end it when nobody drives it; silent when it has ended meanwhile."""
    cancel = Cancel(at=now, user="scheduler", reason=reason)
    try:
        row = home.ledger.run(run.run)
        if run.stage != "driven" and end_interrupted(home, row, cancel, host=os.uname().nodename, pid=os.getpid()):
            return
        request_cancel(home, row, cancel)
    except RunIsFinished:
        return
