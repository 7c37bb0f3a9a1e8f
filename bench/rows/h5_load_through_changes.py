"""H5: thirty deploys, rollbacks and killed deployers while callers keep asking: none of them may fail."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bench.load import Load, post, send_load
from bench.rows.h4_changes import GIVEN, change, hosted, learned
from bench.rows.hosted import headwater
from bench.sample import Budget, Row, Sample
from bench.session import QUIET, Session, fresh_folder, run, stores

CHANGES, QUICK_CHANGES = 30, 6
CONNECTIONS = 2
#: Answers of one stretch of load; the next one opens new connections.
STRETCH_SECONDS = 2.0


def measure(session: Session) -> Row:
    """Count answers that were not 200, and connections that broke."""
    count = QUICK_CHANGES if session.is_quick else CHANGES
    with fresh_folder() as folder:
        file = learned(session, folder)
        change(file, -1)
        run(headwater(session, "deploy", str(file), "--run", "SentimentFlow/1"), folder)
        with hosted(session, folder) as server:
            run(headwater(session, "service", "promote", "Sentiment"), folder)
            load = _Load(server.port)
            load.start()
            for place in range(count):
                (_deploy, _rollback, _kill)[place % 3](session, folder, file, place)
            found = load.end()
    answered = sum(len(one.seconds) for one in found)
    failed = sum(one.failed for one in found)
    rates = Sample(tuple(one.rate for one in found), "/s", note=f"{answered:,} answers, {failed} failed")
    budget = Budget(f"0 failed requests over {count} deploys, rollbacks and deployer kills", failed, 0)
    work = f"the sentiment model under load, while it is deployed, rolled back, and deployers are killed: {count} times"
    return Row("H5", work, {"headwater": rates}, budgets=(budget,))


class _Load:
    """Callers that ask until they are told to end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._found: list[Load] = []
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> Sequence[Load]:
        self._is_ending.set()
        self._thread.join()
        return self._found

    def _run(self) -> None:
        requests = post("/Sentiment/label", [GIVEN], self._port)
        while not self._is_ending.is_set():
            self._found.append(send_load(self._port, requests, connections=CONNECTIONS, seconds=STRETCH_SECONDS))


def _deploy(session: Session, folder: Path, file: Path, place: int) -> None:
    """A new version, which takes over at once."""
    change(file, place)
    run(headwater(session, "deploy", str(file), "--run", "SentimentFlow/1"), folder)
    run(headwater(session, "service", "promote", "Sentiment"), folder)


def _rollback(session: Session, folder: Path, file: Path, place: int) -> None:
    run(headwater(session, "service", "rollback", "Sentiment"), folder)


def _kill(session: Session, folder: Path, file: Path, place: int) -> None:
    """A deployer that dies somewhere, each time a little later."""
    change(file, place)
    process = subprocess.Popen(
        headwater(session, "deploy", str(file), "--run", "SentimentFlow/1"),
        cwd=folder,
        env={**os.environ, **QUIET, **stores(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.2 * (1 + place % 10))
    process.send_signal(signal.SIGKILL)
    process.wait()
