"""Gates in every shape of graph: what a run does with them is what it does without them, only later."""

import os
import shutil
import time

import msgspec
import pytest

from headwater import Run
from headwater.client.session import View
from headwater.engines.inline import InlineEngine
from headwater.engines.local import LocalEngine
from headwater.flow.compile import compile_flow
from headwater.home import open_home
from headwater.model.events import Decide, RunStarted
from headwater.model.order import CodeSource
from headwater.model.production import Approval
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution, RunOptions
from headwater.worker import inline_attempt_of
from tests.flows.behaviours import BEHAVIOURS
from tests.flows.harness import FILE
from tests.flows.shapes import SHAPES

_MIDDLE = [(shape, list(flow._tasks)[len(flow._tasks) // 2]) for shape, flow in SHAPES.items()]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of the shapes alone: the code that a run keeps is this, not all that lies around them."""
    root = tmp_path_factory.mktemp("project")
    (root / "tests" / "flows").mkdir(parents=True)
    for name in ("shapes", "acting", "behaviours"):
        shutil.copy(os.path.join(os.path.dirname(FILE), f"{name}.py"), root / "tests" / "flows")
    return CodeSource(str(root), "tests/flows/shapes.py", "tests.flows.shapes", "")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    environ = {**os.environ, "HEADWATER_USER": "weaver"}
    opened = open_home(str(tmp_path_factory.mktemp("gates") / "home"), environ=environ, make=True)
    yield opened
    opened.close()


def gated(shape, steps):
    """A class of the same flow whose graph has a gate before these steps."""
    flow = type(shape, (SHAPES[shape],), {"__module__": SHAPES[shape].__module__})
    graph = compile_flow(SHAPES[shape])
    with_gates = {
        name: msgspec.structs.replace(step, options=msgspec.structs.replace(step.options, approval=Approval()))
        for name, step in graph.steps.items()
        if name in steps
    }
    flow._headwater_graph = msgspec.structs.replace(graph, steps={**graph.steps, **with_gates})
    return flow


def weave(home, project, shape, steps, behaviour, engine, monkeypatch):
    """Run it, approve whatever waits, and let another driver go on, until it ends; gives the run and the waits."""
    monkeypatch.setenv("BEHAVIOUR", behaviour)
    monkeypatch.setenv("HEADWATER_USER", "weaver")
    monkeypatch.setenv("HEADWATER_HOME", home.path)
    kind = BEHAVIOURS[behaviour]
    flow = gated(shape, steps)
    code = msgspec.structs.replace(project, flow=shape)
    options = RunOptions(max_workers=2, tags=tuple(kind.options.get("tags", ())), seed=kind.options.get("seed"))
    row, waits = None, []
    while row is None or row.status == "waiting":
        driving = InlineEngine(code, inline_attempt_of(flow)) if engine == "inline" else LocalEngine(code)
        execution = Execution(home, driving, clock=time.time, interrupts=Interrupts())
        if row is None:
            happenings = list(execution.new(flow, code, options, {}))
            row = home.ledger.run(next(each for each in happenings if isinstance(each, RunStarted)).run)
        else:
            waits.append(row.gates)
            for step in row.gates:
                home.ledger.request(row.run, Decide(time.time(), "ann", step, "approved"))
            list(execution.continue_interrupted(row, options))
            row = home.ledger.run(row.run)
        driving.close()
    return Run(row.path, _namespace_check=False, _view=View(home, None)), waits


_LONG = [pytest.param(name, marks=pytest.mark.long) for name in ("Propagation", "Merging", "Seeded")]


@pytest.mark.parametrize("behaviour", ["Position", *_LONG])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_gate_before_every_step_changes_nothing_but_the_time(home, project, shape, behaviour, monkeypatch):
    steps = set(SHAPES[shape]._tasks)
    run, waits = weave(home, project, shape, steps, behaviour, "inline", monkeypatch)

    BEHAVIOURS[behaviour].check(run, SHAPES[shape])
    assert {step for waited in waits for step in waited} == steps


_SAMPLED = [
    pytest.param(*each, marks=() if number % 3 == 0 else pytest.mark.long) for number, each in enumerate(_MIDDLE)
]


@pytest.mark.parametrize(("shape", "step"), _SAMPLED)
def test_a_gate_in_the_middle_is_waited_at_by_drivers_of_processes_too(home, project, shape, step, monkeypatch):
    run, waits = weave(home, project, shape, {step}, "Position", "local", monkeypatch)

    BEHAVIOURS["Position"].check(run, SHAPES[shape])
    assert set(waits) == {(step,)}
