"""What a watcher says of a run: its start, its failures, its end and what to type next."""

from headwater.cli.tally import Tally
from headwater.cli.words import bytes_text, duration, local_time
from headwater.model.events import CodeChanged, GateDecided, RunFinished, RunStarted, TaskFailed
from headwater.model.ids import parse_task_key
from headwater.model.outcome import TaskError
from headwater.runtime.drive import Parked
from headwater.runtime.hooks import HookEnded

#: Failures that are told whole at the end of a run.
_REPORTED_FAILURES = 3

#: Inputs of a failed task that are named.
_MOST_INPUTS = 5


def started_text(event: RunStarted) -> str:
    """Say which run began."""
    resumed = f", resuming {event.origin}" if event.origin else ""
    return f"{event.flow}/{event.label} started{resumed} (seed {event.seed})"


def page_text(page: str, run: str) -> str:
    """Say where a run is shown."""
    return f"page: {page}/runs/{run}"


def continued_text(tally: Tally) -> str:
    """Say which run goes on, and how far it was."""
    done = sum(step.done for step in tally.steps.values())
    had = "1 task had finished and is" if done == 1 else f"{done} tasks had finished and are"
    return f"{tally.path} goes on: {had} not run again"


def reused_text(tally: Tally) -> str:
    """Say how much was taken over."""
    reused = sum(step.reused for step in tally.steps.values())
    return f"{reused} {'task' if reused == 1 else 'tasks'} reused" if reused else ""


def interrupt_text(count: int) -> str:
    """Say what Ctrl-C does."""
    if count == 1:
        return "interrupted: tasks get 10 s to end; Ctrl-C again stops them at once"
    return "interrupted again: stopping at once"


def code_changed_text(event: CodeChanged) -> str:
    """Warn that tasks run other code than the run's record holds."""
    return f"warning: {', '.join(event.files[:5])} changed since the run started; its record holds the earlier code"


def parked_lines(tally: Tally, parked: Parked) -> list[str]:
    """Tell for whose decision a run waits, and what to type."""
    path = tally.path
    lines = [f"{path} waits for approval; it needs no process until then"]
    steps = {gate.step: gate for gate in parked.gates}
    for step, gate in steps.items():
        count = sum(1 for other in parked.gates if other.step == step)
        tasks = f"{count} tasks of step" if count > 1 else "step"
        until = "" if gate.expires_at is None else f", until {local_time(gate.expires_at)}"
        lines.append(f"  {tasks} `{step}` (role {gate.role}{until})")
        lines.append(f"    approve:  headwater approve {path}/{step}")
        lines.append(f"    reject:   headwater reject {path}/{step} --reason ...")
    lines.append(f"  then:     headwater resume {path}   (a daemon, `headwater up`, does so by itself)")
    return lines


def left_text(tally: Tally) -> str:
    """Say what a driver leaves behind that was told to leave."""
    return f"{tally.path} is left as it is; continue it: headwater resume {tally.path}"


def hook_text(ended: HookEnded) -> str:
    """Say what went wrong in an exit hook; empty when nothing did."""
    return f"exit hook `{ended.name}` {ended.message}; this does not change how the run ended" if ended.message else ""


def decided_text(event: GateDecided) -> str:
    """Say what was decided at a gate."""
    step = parse_task_key(event.key).step
    if event.verdict == "unmet":
        return event.reason
    if event.verdict == "expired":
        return f"step `{step}` was not approved in time"
    reason = f": {event.reason}" if event.reason else ""
    return f"step `{step}` {event.verdict} by {event.user}{reason}"


def failed_lines(tally: Tally, event: TaskFailed) -> list[str]:
    """Tell one failed attempt: cause, the user's own line, what follows."""
    name = tally.name(event.key)
    follows = "no attempt is left" if event.retry_at is None else "it is tried again"
    if event.is_next_a_catch:
        follows = "@catch keeps the failure"
    if event.cause == "cancelled" and not (event.error is not None and event.error.hint):
        return [f"{name} cancelled"]
    what = error_text(event.cause, event.error)
    return [f"{name} failed: {what}; {follows}"]


def error_text(cause: str, error: TaskError | None) -> str:
    """One line: cause and message."""
    if error is None:
        return cause.replace("_", " ")
    short = error.type.rsplit(".", 1)[-1]
    message = error.message.splitlines()[0] if error.message else ""
    return f"{short}: {message}" if short and message else message or short or cause.replace("_", " ")


def finished_lines(tally: Tally, event: RunFinished) -> list[str]:
    """Tell the end of a run: name, duration, and what to do next."""
    assert tally.started is not None
    path = tally.path
    took = duration(event.at - tally.started.at)
    done = sum(step.done for step in tally.steps.values())
    head = f"{path} {event.end} after {took}, {done} tasks done"
    if event.end == "succeeded":
        return [
            head,
            f"  look:     headwater status {path}",
            f"  results:  headwater artifacts {path}/{tally.started.graph.end}",
        ]
    lines = [head]
    failures = [failure for failure in tally.failures if failure.cause != "cancelled" or event.end == "failed"]
    for failure in failures[:_REPORTED_FAILURES]:
        lines += failure_report(tally, failure)
    if len(failures) > _REPORTED_FAILURES:
        lines.append(f"  {len(failures) - _REPORTED_FAILURES} more failed: headwater status {path}")
    if event.message and not failures:
        lines.append(f"  {event.message}")
    lines.append(f"  resume:   headwater resume {path}")
    return lines


def error_lines(error: TaskError) -> list[str]:
    """Tell where it failed, unless no line of the user's is to blame, and what to do."""
    hint = [f"  hint: {error.hint}"] if error.hint else []
    if error.hint and not error.frames:
        return hint
    traceback = error.traceback.rstrip().removesuffix(f"hint: {error.hint}") if error.hint else error.traceback
    return [f"    {line}" for line in traceback.rstrip().splitlines()] + hint


def failure_report(tally: Tally, failure: TaskFailed) -> list[str]:
    """Tell a failure whole: traceback with the user's lines, inputs, commands."""
    path = f"{tally.path}/{tally.name(failure.key)}"
    lines = ["", f"  {path}: {error_text(failure.cause, failure.error)}"]
    if failure.error is not None:
        lines += error_lines(failure.error)
    usage = failure.usage
    if usage.ended_at:
        peak = f", peak memory {bytes_text(usage.peak_memory_bytes)}" if usage.peak_memory_bytes else ""
        lines.append(f"  it ran {duration(usage.ended_at - usage.started_at)}{peak}")
    parents = tally.parents.get(failure.key, ())
    inputs = [f"{tally.path}/{tally.name(key)}" for key in parents[:_MOST_INPUTS]]
    if inputs:
        more = f" and {len(parents) - len(inputs)} more" if len(parents) > len(inputs) else ""
        lines.append(f"  inputs:   {' '.join(inputs)}{more}")
    lines += [f"  logs:     headwater logs {path}", f"  debug:    headwater debug {path}"]
    return lines
