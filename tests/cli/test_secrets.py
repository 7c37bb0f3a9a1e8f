"""Real runs of a flow that does what it can to show its secrets; nobody finds them afterwards."""

import base64
import json
import os
import subprocess
import sys
import urllib.parse

import msgspec
import pytest

from headwater.home import open_home
from headwater.model.masked_forms import forms_of
from headwater.model.rows import RunQuery

#: With what JSON, URLs and Python write in another way.
FROM_ENVIRONMENT = 'env-"hunter2"/pr\u00e9cious'
FROM_FILE = "file-hunter3-precious"
#: Put together by the flow, so that its code does not hold it.
INLINE = "inline-hunter4-precious"

FLOW = """
import base64, json, os, subprocess, sys, urllib.parse
from headwater import FlowSpec, catch, current, retry, secrets, step

class Leaky(FlowSpec):
    @secrets(
        sources=[
            "env.TOKEN",
            "file.~/db.env",
            {"type": "inline", "options": {"INLINE": "-".join(("inline", "hunter4", "precious"))}},
        ]
    )
    @step
    def start(self):
        for value in (os.environ["TOKEN"], os.environ["DB_PASSWORD"], os.environ["INLINE"]):
            print("plain", value, "json", json.dumps({"key": value}), "python", repr({"key": value}))
            print("address", urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value))
            for before in ("", "a", "ab"):
                print("base64", base64.b64encode((before + value).encode()).decode(), file=sys.stderr)
            for byte in value.encode():
                os.write(1, bytes((byte,)))
            os.write(1, b"\\n" + b"x" * 65530 + value.encode() + b"\\n")
            subprocess.run(["sh", "-c", "echo child $TOKEN $DB_PASSWORD"])
            current.metrics.log(**{f"loss of {value}": 0.5})
            current.metrics.summary(**{f"address_{len(value)}": f"db://{value}@host"})
        self.is_there = True
        self.next(self.caught)

    @catch(var="failure")
    @retry(times=1)
    @secrets(sources=["env.TOKEN"])
    @step
    def caught(self):
        connection = {"password": os.environ["TOKEN"], "address": "y" * 180 + os.environ["TOKEN"]}
        hidden = list(connection.values())
        if hidden:
            raise ConnectionError(f"no answer for {hidden}")
        self.next(self.end)

    @step
    def end(self):
        print("seen at the end:", sorted({"TOKEN", "DB_PASSWORD"} & set(os.environ)))

if __name__ == "__main__":
    Leaky()
"""

MISSING = """
from headwater import FlowSpec, retry, secrets, step

class Missing(FlowSpec):
    @retry(times=3)
    @secrets(sources=["env.NO_SUCH_TOKEN", "file.~/open.env"])
    @step
    def start(self):
        print("user code ran")
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    Missing()
"""


class Desk:
    """A folder to work in, a home folder with a file of secrets, a store."""

    def __init__(self, folder):
        self.folder = folder
        self.store = folder / "store"
        (folder / "db.env").write_text(f"DB_PASSWORD={FROM_FILE}\n")
        (folder / "db.env").chmod(0o600)
        (folder / "open.env").write_text("A=b\n")
        (folder / "open.env").chmod(0o644)

    def call(self, *words, **environ):
        environ = {
            **os.environ,
            "HOME": str(self.folder),
            "HEADWATER_HOME": str(self.store),
            "HEADWATER_USER": "ann",
            **environ,
        }
        return subprocess.run(
            [sys.executable, "-P", "-m", "headwater", *words],
            cwd=self.folder / "project",
            env=environ,
            capture_output=True,
            text=True,
        )

    def flow(self, text):
        (self.folder / "project").mkdir(exist_ok=True)
        (self.folder / "project" / "flow.py").write_text(text)
        return "flow.py"


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def everything_kept(desk) -> bytes:
    """All bytes of the store, and the events as they are read from it."""
    kept = []
    for parent, _, names in os.walk(desk.store):
        for name in names:
            with open(os.path.join(parent, name), "rb") as file:
                kept.append(file.read())
    home = open_home(str(desk.store))
    for row in home.ledger.runs(RunQuery()).rows:
        kept += [msgspec.json.encode(event) for _, event in home.ledger.events(row.run)]
        for task in ("start", "caught"):
            kept.append(msgspec.json.encode(home.ledger.artifacts(row.run, [task])))
    home.close()
    return b"\n".join(kept)


