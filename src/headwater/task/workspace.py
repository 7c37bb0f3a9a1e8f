"""What a process has ready before an attempt runs in it."""

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from headwater.flow.compile import compile_flow
from headwater.flow.spec import FlowSpec
from headwater.model.graph import Graph
from headwater.model.ids import Digest
from headwater.model.masking import TellSecrets
from headwater.model.outcome import Usage
from headwater.store.artifacts import ArtifactStore
from headwater.task.modules import LoadedModules
from headwater.task.payloads import ReadSmall
from headwater.task.threads import ThreadPools


def _read_nothing(digests: Sequence[Digest]) -> Mapping[Digest, bytes]:
    return {}


def _tell_nobody(values: Sequence[str]) -> None:
    pass


class Workspace(msgspec.Struct, kw_only=True):
    """What surrounds an attempt; one serves many, also after a fork."""

    artifacts: ArtifactStore
    graph: Graph
    #: Project files that the process has loaded.
    modules: LoadedModules
    #: Native thread pools that the process has loaded.
    pools: ThreadPools
    #: Reads small payloads that did not come with the order.
    read_small: ReadSmall = _read_nothing
    #: Facts for `current` beside those that the order says; `LazyFact`s are made when asked for.
    facts: Mapping[str, object] = {}
    #: What the engine knows of the attempt's costs: queue, environment, importing, started_by, spawn_reason.
    known_usage: Usage = Usage()
    #: The process was forked for this attempt.
    is_forked: bool = False
    #: Told the values of the step's secrets, before the user's code runs.
    tell_secrets: TellSecrets = _tell_nobody
    #: Gets what a step raised, before it becomes data; a debugger looks at it.
    on_exception: Callable[[BaseException], None] | None = None
    #: Unix time.
    clock: Callable[[], float] = time.time
    #: Seconds that only grow.
    timer: Callable[[], float] = time.perf_counter


def open_workspace(
    flow_class: type[FlowSpec], code_root: str, artifacts: ArtifactStore, read_small: ReadSmall = _read_nothing
) -> Workspace:
    """Get ready for attempts of a flow; call it before forking: it compiles the flow and hashes its modules.

    Raises:
        FlowMistakes: the flow does not compile.
    """
    modules = LoadedModules(code_root)
    modules.digests()
    return Workspace(
        artifacts=artifacts,
        graph=compile_flow(flow_class),
        modules=modules,
        pools=ThreadPools(),
        read_small=read_small,
    )
