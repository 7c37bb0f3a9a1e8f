"""A task of production that failed is looked at on another machine, which has nothing but a token that may read."""

import socket

import pytest

from headwater.model.rows import RunQuery
from tests.remote.machines import Machine, until

FLOW = """
from headwater import FlowSpec, project, schedule, step
import rates


@schedule(cron="* * * * *")
@project(name="fraud")
class Churn(FlowSpec):
    @step
    def start(self):
        self.counts = [1, 2, 0]
        self.table = bytes(2_000_000) + b"end"
        self.next(self.train, foreach="counts")

    @step
    def train(self):
        self.rate = rates.rate(self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Churn()
"""
RATES = """
def rate(count):
    total = 10
    return total / count
"""


def deploy(served, folder):
    """The machine of the server, with a deployment that nothing has fired yet."""
    beside = Machine(folder / "beside")
    beside.environ["HEADWATER_HOME"] = served.home.path
    beside.write("churn.py", FLOW)
    beside.write("rates.py", RATES)
    beside.do("deploy", "churn.py", "--production")
    for name in ("churn.py", "rates.py"):  # what runs is what was deployed
        (beside.folder / name).unlink()
    return beside


def look(served, folder):
    """What a viewer of the project sees on a machine of theirs."""
    before = served.home.ledger.count_runs(RunQuery())
    ann = Machine(folder / "ann")
    ann.do("login", served.url, given=served.token("ann", fraud="viewer") + "\n")
    inside = ann.do("debug", "Churn/1/train/4", "--command", "p total, count")
    above = ann.do("debug", "Churn/1/train/4", "--command", "up", "--command", "p self.input, self.table[-3:]")
    good = ann.do("debug", "Churn/1/train/3", "--command", "p self.input")

    assert inside.splitlines()[-1] == "(10, 0)"
    assert above.splitlines()[-1] == "(0, b'end')"
    assert good.splitlines()[-1] == "2"
    assert "rates.py" in inside
    assert served.home.ledger.count_runs(RunQuery()) == before
    assert served.home.path not in inside


def test_a_failed_task_of_a_deployment_is_debugged_on_another_machine(served, tmp_path):
    beside = deploy(served, tmp_path)
    beside.do("deployment", "run", "fraud.Churn@production")
    assert "division by zero" in beside.fail("resume", "Churn/1")

    look(served, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_failed_task_that_its_schedule_fired_is_debugged_on_another_machine(served, tmp_path):
    beside = deploy(served, tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    beside.do("up", HEADWATER_PAGE="no", HEADWATER_HOST_PORT=str(port))
    try:
        until(lambda: [row for row in served.home.ledger.runs(RunQuery()).rows if row.status == "failed"], 150.0)
    finally:
        beside.do("up", "--stop")
    assert served.home.ledger.find_run("Churn", 1).launch.trigger.kind == "schedule"

    look(served, tmp_path)
