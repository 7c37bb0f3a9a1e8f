"""A worker's entry: wires flow, task and home for the attempts of one process.

`python -m headwater.worker zygote` supervises and forks attempts; `python -m headwater.worker attempt ...` is one.
Both are started by `engines/`, with their pipes in place, and are of no use by hand. `... hook ORDER` calls one exit
hook of a run that has ended; `runtime/hooks.py` starts it.
"""

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec

from headwater.engines.attempt_process import serve_attempt
from headwater.engines.child import RunAttempt
from headwater.engines.importing import LoadFailed
from headwater.engines.zygote import serve
from headwater.flow.compile import compile_flow
from headwater.flow.load import load_source
from headwater.flow.spec import FlowSpec
from headwater.model.current import LazyFact
from headwater.model.graph import Graph
from headwater.model.ids import Digest
from headwater.model.masking import TellSecrets
from headwater.model.order import CodeSource, TaskOrder
from headwater.model.outcome import Outcome
from headwater.model.ports import Ledger
from headwater.places import open_place
from headwater.store.artifacts import ArtifactStore
from headwater.task.attempt import run_attempt
from headwater.task.failure import describe_failure
from headwater.task.modules import LoadedModules
from headwater.task.payloads import ReadSmall
from headwater.task.rehearsal import rehearse
from headwater.task.threads import ThreadPools
from headwater.task.workspace import Workspace

#: Imported by the first attempt that asks the ledger for something, which few do: a process that forks has no use
#: for SQLite, and the first task would wait for its import.
_HOME = "headwater.home"
_CLIENT = "headwater.client.objects"


def main(words: Sequence[str]) -> None:
    """Be what the first word says; does not return."""
    role, *rest = words
    if role == "zygote":
        serve(prepare_attempts, _rehearse)
    if role == "hook":
        call_hook(*rest)
    serve_attempt(prepare_spawned_attempt, rest)


def call_hook(order: str) -> None:
    """Call a function of a flow's file for a run that has ended, and exit; its parameter `run`, if any, is the run."""
    import inspect

    told = msgspec.json.decode(order, type=_HookOrder)
    os.environ["HEADWATER_HOME"] = told.home
    os.environ.pop("HEADWATER_SERVER", None)  # the run's store, whatever else is set
    _name_program(told.code)
    try:
        flow = load_source(told.code, as_main=True)
        function = getattr(sys.modules[flow.__module__], told.function)
        if "run" in inspect.signature(function).parameters:
            function(run=importlib.import_module(_CLIENT).Run(told.run_path, _namespace_check=False))
        else:
            function()
    except SystemExit:
        raise
    except BaseException as raised:  # noqa: BLE001 - whatever it is, people want to see where it comes from
        print(describe_failure(raised, told.code.root).error.traceback.rstrip(), file=sys.stderr)  # noqa: T201
        sys.exit(1)
    sys.exit(0)


class _HookOrder(msgspec.Struct, frozen=True):
    """What `runtime/hooks.py` says of a hook."""

    code: CodeSource
    home: str
    run_path: str
    function: str


def prepare_attempts(code: CodeSource) -> RunAttempt:
    """Import the flow and give the function that runs an attempt of it in a fork of this process.

    Raises:
        LoadFailed: the module does not import, or its flow does not compile.
    """
    _name_program(code)
    return _prepare(code, is_forked=True)


def _rehearse(run: RunAttempt, home: str) -> None:
    if isinstance(run, _Attempts):
        run.rehearse(home)


def prepare_spawned_attempt(code: CodeSource) -> RunAttempt:
    """As `prepare_attempts`, for the one attempt of a process that was started for it."""
    _name_program(code)
    return _prepare(code, is_forked=False, is_program=True)


def inline_attempt(code: CodeSource) -> RunAttempt:
    """As `prepare_attempts`, for attempts in the driver's own process."""
    return _prepare(code, is_forked=False)


def inline_attempt_of(flow_class: type[FlowSpec]) -> Callable[[CodeSource], RunAttempt]:
    """Give an `inline_attempt` for a class that is here already, such as one that a test defines."""

    def prepare(code: CodeSource) -> RunAttempt:
        return _prepare(code, is_forked=False, flow_class=flow_class)

    return prepare


