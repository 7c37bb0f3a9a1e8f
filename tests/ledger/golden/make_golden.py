"""Writes `ledger-N.db.zst`, a ledger as format N has it.

Format 1 has what `tell` tells, format 2 what `tell_production` tells as well; from format 3 on tasks were ready before
they started.

`python -m tests.ledger.golden.make_golden`; run once when a format is new, never again for an old one.
"""

import os
import tempfile

import msgspec
import zstandard

from headwater.ledger.database import FORMAT
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.events import Cancel, CancelRequested, CodeChanged, DriverChanged
from headwater.model.outcome import FrameRecord, TaskError, Usage
from headwater.model.ports import Commit
from headwater.model.records import Held
from tests.ledger.ledger_stories import (
    begin,
    commit,
    decided,
    digest,
    event,
    failed,
    finished,
    gate,
    planned,
    record,
    reused,
    run_started,
    skipped,
    small_ref,
    started,
    succeeded,
)

ERROR = TaskError("ValueError", "no", (FrameRecord("churn.py", 7, "train", "raise", True, {"x": "1"}),), "Traceback")


def tell(ledger):
    """Two runs in which every kind of event occurs."""
    names = {"run": "01" + "A" * 24, "tags": ("red",), "system_tags": ("user:ada",), "note": "why"}
    lease, _ = begin(ledger, started("start", 1), parameters={"p": small_ref("v")}, small={digest("v"): b"v"}, **names)
    first = succeeded("start", "train", width=2, items=small_ref("items"), artifacts={"x": small_ref("v")})
    ledger.append(lease, commit(first, texts=["items"], previews=["v"]))
    ledger.append(lease, Commit([started("train/start.0", 2, parents=["start"], ready_at=1.5)]))
    ledger.append(lease, Commit([started("train/start.1", 3, parents=["start"])]))
    ledger.append(lease, Commit([failed("train/start.0", error=ERROR, retry_at=9.0, usage=Usage(pid=3, compute=0.5))]))
    lease.release()
    lease, epoch = ledger.take(lease.run, 50.0)
    ledger.append(lease, Commit([DriverChanged(50.0, "here", 7, epoch)]))
    ledger.append(
        lease, Commit([started("train/start.0", 2, attempt=1, ready_at=51.0), started("train/start.1", 3, attempt=1)])
    )
    good = succeeded("train/start.0", "join", attempt=1, reads={"x": digest("v")}, summary={"f1": 0.5})
    caught = succeeded("train/start.1", "join", attempt=1, is_caught=True, error=ERROR, cause="exception")
    ledger.append(lease, Commit([good, caught, CodeChanged(60.0, "train/start.0", ("churn.py",))]))
    ledger.request(lease.run, Cancel(61.0, "bob", "too dear"))
    ledger.append(lease, Commit([CancelRequested(61.0, "bob", "too dear"), finished("cancelled")]))
    again = reused("start", 1, "train", origin="Churn/1/start/1", artifacts={"x": small_ref("v")})
    ledger.start_run(Commit([run_started(run="01" + "B" * 24, origin="Churn/1"), again, finished()]))


def tell_production(ledger):
    """A queued run, one that waits at a gate, records, what they hold, and published events."""
    ledger.write_records(
        [
            record("Sales/1", kind="deployment", holds=[Held("Sales, deployment 1: alpha", ref=small_ref("v"))]),
            record("Sales@production", body='{"number":1}'),
        ],
        commit(texts=["v"]),
    )
    lock = {"train": digest("lock")}
    gated = planned("s", target="Sales@production", slot=60.0, flow="Sales", environments=lock)
    waiting, _, _ = ledger.launch(
        [gated, planned("q", target="Sales@production", slot=120.0, flow="Sales"), skipped("k", slot=180.0)],
        cursor=("triggers", 2),
    )
    lease, _ = ledger.take(waiting.run, 70.0)
    ledger.append(lease, Commit([gate("start", expires_at=900.0), gate("other"), decided("other")]))
    lease.release()
    ledger.publish(event("e", payload={"rows": msgspec.Raw(b"3")}, source="cli", scope="fraud.prod"))


def main():
    with tempfile.TemporaryDirectory() as home:
        ledger = SqliteLedger(home)
        tell(ledger)
        tell_production(ledger)
        ledger.close()
        with open(os.path.join(home, "ledger.db"), "rb") as file:
            packed = zstandard.compress(file.read(), 19)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"ledger-{FORMAT}.db.zst"), "xb") as file:
        file.write(packed)


if __name__ == "__main__":
    main()
