"""Three in the morning: an upstream column was renamed, and one alert says what to know and what to type."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.production.alert_servers import Web, serving
from tests.production.test_alert_crashes import wait_for

FLOW = """
import csv, os
from headwater import FlowSpec, secrets, step


class Churn(FlowSpec):
    @step
    def start(self):
        with open({path!r}) as file:
            self.rows = list(csv.DictReader(file))
        self.next(self.train)

    @secrets(sources=["env.DB_PASSWORD"])
    @step
    def train(self):
        print("training on", len(self.rows), "rows with", os.environ["DB_PASSWORD"])
        self.total = sum(float(row["amount"]) for row in self.rows)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Churn()
"""


@pytest.fixture
def night(tmp_path):
    """A project that is deployed, and a daemon that runs it; gives what types commands."""
    project, data = tmp_path / "project", tmp_path / "orders.csv"
    project.mkdir()
    data.write_text("id,amount\n1,2.5\n")
    (project / "churn.py").write_text(FLOW.format(path=str(data)))
    environ = {
        **os.environ,
        "HEADWATER_HOME": str(tmp_path / "home"),
        "HEADWATER_USER": "ann",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HEADWATER_ALERT_ALLOW_PRIVATE": "yes",
        "DB_PASSWORD": "kein-wort-darueber",
    }

    def start(*words):
        return subprocess.Popen(
            [sys.executable, "-m", "headwater", *words],
            cwd=project,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(*words):
        process = start(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    assert call("deploy", "churn.py", "--production", "--yes")[0] == 0
    daemons = []

    def up():
        daemons.append(start("up", "--foreground"))

    call.up, call.data = up, data
    yield call
    for daemon in daemons:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=30)


def test_a_column_renamed_upstream_is_named_in_the_one_alert_that_follows(night):
    web = Web()
    with serving(web) as server:
        night("alert", "add", "webhook", "team", f"http://127.0.0.1:{server.port}/hook")
        night.up()
        code, _, err = night("deployment", "run", "Churn@production", "--wait")
        assert code == 0, err
        night.data.write_text("id,amount_eur\n1,2.5\n")
        for _ in range(2):
            assert night("deployment", "run", "Churn@production", "--wait")[0] == 1
        wait_for(lambda: [one.get("count") for one in json.loads(night("alert", "list", "--json")[1])] == [2])

    assert len(web.bodies) == 1
    text = json.loads(web.bodies[0])["text"]
    assert text.startswith("*Churn@production failed at train (churn.py:17): KeyError: 'amount'*\n")
    for expected in (
        'self.total = sum(float(row["amount"]) for row in self.rows)',
        "changed since Churn/1, the last good run",
        "start.rows, which train reads: ",
        "orders.csv: column `amount` is gone, column `amount_eur` is new",
        "training on 1 rows with ***",
        "headwater debug Churn/2/train/2",
    ):
        assert expected in text, text
    assert "kein-wort-darueber" not in text
