"""Hands an alert to a program."""

import os
import selectors
import signal
import subprocess
import tempfile
from contextlib import suppress

import msgspec

from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.channels import Command
from headwater.production.alerts.limits import Deadline, Limits

#: Bytes of the program's output that are kept.
_KEPT_BYTES = 2000
#: Longest pause between two looks at whether it has ended.
_LOOK_SECONDS = 0.1


def give_to_program(channel: Command, alert: Alert, limits: Limits) -> str:
    """Start the program with the alert as JSON on its standard input, wait for its end, and give its last line.

    What it started and left running is killed when its time is over; a program that ended well may leave children.

    Raises:
        AlertNotDelivered: it cannot be started, failed, or was killed.
        TimeoutError: its time was over.
    """
    deadline = Deadline(limits.seconds)
    with tempfile.TemporaryFile() as given:
        given.write(msgspec.json.encode(alert) + b"\n")
        given.seek(0)
        try:
            process = subprocess.Popen(
                channel.argv,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(limits.environ),
                start_new_session=True,
            )
        except OSError as error:
            raise AlertNotDelivered(f"{channel.argv[0]} cannot be started: {error.strerror}") from error
    try:
        output = _listen(process, deadline)
    except TimeoutError:
        _kill(process)
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    last = output.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if process.returncode:
        raise AlertNotDelivered(f"{channel.argv[0]} {_end(process.returncode)}" + (f": {last}" if last else ""))
    return last or "ended well"


def _listen(process: "subprocess.Popen[bytes]", deadline: Deadline) -> bytes:
    """Read what it says until it has ended; only the end is kept, and what goes on writing is not waited for."""
    assert process.stdout is not None
    kept = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            has_ended = process.poll() is not None
            if selector.select(0 if has_ended else min(deadline.left(), _LOOK_SECONDS)):
                piece = os.read(process.stdout.fileno(), 65536)
                kept = (kept + piece)[-_KEPT_BYTES:]
                if not piece:
                    _wait(process, deadline)
                    return kept
            elif has_ended:
                return kept
            deadline.left()


def _wait(process: "subprocess.Popen[bytes]", deadline: Deadline) -> None:
    try:
        process.wait(deadline.left())
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end(code: int) -> str:
    return f"ended with code {code}" if code > 0 else f"was killed by {signal.Signals(-code).name}"
