"""Runs on people's machines with a server's store: what they type, and what others see of it."""

import json
import os
import signal
import stat

import pytest

from headwater.model.rows import RunQuery
from headwater.store.lines import read_lines
from headwater.store.trees import read_listing
from headwater.web.accounts.audit import read_audit
from tests.remote.machines import Machine, until

FLOW = """
from headwater import FlowSpec, current, step


class Hello(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2, 3]
        self.big = b"x" * 2_000_000
        print("hello from start")
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.double = self.input * 2
        current.metrics.log(double=self.double)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.double for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        assert self.total == EXPECTED


if __name__ == "__main__":
    Hello()
"""
WAITING = """
import os, time
from headwater import FlowSpec, step


class Slow(FlowSpec):
    @step
    def start(self):
        print("begun", flush=True)
        while not os.path.exists("go"):
            time.sleep(0.01)
        print("going on")
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        self.y = self.x + 1


if __name__ == "__main__":
    Slow()
"""


@pytest.fixture
def ann(served, tmp_path):
    """A machine of somebody who is signed in."""
    machine = Machine(tmp_path / "ann")
    said = machine.do("login", served.url, given=served.token("ann", everything="runner") + "\n")
    assert said == f"signed in at {served.url} as ann; commands use its store from now on\n"
    return machine


def test_a_run_on_one_machine_is_looked_at_debugged_and_resumed_on_another(served, ann, tmp_path):
    ann.write("hello.py", FLOW.replace("EXPECTED", "13"))
    failed = ann.fail("run", "hello.py")
    other = Machine(tmp_path / "other", served.url, served.token("ann"))
    listed = other.do("list", "--json")
    logs = other.do("logs", "Hello/1/start")
    shown = other.do("debug", "Hello/1", "--command", "p self.total")
    read = other.python(
        "import headwater as h\n"
        "run = h.Flow('Hello')['1']\n"
        "print(h.get_metadata(), h.get_namespace(), len(run['start'].task['big'].data), run['join'].task.data.total)\n"
        "print(sorted(point.value for step in [run['work']] for task in step for point in task.points()))\n"
    )

    assert f"store {served.url} (headwater login), user ann" in failed
    assert [row["run"] for row in json.loads(listed)] == ["Hello/1"]
    assert "hello from start" in logs
    assert shown.endswith("self.total == 13\n12\n")
    assert read.splitlines()[0] == f"{served.url} user:ann 2000000 12"
    assert read.splitlines()[1] == "[2.0, 4.0, 6.0]"
    # Nothing of the server's folder was at hand.
    assert served.home.path not in str(other.environ)


def test_a_failed_run_is_resumed_with_mended_code(served, ann):
    ann.write("hello.py", FLOW.replace("EXPECTED", "13"))
    ann.fail("run", "hello.py")
    ann.write("hello.py", FLOW.replace("EXPECTED", "12"))
    ann.do("resume", "Hello/1")
    latest = served.home.ledger.runs(RunQuery(flow="Hello")).rows[0]

    assert (latest.label, latest.status, latest.origin, latest.user) == (2, "succeeded", "Hello/1", "ann")


def test_what_tasks_write_is_on_the_server_while_they_run(served, ann):
    ann.write("slow.py", WAITING)
    process = ann.start("run", "slow.py")
    runs = os.path.join(served.home.path, "runs")

    def texts():
        files = [os.path.join(folder, name) for folder, _, names in os.walk(runs) for name in names]
        return [line.text for file in files for line in read_lines(file)]

    until(lambda: texts() == ["begun"])
    status = served.home.ledger.find_run("Slow", 1).status
    ann.write("go", "")
    process.communicate(timeout=30)

    assert (status, process.returncode) == ("running", 0)
    assert texts() == ["begun", "going on"]
    assert served.home.ledger.find_run("Slow", 1).status == "succeeded"


def test_a_run_goes_on_through_an_outage_and_delivers_afterwards(proxied, tmp_path):
    served, proxy = proxied
    ann = Machine(tmp_path / "ann", proxy.url, served.token("ann", everything="runner"))
    ann.write("slow.py", WAITING)
    process = ann.start("run", "slow.py")
    until(lambda: served.home.ledger.flows() == ["Slow"] and served.home.ledger.find_run("Slow", 1).task_counts)
    proxy.go_away()
    # The task ends while nobody can be told.
    ann.write("go", "")
    local = ann.server_folder() / "runs"
    until(lambda: any("going on" in file.read_text() for file in local.glob("*/1.0.log")))
    told = ""
    while "does not answer" not in told:
        told = process.stderr.readline()
    proxy.come_back()
    _, rest = process.communicate(timeout=60)
    row = served.home.ledger.find_run("Slow", 1)

    assert (process.returncode, row.status, row.task_counts) == (0, "succeeded", {"succeeded": 2})
    assert "answers again" in rest
    assert [attempt.attempt for attempt in served.home.ledger.attempts(row.run, "start")] == [0]


def test_a_run_whose_driver_was_killed_is_interrupted_and_goes_on_elsewhere(served, ann, tmp_path):
    ann.write("slow.py", WAITING)
    process = ann.start("run", "slow.py")
    until(lambda: served.home.ledger.flows() == ["Slow"] and served.home.ledger.find_run("Slow", 1).task_counts)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    leases = served.app.desk.leases
    leases._clock = lambda: float("inf")
    leases.look()
    status = served.home.ledger.find_run("Slow", 1).status
    leases._clock = lambda: 0.0
    other = Machine(tmp_path / "other", served.url, served.token("ann"))
    other.write("slow.py", WAITING)
    other.write("go", "")
    other.do("resume", "Slow/1")
    row = served.home.ledger.find_run("Slow", 1)

    assert (status, row.status) == ("interrupted", "succeeded")


