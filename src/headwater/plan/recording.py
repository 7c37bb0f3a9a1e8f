"""The events that record what the planner decided."""

from headwater.model.events import PARENTS_IN_EVENT, RunFinished, TaskStarted
from headwater.plan.decide import Finish, Launch
from headwater.plan.frontier import Frontier, inherits


def task_started(frontier: Frontier, launch: Launch, at: float) -> TaskStarted:
    """Record that an attempt goes out; the frontier has not heard of it."""
    task = frontier.tasks[launch.key]
    return TaskStarted(
        at=at,
        key=launch.key,
        step=launch.step,
        label=launch.label,
        attempt=launch.attempt,
        ready_at=task.ready_at,
        parents=task.parents[:PARENTS_IN_EVENT],
        parent_count=len(task.parents),
        inherits=inherits(frontier.graph, task),
    )


def run_finished(finish: Finish, at: float) -> RunFinished:
    """Record that the run is over."""
    return RunFinished(at=at, end=finish.end, failed_key=finish.failed_key, cause=finish.cause, message=finish.message)
