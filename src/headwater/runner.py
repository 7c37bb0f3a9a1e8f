"""Runs a flow from Python, a notebook or a test, and gives its `Run`."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, TextIO

import msgspec

from headwater.client.objects import Run
from headwater.client.session import View
from headwater.deployments.names import branch_of
from headwater.engines.inline import InlineEngine
from headwater.flow.load import find_code, load_flow
from headwater.flow.spec import FlowSpec
from headwater.home import open_home
from headwater.model.errors import HeadwaterError, InternalError, UserMistake
from headwater.model.events import RunStarted
from headwater.model.nearest import did_you_mean
from headwater.model.order import CodeSource
from headwater.runtime.drive import Interrupts
from headwater.runtime.execute import Execution, RunOptions
from headwater.settings import read_settings
from headwater.worker import inline_attempt_of

#: How a run that was started from Python stands.
Status = Literal["running", "waiting", "failed", "successful", "timeout"]

#: Pause between two looks at a file that another process writes.
_LOOK_SECONDS = 0.02
#: How long a process may take to end by itself when it is asked to; longer than a run's own drain.
_GRACE_SECONDS = 15.0
#: Option as people pass it -> the command line's.
_OPTIONS = {
    "tags": "--tag",
    "tag": "--tag",
    "decospecs": "--with",
    "with_": "--with",
    "max_workers": "--max-workers",
    "max_num_splits": "--max-num-splits",
    "note": "--note",
    "seed": "--seed",
    "namespace": "--namespace",
    "home": "--home",
    "engine": "--engine",
    "branch": "--branch",
    "production": "--production",
}


class ExecutingRun:
    """A run that was started from Python, while it runs and afterwards."""

    def __init__(self, run: Run, process: "_Process | None") -> None:
        #: What is known of it.
        self.run = run
        self._process = process
        self._is_timed_out = False

    @property
    def status(self) -> Status:
        """running, successful, failed, waiting (for an approval), or timeout when `wait` gave up and stopped it."""
        if self._is_timed_out:
            return "timeout"
        if self.returncode is None:
            return "running"
        if self.returncode != 0:
            return "failed"
        return "successful" if self.run.finished else "waiting"

    @property
    def returncode(self) -> int | None:
        """Exit code of its process; None while it runs. In this process: 0 when it succeeded or waits, 1 when not."""
        if self._process is None:
            return 0 if self.run.successful or not self.run.finished else 1
        return self._process.returncode()

    @property
    def stdout(self) -> str:
        """What its process has written to standard output so far; empty in this process."""
        return "" if self._process is None else self._process.text("stdout")

    @property
    def stderr(self) -> str:
        """What its process has written to standard error so far: progress and what the steps print."""
        return "" if self._process is None else self._process.text("stderr")

    @property
    def command(self) -> list[str]:
        """The command line; empty in this process."""
        return [] if self._process is None else list(self._process.command)

    async def wait(self, timeout: float | None = None, stream: str | None = None) -> "ExecutingRun":
        """Wait until it is over, and give it.

        Args:
            timeout: seconds after which it is stopped; None = wait as long as it takes.
            stream: stdout or stderr: print that meanwhile.

        Raises:
            TimeoutError: it was stopped.
        """
        if self._process is None:
            return self
        printing = None if stream is None else asyncio.ensure_future(self._print(stream))
        try:
            await asyncio.to_thread(self._process.wait, timeout)
        except TimeoutError:
            self._is_timed_out = True
            await asyncio.to_thread(self._process.stop)
            raise
        finally:
            if printing is not None:
                await printing
        return self

    async def stream_log(self, stream: str, position: int = 0) -> AsyncIterator[tuple[int, str]]:
        """Yield (position after it, line) of stdout or stderr as they come, until it is over.

        Args:
            stream: stdout or stderr.
            position: where an earlier stream stopped; 0 = from the start.
        """
        if self._process is None:
            return
        while True:
            is_over = self._process.returncode() is not None
            for position, line in self._process.lines(stream, position, is_over):  # noqa: B020 - goes on from there
                yield position, line
            if is_over:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def __enter__(self) -> "ExecutingRun":
        return self

    def __exit__(self, *raised: object) -> None:
        if self._process is not None:
            self._process.stop()

    def __repr__(self) -> str:
        return f"ExecutingRun({self.run.pathspec!r}, {self.status})"

    async def _print(self, stream: str) -> None:
        async for _, line in self.stream_log(stream):
            sys.stdout.write(f"{line}\n")


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
        unknown = [name for name in options if name not in _OPTIONS]
        if unknown:
            raise UserMistake(
                f"Runner has no option `{unknown[0]}`", hint=did_you_mean(unknown[0], _OPTIONS, what="Options")
            )
        self._cwd = cwd or os.getcwd()
        self._flow_file = os.path.join(self._cwd, flow if isinstance(flow, str) else _file_of(flow))
        self._flow_class = None if isinstance(flow, str) else flow
        self._show_output = show_output
        self._environ = {**os.environ, **(env or {})}
        self._in_process = in_process
        self._options = options
        self._processes: list[_Process] = []

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
        return self._to_end("resume", parameters, _resume_words(origin_run_id, step_to_rerun))

    async def async_run(self, **parameters: object) -> ExecutingRun:
        """Start the flow, and give it as soon as its run has begun; `await executing.wait()` waits for its end."""
        return await asyncio.to_thread(self._start, "run", parameters, [])

    async def async_resume(
        self, origin_run_id: str | None = None, step_to_rerun: str | None = None, **parameters: object
    ) -> ExecutingRun:
        """As `resume`, but give it as soon as the run goes on."""
        return await asyncio.to_thread(self._start, "resume", parameters, _resume_words(origin_run_id, step_to_rerun))

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
        line = [sys.executable, "-m", "headwater", command, self._flow_file, *words, *_flags(given)]
        process = _Process(line, self._environ, self._cwd, self._show_output)
        self._processes.append(process)
        path = process.run_path()
        folder = self._home_folder(given)
        return ExecutingRun(Run(path, _namespace_check=False, _view=View(folder, None)), process)

    def _run_here(self, parameters: Mapping[str, object]) -> ExecutingRun:
        given = {**self._options, **parameters}
        flow, code = self._load()
        home = open_home(self._home_folder(given), environ=self._environ, make=True)
        engine = InlineEngine(code, inline_attempt_of(flow))
        execution = Execution(home, engine, clock=time.time, interrupts=Interrupts())
        options = _run_options(given, home.user)
        values = {name: value for name, value in given.items() if name not in _OPTIONS}
        started: RunStarted | None = None
        try:
            with _inside(self._environ, self._cwd):
                for happening in execution.new(flow, code, options, values):
                    started = happening if isinstance(happening, RunStarted) else started
        finally:
            engine.close()
        if started is None:
            raise InternalError(f"the run of {code.flow} ended without its first event")
        path = f"{started.flow}/{started.label}"
        return ExecutingRun(Run(path, _namespace_check=False, _view=View(home, None)), None)

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


class _Process:
    """The process that drives a run; what it prints goes to files, so that nobody's reading can hold it up."""

    def __init__(self, command: list[str], environ: Mapping[str, str], cwd: str, show_output: bool) -> None:
        self.command = command
        self._folder = tempfile.mkdtemp(prefix="headwater-runner-")
        self._kept: dict[str, str] = {}
        self._run_file = self._path("run")
        with open(self._path("stdout"), "wb") as stdout, open(self._path("stderr"), "wb") as stderr:
            self._process = subprocess.Popen(
                [*command, "--run-id-file", self._run_file],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=dict(environ),
                cwd=cwd,
            )
        self._echoes = [self._echo(name) for name in ("stdout", "stderr")] if show_output else []

    def returncode(self) -> int | None:
        return self._process.poll()

    def run_path(self) -> str:
        """Wait until the run has a name, and give it.

        Raises:
            HeadwaterError: the process ended before that.
        """
        while True:
            is_over = self._process.poll() is not None
            if os.path.exists(self._run_file):
                with open(self._run_file, encoding="utf-8") as file:
                    return file.read().strip()
            if is_over:
                self._join_echoes()
                said = self.text("stderr").strip() or self.text("stdout").strip()
                raise HeadwaterError(f"no run began (exit code {self._process.returncode})\n\n{said}")
            time.sleep(_LOOK_SECONDS)

    def wait(self, timeout: float | None) -> None:
        """Wait for its end.

        Raises:
            TimeoutError: it has not ended in that time, and goes on.
        """
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"the flow still runs after {timeout} s") from error
        self._join_echoes()

    def stop(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._join_echoes()

    def close(self) -> None:
        """Stop it and remove its files; what it printed stays readable."""
        self.stop()
        self._kept = {name: self.text(name) for name in ("stdout", "stderr")}
        shutil.rmtree(self._folder, ignore_errors=True)

    def text(self, stream: str) -> str:
        """What it has printed so far."""
        if stream in self._kept:
            return self._kept[stream]
        with open(self._path(stream), encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self, stream: str, position: int, is_over: bool) -> list[tuple[int, str]]:
        """Give (position after it, line) of what was printed from a position on; a line without end only at the end."""
        with open(self._path(stream), "rb") as file:
            file.seek(position)
            found = []
            for line in file:
                if line.endswith(b"\n") or is_over:
                    position += len(line)
                    found.append((position, line.decode("utf-8", "replace").rstrip("\n")))
        return found

    def _echo(self, stream: str) -> threading.Thread:
        thread = threading.Thread(target=self._print_all, args=(stream,), daemon=True)
        thread.start()
        return thread

    def _print_all(self, stream: str) -> None:
        shown_on: TextIO = getattr(sys, stream)
        with open(self._path(stream), encoding="utf-8", errors="replace") as file:
            while True:
                is_over = self._process.returncode is not None
                while text := file.read(65536):
                    shown_on.write(text)
                    shown_on.flush()
                if is_over:
                    return
                time.sleep(_LOOK_SECONDS)

    def _join_echoes(self) -> None:
        for thread in self._echoes:
            thread.join()
        self._echoes = []

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)


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


