"""Standard streams that outlive whoever reads them."""

import io
import os
import sys
from typing import TextIO


class LastingStream:
    """A stream whose reader may go away: what follows is dropped, and the run that is told of goes on."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_gone = False

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        if not self._is_gone:
            try:
                self._out.write(text)
            except OSError:
                self._drop_all()
        return len(text)

    def flush(self) -> None:
        """Write what waits, or drop it."""
        if not self._is_gone:
            try:
                self._out.flush()
            except OSError:
                self._drop_all()

    def _drop_all(self) -> None:
        """Let what is buffered below, and the interpreter's own flush at its end (exit code 120), go nowhere."""
        self._is_gone = True
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._out.fileno())
            os.close(nowhere)
        except (OSError, ValueError):
            return  # it has no descriptor: a stream in memory

    def __getattr__(self, name: str) -> object:
        return getattr(self._out, name)


def write_any_text() -> None:
    """Let standard output and error show as `\\xe4` what the terminal has no letter for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")


def open_missing_streams() -> None:
    """Open what our caller closed: a database that got number 2 would be written over by messages."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, open(descriptor, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
