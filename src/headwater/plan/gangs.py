"""Members of a gang (`num_parallel`) need each other: they start together, and none goes on when one has failed."""

from headwater.model.ids import TaskKey
from headwater.plan.frontier import Frontier, TaskState


def start_with(frontier: Frontier, task: TaskState) -> tuple[TaskKey, ...]:
    """Give the tasks that start with a ready one: itself, or all members of its gang that have not finished.

    Empty while another member still runs an attempt that is to be stopped.
    """
    if not task.gang:
        return (task.key,)
    if any(member in frontier.running for member in task.gang):
        return ()
    return tuple(member for member in task.gang if member in frontier.ready)


def ready_at(frontier: Frontier, task: TaskState) -> float:
    """When a ready task, and those that start with it, may start; 0 = now."""
    members = task.gang or (task.key,)
    return max((frontier.delayed.get(member, 0.0) for member in members), default=0.0)


def to_stop(frontier: Frontier) -> tuple[TaskKey, ...]:
    """Give the running members of gangs of which another member has failed: what they wait for does not come."""
    failed = frontier.failed[0] if frontier.failed is not None else None
    return tuple(
        key
        for key, task in frontier.running.items()
        if task.gang and any(member == failed or member in frontier.ready for member in task.gang)
    )
