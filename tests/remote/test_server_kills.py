"""SIGKILL of the server while clients write (G-19): nothing acknowledged is lost, nothing is there twice."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headwater.home import open_home
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.events import CodeChanged
from headwater.web.accounts.tokens import create_token
from headwater.web.accounts.users import Users
from tests.remote.write_load import Writer, wait_for_load

ROOT = Path(__file__).parents[2]
CLIENTS = 8
#: Acknowledged writes a second without which a kill proves nothing.
LEAST_RATE = 300


class KilledServer:
    """A server that is killed and started again, at the same port."""

    def __init__(self, folder):
        self.home = str(folder)
        home = open_home(self.home, user="root", make=True)
        Users(home.ledger).add("root", by="root", at=time.time(), roles={"*": "admin"})
        self.token = create_token(home.ledger, "t", "root", by="root", now=time.time())[0]
        home.close()
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.remote.server_program", self.home, str(self.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        assert self.process.stdout.readline() == b"listening\n"
        self.process.stdout.close()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(tmp_path):
    server = KilledServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


def check(server, writers):
    """Compare what was acknowledged with what is there, event by event."""
    ledger = SqliteLedger(server.home)
    try:
        for writer in writers:
            assert writer.failure is None
            stored = [event for _, event in ledger.events(writer.lease.run)]
            said = [int(event.files[0]) for event in stored if isinstance(event, CodeChanged)]
            assert said == list(range(1, len(said) + 1)), f"{writer.lease.run}: lost or double"
            # The last one may have been written, and its answer lost.
            assert writer.acknowledged <= len(stored) <= writer.acknowledged + 1
            assert writer.lease.epoch == 1
        assert [found for found in ledger.check() if found.kind != "run-without-driver"] == []
    finally:
        ledger.close()


def kill_under_load(server, kills, seed):
    print(f"seed {seed}")
    chance = random.Random(seed)
    writers = [Writer(server.url, server.token, number) for number in range(CLIENTS)]
    for writer in writers:
        writer.start()
    rates = []
    for _ in range(kills):
        rates.append(wait_for_load(writers, LEAST_RATE))
        time.sleep(chance.random() / 5)
        before = [writer.acknowledged for writer in writers]
        server.kill()
        server.start()
        deadline = time.monotonic() + 60
        while any(writer.acknowledged <= known + 1 for writer, known in zip(writers, before, strict=True)):
            assert time.monotonic() < deadline, "a client did not recover"
            assert all(writer.failure is None for writer in writers)
            time.sleep(0.01)
    for writer in writers:
        writer.stop()
    return writers, rates


def test_a_killed_server_loses_no_acknowledged_write_and_clients_go_on(server):
    writers, rates = kill_under_load(server, 2, random.randrange(1 << 30))

    check(server, writers)
    assert min(rates) >= LEAST_RATE


@pytest.mark.long
@pytest.mark.timeout(900)
def test_twenty_kills_lose_nothing(server):
    writers, rates = kill_under_load(server, 20, random.randrange(1 << 30))

    check(server, writers)
    assert min(rates) >= LEAST_RATE


@pytest.mark.parametrize("point", ["web.after_append", "ledger.after_commit", "ledger.before_commit"])
def test_a_server_that_dies_inside_of_a_write_is_asked_again(server, point):
    server.kill()
    server.start(HEADWATER_FAILPOINT=f"{point}:4")
    writer = Writer(server.url, server.token, 0)
    writer.start()
    server.process.wait(30)
    server.start()
    known = writer.acknowledged
    wait_until(lambda: writer.acknowledged > known + 1, writer)
    writer.stop()

    check(server, [writer])


def test_a_server_that_dies_before_it_tells_of_a_start_gives_the_same_run_again(server):
    server.kill()
    server.start(HEADWATER_FAILPOINT="web.after_start")
    with ThreadPoolExecutor() as threads:
        starting = threads.submit(Writer, server.url, server.token, 0)
        server.process.wait(30)
        server.start()
        writer = starting.result(60)
    writer.start()
    wait_until(lambda: writer.acknowledged > 3, writer)
    writer.stop()

    check(server, [writer])
    assert writer.ledger.run(writer.lease.run).label == 1


def test_a_server_that_was_started_anew_takes_no_run_from_its_driver(server):
    writer = Writer(server.url, server.token, 0)
    # The driver says nothing from now on, as one behind a network that is down.
    writer.lease._stop.set()
    writer.lease._thread.join()
    server.kill()
    before = status_of(server, writer.lease.run)
    server.start()
    deadline = time.monotonic() + 20
    while status_of(server, writer.lease.run) != "running":
        assert time.monotonic() < deadline, "its lease was not held on to"
        time.sleep(0.02)
    writer.stop_unstarted()

    assert before == "interrupted"


def status_of(server, run):
    ledger = SqliteLedger(server.home)
    try:
        return ledger.run(run).status
    finally:
        ledger.close()


def wait_until(is_true, writer):
    deadline = time.monotonic() + 60
    while not is_true():
        assert writer.failure is None
        assert time.monotonic() < deadline, "it did not recover"
        time.sleep(0.005)
