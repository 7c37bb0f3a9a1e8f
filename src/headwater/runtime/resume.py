"""Continues runs: an interrupted one under its own name, a failed one as a new run that reuses what succeeded."""

from collections.abc import Mapping

from headwater.home import Home
from headwater.model.artifact import Ref
from headwater.model.errors import NotFound, ResumeRefused
from headwater.model.events import DriverChanged, Event, RunStarted, TaskReused, TaskStarted, TaskSucceeded
from headwater.model.graph import Graph
from headwater.model.ids import TaskKey
from headwater.model.nearest import did_you_mean
from headwater.model.ports import FIRST_EPOCH, Commit, Lease
from headwater.model.rows import RunRow
from headwater.plan.frontier import Frontier, TaskState
from headwater.plan.reuse import Finished, steps_from
from headwater.runtime.start import Reuse


def take_over(home: Home, row: RunRow, *, now: float, host: str, pid: int) -> tuple[Lease, Frontier, tuple[Event, ...]]:
    """Take the lease of a run that nobody drives and replay it; attempts that ran are lost and run again.

    A queued run has its first driver by this: nothing of it can be lost, and its stream does not tell of a change.

    Returns:
        The lease, the folded state, and all events so far.

    Raises:
        RunIsDriven: its driver lives.
        RunIsFinished: it has ended; nothing is to be continued.
    """
    lease, epoch = home.ledger.take(row.run, now)
    frontier = Frontier()
    events: list[Event] = []
    for _, event in home.ledger.events(row.run):
        frontier.apply(event)
        events.append(event)
    if epoch == FIRST_EPOCH:
        return lease, frontier, tuple(events)
    changed = DriverChanged(at=now, host=host, pid=pid, epoch=epoch)
    frontier.apply(changed)
    home.ledger.append(lease, Commit(events=[changed]))
    return lease, frontier, (*events, changed)


def plan_reuse(home: Home, origin: RunRow, graph: Graph, *, from_step: str | None, changed: Mapping[str, Ref]) -> Reuse:
    """Say what a new run of this graph takes over from an ended one.

    Args:
        home: the store and ledger.
        origin: the run to resume.
        graph: the flow as it is now.
        from_step: run again from this step on; None = reuse everything that succeeded.
        changed: parameters given anew.

    Raises:
        NotFound: `from_step` is no step.
        ResumeRefused: a parameter given anew was read by a task that would be reused.
    """
    if from_step is not None and from_step not in graph.steps:
        raise NotFound(
            f"{graph.flow} has no step `{from_step}`",
            choices=tuple(graph.steps),
            hint=did_you_mean(from_step, graph.steps, what="Its steps"),
        )
    again = steps_from(graph, from_step) if from_step is not None else frozenset()
    started, finished = finished_tasks(home, origin)
    reread = {
        name for name, ref in changed.items() if name not in started.parameters or started.parameters[name] != ref
    }
    readers = sorted({split_step(key) for key, task in finished.items() if reread & set(task.success.reads)} - again)
    if readers:
        raise ResumeRefused(
            f"{', '.join(sorted(reread))} changed, but was read by {', '.join(f'`{step}`' for step in readers)}, "
            f"which {origin.path} finished and `resume` would reuse",
            hint=f"run again from there: `resume {readers[0]}`, or start a new run",
        )

    def is_reusable(task: TaskState, earlier: Finished) -> bool:
        return task.step not in again and task.step in started.graph.steps

    return Reuse(
        origin=origin.path,
        finished=finished,
        is_reusable=is_reusable,
        parameters={name: ref for name, ref in started.parameters.items() if name not in changed},
        seed=started.seed,
    )


def finished_tasks(home: Home, origin: RunRow) -> tuple[RunStarted, dict[TaskKey, Finished]]:
    """Read a run's first event and its finished tasks."""
    started: RunStarted | None = None
    labels: dict[TaskKey, int] = {}
    finished: dict[TaskKey, Finished] = {}
    for _, event in home.ledger.events(origin.run):
        match event:
            case RunStarted():
                started = event
            case TaskStarted():
                labels[event.key] = event.label
            case TaskSucceeded():
                path = f"{origin.path}/{split_step(event.key)}/{labels[event.key]}"
                finished[event.key] = Finished(path, event)
            case TaskReused():
                finished[event.key] = Finished(event.origin, event)
            case _:
                pass
    if started is None:
        raise NotFound(f"{origin.path} has no first event", hint="`headwater fsck` tells what is wrong")
    return started, finished


def split_step(key: TaskKey) -> str:
    """The step of a task's key."""
    return key.split("/", 1)[0].split("~", 1)[0]
