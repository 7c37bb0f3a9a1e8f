"""A store, a clock turned by hand, and drivers in this process that run flows of `gated_flows.py` on it."""

import os
import shutil

import msgspec

from headwater.client.objects import Run
from headwater.client.session import View
from headwater.engines.inline import InlineEngine
from headwater.engines.local import LocalEngine
from headwater.flow.compile import compile_flow
from headwater.home import open_home
from headwater.model.events import Decide, RunFinished, RunStarted
from headwater.model.ids import new_ulid
from headwater.model.launch import Firing, Launch, Trigger
from headwater.model.order import CodeSource
from headwater.model.ports import Commit, PlannedFiring
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution, RunOptions
from headwater.runtime.start import save_values
from headwater.worker import inline_attempt_of
from tests.runtime import gated_flows


class Desk:
    """What a test does with runs: start, decide, go on, look."""

    def __init__(self, folder, environ):
        self.folder = folder
        self.now = 1_000_000.0
        # A project of their own: the code that a run keeps is this file, not all that lies around ours.
        self.project = str(folder / "project")
        os.mkdir(self.project)
        shutil.copy(gated_flows.__file__, self.project)
        self.notes = folder / "notes"
        self.notes.touch()
        self.go = folder / "go"
        environ.setenv("NOTES", str(self.notes))
        environ.setenv("GO", str(self.go))
        environ.setenv("HEADWATER_HOME", str(folder / "home"))
        self.home = open_home(str(folder / "home"), environ=os.environ, make=True)
        self.interrupts = Interrupts()
        #: Called with each thing that happens, before the driver goes on.
        self.on = lambda happening: None
        self.seen = []

    def start(self, flow, engine="inline", **given):
        """Start a run and drive it as far as it goes; gives its row."""
        options = given.pop("options", RunOptions(max_workers=2))
        code = self._code(flow)
        return self._drive(engine, code, lambda execution: execution.new(flow, code, options, given))

    def go_on(self, row, engine="inline", flow=None, code_root=None):
        """Drive a run that nobody drives; gives its row."""
        flow = flow or getattr(gated_flows, row.flow)
        code = self._code(flow) if code_root is None else msgspec.structs.replace(self._code(flow), root=code_root)
        options = RunOptions(max_workers=2)
        return self._drive(
            engine, code, lambda execution: execution.continue_interrupted(self.row(row), options, code_root=code_root)
        )

    def resume(self, row, **given):
        """Start a run that takes over what an ended one finished."""
        flow = getattr(gated_flows, row.flow)
        code, options = self._code(flow), RunOptions(max_workers=1)
        return self._drive(
            "inline", code, lambda execution: execution.resume_failed(flow, code, options, given, self.row(row), None)
        )

    def launch(self, flow, *, root=None, **facts):
        """Queue a run of a deployment, as the scheduler does."""
        graph = compile_flow(flow)
        key = facts.pop("idempotency_key", "F@production/person:1")
        trigger = facts.pop("trigger", Trigger("person", "ann"))
        launch = Launch("F@production", "D1", 3, key, trigger, **facts)
        started = RunStarted(
            at=self.now,
            run=new_ulid(self.now, os.urandom(10)),
            flow=graph.flow,
            label=0,
            user="ann",
            host="h",
            pid=1,
            graph=graph,
            code=msgspec.structs.replace(self._code(flow), root=root or self.project),
            seed=1,
            parameters=save_values(self.home, {}, self._code(flow).module).refs,
            launch=launch,
        )
        firing = Firing(key=key, target=launch.target, source="person", at=self.now, verdict="started", run=started.run)
        self.home.ledger.launch([PlannedFiring(firing, Commit(events=[started]))])
        return self.home.ledger.run(started.run)

    def decide(self, row, step, verdict="approved", at=None, reason=""):
        """Leave a decision for the run's driver."""
        self.home.ledger.request(row.run, Decide(self.now if at is None else at, "ann", step, verdict, reason))

    def row(self, row):
        return self.home.ledger.run(row.run)

    def run(self, row):
        return Run(row.path, _namespace_check=False, _view=View(self.home, None))

    def noted(self):
        return self.notes.read_text().split("\n")[:-1]

    def kinds(self):
        """Names of what happened in the last drive."""
        return [type(happening).__name__ for happening in self.seen]

    @property
    def finished(self):
        return next((each for each in self.seen if isinstance(each, RunFinished)), None)

    def _code(self, flow):
        return CodeSource(self.project, "gated_flows.py", "gated_flows", flow.__name__)

    def _drive(self, kind, code, begin):
        flow = getattr(gated_flows, code.flow)
        engine = InlineEngine(code, inline_attempt_of(flow)) if kind == "inline" else LocalEngine(code)
        execution = Execution(self.home, engine, clock=lambda: self.now, interrupts=self.interrupts)
        self.seen = []
        run = None
        try:
            for happening in begin(execution):
                self.seen.append(happening)
                for event in getattr(happening, "events", (happening,)):
                    run = event.run if isinstance(event, RunStarted) else run
                self.on(happening)
        finally:
            engine.close()
        return self.home.ledger.run(run)
