"""Makes the order of an attempt out of the frontier: everything that a worker must know, as plain data."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

import msgspec

from headwater.model.artifact import Ref
from headwater.model.graph import Graph, Step
from headwater.model.ids import Digest, TaskKey
from headwater.model.order import CodeSource, ForeachFrame, Gang, TaskInput, TaskOrder
from headwater.plan.decide import Launch
from headwater.plan.frontier import Frontier, TaskState

#: Wider joins get their inputs as one object instead of inline.
INLINE_INPUTS = 64
#: Payload bytes of small artifacts that travel with an order.
_SMALL_BYTES_PER_ORDER = 65536
#: Payload bytes that the driver remembers for orders to come.
_REMEMBERED_BYTES = 16 * 1024 * 1024


class SmallPayloads:
    """Payloads of small artifacts that tasks of this run left lately, so that orders can carry them."""

    def __init__(self) -> None:
        self._payloads: OrderedDict[Digest, bytes] = OrderedDict()
        self._bytes = 0

    def remember(self, payloads: Mapping[Digest, bytes]) -> None:
        """Keep them until newer ones push them out."""
        for digest, payload in payloads.items():
            if digest not in self._payloads:
                self._payloads[digest] = payload
                self._bytes += len(payload)
        while self._bytes > _REMEMBERED_BYTES:
            _, payload = self._payloads.popitem(last=False)
            self._bytes -= len(payload)

    def pick(self, refs: Iterable[Ref]) -> dict[Digest, bytes]:
        """Give those payloads of the refs that are at hand, up to what an order carries."""
        picked: dict[Digest, bytes] = {}
        room = _SMALL_BYTES_PER_ORDER
        for ref in refs:
            payload = self._payloads.get(ref.digest) if ref.is_small else None
            if payload is not None and ref.digest not in picked and len(payload) <= room:
                picked[ref.digest] = payload
                room -= len(payload)
        return picked


class RunFacts(msgspec.Struct, frozen=True):
    """What all orders of one run share besides its events."""

    home: str
    #: Folder for the logs and metric points of the run.
    folder: str
    #: Cpus of the machine: BLAS threads of a task that runs by itself.
    cpus: int
    #: BLAKE3 of the project's files as they were saved at the start, by path below the code root.
    files: dict[str, Digest] = {}
    #: Where the code is, when it is elsewhere than where the run was started: a deployment's package, laid out.
    code: CodeSource | None = None


def make_order(
    frontier: Frontier,
    launch: Launch,
    facts: RunFacts,
    payloads: SmallPayloads,
    pack: Callable[[bytes], Digest],
) -> TaskOrder:
    """Make one attempt's order.

    Args:
        frontier: where the run stands.
        launch: the planner's command.
        facts: what the run's orders share.
        payloads: small payloads at hand.
        pack: stores an object (the packed inputs of a wide join) and gives its digest.
    """
    started = frontier.started
    assert started is not None
    task = frontier.tasks[launch.key]
    step = started.graph.steps[task.step]
    frames = _frames(frontier, task)
    inputs = _inputs(frontier, task)
    is_wide = len(inputs) > INLINE_INPUTS
    seen = [*started.parameters.values()]
    seen += [frame.items for frame in frames if frame.items is not None]
    if not is_wide:
        seen += [ref for entry in inputs for ref in entry.artifacts.values()]
    attempt_file = f"{facts.folder}/{launch.label}.{launch.attempt}"
    return TaskOrder(
        kind="task_order",
        v=1,
        run=started.run,
        run_path=f"{started.flow}/{started.label}",
        key=task.key,
        step=task.step,
        label=launch.label,
        attempt=launch.attempt,
        code=facts.code or started.code,
        home=facts.home,
        seed=started.seed,
        user=started.user,
        options=step.options,
        parameters=started.parameters,
        inputs=() if is_wide else tuple(inputs),
        packed_inputs=pack(msgspec.json.encode(inputs)) if is_wide else None,
        frames=frames,
        closed=_closed(frontier, task) if step.is_join else (),
        gang=_gang(frontier, task),
        small=payloads.pick(seen),
        threads=_threads(step, started.graph, facts.cpus),
        gpus=launch.gpus or None,
        failure_to_catch=launch.failure_to_catch,
        is_last_attempt=launch.is_last,
        tags=started.tags,
        namespace=started.namespace,
        origin=started.origin,
        environment=started.environments.get(task.step),
        project=started.project,
        launch=started.launch,
        metrics_file=f"{attempt_file}.points",
        log_file=f"{attempt_file}.log",
    )


def _inputs(frontier: Frontier, task: TaskState) -> list[TaskInput]:
    depth = len(task.level.frames)
    is_join = frontier.graph.steps[task.step].is_join
    entries = []
    for key in task.parents:
        parent = frontier.tasks[key]
        frames = parent.level.frames
        index = frames[depth].index if is_join and len(frames) > depth else None
        entries.append(TaskInput(key, parent.step, parent.label, index, parent.artifacts))
    return entries


def _frames(frontier: Frontier, task: TaskState) -> tuple[ForeachFrame, ...]:
    return tuple(_frame(frontier, *found) for found in frontier.frames_of(task))


def _closed(frontier: Frontier, task: TaskState) -> tuple[ForeachFrame, ...]:
    """The foreaches whose children arrive at this join."""
    depth = len(task.level.frames)
    found: dict[TaskKey, ForeachFrame] = {}
    for key in task.parents:
        level = frontier.tasks[key].level
        if len(level.frames) == depth + 1 and level.group is not None and level.group.opener not in found:
            found[level.group.opener] = _frame(frontier, frontier.tasks[level.group.opener], 0, level.group.width)
    return tuple(found.values())


def _frame(frontier: Frontier, opener: TaskState, index: int, count: int) -> ForeachFrame:
    step = frontier.graph.steps[opener.step]
    attribute = (step.attribute or "") if step.kind == "foreach" else ""
    items = opener.transition.items if opener.transition is not None else None
    return ForeachFrame(opener.step, index, count, attribute, items)


def _gang(frontier: Frontier, task: TaskState) -> Gang | None:
    if not task.gang:
        return None
    control: TaskKey = task.gang[0]
    return Gang(len(task.gang), task.gang.index(task.key), frontier.tasks[control].label)


def _threads(step: Step, graph: Graph, cpus: int) -> int | None:
    """BLAS threads: what the step asked for; else all cpus, or one where siblings run beside it."""
    asked = step.options.resources.cpu if step.options.resources is not None else None
    if asked is not None:
        return max(1, int(asked))
    return 1 if step.level or _has_parallel_branches(graph) else cpus


def _has_parallel_branches(graph: Graph) -> bool:
    return any(step.kind == "split" for step in graph.steps.values())
