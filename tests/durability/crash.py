"""Runs a flow in processes of its own, kills them at a named point, resumes, and compares."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from headwater.home import open_home
from headwater.model.events import RunFinished, TaskReused, TaskSucceeded
from headwater.model.rows import RunQuery

FLOWS = Path(__file__).with_name("kill_flows.py")

#: What each flow's `result` must be, whatever happened on the way.
RESULTS = {
    "LinearFlow": 100_002,
    "BranchFlow": ["a", "b"],
    "ForeachFlow": [0, 1, 4, 9, 16, 25, 36, 49],
    "NestedFlow": ["a1", "a2", "a3", "b1", "b2", "b3"],
    "RetryFlow": 60,
    "LoopFlow": 3,
}
SHAPES = list(RESULTS)


class Scene:
    """One store and one run, with its crashes."""

    def __init__(self, folder, flow):
        self.home = folder / "home"
        self.executions = folder / "executions"
        self.executions.touch()
        self.flow = flow

    def run(self, *words, failpoint="", log="", timeout=60):
        """Run one command to its end and give its exit code; all its processes are gone then."""
        environ = {
            **os.environ,
            "HEADWATER_HOME": str(self.home),
            "HEADWATER_USER": "tester",
            "EXECUTIONS": str(self.executions),
            "HEADWATER_FAILPOINT": failpoint,
            "HEADWATER_FAILPOINT_LOG": log,
        }
        marked = {**environ, "SCENE": str(self.home)}
        command = [sys.executable, "-m", "headwater", *words]
        done = subprocess.run(command, env=marked, capture_output=True, text=True, timeout=timeout)
        self.output = done.stdout + done.stderr
        wait_until_gone(f"SCENE={self.home}")
        return done.returncode

    def start(self, **how):
        return self.run("run", f"{FLOWS}:{self.flow}", "--seed", "7", **how)

    def resume(self, **how):
        return self.run("resume", f"{FLOWS}:{self.flow}", **how)

    def resume_or_start(self, **how):
        """Continue what the last command left; a crash before the first commit left nothing, a success is an end."""
        latest = self.latest() if (self.home / "ledger.db").exists() else None
        if latest is None:
            return self.start(**how)
        return 0 if latest[0].status == "succeeded" else self.resume(**how)

    def counts(self):
        """How often each task's code began."""
        return Counter(self.executions.read_text().splitlines())

    def finished(self):
        """Executions that must never happen again: one for each committed task, by its line."""
        if not (self.home / "ledger.db").exists():
            return set()
        home = open_home(str(self.home))
        try:
            page = home.ledger.runs(RunQuery(limit=1))
            events = [event for row in page.rows for _, event in home.ledger.events(row.run)]
        finally:
            home.close()
        return {event.key for event in events if isinstance(event, TaskSucceeded | TaskReused)}

    def latest(self):
        """(row, result of the end step, events) of the newest run; None when there is none."""
        home = open_home(str(self.home))
        try:
            rows = home.ledger.runs(RunQuery(limit=1)).rows
            if not rows:
                return None
            row = rows[0]
            events = [event for _, event in home.ledger.events(row.run)]
            ended = any(isinstance(event, RunFinished) for event in events)
            result = None
            if row.status == "succeeded":
                end = next(event for event in reversed(events) if getattr(event, "key", "").startswith("end"))
                result = home.artifacts.load(home.ledger.visible(row.run, end.key)["result"].ref)
            return row, result, ended
        finally:
            home.close()


def wait_until_gone(mark, patience=15.0):
    """Wait until no process has the mark in its environment: nothing of a dead run may live on."""
    until = time.monotonic() + patience
    while processes := marked_processes(mark):
        assert time.monotonic() < until, f"still alive: {processes}"
        time.sleep(0.01)


def marked_processes(mark):
    """Pids of processes, zombies excepted, whose environment holds the mark."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                environ = Path(f"/proc/{name}/environ").read_bytes()
            except OSError:
                continue
            if mark.encode() in environ.split(b"\0"):
                found.append(int(name))
    return found