@pytest.mark.parametrize("engine", ["local", "inline"])
def test_nothing_that_is_kept_or_shown_of_a_run_holds_a_secret(desk, engine):
    ran = desk.call("run", desk.flow(FLOW), "--engine", engine, TOKEN=FROM_ENVIRONMENT)
    said = [desk.call(*words, TOKEN="") for words in (("logs", "Leaky/1"), ("status", "Leaky/1", "--json"))]
    if engine == "local":
        said.append(ran)  # inline, programs that a step starts write to the terminal themselves
    shown = "".join(each.stdout + each.stderr for each in said)

    assert ran.returncode == 0, ran.stderr
    assert "plain ***" in shown
    assert "no answer for ['***', '" in shown
    kept = everything_kept(desk)
    assert b"plain ***" in kept
    for value in (FROM_ENVIRONMENT, FROM_FILE, INLINE):
        for form in forms_of(value):
            assert form not in kept
            # What a terminal shows of it is wrapped nowhere: each line is one line of the log.
            assert form.decode("utf-8", "replace") not in shown


def test_the_flow_really_wrote_what_was_not_found(desk):
    ran = desk.call(
        "run",
        desk.flow(
            FLOW.replace("@secrets", "@no_secrets")
            .replace(", secrets", "")
            .replace("class Leaky", "def no_secrets(sources):\n    return lambda function: function\n\nclass Leaky")
        ),
        TOKEN=FROM_ENVIRONMENT,
        DB_PASSWORD=FROM_FILE,
        INLINE=INLINE,
    )
    logs = desk.call("logs", "Leaky/1").stdout

    assert ran.returncode == 0, ran.stderr
    for form in (
        FROM_ENVIRONMENT,
        json.dumps(FROM_ENVIRONMENT),
        urllib.parse.quote(FROM_ENVIRONMENT, safe=""),
        base64.b64encode(FROM_ENVIRONMENT.encode()).decode(),
    ):
        assert form in logs


def test_only_the_step_that_asks_is_given_what_comes_from_a_file(desk):
    desk.call("run", desk.flow(FLOW), TOKEN=FROM_ENVIRONMENT)

    assert "seen at the end: ['TOKEN']" in desk.call("logs", "Leaky/1").stdout


def test_a_missing_secret_stops_the_run_before_user_code_and_names_every_remedy(desk):
    ran = desk.call("run", desk.flow(MISSING))

    assert ran.returncode == 1
    assert "user code ran" not in ran.stdout + ran.stderr
    assert "step `start` was not started, a secret is missing: env `NO_SUCH_TOKEN`" in ran.stderr
    assert "file `~/open.env`: others may read it (its mode is 0644)" in ran.stderr
    assert f"chmod 600 {desk.folder}/open.env" in ran.stderr
    assert ran.stderr.count("start/1 started") == 1


def test_a_run_goes_on_where_the_missing_secret_stopped_it(desk):
    desk.call("run", desk.flow(MISSING))
    (desk.folder / "open.env").chmod(0o600)
    resumed = desk.call("resume", "Missing/1", NO_SUCH_TOKEN="here now")

    assert resumed.returncode == 0, resumed.stderr
    assert "user code ran" in resumed.stderr


def test_debug_gives_the_secrets_to_the_person_who_debugs(desk):
    desk.call("run", desk.flow(FLOW), TOKEN=FROM_ENVIRONMENT)
    without = desk.call("debug", "Leaky/1/start", "--command", "c")
    with_them = desk.call("debug", "Leaky/1/start", "--command", 'p "got " + os.environ["DB_PASSWORD"]', TOKEN="t0ken")

    assert "`TOKEN` is not set" in without.stderr
    assert f"got {FROM_FILE}" in with_them.stdout + with_them.stderr
