"""Runs on somebody's machine while the server is away: what they type, and what the server has of it afterwards."""

import os
import signal
import threading
from pathlib import Path

import pytest

from headwater.engines.inline import InlineEngine
from headwater.home import open_home
from headwater.model.events import Decide, GateDecided, GateReached, RunFinished, TaskStarted, TaskSucceeded
from headwater.model.order import CodeSource
from headwater.remote.journal import FILE
from headwater.runtime.drive import Interrupts, Parked
from headwater.runtime.execute import Execution, RunOptions
from headwater.store.lines import read_lines
from headwater.worker import inline_attempt_of
from tests.remote import outage_flows
from tests.remote.machines import Machine, until

FLOW = """
import os, time
from headwater import FlowSpec, step


class Wide(FlowSpec):
    @step
    def start(self):
        self.numbers = list(range(70))
        self.text = "t" * 3000
        while not os.path.exists("go"):
            time.sleep(0.01)
        self.next(self.work, foreach="numbers")

    @step
    def work(self):
        print("working on", self.input)
        self.double = 2 * self.input
        self.large = bytes(20_000) + self.input.to_bytes(4, "big")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.double for each in inputs)
        self.sizes = sum(len(each.large) for each in inputs)
        self.next(self.wait)

    @step
    def wait(self):
        while not os.path.exists("end"):
            time.sleep(0.01)
        self.next(self.end)

    @step
    def end(self):
        assert (self.total, self.sizes) == (4830, 70 * 20_004)


if __name__ == "__main__":
    Wide()
"""


@pytest.fixture
def ann(proxied, tmp_path):
    """A machine whose server is away: a run has begun on it, and goes on."""
    served, proxy = proxied
    ann = Machine(tmp_path / "ann", proxy.url, served.token("ann", everything="runner"))
    ann.write("wide.py", FLOW)
    ann.process = ann.start("run", "wide.py")
    until(lambda: served.home.ledger.flows() and served.home.ledger.find_run("Wide", 1).task_counts)
    proxy.go_away()
    (ann.folder / "go").touch()
    return ann


def journal(ann):
    return next((ann.server_folder() / "runs").glob(f"*/{FILE}"), None)


def kept(ann, text):
    file = journal(ann)
    return file is not None and text in file.read_text()


def events(served):
    return [event for _, event in served.home.ledger.events(served.home.ledger.find_run("Wide", 1).run)]


def test_a_run_starts_its_tasks_and_ends_without_the_server_and_succeeds_when_all_is_delivered(proxied, ann):
    served, proxy = proxied
    (ann.folder / "end").touch()
    until(lambda: kept(ann, '"run_finished"'))
    before = served.home.ledger.find_run("Wide", 1)
    is_told = ann.process.poll() is not None
    proxy.come_back()
    _, said = ann.process.communicate(timeout=60)
    row = served.home.ledger.find_run("Wide", 1)
    succeeded = [event.key for event in events(served) if isinstance(event, TaskSucceeded)]
    folder = Path(served.home.run_folder(row.run))
    words = {line.text for file in folder.glob("*.log") for line in read_lines(str(file))}

    assert (before.status, before.task_counts) == ("running", {"running": 1})
    assert not is_told, "it ended before the server knew"
    assert (ann.process.returncode, row.status, row.task_counts) == (0, "succeeded", {"succeeded": 74}), said
    assert len(succeeded) == len(set(succeeded)) == 74
    assert words == {f"working on {number}" for number in range(70)}
    assert journal(ann) is None


def test_a_run_whose_driver_was_killed_in_an_outage_goes_on_where_it_was(proxied, ann):
    served, proxy = proxied
    until(lambda: kept(ann, '"wait'))
    os.kill(ann.process.pid, signal.SIGKILL)
    ann.process.communicate()
    proxy.come_back()
    (ann.folder / "end").touch()
    process = ann.start("resume", "Wide/1")
    _, said = process.communicate(timeout=60)
    started = [event.key for event in events(served) if isinstance(event, TaskStarted)]

    assert process.returncode == 0, said
    assert "Wide/1: what was done here while" in said
    assert served.home.ledger.find_run("Wide", 1).status == "succeeded"
    # Only the task that ran when it was killed was begun again.
    assert sorted(key for key in set(started) if started.count(key) > 1) == ["wait"]
    assert journal(ann) is None


