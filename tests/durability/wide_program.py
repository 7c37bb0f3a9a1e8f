"""Drives a foreach of any width through planner, driver and ledger, with an engine that starts no process.

`python wide_program.py HOME FILE WIDTH` prints a JSON object: peak and base memory, processor seconds, what was stored.
"""

import json
import resource
import sys
import time
from contextlib import closing

from blake3 import blake3

from headwater.flow.load import load_source
from headwater.home import make_home, open_home
from headwater.model.artifact import Ref
from headwater.model.events import RunFinished, TaskSucceeded
from headwater.model.order import CodeSource
from headwater.model.outcome import Outcome, Transition, Usage
from headwater.model.ports import Ended
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution, RunOptions


class EndsAtOnce:
    """Implements the port `Engine`: each attempt has ended, with one small artifact, when it is asked for."""

    def __init__(self, width):
        self._width = width
        self._ended = []
        self.submitted = 0

    def submit(self, order):
        self.submitted += 1
        payload = b"the number of %s" % order.key.encode()
        digest = blake3(payload).hexdigest()
        targets = {"start": ("body",), "body": ("join",), "join": ("end",), "end": ()}[order.step]
        outcome = Outcome(
            kind="outcome",
            v=1,
            run=order.run,
            key=order.key,
            attempt=order.attempt,
            cause="ok",
            artifacts={"number": Ref(digest, "json/1", "int", len(payload), is_small=True)},
            small={digest: payload},
            transition=Transition(targets=targets, width=self._width if order.step == "start" else None),
            usage=Usage(started_at=1.0, ended_at=1.001, host="here", pid=1),
        )
        self._ended.append(Ended(outcome))

    def submit_gang(self, orders):
        for order in orders:
            self.submit(order)

    def poll(self, timeout_seconds):
        ended, self._ended = self._ended, []
        return ended

    def cancel(self, key, attempt, grace_seconds):
        raise AssertionError("nothing is cancelled here")

    def fileno(self):
        return None

    def close(self):
        self._ended = []


def main(folder, file, width):
    make_home(folder)
    root, _, name = file.rpartition("/")
    code = CodeSource(root, name, name.removesuffix(".py"), "WideFlow")
    flow = load_source(code)
    engine = EndsAtOnce(width)
    base = peak()
    with closing(open_home(folder, user="tester")) as home:
        execution = Execution(home, engine, clock=time.time, interrupts=Interrupts())
        succeeded, end = 0, None
        for happened in execution.new(flow, code, RunOptions(max_workers=2), {}):
            succeeded += isinstance(happened, TaskSucceeded)
            end = happened.end if isinstance(happened, RunFinished) else end
    used = resource.getrusage(resource.RUSAGE_SELF)
    facts = {
        "base": base,
        "peak": peak(),
        "cpu": used.ru_utime + used.ru_stime,
        "succeeded": succeeded,
        "submitted": engine.submitted,
        "end": end,
    }
    print(json.dumps(facts))


def peak():
    """Peak resident bytes of this process; `ru_maxrss` begins with the size of whoever started it."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
