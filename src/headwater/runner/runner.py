"""Runs a flow in a process of its own, or in this one."""

import asyncio
import os
import sys
from collections.abc import Mapping
from types import TracebackType

import msgspec

from headwater.client.objects import Run
from headwater.client.session import View
from headwater.flow.load import find_code, load_flow
from headwater.flow.spec import FlowSpec
from headwater.model.errors import UserMistake
from headwater.model.nearest import did_you_mean
from headwater.model.order import CodeSource
from headwater.runner.executing import ExecutingRun
from headwater.runner.in_process import run_in_process
from headwater.runner.options import OPTIONS, option_words, resume_words
from headwater.runner.process import FlowProcess
from headwater.settings import read_settings


class Runner:
    """Runs a flow; as a context manager it stops what still runs at the end of the block.

    Args:
        flow: the flow's file, or its class.
        show_output: print what the flow's process prints, as it comes.
        env: environment variables for the flow, on top of this process's.
        cwd: folder in which it runs; None = this process's.
        in_process: run it in this process with the `inline` engine: breakpoints work, and so does pytest's capture.
        options: what may be said of every run: `tags decospecs max_workers note seed namespace home engine branch
                production`.

    Raises:
        UserMistake: no such option, or a flow whose file is not known.
    """

    def __init__(
        self,
        flow: str | type[FlowSpec],
        show_output: bool = True,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        *,
        in_process: bool = False,
        **options: object,
    ) -> None:
        unknown = [name for name in options if name not in OPTIONS]
        if unknown:
            raise UserMistake(
                f"Runner has no option `{unknown[0]}`", hint=did_you_mean(unknown[0], OPTIONS, what="Options")
            )
        self._cwd = cwd or os.getcwd()
        self._flow_file = os.path.join(self._cwd, flow if isinstance(flow, str) else _file_of(flow))
        self._flow_class = None if isinstance(flow, str) else flow
        self._show_output = show_output
        self._environ = {**os.environ, **(env or {})}
        self._in_process = in_process
        self._options = options
        self._processes: list[FlowProcess] = []

    def run(self, **parameters: object) -> ExecutingRun:
        """Run the flow to its end.

        Args:
            parameters: the flow's parameters, and the options that `Runner` takes.

        Raises:
            HeadwaterError: it ended before a run began; says what it printed.
        """
        if self._in_process:
            return self._run_here(parameters)
        return self._to_end("run", parameters, [])

    def resume(
        self, origin_run_id: str | None = None, step_to_rerun: str | None = None, **parameters: object
    ) -> ExecutingRun:
        """Continue a run to its end: what finished does not run again.

        Args:
            origin_run_id: the run to continue; None = the user's latest of the flow.
            step_to_rerun: run again from this step on.
            parameters: as `run`.

        Raises:
            HeadwaterError: it ended before a run began; says what it printed.
            UserMistake: the runner runs in this process.
        """
        if self._in_process:
            raise UserMistake("runs are resumed in a process of their own", hint="make a Runner without `in_process`")
        return self._to_end("resume", parameters, resume_words(origin_run_id, step_to_rerun))

    async def async_run(self, **parameters: object) -> ExecutingRun:
        """Start the flow, and give it as soon as its run has begun; `await executing.wait()` waits for its end."""
        return await asyncio.to_thread(self._start, "run", parameters, [])

    async def async_resume(
        self, origin_run_id: str | None = None, step_to_rerun: str | None = None, **parameters: object
    ) -> ExecutingRun:
        """As `resume`, but give it as soon as the run goes on."""
        return await asyncio.to_thread(self._start, "resume", parameters, resume_words(origin_run_id, step_to_rerun))

    def cleanup(self) -> None:
        """Stop what still runs and remove the files with its output."""
        for process in self._processes:
            process.close()
        self._processes.clear()

    def __enter__(self) -> "Runner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cleanup()

    async def __aenter__(self) -> "Runner":
        return self

    async def __aexit__(self, *raised: object) -> None:
        await asyncio.to_thread(self.cleanup)

    def _to_end(self, command: str, parameters: Mapping[str, object], words: list[str]) -> ExecutingRun:
        executing = self._start(command, parameters, words)
        process = self._processes[-1]
        try:
            process.wait(None)
        except BaseException:
            process.stop()
            raise
        return executing

    def _start(self, command: str, parameters: Mapping[str, object], words: list[str]) -> ExecutingRun:
        given = {**self._options, **parameters}
        line = [sys.executable, "-m", "headwater", command, self._flow_file, *words, *option_words(given)]
        process = FlowProcess(line, self._environ, self._cwd, self._show_output)
        self._processes.append(process)
        path = process.run_path()
        folder = self._home_folder(given)
        return ExecutingRun(Run(path, _namespace_check=False, _view=View(folder, None)), process)

    def _run_here(self, parameters: Mapping[str, object]) -> ExecutingRun:
        given = {**self._options, **parameters}
        flow, code = self._load()
        folder = self._home_folder(given)
        return ExecutingRun(
            run_in_process(flow, code, given, folder=folder, environ=self._environ, cwd=self._cwd), None
        )

    def _load(self) -> tuple[type[FlowSpec], CodeSource]:
        if self._flow_class is None:
            return load_flow(self._flow_file)
        code = find_code(self._flow_file)
        return self._flow_class, msgspec.structs.replace(code, flow=self._flow_class.__name__)

    def _home_folder(self, given: Mapping[str, object]) -> str:
        """The store that the flow's process uses: as its settings say, in its folder and environment."""
        home = given.get("home")
        named = {"home": None if home is None else str(home)}
        return read_settings(named, self._environ, self._cwd).home.value


def _file_of(flow: type[FlowSpec]) -> str:
    """The file in which a flow's class is written."""
    file: str | None = getattr(sys.modules.get(flow.__module__), "__file__", None)
    if file is None:
        raise UserMistake(f"{flow.__name__} is written in no file", hint="put it in one, and name that")
    return os.path.abspath(file)
