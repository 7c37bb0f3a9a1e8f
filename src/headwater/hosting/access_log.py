"""The access log: a line of JSON for each request, in a file that is put aside when it has grown."""

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable

import msgspec

from headwater.hosting.requests import Scope
from headwater.model.private_files import make_private_folder

#: Seconds that lines wait to be written together.
_WAIT_SECONDS = 0.25
#: Bytes at which the file becomes `access.log.1`.
_LONGEST_BYTES = 64 << 20
#: Lines that wait at most; what a disk cannot take is dropped and counted.
_MOST_LINES = 100_000
_LONGEST_PATH = 500
_TRACE = re.compile(rb"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)")


def access_path(home: str) -> str:
    """Give the access log of the store in this folder; makes its folder."""
    folder = os.path.join(home, "services")
    make_private_folder(folder)
    return os.path.join(folder, "access.log")


class Line(msgspec.Struct, omit_defaults=True):
    """One request."""

    #: Unix time of its answer.
    at: float
    method: str
    #: As it was sent, without what follows `?`; everything that is no plain ASCII is escaped.
    path: str
    status: int
    #: From its head's arrival to its answer.
    ms: float
    client: str = ""
    service: str = ""
    version: str = ""
    prediction: str = ""
    #: Of `traceparent`.
    trace: str = ""
    #: Lines that were lost before this one.
    lost: int = 0


class AccessLog:
    """Takes a line for each request; writing waits for nobody and nobody waits for it."""

    def __init__(self, path: str, clock: Callable[[], float] = time.time) -> None:
        """Write to a file, made with the first line, for its owner only."""
        self._path = path
        self._clock = clock
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._lost = 0

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """Take a request that was answered."""
        client = scope.get("client")
        self._add(
            Line(
                at=round(self._clock(), 6),
                method=scope["method"],
                path=escaped(scope["raw_path"]),
                status=status,
                ms=round(seconds * 1000, 3),
                client=client[0] if client else "",
                service=scope.get("service", ""),
                version=scope.get("version", ""),
                prediction=scope.get("prediction", ""),
                trace=scope.get("trace", ""),
            )
        )

    def refused(self, status: int, client: str) -> None:
        """Take what came and was no request."""
        self._add(Line(round(self._clock(), 6), "", "", status, 0.0, client))

    def close(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
        self._write()

    def _add(self, line: Line) -> None:
        if len(self._lines) >= _MOST_LINES:
            self._lost += 1
            return
        if self._lost:
            line.lost, self._lost = self._lost, 0
        self._lines.append(msgspec.json.encode(line))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WAIT_SECONDS, self._write)

    def _write(self) -> None:
        self._timer = None
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, b"\n".join(lines) + b"\n")
                is_long = os.fstat(descriptor).st_size > _LONGEST_BYTES
            finally:
                os.close(descriptor)
            if is_long:
                os.replace(self._path, f"{self._path}.1")
        except OSError as error:
            if not self._lost:
                sys.stderr.write(f"{self._path} cannot be written: {error.strerror}\n")
            self._lost += len(lines)


def escaped(path: bytes) -> str:
    """Give a path that can be printed: no control characters, nothing but ASCII, not too long."""
    text = path[:_LONGEST_PATH].decode("ascii", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def continued_trace(traceparent: bytes) -> tuple[str, bytes] | None:
    """Give the trace that a caller's `traceparent` names, and the value for the answer; None when it names none.

    https://www.w3.org/TR/trace-context/: what is malformed is ignored, as the standard says.
    """
    found = _TRACE.match(traceparent)
    if found is None or traceparent[:2] == b"ff" or not found[1].strip(b"0") or not found[2].strip(b"0"):
        return None
    if traceparent[:2] == b"00" and len(traceparent) != 55:
        return None
    return found[1].decode(), b"00-" + found[1] + b"-" + os.urandom(8).hex().encode() + b"-" + found[3]
