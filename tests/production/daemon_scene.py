"""A store with deployed flows and the processes of a daemon on it, whose clock runs faster than the world's."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager, suppress

from headwater.deployments.deploy import deploy
from headwater.deployments.owners import Person
from headwater.deployments.preparing import DeployRequest
from headwater.flow.load import load_flow
from headwater.home import open_home
from headwater.model.events import TaskStarted, TaskSucceeded
from headwater.model.rows import FiringQuery, RunQuery
from headwater.production.clock import Clock
from tests.durability.crash import marked_processes, wait_until_gone

#: Appends a line for each execution of a step to the file EXECUTIONS.
FLOW = """
import os
from datetime import UTC, datetime

from headwater import FlowSpec, current, run_policy, schedule, step


def note(line):
    descriptor = os.open(os.environ["EXECUTIONS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{{line}}\\n".encode())
    os.close(descriptor)


@schedule(cron="{cron}", missed="{missed}", ends="{ends}")
@run_policy(overlap="{overlap}", max_parallel={parallel})
class {name}(FlowSpec):
    @step
    def start(self):
        note(f"{{current.pathspec}}")
        self.slot = current.logical_date.isoformat()
        self.next(self.end)

    @step
    def end(self):
        note(f"{{current.pathspec}}")
        self.result = self.slot
"""
MINUTE = 60.0


class DaemonScene:
    """One store and its daemon."""

    def __init__(self, folder, rate=600.0):
        self.folder = folder
        self.home = folder / "home"
        self.executions = folder / "executions"
        self.executions.touch()
        self.begin = time.time()
        self.clock = Clock(rate, self.begin)
        self.processes = []

    @property
    def mark(self):
        return f"DAEMON_SCENE={self.home}"

    def environ(self, **more):
        return {
            **os.environ,
            "HEADWATER_HOME": str(self.home),
            "HEADWATER_USER": "tester",
            "EXECUTIONS": str(self.executions),
            "DAEMON_SCENE": str(self.home),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            **more,
        }

    @contextmanager
    def opened(self):
        with closing(open_home(str(self.home), environ=self.environ(), make=True)) as home:
            yield home

    def deploy(self, text, *, is_production=True, **request):
        """Deploy a flow; its schedules count from the scene's beginning."""
        name = f"flow_{os.urandom(4).hex()}"
        file = self.folder / name / f"{name}.py"
        file.parent.mkdir()
        (file.parent / "pyproject.toml").write_text("[project]\nname='x'\nversion='0'\n")
        file.write_text(text)
        flow, code = load_flow(str(file))
        with self.opened() as home:
            person = Person(home, self.environ())
            return deploy(home, flow, code, DeployRequest(is_production=is_production, **request), person, self.begin)

    def deploy_minutes(self, minutes, name="TickFlow", overlap="allow", parallel=None, cron="* * * * *"):
        """Deploy a flow that fires for so many minutes of the scene's clock, and give its slots."""
        first = (self.begin // MINUTE + 1) * MINUTE
        slots = [first + number * MINUTE for number in range(minutes)]
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(slots[-1] + 1))
        self.deploy(FLOW.format(cron=cron, ends=ends, overlap=overlap, parallel=parallel, name=name, missed="all"))
        return slots

    def start(self, role="supervisor", **environ):
        """Start a process of the daemon; its log lines go to the scene's console."""
        words = [role, "--home", str(self.home), "--foreground", "--clock", str(self.clock)]
        return self._begin(["headwater.production", *words], environ)

    def command(self, *words, **environ):
        """Start a command of Headwater, and let it run."""
        return self._begin(["headwater", *words], environ)

    def _begin(self, words, environ):
        with open(self.folder / "console", "ab") as console:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", *words],
                env=self.environ(**environ),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_again(self):
        """Start the daemon as somebody would who found it gone; the old one's lock goes with its process."""
        return self.start()

    def victims(self, daemon, kind, rng):
        """Give the processes of a kind; one of the drivers, when there is one."""
        if kind == "everything":
            return marked_processes(self.mark)
        if kind == "supervisor":
            return [daemon.pid]
        words = {pid: command_line(pid) for pid in marked_processes(self.mark)}
        if kind == "scheduler":
            return [pid for pid, line in words.items() if "scheduler" in line]
        launchers = [pid for pid, line in words.items() if "launcher" in line]
        # Drivers are forks: their command line is that of the launcher, their session is their own.
        drivers = [pid for pid in launchers if session_of(pid) == pid]
        if kind == "driver":
            return [rng.choice(drivers)] if drivers else []
        return [pid for pid in launchers if pid not in drivers]

    def processes_left(self):
        """Give the command lines of what is left of the scene."""
        return [command_line(pid) for pid in marked_processes(self.mark)]

    def console(self):
        return (self.folder / "console").read_text()

    def stop(self, process, number=signal.SIGTERM, patience=30):
        process.send_signal(number)
        return process.wait(patience)

    def unfinished(self, home):
        """Say what is not through, and what is alive: for whoever reads that a test has failed."""
        runs = [(row.path, row.status, row.task_counts, home.ledger.owner(row.run)) for row in rows(home)]
        return f"{[run for run in runs if run[1] != 'succeeded']}\n{self.processes_left()}"

    def wait_for(self, what, patience=60.0):
        """Wait until something holds of the ledger, and give it."""
        until = time.monotonic() + patience
        with self.opened() as home:
            while not (found := what(home)):
                assert time.monotonic() < until, f"{self.console()}\n{self.unfinished(home)}"
                home.ledger.wait(0.05)
            return found

    def wait_for_runs(self, count, status="succeeded"):
        """Wait until so many runs ended so; another end than that one is told at once."""

        def ended(home):
            found = rows(home, status)
            others = [row for row in rows(home) if row.finished_at is not None and row.status != status]
            assert not others, f"{[(row.path, row.status, row.message) for row in others]}\n{self.console()}"
            return len(found) >= count and found

        return self.wait_for(ended)

    def close(self):
        """End all that is left; nothing of the scene outlives its test."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for pid in marked_processes(self.mark):
            with open_pid(pid):
                os.kill(pid, signal.SIGKILL)
        wait_until_gone(self.mark)


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode().split("\0")
    except OSError:
        return []


def session_of(pid):
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


@contextmanager
def open_pid(pid):
    """Let a process end meanwhile."""
    with suppress(ProcessLookupError):
        yield pid


def rows(home, status=None):
    """Runs of deployments, oldest first."""
    return [row for row in reversed(home.ledger.runs(RunQuery(status=status, limit=10_000)).rows) if row.launch]


def firings(home, **query):
    """Firings, oldest first."""
    return list(reversed(home.ledger.firings(FiringQuery(limit=10_000, **query)).rows))


def assert_each_slot_once(home, slots, target="TickFlow@production"):
    """Each slot has one firing and one run, and that run has succeeded."""
    fired = [each for each in firings(home) if each.target == target]
    assert [(each.slot, each.verdict) for each in fired] == [(slot, "started") for slot in slots]
    runs = [row for row in rows(home) if row.launch.target == target]
    assert [(row.launch.logical_date, row.status) for row in runs] == [(slot, "succeeded") for slot in slots]


def assert_no_finished_task_again(home, executions):
    """Every execution of a step has its attempt in the ledger, and none began after the task was committed."""
    counts = Counter(executions.read_text().splitlines())
    for row in rows(home):
        events = [event for _, event in home.ledger.events(row.run)]
        done = set()
        attempts = Counter()
        for event in events:
            if isinstance(event, TaskStarted):
                assert event.key not in done, f"{row.path}/{event.key} was started again"
                attempts[f"{row.path}/{event.step}/{event.label}"] += 1
            elif isinstance(event, TaskSucceeded):
                done.add(event.key)
        for path, attempted in attempts.items():
            assert 1 <= counts[path] <= attempted, (path, counts[path], attempted)
