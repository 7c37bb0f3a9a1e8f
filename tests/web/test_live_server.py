"""The server as a process: what it listens to, what it loads, what it writes, and what broken requests do to it."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time

import msgspec
import pytest

from headwater.home import open_home
from headwater.model.events import TaskSucceeded
from headwater.model.rows import TaskQuery
from headwater.web.accounts.tokens import create_token, revoke_token
from headwater.web.accounts.users import Users
from headwater.web.tables import all_routes
from tests.client.history import History
from tests.web.test_every_route import path_of

SECONDS = 20


class Evil:
    """Whoever loads its pickle makes a file."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return open, (self.canary, "w")


class Server:
    def __init__(self, folder):
        self.canary = os.path.join(folder, "canary")
        self.errors = os.path.join(folder, "stderr")
        self.report = os.path.join(folder, "report.json")
        self.home = open_home(os.path.join(folder, "home"), user="root", make=True)
        self._tell_of_a_run()
        Users(self.home.ledger).add("ann", by="root", at=1.0, roles={"*": "admin"})
        self.token = self.new_token("laptop")
        program = os.path.join(os.path.dirname(__file__), "server_program.py")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, program, self.home.path, self.report],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                umask=0,
            )
        self.port = int(self.process.stdout.readline())

    def _tell_of_a_run(self):
        history = History(self.home)
        run = history.run("Churn")
        run.task("start", {"evil": Evil(self.canary), "plain": {"a": 1}, "text": "x" * 10_000})
        # Named as plain data, and a pickle all the same.
        refs, small, headers = history.save({"fake": Evil(self.canary)})
        fake = msgspec.structs.replace(refs["fake"], codec="json/1")
        run.begin("end", ["start"])
        run.append(TaskSucceeded(history.tick(), "end", 0, artifacts={"fake": fake}), small=small, headers=headers)
        run.finish()

    def new_token(self, name):
        return create_token(self.home.ledger, name, "ann", by="root", now=time.time())[0]

    def ask(self, method, path, token=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def raw(self, request):
        """Send bytes; gives the status of the answer, None where there is none, and the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            try:
                connection.sendall(request)
                answer = b""
                while part := connection.recv(65536):
                    answer += part
            except ConnectionError:
                return None, b""
        return (int(answer.split(b" ")[1]) if answer else None), answer

    def told(self):
        """What the process says of itself."""
        self.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                with open(self.report, encoding="utf-8") as file:
                    return json.load(file)
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.01)
        raise TimeoutError

    def close(self):
        self.process.terminate()
        self.process.wait(SECONDS)
        self.process.stdout.close()
        self.home.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(str(tmp_path_factory.mktemp("live")))
    yield server
    server.close()


def listeners(pid):
    """Addresses that a process listens on, as the kernel writes them."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}"))
        except FileNotFoundError:
            continue
        if found:
            inodes.add(found[1])
    addresses = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            rows = [line.split() for line in file][1:]
        addresses += [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]
    return addresses


def test_s_13_s_46_only_this_machine_reaches_the_server(server):
    assert listeners(server.process.pid) == [f"0100007F:{server.port:04X}"]


def test_s_18_s_19_no_route_loads_a_pickle_that_runs_code(server):
    assert os.path.exists(server.canary) is False
    known = {"flow": "Churn", "label": "1", "target": "Churn@production"}
    tasks = [("evil", "start", "1"), ("plain", "start", "1"), ("fake", "end", "2")]
    digests = [row.ref.digest for row in _artifacts(server)]
    statuses = []
    for route in all_routes():
        if route.method != "GET" or route.path.endswith("stream") or route.path == "/remote/news":
            continue
        for name, step, task in tasks:
            for digest in digests if "{digest}" in route.path else digests[:1]:
                path = path_of(route, **known, name=name, step=step, task=task, digest=digest)
                statuses.append(
                    server.ask("GET", "/api/v1" + path.replace("/compare", "/compare?run=Churn/1&run=Churn/1"))[0]
                )

    assert statuses.count(200) > 30
    assert max(statuses) < 500
    assert not os.path.exists(server.canary)


def test_the_server_never_loads_what_could_run_a_pickle(server):
    server.ask("GET", "/api/v1/runs/Churn/1/tasks/start/1")
    told = server.told()
    loaders = {"pickled", "arrays", "tables", "tensors"}

    assert {name for name in told["modules"] if name.removeprefix("headwater.store.codecs.") in loaders} == set()
    assert {"cloudpickle", "dill", "joblib", "torch", "numpy", "pandas"} & set(told["modules"]) == set()


def test_the_server_refuses_to_load_any_pickle(server):
    server.ask("GET", "/healthz")  # its port is told before it answers

    assert "loads no pickles" in server.told()["pickle"]


SMUGGLED = {
    "content-length and transfer-encoding": b"POST /api/v1/session/link HTTP/1.1\r\nHost: %b\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: %b\r\n\r\n",
    "two content-lengths": b"POST /api/v1/session/link HTTP/1.1\r\nHost: %b\r\nContent-Length: 5\r\n"
    b"Content-Length: 6\r\n\r\n{}{}{}GET /healthz HTTP/1.1\r\nHost: %b\r\n\r\n",
    "negative content-length": b"POST /api/v1/session/link HTTP/1.1\r\nHost: %b\r\nContent-Length: -1\r\n\r\n%.0b",
    "no number": b"POST /api/v1/session/link HTTP/1.1\r\nHost: %b\r\nContent-Length: 1x\r\n\r\n%.0b",
    "space before colon": b"GET /healthz HTTP/1.1\r\nHost : %b\r\n\r\n%.0b",
    "control in a value": b"GET /healthz HTTP/1.1\r\nHost: %b\r\nX: a\x01b\x00\r\n\r\n%.0b",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: %b\r\nHost: %b\r\nConnection: close\r\n\r\n",
    "no http": b"\x16\x03\x01\x02\x00%.0b%.0b\r\n\r\n",
    "chunk that is no number": b"POST /api/v1/session/link HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n%.0b",
}


