"""What the rows about hosting share: who serves what, and load on several servers in turns."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.load import Load, post, send_load
from bench.sample import Sample
from bench.servers import Server, free_port, serving
from bench.session import BENCH, CommandFailed, Session, fresh_folder, run

CONNECTIONS = 16
SECONDS, QUICK_SECONDS = 4.0, 2.0
#: Requests before anything is measured: caches fill, batches find their size.
WARM_SECONDS = 0.7
ROW = [round(0.1 * place, 1) for place in range(30)]


class Subject(msgspec.Struct, frozen=True):
    """A server that answers, and the requests that it gets."""

    server: Server
    requests: list[bytes]


class Measured(msgspec.Struct):
    """What came of the load on one subject, a value a round."""

    rates: list[float] = []
    halves: list[float] = []
    tails: list[float] = []
    #: Microseconds of processor time of all its processes for an answer.
    costs: list[float] = []
    failed: int = 0

    def add(self, load: Load, cpu_seconds: float) -> None:
        self.rates.append(load.rate)
        self.halves.append(load.quantile(0.5))
        self.tails.append(load.quantile(0.99))
        self.costs.append(1e6 * cpu_seconds / len(load.seconds))
        self.failed += load.failed

    @property
    def rate(self) -> Sample:
        return Sample(tuple(self.rates), "/s", note=f"{self.failed} failed" if self.failed else "")

    def details(self, name: str) -> dict[str, Sample]:
        """Times and costs, under names that begin with the subject's."""
        return {
            f"{name}, p50": Sample(tuple(self.halves)),
            f"{name}, p99": Sample(tuple(self.tails)),
            f"{name}, processor time for an answer": Sample(tuple(self.costs), "us"),
        }


def in_turns(
    subjects: Mapping[str, Subject], session: Session, *, rounds: int = 5, connections: int = CONNECTIONS
) -> dict[str, Measured]:
    """Load one subject after the other, again and again; the others idle meanwhile."""
    seconds = QUICK_SECONDS if session.is_quick else SECONDS
    found = {name: Measured() for name in subjects}
    for subject in subjects.values():
        send_load(subject.server.port, subject.requests, connections=connections, seconds=WARM_SECONDS)
    for _ in range(session.rounds(rounds)):
        for name, subject in subjects.items():
            used = subject.server.cpu_seconds()
            load = send_load(subject.server.port, subject.requests, connections=connections, seconds=seconds)
            found[name].add(load, subject.server.cpu_seconds() - used)
    return found


def share(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds of ours / theirs: both of a round met the same machine."""
    return Sample(tuple(own / other for own, other in zip(ours, theirs, strict=True))).median


def workers() -> int:
    """Processes that answer: what a host starts by itself."""
    return len(os.sched_getaffinity(0))


def headwater(session: Session, *words: str) -> list[str]:
    """A command line of ours."""
    return session.argv("headwater", "-m", "headwater", *words)


def body(**fields: object) -> bytes:
    """Give a request's body."""
    return json.dumps(fields).encode()


@contextmanager
def served(session: Session, folder: Path, file: str, path: str, given: bytes, *words: str) -> Iterator[Subject]:
    """`headwater serve` of a service of ours, without reload."""
    port = free_port()
    requests = post(path, [given], port)
    command = headwater(session, "serve", str(BENCH / "services" / file), "--port", str(port), "--no-reload", *words)
    with serving(command, folder, port, requests[0]) as server:
        yield Subject(server, requests)


@contextmanager
def learned(session: Session, megabytes: int = 1) -> Iterator[Path]:
    """A folder whose store has a run of `flows/hosted.py`; the classifier is also in `model.joblib`."""
    with fresh_folder() as folder:
        command = session.flow("headwater", "hosted", folder, "run", "--megabytes", str(megabytes))
        run(command, folder, BENCH_MODEL=str(folder / "model.joblib"))
        yield folder


def until(question: Callable[[], bool], seconds: float = 60.0) -> float:
    """Ask again and again until it is so; gives how long that took.

    Raises:
        CommandFailed: it never was.
    """
    began = time.perf_counter()
    while not question():
        if time.perf_counter() - began > seconds:
            raise CommandFailed(f"it did not come within {seconds:g} s")
        time.sleep(0.002)
    return time.perf_counter() - began
