"""Ten minutes without a server that was under load: a run starts tasks all along, and nothing is lost (G-23)."""

import re
import time

import pytest

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.events import DriverChanged, TaskStarted, TaskSucceeded
from headwater.model.rows import RunQuery
from tests.remote.machines import Machine, until
from tests.remote.test_server_kills import KilledServer, check
from tests.remote.write_load import Writer

OUTAGE_SECONDS = 600.0
TASKS = 440
FLOW = """
import time
from headwater import FlowSpec, step


class Steady(FlowSpec):
    @step
    def start(self):
        self.numbers = list(range(TASKS))
        self.next(self.work, foreach="numbers")

    @step
    def work(self):
        print("working on", self.input)
        time.sleep(3)
        self.double = 2 * self.input
        self.large = self.input.to_bytes(4, "big") * 20_000
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.double for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.fixture
def server(tmp_path):
    server = KilledServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_run_works_on_through_ten_minutes_without_its_server(server, tmp_path):
    writers = [Writer(server.url, server.token, number, patience_seconds=1200.0) for number in range(3)]
    for writer in writers:
        writer.start()
    ann = Machine(tmp_path / "ann", server.url, server.token)
    ann.write("steady.py", FLOW.replace("TASKS", str(TASKS)))
    process = ann.start("run", "steady.py", "--max-workers", "2", "--quiet")
    ledger = SqliteLedger(server.home)
    until(lambda: ledger.runs(RunQuery(flow="Steady")).rows, 120.0)
    run = ledger.find_run("Steady", 1).run
    until(lambda: ledger.run(run).task_counts.get("succeeded", 0) > 4, 120.0)
    server.kill()
    down = time.time()
    time.sleep(OUTAGE_SECONDS)
    known = ledger.run(run).task_counts.get("succeeded", 0)
    up = time.time()
    server.start()
    _, said = process.communicate(timeout=600)
    over = time.time()
    for writer in writers:
        writer.stop()

    check(server, writers)
    events = [event for _, event in ledger.events(run)]
    row = ledger.run(run)
    done = [event for event in events if isinstance(event, TaskSucceeded)]
    begun = [event for event in events if isinstance(event, TaskStarted)]
    assert not any(isinstance(event, DriverChanged) for event in events)
    meanwhile = [event for event in begun if down + 10 < event.at < up]
    print(
        f"{len(meanwhile)} tasks started in {up - down:.0f} s; {known} were known there; ended {over - up:.0f} s after"
    )
    assert (process.returncode, row.status) == (0, "succeeded"), said
    assert len({event.key for event in done}) == len(done) == len(begun) == TASKS + 3
    assert len(meanwhile) > 250
    assert re.search(r"answers again, after 10 min, and has everything", said)
    assert [finding for finding in ledger.check() if "Steady" in str(finding)] == []
    ledger.close()
