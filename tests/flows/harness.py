"""Runs a shape of graph with a behaviour on an engine, and checks what came of it."""

import os
import time

import msgspec

import tests.flows.shapes
from headwater import Run, Runner
from headwater.client.session import View
from headwater.engines.inline import InlineEngine
from headwater.flow.load import find_code
from headwater.home import open_home
from headwater.model.events import RunStarted
from headwater.model.rows import RunQuery
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution, RunOptions
from headwater.worker import inline_attempt_of
from tests.flows.behaviours import BEHAVIOURS
from tests.flows.shapes import SHAPES

FILE = tests.flows.shapes.__file__
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(FILE)))


class Weaver:
    """One store, in which shapes run with behaviours."""

    def __init__(self, folder):
        self.home = str(folder / "home")

    def weave(self, shape, behaviour, *, engine="inline", **environ):
        """Run it, check it, and give its run."""
        kind = BEHAVIOURS[behaviour]
        flow = SHAPES[shape] if engine == "inline" else f"{FILE}:{shape}"
        given = {"BEHAVIOUR": behaviour, "HEADWATER_USER": "weaver", **environ}
        options = {**kind.options, "home": self.home}
        with Runner(flow, show_output=False, env=given, cwd=ROOT, in_process=engine == "inline", **options) as runner:
            executing = runner.run()
        if not kind.fails:
            assert executing.status == "successful", executing.stderr
            kind.check(executing.run, SHAPES[shape])
        return executing.run

    def resume(self, shape, run, *, from_step=None):
        """Resume a run in this process, and give the new one."""
        flow = SHAPES[shape]
        code = msgspec.structs.replace(find_code(FILE), flow=shape)
        home = open_home(self.home, environ=os.environ)
        engine = InlineEngine(code, inline_attempt_of(flow))
        execution = Execution(home, engine, clock=time.time, interrupts=Interrupts())
        rows = home.ledger.runs(RunQuery(flow=shape)).rows
        origin = next(row for row in rows if row.path == run.pathspec)
        happenings = list(execution.resume_failed(flow, code, RunOptions(max_workers=1), {}, origin, from_step))
        engine.close()
        started = next(each for each in happenings if isinstance(each, RunStarted))
        return Run(f"{shape}/{started.label}", _namespace_check=False, _view=View(home, None))
