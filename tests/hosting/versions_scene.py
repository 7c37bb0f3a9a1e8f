"""A store with runs to answer from, projects with services, and a host that answers over HTTP."""

import http.client
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from headwater.deployments.owners import Person
from headwater.flow.load import find_code
from headwater.home import Home
from headwater.hosting.deploying import ServiceDeployed, ServiceRequest, deploy_service
from headwater.model.launch import Launch, Trigger
from headwater.model.service import ServiceDefinition
from tests.client.history import History

SERVICE = '''
from headwater import ServiceSpec, audit, endpoint


class Adder(ServiceSpec):
    """Adds what it learned."""

    source = {source!r}
    {more}

    @endpoint(timeout=1.0)
    def add(self, number: int) -> int:
        """Add the learned number."""
        {body}
        return number + self.artifacts.learned

    @audit
    def learned_enough(self, live):
        {audit}
'''


_EDITS = itertools.count(1_000_000_000)


def write_service(
    folder: Path,
    *,
    name: str = "adder",
    source: str | None = "Learn/1",
    more: str = "",
    body: str = "pass",
    audit: str = "assert self.artifacts.learned > 0",
) -> str:
    """Write a project with a service into a folder; gives the file's path."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text("[project]\nname = 'adder'\n")
    file = folder / f"{name}.py"
    file.write_text(SERVICE.format(source=source, more=more, body=body, audit=audit))
    # Python takes compiled code for the same by second and size: a test may write twice in a second.
    os.utime(file, (next(_EDITS), next(_EDITS)))
    return str(file)


def learn(home: Home, number: int, target: str | None = None) -> str:
    """Make a successful run of `Learn` whose artifact `learned` is the number; gives its path."""
    history = History(home)
    history.now += home.ledger.cursor("none") + time.time_ns() % 10_000_000
    launch = (
        None if target is None else Launch(target, "D", 1, f"{target}/{number}", Trigger("person"), is_production=True)
    )
    run = history.run("Learn", launch=launch)
    run.task("start")
    run.task("train", after=["start"])
    run.task("end", {"learned": number}, after=["train"])
    run.finish()
    return run.path


def deploy(home: Home, file: str, **request: object) -> ServiceDeployed:
    """Deploy a service's file, compiled in a process of its own as another command would."""
    code = find_code(file)
    told = subprocess.run(
        [sys.executable, "-P", "-m", "headwater.hosting.compiling"],
        input=msgspec.json.encode(code),
        capture_output=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr.decode()
    definition = msgspec.json.decode(told.stdout, type=ServiceDefinition)
    named = msgspec.structs.replace(code, flow=definition.service)
    person = Person(home, {"HOME": home.path})
    return deploy_service(home, definition, named, ServiceRequest(**request), person, time.time())  # type: ignore[arg-type]


class Asked(msgspec.Struct):
    """An answer."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def value(self) -> object:
        return json.loads(self.body)


class RunningHost:
    """`headwater host` in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port

    def ask(self, path: str, body: object = None, method: str | None = None, **headers: str) -> Asked:
        """Send a request and give the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            fields = {"Content-Type": "application/json", **headers} if body is not None else headers
            connection.request(method or ("GET" if body is None else "POST"), path, text, fields)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Asked(response.status, response.read(), named)
        finally:
            connection.close()

    def wait_for(self, path: str, body: object, is_wanted, seconds: float = 60.0) -> Asked:
        """Ask until the answer is as wanted."""
        until = time.monotonic() + seconds
        while True:
            answer = self.ask(path, body)
            if is_wanted(answer):
                return answer
            assert time.monotonic() < until, answer
            time.sleep(0.05)


@contextmanager
def hosting(home: Home, *words: str) -> Iterator[RunningHost]:
    """Start a host for a store on a free port; SIGTERM ends it."""
    command = [sys.executable, "-P", "-m", "headwater", "host", "--home", home.path, "--port", "0", "--workers", "2"]
    process = subprocess.Popen([*command, *words], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        port = int(first.split("127.0.0.1:")[1].split()[0])
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield RunningHost(process, port)
    finally:
        process.terminate()
        process.wait(30)
        drain.wait(5)
        process.stderr.close()