def _run_options(given: Mapping[str, object], user: str) -> RunOptions:
    seed, namespace = given.get("seed"), given.get("namespace")
    return RunOptions(
        max_workers=1,
        tags=tuple(_texts(given.get("tags")) + _texts(given.get("tag"))),
        note=str(given.get("note") or ""),
        seed=seed if isinstance(seed, int) else None,
        namespace=None if namespace is None else str(namespace),
        decorators=tuple(_texts(given.get("decospecs")) + _texts(given.get("with_"))),
        has_environments=False,
        branch=_branch(given, user),
        is_production=bool(given.get("production")),
    )


def _branch(given: Mapping[str, object], user: str) -> str | None:
    asked, is_production = given.get("branch"), bool(given.get("production"))
    if asked is None and not is_production:
        return None
    return branch_of(user, None if asked is None else str(asked), is_production=is_production)


def _flags(given: Mapping[str, object]) -> list[str]:
    """Write options and parameters as the command line takes them."""
    words = []
    for name, value in given.items():
        if isinstance(value, bool) and name == "production":
            words += ["--production"] if value else []
        elif name in _OPTIONS:
            words += [f"{_OPTIONS[name]}={text}" for text in _texts(value)]
        elif value is not None:
            words.append(f"--{name}={_as_text(value)}")
    return words


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | dict | list | tuple):
        return msgspec.json.encode(value).decode()
    return str(value)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list | tuple | set | frozenset) else [str(value)]


def _resume_words(origin: str | None, step: str | None) -> list[str]:
    return [*([f"--origin-run-id={origin}"] if origin is not None else []), *([step] if step is not None else [])]


def _file_of(flow: type[FlowSpec]) -> str:
    """The file in which a flow's class is written."""
    file: str | None = getattr(sys.modules.get(flow.__module__), "__file__", None)
    if file is None:
        raise UserMistake(f"{flow.__name__} is written in no file", hint="put it in one, and name that")
    return os.path.abspath(file)
