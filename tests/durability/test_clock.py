"""A clock that goes back, jumps or stands still: no negative duration, no false death, no run that hangs."""

import itertools
import sys
from contextlib import closing

import pytest

from headwater.engines.inline import InlineEngine
from headwater.flow.load import load_source
from headwater.home import make_home, open_home
from headwater.model.events import RunFinished, TaskFailed, TaskStarted, TaskSucceeded
from headwater.model.order import CodeSource
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution, RunOptions
from headwater.worker import inline_attempt
from tests.durability.crash import FLOWS, RESULTS, Scene

EPOCH = 1_700_000_000.0
DAY = 86_400.0

CLOCKS = {
    "stands still": lambda: itertools.repeat(EPOCH),
    "goes back a second each time": lambda: itertools.count(EPOCH, -1.0),
    "jumps a year ahead": lambda: itertools.chain([EPOCH] * 6, itertools.count(EPOCH + 400 * DAY, 0.5)),
    "jumps a year back": lambda: itertools.chain([EPOCH] * 6, itertools.count(EPOCH - 400 * DAY, 0.5)),
    "swings by an hour": lambda: (EPOCH + (3600.0 if n % 2 else -3600.0) + n * 0.1 for n in itertools.count()),
}


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("shape", ["RetryFlow", "ForeachFlow"])
def test_a_run_ends_right_whatever_the_clock_says(tmp_path, monkeypatch, name, shape):
    scene = Scene(tmp_path, shape)
    if shape == "RetryFlow":
        scene.executions.write_text("join\njoin\n")  # its deaths are not for an engine in this process
    monkeypatch.setenv("EXECUTIONS", str(scene.executions))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    monkeypatch.delitem(sys.modules, FLOWS.stem, raising=False)
    happened = run_with_clock(scene, CLOCKS[name]())

    del sys.modules[FLOWS.stem]
    assert isinstance(happened[-1], RunFinished)
    assert happened[-1].end == "succeeded", happened[-1]
    assert scene.latest()[1] == RESULTS[shape]
    assert_no_negative_duration(scene)
    assert scene.findings("--data") == []


def run_with_clock(scene, ticks):
    make_home(str(scene.home))
    code = CodeSource(str(scene.file.parent), scene.file.name, scene.file.stem, scene.flow)
    flow = load_source(code)
    engine = InlineEngine(code, inline_attempt)
    with closing(open_home(str(scene.home), user="tester")) as home:
        execution = Execution(home, engine, clock=lambda: next(ticks), interrupts=Interrupts())
        try:
            return list(execution.new(flow, code, RunOptions(max_workers=2, seed=7), {}))
        finally:
            engine.close()


def assert_no_negative_duration(scene):
    with closing(open_home(str(scene.home))) as home:
        found = scene.row()
        for event in scene.events():
            if isinstance(event, TaskSucceeded | TaskFailed):
                usage = event.usage
                assert usage.ended_at >= usage.started_at
                assert min(usage.queue, usage.compute, usage.save, usage.input_load, usage.importing) >= 0
        assert any(isinstance(event, TaskStarted) for event in scene.events())
        assert home.ledger.owner(found.run) is None
    assert scene.run("status", found.path) == 0
    assert " -" not in scene.printed.splitlines()[0], scene.printed
    steps = scene.status()["steps"]
    assert all(step.get("task_seconds", 0) >= 0 for step in steps), steps
