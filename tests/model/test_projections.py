"""What events change in rows does not depend on how they are parcelled."""

from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.ledger.memory import MemoryLedger
from headwater.model.artifact import Ref
from headwater.model.events import (
    DriverChanged,
    RunFinished,
    RunStarted,
    TaskFailed,
    TaskReused,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.graph import Graph
from headwater.model.ids import new_ulid
from headwater.model.order import CodeSource
from headwater.model.outcome import Transition
from headwater.model.ports import Commit
from headwater.model.rows import TaskQuery


@st.composite
def stories(draw):
    """A possible course of a run: (events, where one commit ends and the next begins)."""
    events, statuses, attempts = [], {}, {}
    for _ in range(draw(st.integers(1, 30))):
        label = draw(st.integers(1, 5))
        key, status, at = f"s/o.{label}", statuses.get(label), float(len(events))
        ref = Ref(f"{label:064x}", "json/1", "int", 1, is_small=False)
        if draw(st.integers(0, 9)) == 0:
            events.append(DriverChanged(at, "h", 1, 2))
            statuses.update({label: "lost" for label, status in statuses.items() if status == "running"})
        elif status is None and draw(st.booleans()):
            events.append(TaskReused(at, key, "s", label, "F/1/s/1", {"x": ref}, reads={"r": ref.digest}))
            statuses[label] = "finished"
        elif status in (None, "retrying", "lost"):
            attempts[label] = attempts.get(label, -1) + 1
            events.append(TaskStarted(at, key, "s", label, attempts[label]))
            statuses[label] = "running"
        elif status == "running" and draw(st.booleans()):
            transition = Transition(("t",), 2, ref) if draw(st.booleans()) else Transition()
            events.append(TaskSucceeded(at, key, attempts[label], {"x": ref}, transition, summary={"n": at}))
            statuses[label] = "finished"
        elif status == "running":
            retry_at = draw(st.sampled_from([None, 99.0]))
            events.append(TaskFailed(at, key, attempts[label], "exception", retry_at=retry_at))
            statuses[label] = "finished" if retry_at is None else "retrying"
    if draw(st.booleans()):
        events.append(RunFinished(1000.0, "failed"))
    cuts = draw(st.lists(st.integers(0, len(events)), max_size=6))
    return events, sorted({0, len(events), *cuts})


@given(stories())
@settings(max_examples=60, deadline=None)
def test_rows_are_the_same_however_the_events_are_parcelled_and_a_replay_agrees(story):
    events, cuts = story
    ledger = MemoryLedger()
    told = []
    for parcels in (
        [events[start:stop] for start, stop in pairwise(cuts)],
        [[event] for event in events],
    ):
        run = new_ulid(float(len(told)), bytes(10))
        code = CodeSource("/p", "f.py", "f", "F")
        first = RunStarted(0.0, run, "F", 0, "u", "h", 1, Graph("F", "f.py", "f", "start", "end", {}), code, 1)
        lease, _ = ledger.start_run(Commit([first]))
        for parcel in parcels:
            if parcel:
                ledger.append(lease, Commit(parcel))
                # What is known of the past comes from the rows as well as from memory.
                lease.course = None if len(parcel) % 2 else lease.course
        tasks = [msgspec.structs.replace(row, run="") for row in ledger.tasks(TaskQuery(run)).rows]
        attempts = [msgspec.structs.replace(row, run="") for task in tasks for row in ledger.attempts(run, task.key)]
        row = ledger.run(run)
        told.append((tasks, attempts, row.task_counts, row.metrics))

    assert told[0] == told[1]
    assert sum(told[0][2].values()) == len(told[0][0])
    assert [finding for finding in ledger.check() if finding.severity != "info"] == []
    ledger.close()
