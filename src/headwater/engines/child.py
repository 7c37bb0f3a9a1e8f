"""What a new process does to become an attempt, and how it leaves."""

import atexit
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from types import FrameType

import msgspec

from headwater.engines.processes import adopt_orphans, die_with_parent, flush_c_streams
from headwater.engines.slots import write_outcome, write_secrets
from headwater.model.masking import Masker, TellSecrets
from headwater.model.order import TaskOrder
from headwater.model.outcome import Outcome, TaskError

#: Runs one attempt; what fails in the user's code is part of the outcome. It calls the second argument before any code
#: of the user's that could print a secret.
RunAttempt = Callable[[TaskOrder, TellSecrets], Outcome]

_orders = msgspec.json.Decoder(TaskOrder)
_encoder = msgspec.json.Encoder()


class Circumstances(msgspec.Struct, frozen=True):
    """How the attempt's process came to be."""

    #: `fork` or `spawn`, and why it was not fork.
    started_by: str
    spawn_reason: str
    #: Seconds between the order and the process.
    queue_seconds: float
    #: Seconds of importing that this attempt alone had to pay.
    importing: float = 0.0


def leave_family(supervisor: int) -> None:
    """Get a session of its own, die with the supervisor, and keep orphaned descendants together."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    die_with_parent(supervisor)
    adopt_orphans()


def undo_supervision() -> None:
    """Undo in a forked child what the supervisor had set up for itself."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    atexit._clear()
    gc.enable()


class Ends(msgspec.Struct, frozen=True):
    """Descriptors by which an attempt answers its supervisor."""

    #: Takes the outcome.
    result: int
    #: Takes the values that are to be masked.
    secrets: int


def run_and_leave(run: RunAttempt, order: bytes, ends: Ends, circumstances: Circumstances) -> None:
    """Run the attempt, leave its outcome, and end this process; does not return."""
    own = os.getpid()
    termination = Termination()
    outcome = _outcome(run, order, ends, circumstances)
    termination.end()
    if os.getpid() != own:
        # The step forked and let the copy run on to here; only the original speaks for the attempt.
        os._exit(0)
    _flush()
    if termination.was_asked and outcome.cause != "ok":
        termination.obey()
    write_outcome(ends.result, _encoder.encode(outcome))
    _finish_quietly()
    os._exit(0)


class Termination:
    """Lets SIGTERM unwind the step, so that what it has open is closed; dies of the signal afterwards.

    A handler that the step installs itself takes its place. Processes that the step forks do not have it.
    """

    def __init__(self) -> None:
        #: The signal came.
        self.was_asked = False
        signal.signal(signal.SIGTERM, self._unwind)
        os.register_at_fork(after_in_child=self.end)

    def end(self) -> None:
        """Let the signal do what it does to any process."""
        if signal.getsignal(signal.SIGTERM) == self._unwind:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def obey(self) -> None:
        """Die of the signal, as whoever sent it expects."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def _unwind(self, number: int, stack: FrameType | None) -> None:
        if not self.was_asked:
            self.was_asked = True
            raise KeyboardInterrupt("the task was told to stop")


def _outcome(run: RunAttempt, text: bytes, ends: Ends, circumstances: Circumstances) -> Outcome:
    told: list[str] = []

    def tell_secrets(values: Sequence[str]) -> None:
        told.extend(values)
        write_secrets(ends.secrets, values)

    order = _orders.decode(text)
    try:
        outcome = run(order, tell_secrets)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it has to reach the record
        broken = _broken_promise(error, Masker(told))
        return Outcome("outcome", 1, order.run, order.key, order.attempt, "exception", error=broken)
    usage = msgspec.structs.replace(
        outcome.usage,
        queue=circumstances.queue_seconds,
        importing=outcome.usage.importing + circumstances.importing,
        started_by=outcome.usage.started_by or circumstances.started_by,
        spawn_reason=circumstances.spawn_reason,
    )
    return msgspec.structs.replace(outcome, usage=usage)


def _broken_promise(error: BaseException, masker: Masker) -> TaskError:
    kind = type(error)
    return TaskError(
        f"{kind.__module__}.{kind.__qualname__}",
        masker.mask(f"the attempt itself broke: {error}"),
        traceback=masker.mask("".join(traceback.format_exception(error))),
        hint="this is a mistake of Headwater, not of your code; please report it",
    )


def _finish_quietly() -> None:
    """Do what an interpreter does at its end for threads, children and exit functions of the user's code."""
    try:
        if threading.active_count() > 1:
            threading._shutdown()  # type: ignore[attr-defined]
        multiprocessing = sys.modules.get("multiprocessing.util")
        if multiprocessing is not None:
            multiprocessing._exit_function()
        atexit._run_exitfuncs()
    except BaseException:  # noqa: BLE001 - the outcome stands; this is about the last words
        traceback.print_exc()
    _flush()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Closed or replaced by the user's code: nothing of ours to write.
            continue
    flush_c_streams()