def test_the_token_is_kept_for_its_owner_alone_and_forgotten(served, ann):
    token_file = ann.folder / "config" / "headwater" / "servers.json"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (token_file, token_file.parent / "server")}
    ann.do("logout")

    assert modes == {0o600}
    assert "hwt_" not in token_file.read_text()
    assert "there is no store at" in ann.fail("list")
    assert "no token is kept" in ann.fail("logout")


def test_a_wrong_token_is_not_kept(served, tmp_path):
    machine = Machine(tmp_path / "eve")

    assert "does not know the token" in machine.fail("login", served.url, given="hwt_wrong\n")
    assert "no token was given" in machine.fail("login", served.url, given="\n")
    assert not (machine.folder / "config" / "headwater" / "servers.json").exists()


def test_a_token_comes_from_a_file_too(served, tmp_path):
    machine = Machine(tmp_path / "bob")
    machine.write("token", served.token("bob") + "\n")

    assert "as bob" in machine.do("login", served.url, "--token-file", "token")


@pytest.mark.parametrize("words", [("fsck",), ("up",), ("ui",), ("host",)])
def test_what_belongs_beside_the_store_is_refused_from_elsewhere(served, ann, words):
    said = ann.fail(*words)

    assert "where the store is" in said


def test_a_home_that_is_named_goes_before_the_server(served, ann):
    ann.write("hello.py", FLOW.replace("EXPECTED", "12"))
    ann.do("run", "hello.py", "--home", ann.folder / "own")
    ann.do("run", "hello.py", HEADWATER_HOME=str(ann.folder / "own"))

    assert served.home.ledger.flows() == []
    assert "Hello/2" in ann.do("list", "--home", ann.folder / "own")


def test_a_store_that_lost_an_object_gets_it_again(served, ann):
    ann.write("hello.py", FLOW.replace("EXPECTED", "12"))
    ann.do("run", "hello.py")
    objects = served.home.place
    for key in list(objects.keys("")):
        objects.delete(key)
    ann.do("run", "hello.py")
    row = served.home.ledger.find_run("Hello", 2)
    tree = next(iter(served.home.ledger.events(row.run)))[1].code.tree

    assert row.status == "succeeded"
    for digest in read_listing(served.home.objects, tree).values():
        served.home.objects.verify(digest, is_root=False)


DEPLOYED = """
from headwater import FlowSpec, project, step


@project(name="fraud")
class Churn(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        print(self.x)


if __name__ == "__main__":
    Churn()
"""


def test_production_is_replaced_from_another_machine_by_whoever_has_its_token(served, tmp_path):
    ann = Machine(tmp_path / "ann", served.url, served.token("ann", fraud="deployer"))
    bob = Machine(tmp_path / "bob", served.url, served.token("bob", fraud="deployer"))
    for machine in (ann, bob):
        machine.write("churn.py", DEPLOYED)
    said = ann.do("deploy", "churn.py", "--production")
    token = next(line.removeprefix("token: ") for line in said.splitlines() if line.startswith("token: "))
    refused = bob.fail("deploy", "churn.py", "--production")
    guessed = bob.fail("deploy", "churn.py", "--production", "--token", "0" * 64)
    bob.write("churn.py", DEPLOYED.replace("self.x = 1", "self.x = 2"))
    bob.do("deploy", "churn.py", "--production", "--token", token)
    started = bob.do("deployment", "run", "fraud.Churn@production")
    record = served.home.ledger.record("alias", "fraud.Churn@production")

    assert "belongs to ann" in refused
    assert "belongs to ann" in guessed
    assert (record.version, json.loads(bytes(record.body))["number"]) == (2, 2)
    assert "Churn/1" in started
    assert served.home.ledger.find_run("Churn", 1).status == "queued"


def test_a_viewer_looks_and_starts_nothing(served, ann, tmp_path):
    ann.write("hello.py", FLOW.replace("EXPECTED", "12"))
    ann.do("run", "hello.py")
    eve = Machine(tmp_path / "eve", served.url, served.token("eve", everything="viewer"))
    eve.write("hello.py", FLOW.replace("EXPECTED", "12"))
    refused = eve.fail("run", "hello.py")

    assert "Hello/1" in eve.do("list")
    assert "this takes a runner" in refused
    assert served.home.ledger.count_runs(RunQuery()) == 1


def test_a_failed_run_of_the_server_is_debugged_from_another_machine(served, tmp_path):
    beside = Machine(tmp_path / "beside")
    beside.write("hello.py", FLOW.replace("EXPECTED", "13"))
    beside.fail("run", "hello.py", "--home", served.home.path)
    ann = Machine(tmp_path / "ann", served.url, served.token("ann", everything="viewer"))
    shown = ann.do("debug", "Hello/1", "--command", "p self.total")

    assert shown.endswith("self.total == 13\n12\n")
    assert served.home.ledger.count_runs(RunQuery()) == 1


def test_the_audit_log_says_what_was_started_and_changed_from_elsewhere(served, tmp_path):
    dora = Machine(tmp_path / "dora", served.url, served.token("dora", everything="deployer"))
    dora.write("hello.py", FLOW.replace("EXPECTED", "12"))
    dora.do("run", "hello.py")
    dora.do("tag", "Hello/1", "add", "kept")
    dora.do("deploy", "hello.py")
    run = served.home.ledger.find_run("Hello", 1).run
    told = {entry.action: entry.details for entry in read_audit(served.home.ledger, None, "", 50).rows}

    assert told["remote_start_run"] == {"flow": "Hello", "run": run}
    assert told["remote_tag_run"] == {"run": run, "add": "kept"}
    assert "alias Hello@user.dora 1" in told["remote_write_records"]["records"]
