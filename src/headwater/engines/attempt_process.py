"""A spawned attempt: a new interpreter that takes one order, runs it and leaves."""

import faulthandler
import os
import sys
import time
from collections.abc import Sequence

import msgspec

from headwater.engines.child import Circumstances, Ends, leave_family, run_and_leave
from headwater.engines.exits import failed_import
from headwater.engines.importing import LoadFailed, Prepare
from headwater.engines.slots import write_outcome
from headwater.engines.spawning import RESULT, SECRETS, take_order
from headwater.model.order import TaskOrder


def serve_attempt(prepare: Prepare, arguments: Sequence[str]) -> None:
    """Run the one attempt whose order waits on descriptor 0; does not return.

    Args:
        prepare: imports the user's module.
        arguments: the supervisor's pid, the seconds that the order waited, why it was not forked.
    """
    started = time.perf_counter()
    supervisor, queue_seconds, reason = arguments
    leave_family(int(supervisor))
    faulthandler.enable(2)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    text = take_order()
    order = msgspec.json.decode(text, type=TaskOrder)
    try:
        run = prepare(order.code)
    except LoadFailed as failed:
        outcome = failed_import(order.run, order.key, order.attempt, failed.error)
        write_outcome(RESULT, msgspec.json.encode(outcome))
        os._exit(0)
    importing = time.perf_counter() - started
    circumstances = Circumstances("spawn", reason, float(queue_seconds), importing)
    run_and_leave(run, text, Ends(RESULT, SECRETS), circumstances)
