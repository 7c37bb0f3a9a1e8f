"""Where a run stands: what is ready, running, waiting; folded from its events, in any order that a run can have.

The picture is one of tokens. Each *level* of a run (the root, or one child of a foreach) is a plain graph of steps
through which tokens move. A linear step passes its token on, a split makes one token a target, a switch passes it to
one target, a switch that goes back starts the next pass. A foreach keeps its token at the opener while its children
live on levels of their own; when the last child has delivered, the token goes on to the join that closes it.

A join fires when some input has come and no token of its level is at a step from which another could still come
(`Step.waits_for`, worked out by the compiler). So a switch may leave inputs out, branches may join in part and at
different depths, and no rule is needed for any of these.
"""

from collections.abc import Iterator

import msgspec

from headwater.model.artifact import Ref
from headwater.model.conditions import Metric
from headwater.model.errors import InternalError
from headwater.model.events import (
    CancelRequested,
    DriverChanged,
    Event,
    GateDecided,
    GateReached,
    RunFinished,
    RunStarted,
    TaskFailed,
    TaskReused,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.graph import Graph, Step
from headwater.model.ids import Frame, TaskKey, task_key
from headwater.model.outcome import ExitCause, Transition


class TaskState(msgspec.Struct):
    """What the planner knows of one task that became ready."""

    key: TaskKey
    step: str
    passes: int
    level: "Level"
    #: Tasks that it follows, in the order in which a join sees them.
    parents: tuple[TaskKey, ...]
    #: Unix time at which it became ready.
    ready_at: float
    #: 0 until it was started or reused.
    label: int = 0
    #: Of the attempt that runs or comes next.
    attempt: int = 0
    #: Attempts that failed by themselves (those lost with a driver do not count).
    failures: int = 0
    #: The next attempt only keeps this failure for `@catch`.
    failure_to_catch: str | None = None
    #: All artifacts that it left behind, inherited ones included.
    artifacts: dict[str, Ref] = {}
    transition: Transition | None = None
    #: Members of its gang, itself included; empty when it is in none.
    gang: tuple[TaskKey, ...] = ()


class Level:
    """One instance of a level: the root of the run, or one child of a foreach."""

    __slots__ = ("arrived", "counts", "frames", "group")

    def __init__(self, frames: tuple[Frame, ...], group: "Group | None") -> None:
        self.frames = frames
        #: The foreach that it is a child of; None for the root.
        self.group = group
        #: Tokens by step; an open foreach counts at its opener.
        self.counts: dict[str, int] = {}
        #: Inputs that wait at a join of this level: (order, key).
        self.arrived: dict[str, list[tuple[tuple[int, ...], TaskKey]]] = {}


class Group:
    """An open foreach or gang."""

    __slots__ = ("delivered", "level", "opener", "passes", "remaining", "target", "width")

    def __init__(self, opener: TaskKey, level: Level, passes: int, width: int) -> None:
        self.opener = opener
        #: Level on which the opener ran.
        self.level = level
        self.passes = passes
        self.width = width
        self.remaining = width
        #: The join that closes it, known with the first delivery.
        self.target = ""
        self.delivered: list[tuple[tuple[int, ...], TaskKey]] = []


class Frontier:
    """The state of one run; `apply` folds an event in, everything else reads."""

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.finished: RunFinished | None = None
        self.cancelled: CancelRequested | None = None
        #: Every task that ever became ready, by key.
        self.tasks: dict[TaskKey, TaskState] = {}
        #: Ready tasks, first come first.
        self.ready: dict[TaskKey, TaskState] = {}
        #: Number of ready tasks by step (no zeros).
        self.ready_counts: dict[str, int] = {}
        #: Tasks whose next attempt may start at this time.
        self.delayed: dict[TaskKey, float] = {}
        self.running: dict[TaskKey, TaskState] = {}
        #: First task that failed for good, with its failure.
        self.failed: tuple[TaskKey, ExitCause, str] | None = None
        self.is_end_reached = False
        self.last_label = 0
        self.epoch = 0
        #: Gates at which tasks wait for somebody's approval; such a task is not ready.
        self.gates: dict[TaskKey, GateReached] = {}
        #: Ready tasks that have a gate before them, by step (no empty ones).
        self.before_gates: dict[str, dict[TaskKey, TaskState]] = {}
        #: Tasks that somebody approved.
        self.passed: set[TaskKey] = set()
        #: Summary metrics of the run's tasks; a later task's value replaces an earlier one's.
        self.metrics: dict[str, Metric] = {}
        #: Steps that have a gate.
        self.gated_steps: frozenset[str] = frozenset()
        #: When its first task started, Unix time.
        self.first_task_at: float | None = None
        #: Seconds since then in which nobody drove the run.
        self.away_seconds = 0.0
        self._last_at = 0.0
        self._order: dict[str, int] = {}

    @property
    def graph(self) -> Graph:
        """The run's graph."""
        if self.started is None:
            raise InternalError("the run's stream does not begin with `run_started`")
        return self.started.graph

    def apply(self, event: Event) -> None:
        """Fold one event in.

        Raises:
            InternalError: the event cannot follow what was folded before.
        """
        match event:
            case TaskSucceeded():
                self._succeed(event)
            case TaskStarted():
                self._start(event)
            case TaskReused():
                self._reuse(event)
            case TaskFailed():
                self._fail(event)
            case RunStarted():
                self._begin(event)
            case DriverChanged():
                self._change_driver(event)
            case CancelRequested():
                self.cancelled = self.cancelled or event
            case RunFinished():
                self.finished = event
            case GateReached():
                self._reach_gate(event)
            case GateDecided():
                self._decide_gate(event)
            case _:
                pass
        self._last_at = event.at

    def frames_of(self, task: TaskState) -> Iterator[tuple[TaskState, int, int]]:
        """For each foreach that the task is inside of, outermost first: its opener, the index, the number of items."""
        chain: list[tuple[TaskState, int, int]] = []
        level = task.level
        while level.group is not None:
            group = level.group
            chain.append((self.tasks[group.opener], level.frames[-1].index, group.width))
            level = group.level
        return reversed(chain)

    def _begin(self, event: RunStarted) -> None:
        self.started = event
        self.gated_steps = _gated_steps(event.graph)
        self._order = {name: number for number, name in enumerate(event.graph.steps)}
        self._enter(Level((), None), event.graph.start, 0, (), event.at)

    def _start(self, event: TaskStarted) -> None:
        task = self._leave_ready(event.key)
        if task is None:
            raise InternalError(f"{event.key} was started, but it is not ready")
        if self.first_task_at is None:
            self.first_task_at = event.at
        task.label = event.label
        task.attempt = event.attempt
        self.last_label = max(self.last_label, event.label)
        self.delayed.pop(event.key, None)
        self.running[event.key] = task

    def _succeed(self, event: TaskSucceeded) -> None:
        task = self.running.pop(event.key, None)
        if task is None or task.attempt != event.attempt:
            raise InternalError(f"{event.key} attempt {event.attempt} succeeded, but it was not running")
        if event.summary:
            self.metrics.update(event.summary)
        self._finish(task, event.artifacts, event.transition, event.at)

    def _reuse(self, event: TaskReused) -> None:
        task = self._leave_ready(event.key)
        if task is None:
            raise InternalError(f"{event.key} was reused, but it is not ready")
        task.label = event.label
        self.last_label = max(self.last_label, event.label)
        if event.summary:
            self.metrics.update(event.summary)
        self._finish(task, event.artifacts, event.transition, event.at)

    def _fail(self, event: TaskFailed) -> None:
        task = self.running.pop(event.key, None)
        if task is None or task.attempt != event.attempt:
            raise InternalError(f"{event.key} attempt {event.attempt} failed, but it was not running")
        message = event.error.message if event.error is not None else event.cause
        if event.retry_at is None:
            self.failed = self.failed or (event.key, event.cause, message)
            return
        task.attempt += 1
        task.failures += 1
        task.failure_to_catch = message if event.is_next_a_catch else None
        self._make_ready(task)
        if event.retry_at > event.at:
            self.delayed[event.key] = event.retry_at

    def _change_driver(self, event: DriverChanged) -> None:
        self.epoch = event.epoch
        if self.first_task_at is not None:
            self.away_seconds += max(0.0, event.at - self._last_at)
        lost = list(self.running.items())
        self.running.clear()
        waiting = dict(self.ready)
        self.ready.clear()
        for _, task in lost:
            task.attempt += 1
            self._make_ready(task)
        self.ready.update(waiting)

    def _reach_gate(self, event: GateReached) -> None:
        if self._leave_ready(event.key) is None:
            raise InternalError(f"{event.key} came to a gate, but it is not ready")
        self.gates[event.key] = event

    def _decide_gate(self, event: GateDecided) -> None:
        gate = self.gates.pop(event.key, None)
        if event.verdict == "approved":
            if gate is None:
                raise InternalError(f"{event.key} was approved, but it is at no gate")
            self.passed.add(event.key)
            self._make_ready(self.tasks[event.key])
            return
        self._leave_ready(event.key)
        cause: ExitCause = "condition" if event.verdict == "unmet" else "rejected"
        self.failed = self.failed or (event.key, cause, _refusal(gate, event))

    def _make_ready(self, task: TaskState) -> None:
        self.ready[task.key] = task
        self.ready_counts[task.step] = self.ready_counts.get(task.step, 0) + 1
        if task.step in self.gated_steps and not task.attempt and task.key not in self.passed:
            self.before_gates.setdefault(task.step, {})[task.key] = task

    def _leave_ready(self, key: TaskKey) -> TaskState | None:
        task = self.ready.pop(key, None)
        if task is not None:
            self.ready_counts[task.step] -= 1
            if not self.ready_counts[task.step]:
                del self.ready_counts[task.step]
            before = self.before_gates.get(task.step, {})
            if before.pop(key, None) is not None and not before:
                del self.before_gates[task.step]
        return task

    def _finish(self, task: TaskState, written: dict[str, Ref], transition: Transition, now: float) -> None:
        task.transition = transition
        task.artifacts = self._visible(task, written)
        step = self.graph.steps[task.step]
        level = task.level
        if step.kind in ("foreach", "parallel"):
            self._open(task, step, transition, now)
        else:
            level.counts[task.step] -= 1
            if not transition.targets:
                self.is_end_reached = True
            for target in transition.targets:
                passes = task.passes + (target in step.back_targets)
                self._arrive(level, target, passes, [((self._order[task.step],), task.key)], now)
        self._settle(level, now)

    def _visible(self, task: TaskState, written: dict[str, Ref]) -> dict[str, Ref]:
        inherited = self.tasks[task.parents[0]].artifacts if inherits(self.graph, task) else {}
        return {**inherited, **written} if written else inherited

    def _open(self, task: TaskState, step: Step, transition: Transition, now: float) -> None:
        width = transition.width or 0
        if width < 1 or len(transition.targets) != 1:
            raise InternalError(f"{task.key} opens {width} children towards {transition.targets}")
        group = Group(task.key, task.level, task.passes, width)
        frames = task.level.frames
        children = [
            self._enter(
                Level((*frames, Frame(task.step, task.passes, index)), group),
                transition.targets[0],
                0,
                (task.key,),
                now,
            )
            for index in range(width)
        ]
        if step.kind == "parallel":
            members = tuple(child.key for child in children)
            for child in children:
                child.gang = members

    def _enter(self, level: Level, step: str, passes: int, parents: tuple[TaskKey, ...], now: float) -> TaskState:
        key = task_key(step, passes, level.frames)
        if key in self.tasks:
            raise InternalError(f"{key} became ready twice")
        task = TaskState(key, step, passes, level, parents, now)
        self.tasks[key] = task
        self._make_ready(task)
        level.counts[step] = level.counts.get(step, 0) + 1
        return task

    def _arrive(
        self, level: Level, step: str, passes: int, inputs: list[tuple[tuple[int, ...], TaskKey]], now: float
    ) -> None:
        target = self.graph.steps[step]
        if not target.is_join:
            self._enter(level, step, passes, tuple(key for _, key in inputs), now)
        elif len(target.level) == len(level.frames):
            level.arrived.setdefault(step, []).extend(inputs)
        else:
            self._deliver(level, step, inputs)

    def _deliver(self, level: Level, step: str, inputs: list[tuple[tuple[int, ...], TaskKey]]) -> None:
        group = level.group
        if group is None or group.target not in ("", step):
            raise InternalError(f"{step} closes no foreach that is open here")
        group.target = step
        index = level.frames[-1].index
        group.delivered.extend(((index, *order), key) for order, key in inputs)

    def _settle(self, level: Level, now: float) -> None:
        """Fire the joins of the level that wait for nothing any more; close the level when no token is left."""
        if level.arrived:
            for step in list(level.arrived):
                others = self.graph.steps[step].waits_for
                if not any(level.counts.get(other) or other in level.arrived for other in others):
                    inputs = sorted(level.arrived.pop(step))
                    keys = tuple(key for _, key in inputs)
                    passes = max(self._pass_of(key, level) for key in keys)
                    self._enter(level, step, passes, keys, now)
        if level.group is not None and not level.arrived and not any(level.counts.values()):
            self._close(level.group, now)

    def _pass_of(self, key: TaskKey, level: Level) -> int:
        """The pass of an input as the join's level counts it: its own, or that of the foreach it comes out of."""
        task = self.tasks[key]
        depth = len(level.frames)
        return task.passes if len(task.level.frames) == depth else task.level.frames[depth].opener_pass

    def _close(self, group: Group, now: float) -> None:
        group.remaining -= 1
        if group.remaining:
            return
        opener = self.tasks[group.opener]
        group.level.counts[opener.step] -= 1
        order = self._order[opener.step]
        inputs = [((order, *path), key) for path, key in sorted(group.delivered)]
        group.delivered = []
        self._arrive(group.level, group.target, group.passes, inputs, now)
        self._settle(group.level, now)


def _gated_steps(graph: Graph) -> frozenset[str]:
    return frozenset(
        name for name, step in graph.steps.items() if step.options.approval is not None or step.options.promote_if
    )


def _refusal(gate: GateReached | None, decided: GateDecided) -> str:
    """Say why a run ends at a gate."""
    if decided.verdict == "unmet" or gate is None:
        return decided.reason
    if decided.verdict == "expired":
        return f"nobody approved step `{gate.step}` in time"
    return f"{decided.user or 'somebody'} rejected step `{gate.step}`" + (
        f": {decided.reason}" if decided.reason else ""
    )


def inherits(graph: Graph, task: TaskState) -> bool:
    """Whether a task begins with all artifacts of the one that it follows: all but joins and the first one do."""
    return len(task.parents) == 1 and not graph.steps[task.step].is_join
