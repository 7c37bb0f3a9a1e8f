"""Names why an attempt ended that left no outcome, and corrects the one of an attempt that was told to stop."""

import os
import signal

import msgspec

from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.outcome import ExitCause, Outcome, TaskError, Usage


class Death(msgspec.Struct, frozen=True):
    """What the supervisor knows of an attempt whose process is gone."""

    run: RunId
    key: TaskKey
    attempt: int
    #: As `wait` gives it.
    status: int
    usage: Usage
    #: It had been asked to stop.
    was_cancelled: bool = False
    #: `@timeout` of the step when the supervisor killed it for that, else None.
    timeout_seconds: float | None = None
    #: (limit, found) bytes when the supervisor killed it for its memory, else None.
    memory: tuple[int, int] | None = None
    #: The kernel's out-of-memory killer was at work meanwhile.
    was_kernel_short_of_memory: bool = False


def outcome_of(death: Death) -> Outcome:
    """Give the outcome of an attempt that died before it could write one."""
    cause, error = _cause(death)
    return Outcome("outcome", 1, death.run, death.key, death.attempt, cause, error=error, usage=death.usage)


def corrected(outcome: Outcome, death: Death) -> Outcome:
    """Give the outcome its true cause: a failure on the way out of a cancelled attempt is no failure of its code."""
    if death.was_cancelled and outcome.cause != "ok" and not outcome.is_caught:
        return msgspec.structs.replace(outcome, cause="cancelled", error=_cancelled())
    return outcome


def lost(run: RunId, key: TaskKey, attempt: int, what: str) -> Outcome:
    """Give the outcome of an attempt whose supervisor died with it."""
    error = TaskError("", f"the worker process was lost: {what}", hint="another attempt may succeed")
    return Outcome("outcome", 1, run, key, attempt, "lost_worker", error=error)


def failed_import(run: RunId, key: TaskKey, attempt: int, error: TaskError) -> Outcome:
    """Give the outcome of an attempt whose module does not import."""
    return Outcome("outcome", 1, run, key, attempt, "import_error", error=error, is_retryable=False)


def no_environment(run: RunId, key: TaskKey, attempt: int, message: str, hint: str = "") -> Outcome:
    """Give the outcome of an attempt whose environment is not to be had."""
    error = TaskError("", message, hint=hint)
    return Outcome("outcome", 1, run, key, attempt, "environment", error=error)


def misrouted(run: RunId, key: TaskKey, attempt: int, wanted: Digest | None) -> Outcome:
    """Give the outcome of an attempt that came to an engine of another environment than its own."""
    which = f"environment {wanted}" if wanted else "the interpreter that runs the flow"
    message = f"the attempt belongs into {which}, and this engine runs another"
    error = TaskError("", message, hint="leave `--engine inline` out")
    return Outcome("outcome", 1, run, key, attempt, "environment", error=error, is_retryable=False)


def cancelled(run: RunId, key: TaskKey, attempt: int) -> Outcome:
    """Give the outcome of an attempt that was cancelled before it had begun."""
    return Outcome("outcome", 1, run, key, attempt, "cancelled", error=_cancelled())


def describe_status(status: int) -> str:
    """Say how a process ended: `died of SIGKILL`, `left with exit code 3`."""
    if os.WIFSIGNALED(status):
        return f"died of {_signal_name(os.WTERMSIG(status))}"
    return f"left with exit code {os.waitstatus_to_exitcode(status)}"


def _cause(death: Death) -> tuple[ExitCause, TaskError]:
    if death.memory is not None:
        return "out_of_memory", _over_its_limit(*death.memory)
    if death.timeout_seconds is not None:
        details = {"timeout_seconds": f"{death.timeout_seconds:g}"}
        message = f"the step ran longer than its {death.timeout_seconds:g} s and did not stop when told to"
        return "timeout", TaskError("", message, hint="raise `@timeout`, or make the step faster", details=details)
    if death.was_cancelled:
        return "cancelled", _cancelled()
    if os.WIFSIGNALED(death.status):
        return _killed(death, os.WTERMSIG(death.status))
    code = os.waitstatus_to_exitcode(death.status)
    message = f"the process left with exit code {code} before the step had ended"
    return "sys_exit", TaskError("", message, hint="something called `os._exit`", details={"exit_code": str(code)})


def _killed(death: Death, number: int) -> tuple[ExitCause, TaskError]:
    name = _signal_name(number)
    details = {"signal": name, "number": str(number)}
    if number == signal.SIGKILL and death.was_kernel_short_of_memory:
        message = "the kernel killed the task because the machine, or its control group, had no memory left"
        hint = "ask for `@resources(memory=...)`, so that fewer tasks run beside it, or load less at once"
        return "out_of_memory", TaskError("", message, hint=hint, details=details)
    hint = "somebody sent it" if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT) else ""
    if number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL):
        hint = "compiled code crashed; the end of the log shows where Python was"
    return "signal", TaskError("", f"the task was killed by {name}", hint=hint, details=details)


def _over_its_limit(limit: int, found: int) -> TaskError:
    message = f"the task held {found / 1e6:.0f} MB of memory, more than its limit of {limit / 1e6:.0f} MB"
    details = {"limit_bytes": str(limit), "resident_bytes": str(found)}
    hint = "raise `@resources(memory=...)`, or load less at once"
    return TaskError("", message, hint=hint, details=details)


def _cancelled() -> TaskError:
    return TaskError("", "the task was cancelled")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
