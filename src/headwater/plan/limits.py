"""The limits of a deployment's run: how long it may take, and how long its tasks may be silent."""

from headwater.plan.frontier import Frontier


def over_limit(frontier: Frontier, now: float, heard_at: float) -> str | None:
    """Say which limit of the run is exceeded; None when none is.

    Time in which nobody drove the run counts for nothing: in a queue, at a gate, while the machine was off.

    Args:
        frontier: where the run stands.
        now: Unix time.
        heard_at: when a task last started, wrote a line or ended, Unix time.
    """
    launch = frontier.started.launch if frontier.started is not None else None
    if launch is None or frontier.first_task_at is None:
        return None
    worked = now - frontier.first_task_at - frontier.away_seconds
    if launch.timeout_seconds is not None and worked >= launch.timeout_seconds:
        return f"the run took longer than its limit of {_text(launch.timeout_seconds)}"
    silent = now - heard_at
    if launch.no_output_seconds is not None and frontier.running and silent >= launch.no_output_seconds:
        steps = ", ".join(f"`{step}`" for step in dict.fromkeys(task.step for task in frontier.running.values()))
        return (
            f"no task wrote a line or ended for {_text(silent)}, while {steps} ran; "
            f"the limit is {_text(launch.no_output_seconds)}"
        )
    return None


def _text(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{round(seconds, 2):g} s"
