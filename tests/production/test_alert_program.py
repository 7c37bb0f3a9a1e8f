"""Programs that get alerts."""

import json
import os
import sys
import time

import msgspec
import pytest

from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.channels import Command
from headwater.production.alerts.limits import Limits
from headwater.production.alerts.sending import send

ALERT = Alert("Churn@production/failure/1/train", "failure", 1740808800.0, "Churn@production", "failed", "text")
LIMITS = Limits(seconds=10, environ={"PATH": os.environ["PATH"]})


def python(text, *words):
    return Command("pager", (sys.executable, "-c", text, *words))


def test_a_program_gets_the_alert_as_json(tmp_path):
    got = tmp_path / "got.json"
    said = send(
        python("import sys; open(sys.argv[1], 'w').write(sys.stdin.read()); print('paged')", str(got)), ALERT, LIMITS
    )

    assert said == "paged"
    assert json.loads(got.read_text())["title"] == "failed"


def test_a_program_that_fails_has_not_delivered():
    with pytest.raises(AlertNotDelivered, match="ended with code 3: no pager"):
        send(python("import sys; print('no pager'); sys.exit(3)"), ALERT, LIMITS)


def test_a_program_that_is_killed_has_not_delivered():
    with pytest.raises(AlertNotDelivered, match="was killed by SIGKILL"):
        send(python("import os; os.kill(os.getpid(), 9)"), ALERT, LIMITS)


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(AlertNotDelivered, match="/no/such/program cannot be started: No such file"):
        send(Command("pager", ("/no/such/program",)), ALERT, LIMITS)


def test_a_program_that_hangs_is_killed_with_all_that_it_started(tmp_path):
    pids = tmp_path / "pids"
    text = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
with open(sys.argv[1] + ".new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(100)
"""
    with pytest.raises(AlertNotDelivered, match="no end within 2 s"):
        send(python(text, str(pids)), ALERT, Limits(seconds=2, environ={"PATH": os.environ["PATH"]}))

    for pid in map(int, pids.read_text().split()):
        assert is_gone(pid)


def is_gone(pid):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
    return False


def test_a_program_may_say_more_than_a_pipe_holds():
    assert send(python("print('x' * 3_000_000); print('done')"), ALERT, LIMITS) == "done"


def test_a_program_that_does_not_read_what_it_is_given_is_no_trouble():
    long = msgspec.structs.replace(ALERT, text="x" * 1_000_000)

    assert send(python("print('ok')"), long, LIMITS) == "ok"


def test_what_a_program_leaves_running_is_not_waited_for():
    channel = Command("pager", ("/bin/sh", "-c", "sleep 3 & echo ok"))
    began = time.monotonic()

    assert send(channel, ALERT, LIMITS) == "ok"
    assert time.monotonic() - began < 2


def test_arguments_of_a_program_are_not_shown():
    with pytest.raises(AlertNotDelivered) as caught:
        send(python("import sys; print(sys.argv[1]); sys.exit(1)", "my-secret-key"), ALERT, LIMITS)

    assert "my-secret-key" not in str(caught.value)
