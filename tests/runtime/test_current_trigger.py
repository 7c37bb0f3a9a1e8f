"""What a step reads of the events and runs for which its run was started."""

import os

import msgspec
import pytest

from headwater import FlowSpec, current, step
from headwater.engines.inline import InlineEngine
from headwater.flow.compile import compile_flow
from headwater.model.events import RunStarted
from headwater.model.ids import new_ulid
from headwater.model.launch import Firing, Launch, Trigger, TriggerEvent
from headwater.model.order import CodeSource
from headwater.model.ports import Commit, PlannedFiring
from headwater.runtime.execute import Execution, RunOptions
from headwater.runtime.start import save_values
from headwater.worker import inline_attempt_of

ROOT = os.path.dirname(__file__)


class Load(FlowSpec):
    @step
    def start(self):
        self.rows = 7
        self.next(self.end)

    @step
    def end(self):
        pass


class Triggered(FlowSpec):
    @step
    def start(self):
        self.is_triggered = "trigger" in current
        if self.is_triggered:
            self.rows = current.trigger["Load"].data.rows
            self.day = current.trigger["sales.loaded"].payload["day"]
            self.names = [event.name for event in current.trigger.events]
        self.nothing = current.trigger is None
        self.next(self.end)

    @step
    def end(self):
        pass


def drive(desk, flow, begin):
    code = CodeSource(ROOT, "test_current_trigger.py", "tests.runtime.test_current_trigger", flow.__name__)
    engine = InlineEngine(code, inline_attempt_of(flow))
    execution = Execution(desk.home, engine, clock=lambda: desk.now, interrupts=desk.interrupts)
    try:
        list(begin(execution, code))
    finally:
        engine.close()
    return desk.home.ledger.find_run(flow.__name__, 1)


@pytest.fixture
def triggered(desk):
    """Drive a run that was started for these events; gives the artifacts of its last step."""
    options = RunOptions(max_workers=1)

    def go(*events):
        def launch(execution, code):
            started = RunStarted(
                desk.now,
                new_ulid(desk.now, b"0123456789"),
                "Triggered",
                0,
                "ann",
                "here",
                1,
                compile_flow(Triggered),
                code,
                7,
                parameters=save_values(desk.home, {}, code.module).refs,
                launch=Launch("Triggered@production", "01D", 1, "k", Trigger("event", "", events)),
            )
            firing = Firing("k", "Triggered@production", "event", desk.now, "started")
            desk.home.ledger.launch([PlannedFiring(firing, Commit([started]))])
            return execution.continue_interrupted(desk.home.ledger.run(started.run), options, code_root=ROOT)

        row = drive(desk, Triggered, launch)
        assert row.status == "succeeded", row.message
        return desk.run(row).data

    return go


def test_a_step_reads_the_event_and_the_artifacts_of_the_run_that_finished(desk, triggered):
    loaded = drive(desk, Load, lambda execution, code: execution.new(Load, code, RunOptions(max_workers=1), {}))
    event = TriggerEvent("e", "sales.loaded", 5.0, payload={"day": msgspec.Raw(b'"2025-01-01"')})

    data = triggered(TriggerEvent("r", "run.finished", 5.0, "run", run=loaded.path), event)

    assert (data.rows, data.day, data.names) == (7, "2025-01-01", ["run.finished", "sales.loaded"])
    assert (data.is_triggered, data.nothing) == (True, False)


def test_a_step_of_a_run_that_no_event_started_knows_of_no_trigger(triggered):
    data = triggered()

    assert (data.is_triggered, data.nothing) == (False, True)
