"""SIGKILL of the server under 300 writes a second, seen by pages: their streams go on without loss or doubles."""

import http.client
import json
import random
import threading
import time

import pytest

from headwater.ledger.sqlite import SqliteLedger
from tests.remote.test_server_kills import LEAST_RATE, KilledServer, check
from tests.remote.write_load import Writer, wait_for_load

CLIENTS = 8


class Page(threading.Thread):
    """Follows a stream as a browser does: begins again behind the last id whenever it breaks off."""

    def __init__(self, server, path, after):
        super().__init__(daemon=True)
        self._server = server
        self._path = path
        self._last_id = str(after)
        self._is_over = threading.Event()
        #: Bodies of its events, in the order in which they came.
        self.told = []
        self.begins = 0

    def run(self):
        while not self._is_over.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                self._is_over.wait(0.05)

    def _follow(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=20)
        headers = {"Authorization": f"Bearer {self._server.token}", "Last-Event-ID": self._last_id}
        connection.request("GET", f"/api/v1{self._path}", headers=headers)
        answer = connection.getresponse()
        self.begins += answer.status == 200
        fields = {}
        while not self._is_over.is_set() and (line := answer.readline()):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                self.told.append(json.loads(fields["data"]))
                self._last_id = fields["id"]
                fields = {}
        connection.close()

    def wait_until(self, is_enough):
        deadline = time.monotonic() + 60
        while not is_enough(self.told):
            assert time.monotonic() < deadline, self.told[-1:]
            time.sleep(0.02)

    def stop(self):
        self._is_over.set()


@pytest.fixture
def server(tmp_path):
    server = KilledServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.long)])
def test_pages_of_a_killed_server_see_each_write_once(server, kills):
    writers = [Writer(server.url, server.token, number) for number in range(CLIENTS)]
    first = writers[0].lease.run
    row = writers[0].ledger.run(first)
    of_run = Page(server, f"/runs/{row.flow}/{row.label}/stream", 1)
    of_all = Page(server, "/stream", writers[0].ledger.last_change())
    for each in (*writers, of_run, of_all):
        each.start()
    for _ in range(kills):
        wait_for_load(writers, LEAST_RATE)
        time.sleep(random.random() / 5)
        before = [writer.acknowledged for writer in writers]
        server.kill()
        server.start()
        for writer, known in zip(writers, before, strict=True):
            _wait_for(writer, known + 1)
    for writer in writers:
        writer.stop()
    ledger = SqliteLedger(server.home)
    last = {writer.lease.run: _last_event(ledger, writer.lease.run) for writer in writers}
    numbers = {change.number for change in ledger.changes(0, limit=100_000) if change.kind == "run"}
    ledger.close()
    of_run.wait_until(lambda told: told and told[-1]["to"] == last[first])
    of_all.wait_until(lambda told: _newest(told) == last)
    of_run.stop()
    of_all.stop()

    check(server, writers)
    # Each message tells of what lies behind the one before it: together they are all, once.
    assert [part["after"] for part in of_run.told] == [1, *(part["to"] for part in of_run.told[:-1])]
    told = [change["number"] for body in of_all.told for change in body.get("changes", ())]
    assert told == sorted(set(told))
    assert numbers <= set(told)
    assert min(of_run.begins, of_all.begins) == kills + 1


def _wait_for(writer, number):
    deadline = time.monotonic() + 60
    while writer.acknowledged <= number:
        assert writer.failure is None
        assert time.monotonic() < deadline, "a client did not recover"
        time.sleep(0.01)


def _last_event(ledger, run):
    return max(number for number, _ in ledger.events(run))


def _newest(told):
    """Give the last event of each run of which the stream told."""
    changes = [change for body in told for change in body.get("changes", ()) if change["kind"] == "run"]
    return {change["run"]: change["event"] for change in changes}
