"""R1: a run with the store of a server against one beside its store; writes that a server acknowledges."""

import os
import subprocess
import threading
import time
from pathlib import Path

from bench.sample import Budget, Row, Sample
from bench.session import BENCH, Session, fresh_folder, run
from headwater.model.events import CodeChanged, RunStarted
from headwater.model.graph import Graph
from headwater.model.ids import new_ulid
from headwater.model.order import CodeSource
from headwater.model.ports import Commit
from headwater.remote.connection import Server
from headwater.remote.ledger import HttpLedger

_CLIENTS = 8
_SECONDS = 5.0


def measure(session: Session) -> Row:
    """Whole processes in turns, then clients that append as fast as they can; server and clients share the machine."""
    flow = str(BENCH / "flows" / "hello.py")
    command = session.argv("headwater", flow, "run", "--quiet")
    with fresh_folder() as folder:
        here, there = folder / "here", folder / "there"
        for each in (here, there):
            each.mkdir()
        token = _token(session, folder)
        process, url = _start(session, folder)
        try:
            variables = {"HEADWATER_SERVER": url, "HEADWATER_SERVER_TOKEN": token, "XDG_DATA_HOME": str(there)}
            seconds: dict[str, list[float]] = {"headwater": [], "beside the store": []}
            for _ in range(session.rounds(5) + 1):
                seconds["headwater"].append(run(command, there, may_fail=False, **variables).seconds)
                seconds["beside the store"].append(run(command, here).seconds)
            rate = writes_per_second(url, token, 1.0 if session.is_quick else _SECONDS)
        finally:
            process.terminate()
            process.wait()
    # The first one fills the folders.
    samples = {name: Sample(tuple(values[1:])) for name, values in seconds.items()}
    writes = Sample((rate,), unit="/s", note=f"{_CLIENTS} clients, one event a write, each flushed to the disk")
    over = samples["headwater"].median - samples["beside the store"].median
    budgets = (
        Budget("hello over HTTP costs <= 0.15 s more than beside the store", over, 0.15, "s"),
        Budget("a server acknowledges >= 300 writes a second", rate, 300.0, "/s", is_floor=True),
    )
    work = "four no-op steps with the store of a server, whole process; writes to it"
    return Row("R1", work, {**samples, "acknowledged writes": writes}, budgets=budgets)


def writes_per_second(url: str, token: str, seconds: float) -> float:
    """Let clients append to runs of their own, and give how many writes were acknowledged in a second."""
    counts = [0] * _CLIENTS
    stopped = threading.Event()

    def write(place: int) -> None:
        ledger = HttpLedger(Server(url, token))
        lease, _ = ledger.start_run(Commit(events=[_started(place)]))
        while not stopped.is_set():
            ledger.append(lease, Commit(events=[CodeChanged(1.0, "start", (str(counts[place]),))]))
            counts[place] += 1
        ledger.close()

    threads = [threading.Thread(target=write, args=(place,)) for place in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    while not all(counts):
        time.sleep(0.01)
    before, began = sum(counts), time.perf_counter()
    time.sleep(seconds)
    rate = (sum(counts) - before) / (time.perf_counter() - began)
    stopped.set()
    for thread in threads:
        thread.join()
    return rate


def _started(place: int) -> RunStarted:
    graph = Graph("Load", "load.py", "load", "start", "end", {})
    code = CodeSource("/load", "load.py", "load", f"Load{place}")
    run_id = new_ulid(time.time(), os.urandom(10))
    return RunStarted(1.0, run_id, f"Load{place}", 0, "bench", "here", 1, graph, code, 7)


def _token(session: Session, folder: Path) -> str:
    home = str(folder / "server")
    words = ("user", "add", "bench", "--role", "admin", "--no-password", "--home", home)
    run(session.argv("headwater", "-m", "headwater", *words), folder)
    made = session.argv("headwater", "-m", "headwater", "token", "create", "bench", "--user", "bench", "--home", home)
    told = subprocess.run(made, cwd=folder, capture_output=True, text=True, check=True).stdout
    return next(word for word in told.split() if word.startswith("hwt_"))


def _start(session: Session, folder: Path) -> tuple["subprocess.Popen[str]", str]:
    words = ("ui", "--write", "--port", "0", "--home", str(folder / "server"))
    command = session.argv("headwater", "-m", "headwater", *words)
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    url = process.stderr.readline().split()[-1]
    return process, url
