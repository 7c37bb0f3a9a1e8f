"""Schemathesis reads the API's description and tries to break it as each role: no failure, answers as described.

The long tier draws another seed each time, and prints it; HEADWATER_SCHEMA_SEED repeats one.
"""

import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from headwater.web.access import ROLES
from headwater.web.accounts.passwords import Passwords
from headwater.web.accounts.tokens import create_token
from headwater.web.accounts.users import Users
from tests.hosting.clients import clients_python
from tests.hosting.versions_scene import hosting
from tests.web.rich_store import make_rich_store, reopened

_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,answers_are_bounded,refusals_say_why,nobody_is_shown_anything"
)
#: Who may not sign in, every role, and a program of its own.
CALLERS = ("nobody", *ROLES, "service")
_HOOKS = Path(__file__).with_name("schema_hooks.py")
_OF_SESSIONS = r"^/api/v1/(session|me)"
PASSWORD = "correct horse battery"


class Served:
    """A store with something behind every route, its server and its host, and who may call."""

    def __init__(self, folder):
        home_folder, facts = make_rich_store(folder)
        self.home = reopened(home_folder)
        self.tokens = {"nobody": ""}
        users = Users(self.home.ledger)
        for role in ROLES:
            users.add(role, by="root", at=1.0, roles={"*": role})
            self.tokens[role] = create_token(self.home.ledger, "laptop", role, by="root", now=time.time())[0]
        users.add("ci", by="root", at=1.0, roles={"*": "deployer"}, is_service=True)
        self.tokens["service"] = create_token(self.home.ledger, "ci", "ci", by="root", now=time.time())[0]
        users.add("bob", by="root", at=1.0, roles={"fraud": "viewer"})
        create_token(self.home.ledger, "laptop", "bob", by="root", now=time.time())
        users.add("eve", by="root", at=1.0, roles={"*": "viewer"}, password_hash=Passwords().hash(PASSWORD))
        self.real = real_names(facts)
        self.errors = folder / "errors"
        program = str(Path(__file__).with_name("schema_server.py"))
        with self.errors.open("wb") as written:
            command = [sys.executable, program, home_folder]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=written)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.description = folder / "openapi.json"
        asked = Request(f"{self.url}/api/v1/openapi.json", headers={"Authorization": f"Bearer {self.tokens['viewer']}"})
        with urlopen(asked, timeout=60) as answer:
            self.description.write_bytes(answer.read())

    def close(self):
        self.process.terminate()
        assert self.process.wait(30) == 0
        self.process.stdout.close()
        self.home.close()


def real_names(facts):
    """What there is, by the names of parameters and fields."""
    run, digest, target = facts["run"], facts["digest"], facts["target"]
    return {
        "flow": ["Churn"],
        "label": [1, 1, 1, 2, 3],
        "step": ["start"],
        "task": [1],
        "name": ["report", "report", "rows", "1.0.log", "data_ready", "laptop"],
        "target": [target],
        "other": ["fraud.Churn@user.ann"],
        "first": [1],
        "second": [2],
        "number": [1, 2],
        "backfill": [facts["backfill"]],
        "digest": [digest],
        "digests": [digest],
        "user": ["bob"],
        "service": ["Adder"],
        "endpoint": ["add"],
        "run": [run],
        "run in the query": ["Churn/1", "Fan/1", "Churn/2"],
        "cause": [f"failure/{target}/1"],
        "runs": [run],
        "key": ["start", target],
        "keys": ["start"],
        "kind": ["alias", "failure"],
        "path": [facts["file"]],
        "against": ["Churn/2"],
        "current": [PASSWORD],
        "password": [PASSWORD],
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("schema"))
    with hosting(served.home):
        yield served
    served.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", ROLES)
def test_every_route_answers_as_its_description_says(served, tmp_path, who):
    check(served, tmp_path, who, 1, 130)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("who", CALLERS)
def test_every_route_answers_a_thousand_cases_as_its_description_says(served, tmp_path, who):
    check(served, tmp_path, who, 10, 1300)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("examples", [2, pytest.param(50, marks=pytest.mark.long)])
def test_sessions_begin_and_end_as_their_description_says(served, tmp_path, examples):
    check(served, tmp_path, "eve", examples, 8, ["--include-path-regex", _OF_SESSIONS])


def check(served, folder, who, examples, cases, chosen=()):
    """Try the chosen routes: no failure of ours, no answer that the description does not know, no line in the log."""
    drawn = random.randrange(1 << 30) if examples >= 10 else 20261122
    seed = int(os.environ.get("HEADWATER_SCHEMA_SEED", drawn))
    print(f"{who}: HEADWATER_SCHEMA_SEED={seed}")
    (folder / "schemathesis.toml").write_text("max-stream-events = 3\n")
    facts = {"who": who, "real": served.real, "token": served.tokens.get(who, "")}
    if who not in served.tokens:
        facts |= {"user": who, "password": PASSWORD}
    (folder / "facts.json").write_text(json.dumps(facts))
    program = os.path.join(os.path.dirname(clients_python()), "schemathesis")
    command = [program, "run", str(served.description), "--url", served.url, *chosen, "--checks", _CHECKS]
    command += ["--seed", str(seed), "--phases", "fuzzing", "--max-examples", str(examples)]
    command += ["--generation-database", "none", "--generation-with-security-parameters", "false"]
    command += ["--no-color", "--continue-on-failure"]
    names = {"SCHEMATHESIS_HOOKS": str(_HOOKS), "HEADWATER_SCHEMA_FACTS": str(folder / "facts.json")}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=1700,
        check=False,
        cwd=folder,
        env={**os.environ, **names},
    )
    tried = re.search(r"(\d+) generated, (\d+) passed", done.stdout)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:] + served.errors.read_text()[-6000:]
    assert tried is not None
    assert int(tried[1]) == int(tried[2]) >= cases
    print(f"{who}: {tried[1]} cases")
    assert served.errors.read_text() == ""
