"""What the driver does first and what last: nothing goes out and nothing is told before it is committed."""

from contextlib import closing

import msgspec
import pytest

from headwater import FlowSpec, step
from headwater.home import make_home, open_home
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import DiskFull
from headwater.model.events import RunFinished, TaskStarted, TaskSucceeded
from headwater.model.order import CodeSource
from headwater.model.ports import Ended
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution, RunOptions
from tests.durability.wide_program import EndsAtOnce

NOW = 1_700_000_000.0


class WideFlow(FlowSpec):
    @step
    def start(self):
        self.numbers = range(3)
        self.next(self.body, foreach="numbers")

    @step
    def body(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


@pytest.fixture
def home(tmp_path):
    make_home(str(tmp_path / "home"))
    with closing(open_home(str(tmp_path / "home"), user="tester")) as opened:
        yield opened


def execute(home, engine, folder):
    project = folder / "project"
    project.mkdir()
    execution = Execution(home, engine, clock=lambda: NOW, interrupts=Interrupts())
    return execution.new(WideFlow, CodeSource(str(project), "flow.py", "flow", "WideFlow"), RunOptions(2), {})


def stored(home):
    """All events that another process could read now."""
    with closing(open_home(home.path)) as other:
        (run,) = [held.run for held in other.ledger.references() if held.tree is not None]
        return [event for _, event in other.ledger.events(run)]


class LooksBack(EndsAtOnce):
    """Notes which orders came before their launch was committed."""

    def __init__(self, home):
        super().__init__(3)
        self.home = home
        self.early = []

    def submit(self, order):
        started = {(event.key, event.attempt) for event in stored(self.home) if isinstance(event, TaskStarted)}
        if (order.key, order.attempt) not in started:
            self.early.append(order.key)
        super().submit(order)


def test_no_order_goes_out_before_its_launch_is_committed(home, tmp_path):
    engine = LooksBack(home)

    assert list(execute(home, engine, tmp_path))[-1].end == "succeeded"
    assert engine.submitted == 6
    assert engine.early == []


def test_no_event_is_told_before_it_is_committed(home, tmp_path):
    early = [event for event in execute(home, EndsAtOnce(3), tmp_path) if event not in stored(home)]

    assert early == []


class SpeaksTwice(EndsAtOnce):
    """Reports each end for an attempt that nobody knows, before the right one."""

    def poll(self, timeout_seconds):
        return [
            Ended(msgspec.structs.replace(report.outcome, attempt=attempt))
            for report in super().poll(timeout_seconds)
            for attempt in (report.outcome.attempt + 7, report.outcome.attempt)
        ]


def test_what_an_attempt_says_that_the_ledger_has_given_up_is_not_taken(home, tmp_path):
    happened = list(execute(home, SpeaksTwice(3), tmp_path))

    assert [event.attempt for event in happened if isinstance(event, TaskSucceeded)] == [0] * 6


class FullLedger(SqliteLedger):
    """A ledger on a disk that has room again when the reserve is given up."""

    def append(self, lease, commit):
        if self.is_full(commit):
            raise DiskFull("here", 10, 0)
        return super().append(lease, commit)

    def is_full(self, commit):
        return self.reserve.exists() and any(isinstance(event, TaskSucceeded) for event in commit.events)


def test_the_end_of_a_run_on_a_full_disk_is_recorded_with_the_room_kept_for_it(home, tmp_path):
    home._ledger = FullLedger(home.path)
    home._ledger.reserve = tmp_path / "home" / "reserve"
    happened = list(execute(home, EndsAtOnce(3), tmp_path))

    assert isinstance(happened[-1], RunFinished)
    assert (happened[-1].end, happened[-1].cause) == ("failed", "disk_full")
    assert "disk full at here: 10 bytes needed, 0 free" in happened[-1].message
    assert stored(home)[-1] == happened[-1]
