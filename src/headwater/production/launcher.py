"""Forks a driver for each run that the scheduler names.

An interpreter that starts for each run would cost it a tenth of a second and ten megabytes. This process has imported
all that a driver needs and opened nothing: no database, no thread, so it may fork. When the scheduler goes, it goes
too; its drivers stay and finish their runs.
"""

import gc
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import msgspec

from headwater.model.failpoints import failpoint
from headwater.model.ids import RunId
from headwater.production.journal import Journal

_CHUNK = 65536


class Drive(msgspec.Struct, frozen=True):
    """Scheduler: drive this run."""

    run: RunId
    #: `Churn/17`.
    path: str


class DriverEnded(msgspec.Struct, frozen=True):
    """Launcher: the driver of this run is gone."""

    run: RunId
    #: Exit code; negative = the signal that killed it.
    code: int


#: Drives one run to where it ends or waits; gives the exit code of its process.
DriveRun = Callable[[Drive, Journal], int]


class Launcher:
    """Waits for orders on a socket, forks, and tells which drivers have ended."""

    def __init__(self, orders: int, drive: DriveRun, journal: Journal) -> None:
        """Take what it needs.

        Args:
            orders: socket to the scheduler.
            drive: what a forked process does.
            journal: takes what happens.
        """
        self._orders = orders
        self._drive = drive
        self._journal = journal
        self._received = b""
        self._out = b""
        self._decode = msgspec.json.Decoder(Drive).decode
        self._drivers: dict[int, Drive] = {}
        self._wakeups, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Serve until the scheduler closes its end or dies."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        os.set_blocking(self._orders, False)
        gc.collect()
        gc.freeze()
        while True:
            wanted = select.POLLIN | (select.POLLOUT if self._out else 0)
            poll = select.poll()
            poll.register(self._orders, wanted)
            poll.register(self._wakeups, select.POLLIN)
            poll.poll()
            self._bury()
            self._flush()
            if not self._receive():
                return

    def _receive(self) -> bool:
        try:
            received = os.read(self._orders, _CHUNK)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        *lines, self._received = (self._received + received).split(b"\n")
        for line in lines:
            self._fork(self._decode(line))
        return bool(received)

    def _fork(self, drive: Drive) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            self._journal.note(f"no process for the driver of {drive.path}: {error.strerror}")
            self._tell(DriverEnded(drive.run, 1))
            return
        if not pid:
            self._be_driver(drive)
        self._drivers[pid] = drive

    def _be_driver(self, drive: Drive) -> NoReturn:
        """Be the process of a driver, in a session of its own, with nothing of the launcher's."""
        code = 1
        journal = self._journal.named(f"driver of {drive.path}")
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (self._orders, self._wakeups, self._wake):
                os.close(descriptor)
            _empty(0)
            os.setsid()
            failpoint("driver.forked")
            code = self._drive(drive, journal)
        except BaseException:  # noqa: BLE001 - nothing may come out of a fork
            journal.note(f"failed\n{traceback.format_exc()}")
        finally:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            os._exit(code)

    def _bury(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wakeups, _CHUNK)
        while self._drivers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            drive = self._drivers.pop(pid, None)
            if drive is not None:
                self._tell(DriverEnded(drive.run, os.waitstatus_to_exitcode(status)))

    def _tell(self, ended: DriverEnded) -> None:
        self._out += msgspec.json.encode(ended) + b"\n"

    def _flush(self) -> None:
        if not self._out:
            return
        try:
            self._out = self._out[os.write(self._orders, self._out) :]
        except (BlockingIOError, BrokenPipeError):
            return


def _empty(descriptor: int) -> None:
    """Let a descriptor lead nowhere."""
    null = os.open(os.devnull, os.O_RDONLY)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)