@pytest.mark.parametrize("kind", SMUGGLED)
def test_s_36_requests_that_two_servers_would_read_differently_are_refused(server, kind):
    host = f"127.0.0.1:{server.port}".encode()
    status, answer = server.raw(SMUGGLED[kind] % (host, host))

    assert status in (None, 400)
    assert b"ok\n" not in answer
    assert server.ask("GET", "/healthz")[0] == 200


ODD_ADDRESSES = [
    *(b"/api/v1/runs/" + part + b"/1" for part in (b"%ff%fe", b"%00", b"%", b"%ed%a0%80", b"\xc3\xa9", b"x" * 9000)),
    *(b"/api/v1/runs?" + query for query in (b"search=%ff%fe", b"search=%00", b"%", b"limit=1&limit=2", b"=&&=")),
    *(b"//api//v1//runs", b"/api/v1/../v1/runs", b"*", b"x"),
]


@pytest.mark.parametrize("address", ODD_ADDRESSES, ids=lambda address: repr(address[:30]))
def test_odd_addresses_on_the_wire_are_answered(server, address):
    head = b"Host: 127.0.0.1:%d\r\nAuthorization: Bearer %b\r\nConnection: close" % (server.port, server.token.encode())
    status, answer = server.raw(b"GET %b HTTP/1.1\r\n%b\r\n\r\n" % (address, head))

    assert status is not None
    assert status < 500 or b"This checkout has no page yet" in answer, answer[:500]


def test_s_35_a_body_without_end_is_cut_off(server):
    host = f"127.0.0.1:{server.port}".encode()
    head = b"POST /api/v1/session/password HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\n" % host
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    status, _ = server.raw(
        head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunk * 64 + b"0\r\n\r\n"
    )

    assert status in (None, 413)


def test_s_35_who_sends_slowly_keeps_nobody_waiting(server):
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) for _ in range(100)]
    for connection in slow:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")

    assert [server.ask("GET", "/healthz")[0] for _ in range(5)] == [200] * 5
    for connection in slow:
        connection.close()


def test_s_31_a_stream_ends_with_the_token_that_opened_it(server):
    token = server.new_token("brief")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    connection.request("GET", "/api/v1/stream", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    first = answer.readline()
    began = time.monotonic()
    revoke_token(server.home.ledger, "brief", "ann", by="root", now=time.time())
    rest = answer.read()
    connection.close()

    assert first.startswith(b":")
    assert rest.count(b"\n\n") < 10
    assert time.monotonic() - began < SECONDS / 2
    assert server.ask("GET", "/api/v1/me", token)[0] == 401


def test_s_31_a_stream_ends_with_the_role_that_it_needs(server):
    users = Users(server.home.ledger)
    users.add("eve", by="root", at=1.0, roles={"": "viewer"})
    token = create_token(server.home.ledger, "x", "eve", by="root", now=time.time())[0]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    connection.request("GET", "/api/v1/stream", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.readline()
    users.revoke("eve", "", by="root", at=2.0)
    answer.read()
    connection.close()

    assert server.ask("GET", "/api/v1/runs/Churn/1", token)[0] in (403, 404)


def test_the_access_log_has_a_line_for_each_request_and_no_secret(server):
    path = os.path.join(server.home.path, "web", "access.log")
    server.ask("GET", "/api/v1/runs?search=s3cret-in-a-query")
    server.ask("GET", "/nobody\x1b[31m/knows".replace("\x1b", "%1b"))
    deadline = time.monotonic() + SECONDS
    lines = []
    while time.monotonic() < deadline and not any("knows" in line for line in lines):
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        time.sleep(0.02)

    text = "".join(lines)
    last = [json.loads(line) for line in lines if '"/api/v1/runs"' in line][-1]
    assert (last["method"], last["status"], last["client"]) == ("GET", 200, "127.0.0.1")
    assert "s3cret" not in text
    assert server.token not in text
    assert "\x1b" not in text
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_s_26_nothing_secret_is_in_what_the_server_says_or_was_started_with(server):
    server.ask("GET", "/api/v1/runs?limit=x")
    with open(server.errors, encoding="utf-8") as file:
        said = file.read()
    with open(f"/proc/{server.process.pid}/cmdline", "rb") as file:
        started = file.read()

    assert server.token not in said
    assert server.token.encode() not in started


def test_s_20_no_umask_makes_what_the_server_writes_others_to_read(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    headers = {"Authorization": f"Bearer {server.token}"}
    connection.request("PUT", "/api/v1/remote/objects/" + "0" * 64, b"x" * 1000, headers)
    connection.getresponse().read()
    connection.close()
    server.ask("PUT", "/api/v1/runs/Churn/1/note", body=b'{"note": "good"}')
    loose = []
    for at, folders, files in os.walk(server.home.path):
        for name in (*folders, *files):
            mode = stat.S_IMODE(os.stat(os.path.join(at, name)).st_mode)
            loose += [(name, oct(mode))] if mode & 0o077 else []

    assert loose == []


def _artifacts(server):
    run = server.home.ledger.find_run("Churn", 1).run
    keys = [row.key for row in server.home.ledger.tasks(TaskQuery(run)).rows]
    return server.home.ledger.artifacts(run, keys)
