"""Which finished tasks of an earlier run stand in for tasks of this one."""

from collections.abc import Callable, Mapping

import msgspec

from headwater.model.events import PARENTS_IN_EVENT, TaskReused, TaskSucceeded
from headwater.model.graph import Graph
from headwater.model.ids import TaskKey
from headwater.plan.frontier import Frontier, TaskState, inherits


class Finished(msgspec.Struct, frozen=True):
    """A finished task of the earlier run."""

    #: `Churn/16/train/4`, the task that really ran.
    path: str
    success: TaskSucceeded | TaskReused


def reuse(
    frontier: Frontier,
    finished: Mapping[TaskKey, Finished],
    is_reusable: Callable[[TaskState, Finished], bool],
    now: float,
) -> list[TaskReused]:
    """Fold every reuse that is possible into the frontier and give the events, in an order that replays.

    A task is reused when all that it follows was reused, the earlier run finished the task with the same key, its
    way on exists in this graph, and `is_reusable` says so.
    """
    events: list[TaskReused] = []
    looked_at: set[TaskKey] = set()
    while True:
        fresh = [task for key, task in frontier.ready.items() if key not in looked_at]
        if not fresh:
            return events
        for task in fresh:
            looked_at.add(task.key)
            earlier = finished.get(task.key)
            if earlier is None or not fits(frontier.graph, task.step, earlier) or not is_reusable(task, earlier):
                continue
            success = earlier.success
            event = TaskReused(
                at=now,
                key=task.key,
                step=task.step,
                label=frontier.last_label + 1,
                origin=earlier.path,
                artifacts=success.artifacts,
                transition=success.transition,
                reads=success.reads,
                is_caught=success.is_caught,
                summary=success.summary,
                parents=task.parents[:PARENTS_IN_EVENT],
                parent_count=len(task.parents),
                inherits=inherits(frontier.graph, task),
            )
            frontier.apply(event)
            events.append(event)


def fits(graph: Graph, step: str, earlier: Finished) -> bool:
    """Whether the way that the earlier task took exists in this graph."""
    now = graph.steps[step]
    took = earlier.success.transition
    if now.kind == "switch":
        return len(took.targets) == 1 and took.targets[0] in now.targets
    wide = now.kind in ("foreach", "parallel")
    return tuple(took.targets) == now.targets and (took.width is not None) == wide


def steps_from(graph: Graph, first: str) -> frozenset[str]:
    """A step and all that can come after it."""
    found = {first}
    todo = [first]
    while todo:
        for target in graph.steps[todo.pop()].targets:
            if target not in found:
                found.add(target)
                todo.append(target)
    return frozenset(found)
