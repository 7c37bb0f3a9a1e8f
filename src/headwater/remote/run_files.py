"""Sends what the attempts of a run write (lines, metric points) to the server, as it is written."""

import os
import re
import threading
import time

from headwater.model.errors import HeadwaterError
from headwater.remote.connection import Server
from headwater.remote.wire import PIECE_BYTES, PREFIX, AppendFile, FileSize, HeldLease

#: Seconds between two looks at the files.
_LOOK_SECONDS = 0.2
#: A look takes at most this share of the time: a run of 10,000 tasks has as many files.
_SHARE = 0.05
_NAME = re.compile(r"\d{1,18}\.\d{1,9}\.(log|points)|hook\.[A-Za-z_][A-Za-z0-9_]{0,127}\.log")


class RunFiles:
    """The files of one run's folder, sent by offset: what is sent twice is stored once."""

    def __init__(self, server: Server, folder: str, held: HeldLease) -> None:
        """Take what it needs; sends when it is told to, and by itself from `start` on.

        Args:
            server: takes them.
            folder: of the run; need not be there yet.
            held: the lease of whoever wrote them.
        """
        self._server = server
        self._folder = folder
        self._held = held
        self._sent: dict[str, int] = {}
        self._mutex = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch the folder."""
        self._thread = threading.Thread(target=self._watch, name=f"files of {self._held.run}", daemon=True)
        self._thread.start()

    def flush(self, server: Server | None = None) -> None:
        """Send all that was written until now, for as long as the server's patience lasts.

        Args:
            server: the same one, with a patience of its own; None = as it was given.

        Raises:
            ServerNotReached: the server does not answer.
        """
        with self._mutex:
            self._send(server or self._server)

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        server = self._server.in_background()
        pause = _LOOK_SECONDS
        while not self._stop.wait(pause):
            began = time.monotonic()
            try:
                with self._mutex:
                    self._send(server)
            except HeadwaterError:
                pass  # tried again, and in the end by `flush`, which raises
            pause = max(_LOOK_SECONDS, (time.monotonic() - began) / _SHARE if self._sent else 0.0)
        server.close()

    def _send(self, server: Server) -> None:
        for name, size in self._grown():
            with open(os.path.join(self._folder, name), "rb", buffering=0) as file:
                offset = self._sent.get(name, 0)
                while offset < size:
                    file.seek(offset)
                    piece = file.read(PIECE_BYTES)
                    if not piece:
                        break
                    question = AppendFile(self._held, name, offset, piece)
                    offset = server.ask(f"{PREFIX}/remote/runs/files", question, FileSize).size
                    self._sent[name] = offset

    def _grown(self) -> list[tuple[str, int]]:
        try:
            with os.scandir(self._folder) as listing:
                sizes = [(entry.name, entry.stat().st_size) for entry in listing if _NAME.fullmatch(entry.name)]
        except FileNotFoundError:
            return []
        return [(name, size) for name, size in sizes if size > self._sent.get(name, 0)]
