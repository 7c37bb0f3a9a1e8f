"""`headwater cancel RUN`: stops a run."""

import os
import sys
import time

import click

from headwater.cli.reading import find_run, opened, reads_store
from headwater.home import Home
from headwater.model.errors import RunIsFinished
from headwater.model.events import Cancel
from headwater.model.rows import RunRow
from headwater.runtime.cancel import end_interrupted, request_cancel, wait_for_end

#: What can be stopped.
_OPEN = ("running", "queued", "waiting", "interrupted")


@click.command("cancel")
@click.argument("run")
@click.option("--reason", default="", help="Why: kept with the run.")
@click.option("--no-wait", is_flag=True, help="Return when the request is recorded, before the run has ended.")
@reads_store
def command(run: str, reason: str, no_wait: bool, home: str | None) -> int:
    """Stop a run: its tasks get 10 s to end, nothing new starts, what finished is kept.

    Waits until the run has ended. A run that nobody drives (queued, waiting, its process gone) is ended by this
    command. Exit code 1: the run ended in
    another way before the request was read.
    """
    with opened(home) as view:
        row = find_run(view, run).fresh()
        is_delivered = view.home.deliver_left(row.run)
        row = view.ledger.run(row.run) if is_delivered else row
        cancel = Cancel(at=time.time(), user=view.home.user, reason=reason)
        # A driver that could not say so before may have ended it.
        is_over = is_delivered and row.status not in _OPEN
        ended = row if is_over else _cancel(view.home, row, cancel, is_waiting=not no_wait)
    if ended is None:
        print(f"{row.path}: the request is recorded; see `headwater status {row.path}`")
        return 0
    print(f"{ended.path} {ended.status}")
    return 0 if ended.status == "cancelled" else 1


def _cancel(home: Home, row: RunRow, cancel: Cancel, *, is_waiting: bool) -> RunRow | None:
    """Cancel it, and give it as it ended; None when it is not waited for."""
    if row.status not in _OPEN:
        raise RunIsFinished(f"{row.path} has {row.status} already: nothing is to be stopped")
    if row.status == "running":
        request_cancel(home, row, cancel)
        if not is_waiting:
            return None
        print(f"asked the driver of {row.path} to stop; waiting for its end", file=sys.stderr)
        row = wait_for_end(home, row)
    while row.status in _OPEN:
        if end_interrupted(home, row, cancel, host=os.uname().nodename, pid=os.getpid()):
            print(f"nobody drives {row.path}: ended it here", file=sys.stderr)
        row = wait_for_end(home, row)
    return row