def inline_attempt_with(on_exception: Callable[[BaseException], None]) -> Callable[[CodeSource], RunAttempt]:
    """Give an `inline_attempt` that hands each exception of a step, with its traceback, to a debugger."""

    def prepare(code: CodeSource) -> RunAttempt:
        return _prepare(code, is_forked=False, on_exception=on_exception)

    return prepare


def _name_program(code: CodeSource) -> None:
    """Let the user's code see its own file as the program, as in `python flow.py`."""
    sys.argv = [os.path.join(code.root, code.file)]


def _prepare(
    code: CodeSource,
    *,
    is_forked: bool,
    is_program: bool = False,
    on_exception: Callable[[BaseException], None] | None = None,
    flow_class: type[FlowSpec] | None = None,
) -> RunAttempt:
    try:
        flow_class = flow_class or load_source(code, as_main=is_forked or is_program)
        graph = compile_flow(flow_class)
        modules = LoadedModules(code.root)
        modules.digests()
    except BaseException as raised:
        raise LoadFailed(describe_failure(raised, code.root).error) from raised
    return _Attempts(code, flow_class, graph, modules, is_forked=is_forked, on_exception=on_exception)


class _Attempts:
    """Runs attempts of one flow in this process: a `RunAttempt`."""

    def __init__(
        self,
        code: CodeSource,
        flow_class: type[FlowSpec],
        graph: Graph,
        modules: LoadedModules,
        *,
        is_forked: bool,
        on_exception: Callable[[BaseException], None] | None,
    ) -> None:
        self._code = code
        self._flow_class = flow_class
        self._graph = graph
        self._modules = modules
        self._pools = ThreadPools(kept_at=1 if is_forked else None)
        self._is_forked = is_forked
        self._on_exception = on_exception
        self._workspaces: dict[str, Workspace] = {}

    def __call__(self, order: TaskOrder, tell_secrets: TellSecrets) -> Outcome:
        workspace = msgspec.structs.replace(
            self._workspace(order.home), facts=_client_facts(order), tell_secrets=tell_secrets
        )
        return run_attempt(order, self._flow_class, workspace)

    def rehearse(self, home: str) -> None:
        """Do before forking what every attempt on this store would do first."""
        self._workspace(home)
        rehearse()
        self._modules.digests()

    def _workspace(self, home: str) -> Workspace:
        workspace = self._workspaces.get(home)
        if workspace is None:
            # A person who debugs would rather know at once that the server does not answer.
            is_patient = self._on_exception is None
            read_small = _ledger_reader(home, is_patient)
            workspace = self._workspaces[home] = Workspace(
                artifacts=ArtifactStore(
                    open_place(home, is_patient=is_patient), read_small, main_module=self._code.module
                ),
                graph=self._graph,
                modules=self._modules,
                pools=self._pools,
                read_small=read_small,
                is_forked=self._is_forked,
                on_exception=self._on_exception,
            )
        return workspace


def _client_facts(order: TaskOrder) -> dict[str, object]:
    """What `current` knows through the client; most steps never ask, so the client is imported by those that do."""
    task_path = f"{order.run_path}/{order.step}/{order.label}"
    known: dict[str, object] = {
        "home": order.home,
        "run": LazyFact(lambda: importlib.import_module(_CLIENT).Run(order.run_path, _namespace_check=False)),
        "task": LazyFact(lambda: importlib.import_module(_CLIENT).Task(task_path, _namespace_check=False)),
    }
    if order.launch is not None and order.launch.trigger.events:
        known["trigger"] = LazyFact(
            lambda: importlib.import_module(_CLIENT).Run(order.run_path, _namespace_check=False).trigger
        )
    return known


def _ledger_reader(home: str, is_patient: bool) -> ReadSmall:
    """Give a reader of small payloads that opens the ledger on first use, in the process that uses it."""
    opened: list[Ledger] = []

    def read(digests: Sequence[Digest]) -> Mapping[Digest, bytes]:
        if not opened:
            store = importlib.import_module(_HOME).open_home(home)
            if is_patient:
                store.be_patient()
            opened.append(store.ledger)
        return opened[0].small(digests)

    return read


if __name__ == "__main__":
    main(sys.argv[1:])
