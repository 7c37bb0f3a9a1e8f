"""A run in this process: breakpoints work, and so does pytest's capture."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from headwater.client.objects import Run
from headwater.client.session import View
from headwater.engines.inline import InlineEngine
from headwater.flow.spec import FlowSpec
from headwater.home import open_home
from headwater.model.errors import InternalError
from headwater.model.events import RunStarted
from headwater.model.order import CodeSource
from headwater.runner.options import OPTIONS, run_options
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution
from headwater.worker import inline_attempt_of


def run_in_process(
    flow: type[FlowSpec],
    code: CodeSource,
    given: Mapping[str, object],
    *,
    folder: str,
    environ: Mapping[str, str],
    cwd: str,
) -> Run:
    """Run a flow to its end.

    Args:
        flow: its class.
        code: where it is written.
        given: options and parameters, by name.
        folder: of the store.
        environ: environment variables that it sees.
        cwd: folder in which it runs.
    """
    home = open_home(folder, environ=environ, make=True)
    engine = InlineEngine(code, inline_attempt_of(flow))
    execution = Execution(home, engine, clock=time.time, interrupts=Interrupts())
    options = run_options(given, home.user)
    values = {name: value for name, value in given.items() if name not in OPTIONS}
    started: RunStarted | None = None
    try:
        with _inside(environ, cwd):
            for happening in execution.new(flow, code, options, values):
                started = happening if isinstance(happening, RunStarted) else started
    finally:
        engine.close()
    if started is None:
        raise InternalError(f"the run of {code.flow} ended without its first event")
    path = f"{started.flow}/{started.label}"
    return Run(path, _namespace_check=False, _view=View(home, None))


@contextmanager
def _inside(environ: Mapping[str, str], cwd: str) -> Iterator[None]:
    """Be in that folder with that environment, as a process of the flow's own would be."""
    before, folder = dict(os.environ), os.getcwd()
    os.environ.update(environ)
    os.chdir(cwd)
    try:
        yield
    finally:
        os.chdir(folder)
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
