import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

import msgspec
import pytest

from headwater.home import open_home
from headwater.model.launch import PublishedEvent
from headwater.model.records import Record
from headwater.web.accounts.tokens import create_token
from headwater.web.accounts.users import Users
from tests.web.two_projects import run as finished_run


def publish(ledger, count=1, begin=0, scope=None):
    for number in range(begin, begin + count):
        ledger.publish(PublishedEvent(f"event-{number}", "data_ready", 1.0, scope=scope))


def numbers(events):
    return [change["number"] for event in events for change in event.value.get("changes", ())]


def test_a_stream_tells_of_runs_records_events_and_firings_from_now_on(scene):
    scene.deploy()
    target = scene.deploy(name="Other")
    began = []

    def act(events):
        if not began and events:
            began.append(events[0].value["after"])
            scene.site.post(f"/deployments/{target}/pause", {})
            scene.site.post(f"/deployments/{target}/runs", {})

    first = scene.site.stream("/stream", 2, then=act)
    # What came after the first message that told of a change may be told in another one.
    publish(scene.ledger)
    events = scene.site.stream("/stream", 2, after=began[0])

    changes = events[1].value["changes"]
    assert first[0].name == "begin"
    assert first[1].value["changes"] == changes[: len(first[1].value["changes"])]
    assert [(change["kind"], change.get("record_kind", "")) for change in changes] == [
        ("record", "alias"),
        ("run", ""),
        ("firing", ""),
        ("published", ""),
    ]
    run = changes[1]
    assert (run["flow"], run["label"], run["status"], run["project"]) == ("Other", 1, "queued", "fraud")


def test_going_on_behind_an_id_misses_nothing_and_repeats_nothing(scene):
    scene.ledger.write_records([Record("note", f"{number}", 1, 1.0, msgspec.Raw(b"{}")) for number in range(1200)])

    first = scene.site.stream("/stream", 2, who="root", after=0)
    rest = scene.site.stream("/stream", 3, who="root", last_id=first[-1].id)

    assert first[-1].id == str(numbers(first)[-1])
    assert rest[0].value == {"after": numbers(first)[-1]}
    assert [len(event.value["changes"]) for event in [first[1], *rest[1:]]] == [500, 500, 200]
    expected = [change.number for change in scene.ledger.changes(0, limit=5000)]
    assert numbers(first) + numbers(rest) == expected


def test_nobody_hears_of_other_projects(scene):
    finished_run(scene.ledger, of="ads")
    scene.deploy(project="ads", name="Bid")
    publish(scene.ledger, scope="ads.prod")
    finished_run(scene.ledger, of="fraud")

    events = scene.site.stream("/stream", 2, after=0, who="cem")

    told = [change for event in events[1:] for change in event.value["changes"]]
    assert {(change["kind"], change.get("project", "")) for change in told} == {
        ("run", "fraud"),
        ("published", "fraud"),
    }
    assert "Bid" not in json.dumps(told)


def test_a_stream_takes_a_role_and_no_odd_place(scene):
    assert scene.site.get("/stream", who="eve").status == 403
    for query in ({"after": -1}, {"after": "x"}, {"after": 2**60}, {"limit": 1}):
        assert scene.site.get("/stream", **query).status == 400, query


class _Follower(threading.Thread):
    """Follows a server's stream as a browser does: begins again behind the last id when it breaks."""

    def __init__(self, port, token):
        super().__init__(daemon=True)
        self.port = port
        self.token = token
        self.numbers = []
        self.last_id = "0"
        self.begins = 0
        self.is_over = threading.Event()
        self.grew = threading.Condition()

    def run(self):
        while not self.is_over.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                self.is_over.wait(0.05)

    def wait_for(self, count, seconds=30):
        with self.grew:
            assert self.grew.wait_for(lambda: len(self.numbers) >= count, seconds), len(self.numbers)

    def _follow(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Last-Event-ID": self.last_id}
        connection.request("GET", "/api/v1/stream", headers=headers)
        answer = connection.getresponse()
        fields = {}
        while line := answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                self._take(fields)
                fields = {}
        connection.close()

    def _take(self, fields):
        body = json.loads(fields["data"])
        with self.grew:
            if fields["event"] == "begin":
                self.begins += 1
            self.numbers += [change["number"] for change in body.get("changes", ())]
            self.last_id = fields["id"]
            self.grew.notify_all()


def _serve(home, port):
    """Start a server in a process of its own; wait until it listens."""
    command = [sys.executable, "-m", "tests.remote.server_program", home, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=os.getcwd())
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.fixture
def store(tmp_path):
    home = open_home(str(tmp_path / "home"), user="root", make=True)
    yield home
    home.close()


def test_a_server_that_is_killed_loses_and_repeats_nothing(store):
    Users(store.ledger).add("root", by="root", at=time.time(), roles={"*": "admin"})
    token, _ = create_token(store.ledger, "page", "root", by="root", now=time.time())
    before = store.ledger.last_change()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = _serve(store.path, port)
    follower = _Follower(port, token)
    follower.last_id = str(before)
    follower.start()
    try:
        for part in range(2):
            publish(store.ledger, 40, part * 60)
            follower.wait_for(part * 60 + 20)
            process.kill()
            process.wait()
            publish(store.ledger, 20, part * 60 + 40)
            process.stdout.close()
            process = _serve(store.path, port)
        follower.wait_for(120)
    finally:
        follower.is_over.set()
        process.kill()
        process.wait()
        process.stdout.close()
        follower.join(10)

    expected = [each.number for each in store.ledger.changes(before, limit=5000) if each.kind == "published"]
    assert follower.numbers == expected
    assert follower.begins == 3
