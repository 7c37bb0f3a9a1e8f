"""Starts servers, waits until they answer, and reads from the kernel what their processes take."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.session import QUIET, UNUSUAL, CommandFailed, stores

_PATIENCE = 120.0
_LOOK_SECONDS = 0.005


class Server:
    """A server that answers on a port of this machine."""

    def __init__(self, port: int, pid: int, ready_seconds: float) -> None:
        self.port = port
        self.pid = pid
        #: From its start to its first good answer.
        self.ready_seconds = ready_seconds

    def processes(self) -> list[int]:
        """All processes of it that are there now."""
        return descendants(self.pid)

    def cpu_seconds(self) -> float:
        """Processor time that they have used."""
        return sum(_cpu_seconds(pid) for pid in self.processes())


@contextmanager
def serving(
    command: Sequence[str], folder: Path, port: int, probe: bytes, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server in a folder until the end of the block; it begins once `probe` is answered with 200.

    Raises:
        CommandFailed: it ended before, or never answered.
    """
    usual = {name: value for name, value in os.environ.items() if name not in UNUSUAL}
    environment = {**usual, **QUIET, **stores(folder), **(variables or {})}
    said = folder / f"server-{port}.log"
    with open(said, "wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(port, process.pid, 0.0)
    try:
        while not answers(port, probe):
            if process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                tail = said.read_text(errors="replace")[-2000:]
                raise CommandFailed(f"{' '.join(command)} does not answer\n{tail}")
            time.sleep(_LOOK_SECONDS)
        server.ready_seconds = time.perf_counter() - began
        yield server
    finally:
        _end(process)


def answers(port: int, request: bytes) -> bool:
    """Whether a request is answered with 200."""
    return answer_of(port, request)[9:12] == b"200"


def answer_of(port: int, request: bytes) -> bytes:
    """Give the answer's head and, if it is short, its body; empty when none comes."""
    try:
        with socket.create_connection(("127.0.0.1", port), 10.0) as connection:
            connection.sendall(request)
            return connection.recv(65536)
    except OSError:
        return b""


def get(port: int, path: str) -> str:
    """Give what a server has at a path."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for each in found:
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{task}/children") as file:
                    found += [int(child) for child in file.read().split()]
        except OSError:
            continue
    return found


def proportional_memory(pid: int) -> int:
    """Bytes of a process; pages that are shared are divided among those who share them."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024


def _cpu_seconds(pid: int) -> float:
    """From the kernel's own clock of its threads, in nanoseconds."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
    except OSError:
        return 0.0
    return total / 1e9


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let a server end, and whatever it leaves behind."""
    left = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
