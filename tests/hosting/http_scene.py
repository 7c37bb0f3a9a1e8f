"""A real host on a free port, and ways to talk to it: whole requests, and bytes as they are."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

KINDS = str(Path(__file__).with_name("kinds.py"))
_PROGRAM = str(Path(__file__).with_name("host_program.py"))


class Given(msgspec.Struct):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        return self.headers["content-type"]


class HttpHost:
    """A host in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, errors: Path) -> None:
        self.process = process
        self.port = port
        self.errors = errors
        self.url = f"http://127.0.0.1:{port}"

    def send(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Given:
        """Send a request of these bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Given(response.status, named, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Given:
        return self.send("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def call(self, path: str, body: object, **headers: str) -> Given:
        """Call an endpoint with JSON: a value, or bytes as they are."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, text, {"Content-Type": "application/json", **named})

    def connect(self, timeout: float = 20.0) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def raw(self, request: bytes) -> bytes:
        """Send bytes and give what comes back until the host closes the connection."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)

    def resident(self) -> int:
        """Bytes of memory that the host's own process has."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def workers(self) -> list[int]:
        """Processes that answer: children of its children."""
        return [each for zygote in _children(self.process.pid) for each in _children(zygote)]

    def kill_all(self, *, zygotes: bool) -> None:
        """Kill every worker, and what forks them as well."""
        found = _children(self.process.pid) if zygotes else []
        for pid in [*found, *self.workers()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in text.split()]


def read_all(connection: socket.socket) -> bytes:
    """Give what comes until the other side closes, or resets, the connection."""
    found = b""
    try:
        while received := connection.recv(1 << 16):
            found += received
    except ConnectionResetError:
        pass
    return found


def status_of(answer: bytes) -> int:
    """Give the status of an answer's bytes."""
    return int(answer.split(b" ", 2)[1])


@contextmanager
def http_host(folder: Path, *services: str, file: str = KINDS, **wanted: Any) -> Iterator[HttpHost]:
    """Start a host; SIGTERM ends it, in time and with nothing left on its lips."""
    asked = {"home": str(folder / "home"), "file": file, "services": list(services), **wanted}
    errors = folder / "errors.txt"
    folder.mkdir(parents=True, exist_ok=True)
    with errors.open("wb") as file_of_errors:
        process = subprocess.Popen(
            [sys.executable, "-P", _PROGRAM, msgspec.json.encode(asked).decode()],
            stdout=subprocess.PIPE,
            stderr=file_of_errors,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, errors.read_text()
        yield HttpHost(process, int(line), errors)
    finally:
        process.terminate()
        process.stdout.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise
