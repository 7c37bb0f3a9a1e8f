"""Runs told event by event, with real artifacts and log files."""

import os
import random

from headwater.model.events import RunFinished, RunStarted, TaskFailed, TaskReused, TaskStarted, TaskSucceeded
from headwater.model.graph import Graph, Step
from headwater.model.ids import new_ulid, parse_task_key
from headwater.model.order import CodeSource
from headwater.model.outcome import FrameRecord, TaskError, Transition, Usage
from headwater.model.ports import Commit

#: Where all stories begin: 2025-01-01T00:00:00Z.
BEGIN = 1735689600.0

#: Too large and too random to be a row of the ledger.
BEST = random.Random(7).randbytes(20_000).hex()

GRAPH = Graph(
    "Churn",
    "churn.py",
    "churn",
    "start",
    "end",
    {
        "start": Step("start", "foreach", "churn.py", 5, ("train",), attribute="items", closed_by="join"),
        "train": Step("train", "linear", "churn.py", 9, ("join",), level=("start",)),
        "join": Step("join", "linear", "churn.py", 15, ("end",), is_join=True, waits_for=("start", "train")),
        "end": Step("end", "end", "churn.py", 20),
    },
)


class Story:
    """All that happened in a home; every event comes a second after the one before."""

    def __init__(self, home):
        self.home = home
        self.now = BEGIN

    def tick(self):
        self.now += 1
        return self.now

    def run(self, flow="Churn", *, user="ann", parameters=None, origin=None, code_tree=None, **facts):
        saved = self.home.artifacts.save_many(parameters or {})
        at = self.tick()
        started = RunStarted(
            at=at,
            run=new_ulid(at, os.urandom(10)),
            flow=flow,
            label=0,
            user=user,
            host="here",
            pid=os.getpid(),
            graph=GRAPH,
            code=CodeSource("/project", "churn.py", "churn", flow, code_tree),
            seed=7,
            parameters={name: one.ref for name, one in saved.items()},
            system_tags=(f"user:{user}",),
            origin=origin,
            **facts,
        )
        small = {one.ref.digest: one.small for one in saved.values() if one.small is not None}
        lease, stored = self.home.ledger.start_run(Commit(events=[started], small=small))
        return RunStory(self, lease, stored)


class RunStory:
    """One run, and the right to write it."""

    def __init__(self, story, lease, started):
        self.story = story
        self.lease = lease
        self.started = started
        self.labels = {}
        self.attempts = {}

    @property
    def path(self):
        return f"{self.started.flow}/{self.started.label}"

    def add(self, *events, small=None, headers=None):
        self.story.home.ledger.append(self.lease, Commit(events=events, small=small or {}, headers=headers or {}))

    def begin(self, key, *parents):
        label = self.labels.setdefault(key, len(self.labels) + 1)
        attempt = self.attempts[key] = self.attempts.get(key, -1) + 1
        step = parse_task_key(key).step
        inherits = len(parents) == 1 and not GRAPH.steps[step].is_join
        at = self.story.tick()
        self.add(TaskStarted(at, key, step, label, attempt, at, parents, len(parents), inherits))
        return label

    def succeed(self, key, *targets, width=None, values=None, summary=None, **usage):
        saved = self.story.home.artifacts.save_many(values or {})
        at = self.story.tick()
        self.add(
            TaskSucceeded(
                at,
                key,
                self.attempts[key],
                {name: one.ref for name, one in saved.items()},
                Transition(targets, width),
                Usage(started_at=at - 1, ended_at=at, **usage),
                summary=summary or {},
            ),
            small={one.ref.digest: one.small for one in saved.values() if one.small is not None},
            headers={one.ref.digest: one.header for one in saved.values() if one.header is not None},
        )

    def task(self, key, *targets, parents=(), **facts):
        self.begin(key, *parents)
        self.succeed(key, *targets, **facts)

    def fail(self, key, message="no such column", *, retry_at=None):
        frame = FrameRecord("/project/churn.py", 11, "Churn.train", "rows[name]", is_user=True, locals={"name": "'f1'"})
        error = TaskError("KeyError", message, (frame,), "Traceback ...", "look at the table")
        self.add(TaskFailed(self.story.tick(), key, self.attempts[key], "exception", error, retry_at=retry_at))

    def reuse(self, key, *targets, origin, width=None, parents=()):
        label = self.labels.setdefault(key, len(self.labels) + 1)
        step = parse_task_key(key).step
        transition = Transition(targets, width)
        inherits = len(parents) == 1
        self.add(
            TaskReused(
                self.story.tick(),
                key,
                step,
                label,
                origin,
                transition=transition,
                parents=parents,
                parent_count=len(parents),
                inherits=inherits,
            )
        )

    def finish(self, end="succeeded", **facts):
        self.add(RunFinished(self.story.tick(), end, **facts))
        self.lease.release()

    def log(self, key, *records, attempt=0):
        """Write a log file: records are (seconds since the begin, letter, bytes)."""
        folder = self.story.home.run_folder(self.started.run)
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{self.labels[key]}.{attempt}.log", "ab") as file:
            for at, letter, content in records:
                file.write(f"{BEGIN + at:.6f} {letter} ".encode() + content + b"\n")

    def whole(self):
        """A run that went through: two trainings, a join."""
        self.task("start", "train", width=2, values={"items": [1, 2]})
        for number in range(2):
            self.task(f"train/start.{number}", "join", parents=("start",), values={"score": number / 2}, compute=1.5)
        trained = ("train/start.0", "train/start.1")
        self.task("join", "end", parents=trained, values={"best": BEST}, summary={"f1": 0.71})
        self.task("end", parents=("join",))
        self.finish()
        return self

    def broken(self):
        """A run that the second training failed."""
        self.task("start", "train", width=2)
        self.task("train/start.0", "join", parents=("start",))
        self.begin("train/start.1", "start")
        self.fail("train/start.1")
        self.finish("failed", failed_key="train/start.1", cause="exception", message="no such column")
        return self
