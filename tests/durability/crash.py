"""Runs a flow in processes of its own, kills them at a named point or a moment, resumes, and compares."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from headwater.home import open_home
from headwater.model.events import RunFinished, TaskReused, TaskSucceeded
from headwater.model.rows import RunQuery

FLOWS = Path(__file__).with_name("kill_flows.py")
DEEDS = Path(__file__).with_name("deed_flows.py")

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

#: Seconds within which nothing of a dead run may live, as promised.
GONE_SECONDS = 10.0


class Scene:
    """One store and the runs of one flow in it, with their crashes."""

    def __init__(self, folder, flow, file=FLOWS, home=None):
        self.folder = folder
        self.home = home or folder / "home"
        self.executions = folder / "executions"
        self.executions.touch()
        self.flow = flow
        # A project of its own: the code that a run keeps is this file, not all that lies around ours.
        self.file = folder / "project" / Path(file).name
        if not self.file.exists():
            self.file.parent.mkdir()
            shutil.copy(file, self.file)
        self.output = ""
        self._told = _fifo(folder / "told")

    @property
    def mark(self):
        """What the environment of every process of this scene holds."""
        return f"SCENE={self.home}"

    def environ(self, failpoint="", log="", **more):
        return {
            **os.environ,
            "HEADWATER_HOME": str(self.home),
            "HEADWATER_USER": "tester",
            "EXECUTIONS": str(self.executions),
            "TOLD": str(self.folder / "told"),
            "HEADWATER_FAILPOINT": failpoint,
            "HEADWATER_FAILPOINT_LOG": log,
            "SCENE": str(self.home),
            **more,
        }

    def run(self, *words, prefix=(), timeout=100, **how):
        """Run one command to its end and give its exit code; all its processes are gone then."""
        command = [*prefix, sys.executable, "-m", "headwater", *words]
        done = subprocess.run(command, env=self.environ(**how), capture_output=True, text=True, timeout=timeout)
        self.printed = done.stdout
        self.output = done.stdout + done.stderr
        wait_until_gone(self.mark)
        return done.returncode

    def begin(self, *words, **how):
        """Start one command in a session of its own, and let it run; its output goes to `self.folder / "console"`."""
        with open(self.folder / "console", "wb") as console:
            return subprocess.Popen(
                [sys.executable, "-m", "headwater", *words],
                env=self.environ(**how),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def console(self):
        return (self.folder / "console").read_text()

    @property
    def start_words(self):
        return ("run", f"{self.file}:{self.flow}", "--seed", "7")

    def start(self, *words, **how):
        return self.run(*self.start_words, *words, **how)

    def resume(self, *words, **how):
        return self.run("resume", f"{self.file}:{self.flow}", *words, **how)

    def resume_or_start(self, **how):
        """Continue what the last command left; a crash before the first commit left nothing, a success is an end."""
        latest = self.latest() if (self.home / "ledger.db").exists() else None
        if latest is None:
            return self.start(**how)
        return 0 if latest[0].status == "succeeded" else self.resume(**how)

    def wait_told(self, patience=60.0):
        """Wait until a task says something through the pipe, and give its words."""
        readable, _, _ = select.select([self._told], [], [], patience)
        assert readable, f"no task said anything: {self.console()}"
        return os.read(self._told, 4096).decode().split()

    def counts(self):
        """How often each task's code began."""
        return Counter(self.executions.read_text().splitlines())

    def finished(self):
        """Executions that must never happen again: one for each committed task, by its line."""
        return {event.key for event in self.events() if isinstance(event, TaskSucceeded | TaskReused)}

    def row(self):
        """The newest run; None when there is none."""
        with closing(open_home(str(self.home))) as home:
            rows = home.ledger.runs(RunQuery(limit=1)).rows
        return rows[0] if rows else None

    def events(self):
        """All events of the newest run."""
        if not (self.home / "ledger.db").exists():
            return []
        with closing(open_home(str(self.home))) as home:
            page = home.ledger.runs(RunQuery(limit=1))
            return [event for row in page.rows for _, event in home.ledger.events(row.run)]

    def latest(self):
        """(row, result of the end step, is it ended) of the newest run; None when there is none."""
        with closing(open_home(str(self.home))) as home:
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

    def status(self):
        """What `headwater status --json` says of the newest run."""
        assert self.run("status", self.row().path, "--json") == 0, self.output
        return json.loads(self.printed)

    def findings(self, *words):
        """What `headwater fsck --json` finds, information left out."""
        code = self.run("fsck", *words, "--json")
        found = [each for each in json.loads(self.printed)["findings"] if each.get("severity") != "info"]
        assert code == bool(found)
        return found

    def objects(self):
        """The files of all objects, stamps and half-written files left out."""
        return sorted(path for path in (self.home / "objects").glob("*/*") if len(path.name) == 64)


def _fifo(path):
    """Make a named pipe that is open at both ends, so that no writer blocks and no reader sees an end."""
    os.mkfifo(path)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def wait_until_gone(mark, patience=GONE_SECONDS):
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


def parent_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])
