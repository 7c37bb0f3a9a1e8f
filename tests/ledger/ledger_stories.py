"""Events of small runs, told in few words; nothing here is a stand-in for code of ours."""

import os

import msgspec
from blake3 import blake3

from headwater.model.artifact import Header, Ref
from headwater.model.events import (
    GateDecided,
    GateReached,
    RunFinished,
    RunStarted,
    TaskFailed,
    TaskReused,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.graph import Graph
from headwater.model.ids import new_ulid
from headwater.model.launch import Firing, Launch, PublishedEvent, Trigger
from headwater.model.order import CodeSource
from headwater.model.outcome import Transition
from headwater.model.ports import Commit, PlannedFiring
from headwater.model.records import Record

GRAPH = Graph("Churn", "churn.py", "churn", "start", "end", {})


def digest(text):
    return blake3(text.encode()).hexdigest()


def small_ref(text):
    return Ref(digest(text), "json/1", "str", len(text), is_small=True)


def run_id():
    return new_ulid(1_000_000.0, os.urandom(10))


def run_started(flow="Churn", **fields):
    known = {
        "at": 1.0,
        "run": run_id(),
        "flow": flow,
        "label": 0,
        "user": "ada",
        "host": "here",
        "pid": os.getpid(),
        "graph": GRAPH,
        "code": CodeSource("/project", "churn.py", "churn", flow),
        "seed": 7,
    }
    return RunStarted(**(known | fields))


def started(key, label, *, at=2.0, attempt=0, parents=(), inherits=None, parent_count=0, ready_at=0.0):
    step = key.split("/")[0].split("~")[0]
    follows_one = len(parents) == 1 if inherits is None else inherits
    return TaskStarted(
        at, key, step, label, attempt, ready_at, tuple(parents), parent_count=parent_count, inherits=follows_one
    )


def succeeded(key, *targets, at=3.0, attempt=0, width=None, items=None, **fields):
    return TaskSucceeded(at, key, attempt, transition=Transition(targets, width, items), **fields)


def failed(key, *, at=3.0, attempt=0, cause="exception", **fields):
    return TaskFailed(at, key, attempt, cause, **fields)


def reused(key, label, *targets, origin, parents=(), **fields):
    step = key.split("/")[0].split("~")[0]
    return TaskReused(
        2.0,
        key,
        step,
        label,
        origin,
        transition=Transition(targets),
        parents=tuple(parents),
        inherits=len(parents) == 1,
        **fields,
    )


def finished(end="succeeded", at=9.0, **fields):
    return RunFinished(at, end, **fields)


def begin(ledger, *events, small=None, headers=None, **fields):
    """Start a run with these further events; gives its lease and its first event as stored."""
    return ledger.start_run(Commit([run_started(**fields), *events], small or {}, headers or {}))


def commit(*events, texts=(), previews=()):
    """A commit with small objects and headers for these texts."""
    return Commit(
        events,
        {digest(text): text.encode() for text in texts},
        {digest(text): Header(preview=text) for text in previews},
    )


def gate(key, *, at=4.0, role="deployer", expires_at=None):
    return GateReached(at, key, key.split("/")[0].split("~")[0], role, expires_at)


def decided(key, verdict="approved", at=5.0):
    return GateDecided(at, key, verdict, "eve")


def launch_of(key, target="Churn@production", **fields):
    return Launch(target, "01D", 3, key, Trigger("schedule", "daily"), **fields)


def planned(key, *further, target="Churn@production", source="schedule:daily", slot=None, small=None, **fields):
    """A firing that starts a run with these further events."""
    first = run_started(launch=launch_of(key, target, logical_date=slot), **fields)
    return PlannedFiring(Firing(key, target, source, 1.0, "started", slot), Commit([first, *further], small or {}))


def skipped(key, *, target="Churn@production", source="schedule:daily", slot=None, reason="one is at work"):
    return PlannedFiring(Firing(key, target, source, 1.0, "skipped", slot, reason))


def event(event_id, name="sales.loaded", **fields):
    return PublishedEvent(event_id, name, 5.0, **fields)


def record(key, version=1, *, kind="alias", body="{}", holds=()):
    return Record(kind, key, version, float(version), msgspec.Raw(body.encode()), tuple(holds))
