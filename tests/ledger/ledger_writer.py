"""A process that writes to a ledger, for tests that stop it: `python -m tests.ledger.ledger_writer HOME WHAT [RUN]`.

Acknowledges on stdout, line by line, what has been committed.
"""

import os
import sys
import time

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import HeadwaterError, VersionConflict
from headwater.model.records import Held
from tests.ledger.ledger_stories import (
    begin,
    commit,
    digest,
    event,
    finished,
    planned,
    record,
    small_ref,
    started,
    succeeded,
)


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


def launch(ledger, count):
    sys.stdin.readline()
    for start in range(0, count, 20):
        read = ledger.publish(event(f"e{start}")).number
        many = [planned(f"k{number}", slot=float(number)) for number in range(start, start + 20)]
        ledger.launch(many, cursor=("triggers", read))
        say("launched", start + 20)


def write_records(ledger, count):
    """Write two records at a time, each with a small object that it holds."""
    for number in range(1, count + 1):
        text = str(number)
        holds = [Held(f"it, version {number}", ref=small_ref(text))]
        both = [record("a", number, holds=holds), record("b", number, holds=holds)]
        ledger.write_records(both, commit(texts=[text]))
        say("acked", number)


def count_up(ledger, count):
    """Change one record so often, each time from what it is."""
    sys.stdin.readline()
    done = 0
    while done < count:
        version = 1 + (known.version if (known := ledger.record("alias", "a")) else 0)
        try:
            ledger.write_records([record("a", version, body=str(version))])
        except VersionConflict:
            continue
        done += 1
    say("counted", done)


def publish(ledger, count):
    for number in range(count):
        say("acked", ledger.publish(event(f"e{number}")).number)


def end_runs(ledger, count):
    for _ in range(count):
        lease, _ = begin(ledger, started("start", 1))
        ledger.append(lease, commit(succeeded("start"), finished()))
        say("acked", lease.run)


def lead(ledger):
    say("leads" if ledger.lead("scheduler") else "does not lead")
    sys.stdin.readline()


COUNTED = {"launch": launch, "records": write_records, "count_up": count_up, "publish": publish, "end": end_runs}


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
    elif what in COUNTED:
        if what in ("launch", "count_up"):
            say("ready")
        COUNTED[what](ledger, int(rest[0]))
    elif what == "lead":
        lead(ledger)


if __name__ == "__main__":
    main()