def test_an_end_that_waited_for_the_server_is_told_by_the_next_command(proxied, ann):
    served, proxy = proxied
    (ann.folder / "end").touch()
    until(lambda: kept(ann, '"run_finished"'))
    os.kill(ann.process.pid, signal.SIGKILL)
    ann.process.communicate()
    proxy.come_back()
    process = ann.start("resume", "Wide/1")
    _, said = process.communicate(timeout=60)

    assert (process.returncode, served.home.ledger.find_run("Wide", 1).status) == (0, "succeeded"), said
    assert isinstance(events(served)[-1], RunFinished)
    assert len([event for event in events(served) if isinstance(event, TaskStarted)]) == 74


def test_a_cancelled_run_waits_for_its_server_until_it_is_told_not_to(proxied, ann):
    _, proxy = proxied
    until(lambda: kept(ann, '"wait'))
    os.kill(ann.process.pid, signal.SIGINT)
    until(lambda: kept(ann, '"run_finished"'))
    is_waiting = ann.process.poll() is None
    os.kill(ann.process.pid, signal.SIGINT)
    _, said = ann.process.communicate(timeout=60)
    proxy.come_back()
    cancelled = ann.do("cancel", "Wide/1")

    assert is_waiting
    assert ann.process.returncode == 1
    assert "`headwater resume Wide/1` on this machine delivers it" in said
    assert cancelled == "Wide/1 cancelled\n"


class Desk:
    """A driver in this process whose store is on a server, with a clock turned by hand."""

    def __init__(self, served, proxy, folder, environ):
        self.now = 1_700_000_000.0
        self.seen = []
        environ.setenv("HEADWATER_SERVER", proxy.url)
        environ.setenv("HEADWATER_SERVER_TOKEN", served.token("ann", everything="runner"))
        environ.setenv("XDG_DATA_HOME", str(folder / "data"))
        environ.setenv("HOME", str(folder))
        environ.setenv("OUTAGE_NOTES", str(folder))
        self.home = open_home(environ=os.environ, make=True)
        project = folder / "project"
        project.mkdir()
        (project / "outage_flows.py").write_text(Path(outage_flows.__file__).read_text())
        self.project = str(project)

    def drive(self, flow, on=lambda happening: None):
        code = CodeSource(self.project, "outage_flows.py", "outage_flows", flow.__name__)
        engine = InlineEngine(code, inline_attempt_of(flow))
        execution = Execution(self.home, engine, clock=lambda: self.now, interrupts=Interrupts())
        for happening in execution.new(flow, code, RunOptions(max_workers=2), {}):
            self.seen.append(happening)
            on(happening)
        engine.close()
        return self.seen


@pytest.fixture
def desk(proxied, tmp_path, monkeypatch):
    desk = Desk(*proxied, tmp_path, monkeypatch)
    yield desk
    desk.home.close()


def test_a_clock_that_jumps_in_an_outage_changes_nothing(proxied, desk):
    served, proxy = proxied
    jumps = iter([86_400.0, -400 * 86_400.0, 3600.0, -7200.0, 0.5])

    def on(happening):
        if isinstance(happening, TaskStarted):
            proxy.go_away() if happening.label == 1 else None
            desk.now += next(jumps, 1.0)
        if isinstance(happening, TaskSucceeded) and happening.key.startswith("third"):
            proxy.come_back()

    desk.drive(outage_flows.Steps, on)
    row = served.home.ledger.find_run("Steps", 1)

    assert (row.status, row.task_counts) == ("succeeded", {"succeeded": 5})


def test_a_decision_that_was_made_in_time_counts_although_it_could_not_be_read_then(proxied, desk):
    served, proxy = proxied

    def on(happening):
        if isinstance(happening, GateReached):
            proxy.go_away()
            run = served.home.ledger.find_run("Gate", 1).run
            served.home.ledger.request(run, Decide(desk.now + 1.0, "bob", "release", "approved"))
            desk.now += 7200.0  # it would be over by now
            threading.Timer(0.5, proxy.come_back).start()

    desk.drive(outage_flows.Gate, on)
    decided = [event for event in desk.seen if isinstance(event, GateDecided)]

    assert [(event.verdict, event.user) for event in decided] == [("approved", "bob")]
    assert served.home.ledger.find_run("Gate", 1).status == "succeeded"


def test_a_run_that_waits_for_somebody_is_given_back_when_the_server_knows(proxied, desk):
    served, proxy = proxied

    def on(happening):
        if isinstance(happening, TaskStarted):
            proxy.go_away()
        if isinstance(happening, TaskSucceeded):
            assert served.home.ledger.find_run("Parks", 1).gates == ()
            proxy.come_back()
        if isinstance(happening, Parked):
            assert served.home.ledger.find_run("Parks", 1).gates == ("end",)

    desk.drive(outage_flows.Parks, on)

    assert served.home.ledger.find_run("Parks", 1).status == "waiting"
