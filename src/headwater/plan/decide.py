"""What to do next, read from the frontier alone."""

import msgspec

from headwater.model.events import GateDecided, GateReached, RunEnd
from headwater.model.ids import TaskKey
from headwater.model.options import Resources, Retry, StepOptions
from headwater.model.outcome import ExitCause, Outcome
from headwater.plan import gangs
from headwater.plan.frontier import Frontier, TaskState
from headwater.plan.gates import look_at_gates
from headwater.plan.slots import Slots

_NOTHING_ASKED = Resources()

#: Causes that may leave no exception in the task: `@catch` needs an attempt of its own to keep them.
_LEFT_NO_EXCEPTION: tuple[ExitCause, ...] = ("signal", "out_of_memory", "lost_worker", "timeout", "sys_exit")


class Launch(msgspec.Struct, frozen=True):
    """Command: start this attempt."""

    key: TaskKey
    step: str
    label: int
    attempt: int
    #: Devices assigned.
    gpus: tuple[int, ...] = ()
    #: No other attempt follows a failure.
    is_last: bool = True
    failure_to_catch: str | None = None
    #: Members of its gang, itself included, first the control task.
    gang: tuple[TaskKey, ...] = ()
    #: It asks for more than the machine has, so it runs alone; says what.
    excess: str | None = None


class Stop(msgspec.Struct, frozen=True):
    """Command: stop this attempt."""

    key: TaskKey
    attempt: int


class Finish(msgspec.Struct, frozen=True):
    """Command: the run is over."""

    end: RunEnd
    failed_key: TaskKey | None = None
    cause: ExitCause | None = None
    message: str = ""


class Decision(msgspec.Struct, frozen=True):
    """Commands, and when to ask again if nothing happens before."""

    launches: tuple[Launch, ...] = ()
    stops: tuple[Stop, ...] = ()
    finish: Finish | None = None
    #: Unix time; None = only after the next event.
    ask_again_at: float | None = None
    #: What has come about at gates, to be recorded.
    gates: tuple[GateReached | GateDecided, ...] = ()
    #: Nothing is left to do before somebody decides at a gate: the run needs no driver until then.
    is_parked: bool = False


def decide(frontier: Frontier, now: float, slots: Slots, *, given_up: str | None = None) -> Decision:
    """Give the commands that the run's state calls for; `slots` is taken from for each launch.

    `given_up` says which limit of the run was exceeded: everything is stopped then, and the run has failed.

    After a task failed for good nothing new starts, what runs may finish: its results are kept for `resume`. Only the
    other members of its gang are stopped.
    """
    if frontier.finished is not None:
        return Decision()
    if frontier.cancelled is not None:
        stops = _stop_all(frontier)
        return Decision(stops=stops, finish=None if stops else Finish("cancelled", message=frontier.cancelled.reason))
    if given_up is not None:
        return _give_up(frontier, given_up)
    if frontier.failed is not None:
        key, cause, message = frontier.failed
        finish = None if frontier.running else Finish("failed", key, cause, message)
        return Decision(stops=_stops(frontier), finish=finish)
    if frontier.is_end_reached and not frontier.running and not frontier.ready and not frontier.gates:
        return Decision(finish=Finish("succeeded"))
    gates = look_at_gates(frontier, now)
    if gates:
        return Decision(gates=gates, ask_again_at=now)
    if frontier.gates and not frontier.running and not frontier.ready:
        return Decision(is_parked=True)
    return _launch(frontier, now, slots)


def next_try(options: StepOptions, failures: int, outcome: Outcome, now: float) -> tuple[float | None, bool]:
    """Say what follows a failed attempt: when the next one may start (None = never), and whether it only catches.

    Args:
        options: what the step's decorators say.
        failures: attempts of the task that failed before this one.
        outcome: how it ended.
        now: Unix time.
    """
    if outcome.cause == "cancelled":
        return None, False
    retry = options.retry or Retry(times=0)
    if failures < retry.times and outcome.is_retryable:
        return now + retry.minutes_between_retries * 60, False
    if options.catch is not None and outcome.cause in _LEFT_NO_EXCEPTION and failures <= retry.times:
        return now, True
    return None, False


def _launch(frontier: Frontier, now: float, slots: Slots) -> Decision:
    launches: list[Launch] = []
    seen: set[TaskKey] = set()
    # Steps whose next task has to wait; what a task asks for depends on its step alone.
    refused: set[str] = set()
    label = frontier.last_label
    ask_again_at: float | None = None
    for key, task in frontier.ready.items():
        if slots.is_full or len(refused) == len(frontier.ready_counts):
            break
        if key in seen or task.step in refused:
            continue
        not_before = gangs.ready_at(frontier, task)
        if not_before > now:
            ask_again_at = not_before if ask_again_at is None else min(ask_again_at, not_before)
            continue
        together = gangs.start_with(frontier, task)
        if not together:
            continue
        asked = _step_options(frontier, task).resources or _NOTHING_ASKED
        granted = slots.take(together, asked)
        if granted is None:
            if slots.never_fits(asked, len(together)) is not None or len(together) > slots.machine.workers:
                break
            refused.add(task.step)
            continue
        seen.update(together)
        excess = slots.never_fits(asked, len(together))
        for member in together:
            state = frontier.tasks[member]
            if not state.label:
                label += 1
            launches.append(_command(frontier, state, state.label or label, granted[member], excess))
    return Decision(launches=tuple(launches), stops=_stops(frontier), ask_again_at=ask_again_at)


def _give_up(frontier: Frontier, why: str) -> Decision:
    """Stop everything, then fail; what had failed before by itself stays the reason."""
    stops = _stop_all(frontier)
    if stops:
        return Decision(stops=stops)
    if frontier.failed is not None and frontier.failed[1] != "cancelled":
        return Decision(finish=Finish("failed", *frontier.failed))
    return Decision(finish=Finish("failed", None, "time_limit", why))


def _stop_all(frontier: Frontier) -> tuple[Stop, ...]:
    return tuple(Stop(key, task.attempt) for key, task in frontier.running.items())


def _stops(frontier: Frontier) -> tuple[Stop, ...]:
    return tuple(Stop(key, frontier.running[key].attempt) for key in gangs.to_stop(frontier))


def _command(frontier: Frontier, task: TaskState, label: int, gpus: tuple[int, ...], excess: str | None) -> Launch:
    retry = _step_options(frontier, task).retry
    return Launch(
        key=task.key,
        step=task.step,
        label=label,
        attempt=task.attempt,
        gpus=gpus,
        is_last=task.failures >= (retry.times if retry is not None else 0),
        failure_to_catch=task.failure_to_catch,
        gang=task.gang,
        excess=excess,
    )


def _step_options(frontier: Frontier, task: TaskState) -> StepOptions:
    return frontier.graph.steps[task.step].options
