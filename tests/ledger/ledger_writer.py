"""A process that writes to a ledger, for tests that stop it: `python -m tests.ledger.ledger_writer HOME WHAT [RUN]`.

Acknowledges on stdout, line by line, what has been committed.
"""

import os
import sys
import time

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import HeadwaterError
from tests.ledger.ledger_stories import begin, commit, digest, small_ref, started, succeeded


def say(*words):
    print(*words, flush=True)


def append_many(ledger, count):
    lease, _ = begin(ledger)
    say("run", lease.run)
    for label in range(1, count + 1):
        key, text = f"body/start.{label}", str(label)
        events = [
            started(key, label),
            succeeded(key, "join", artifacts={"x": small_ref(text)}, reads={"p": digest("p")}),
        ]
        say("acked", ledger.append(lease, commit(*events, texts=[text], previews=[text])))


def hold(ledger, run):
    if run is None:
        lease, _ = begin(ledger, started("start", 1))
    else:
        lease, _ = ledger.take(run, time.time())
    say("holds", lease.run)
    for line in sys.stdin:
        if line.strip() == "append":
            try:
                say("acked", ledger.append(lease, commit(succeeded("start", "end"))))
            except HeadwaterError as error:
                say(type(error).__name__)


def take(ledger, run):
    sys.stdin.readline()
    try:
        ledger.take(run, time.time())
    except HeadwaterError as error:
        say(type(error).__name__, error.pid)
    else:
        say("took", os.getpid())
    sys.stdin.readline()


def start_one(home):
    sys.stdin.readline()
    ledger = SqliteLedger(home)
    _, first = begin(ledger)
    say("label", first.label)


def main():
    home, what, *rest = sys.argv[1:]
    if what == "start_one":
        say("ready")
        start_one(home)
        return
    ledger = SqliteLedger(home)
    if what == "append_many":
        append_many(ledger, int(rest[0]))
    elif what == "hold":
        hold(ledger, rest[0] if rest else None)
    elif what == "take":
        say("ready")
        take(ledger, rest[0])


if __name__ == "__main__":
    main()
