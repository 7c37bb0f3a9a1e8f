"""The scheduler's side of the launcher: asks for drivers, and hears which have ended."""

import os
import socket
from collections.abc import Sequence

import msgspec

from headwater.model.ids import RunId
from headwater.production.journal import Journal
from headwater.production.launcher import Drive, DriverEnded

_CHUNK = 65536


class Drivers:
    """The drivers that were asked for and have not ended; their launcher is started when it is needed."""

    def __init__(self, command: Sequence[str], journal: Journal) -> None:
        """Take what it needs; `command` starts a launcher, whose socket is its descriptor 0."""
        self._command = list(command)
        self._journal = journal
        self._decode = msgspec.json.Decoder(DriverEnded).decode
        self._socket: socket.socket | None = None
        self._pid = 0
        self._received = b""
        #: Runs whose driver was asked for, by ULID.
        self.asked: dict[RunId, str] = {}

    def start(self) -> None:
        """Start the launcher, unless it runs: what it imports is then there when a run is due."""
        if self._pid:
            return
        ours, theirs = socket.socketpair()
        actions = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)]
        self._pid = os.posix_spawn(self._command[0], self._command, os.environ, file_actions=actions, setsigmask=())
        theirs.close()
        self._socket = ours
        self._received = b""

    def drive(self, run: RunId, path: str) -> None:
        """Ask for a driver of this run; `ended` tells when it is gone."""
        self.start()
        assert self._socket is not None
        self.asked[run] = path
        try:
            self._socket.sendall(msgspec.json.encode(Drive(run, path)) + b"\n")
        except OSError:
            return  # it has died: `ended` says so of all its runs

    def fileno(self) -> int:
        """A descriptor that becomes readable when `ended` has something to give; -1 when there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    def ended(self) -> list[DriverEnded]:
        """Give the runs whose drivers are gone, or whose launcher died: those may be driven nevertheless."""
        found: list[DriverEnded] = []
        while self._socket is not None:
            try:
                received = self._socket.recv(_CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                received = b""
            if not received:
                found += self._bury()
                break
            *lines, self._received = (self._received + received).split(b"\n")
            found += [self._decode(line) for line in lines]
        for ended in found:
            self.asked.pop(ended.run, None)
        return found

    def close(self) -> None:
        """Let the launcher go; the drivers stay."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._pid:
            os.waitpid(self._pid, 0)
            self._pid = 0

    def _bury(self) -> list[DriverEnded]:
        pid = self._pid
        self.close()
        self._journal.note(f"the launcher, process {pid}, is gone: another one is started")
        return [DriverEnded(run, 0) for run in self.asked]
