"""Rollouts from deploy to verdict: a real host under load, good, bad and dying versions, and people who step in."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headwater.deployments.owners import Person
from headwater.home import Home
from headwater.hosting.changes import ServiceChanges
from headwater.hosting.rollout.files import page_path, read_progress
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState
from headwater.hosting.versions import service_aliases
from headwater.model.alert import ROLLED_BACK
from headwater.model.errors import InvalidDecorator
from headwater.model.launch import PublishedEvent
from headwater.production.alerts.alerter import Alerter
from headwater.production.alerts.kept import Alerts
from headwater.production.alerts.limits import Limits
from tests.hosting.versions_scene import RunningHost, deploy, hosting, learn, write_service

QUICK = "from headwater import Canary\n    rollout = Canary(steps=[10, 50], min_requests=30, max_more_errors=0.2)"
CALM = "from headwater import Canary\n    rollout = Canary(steps=[10, 50], min_requests=10**9)"
SHADOW = "from headwater import Canary\n    rollout = Canary(shadow='2s', steps=[50], min_requests=10**9)"
ONE = {"number": 1}


@pytest.fixture
def home(home):
    learn(home, 5)
    return home


class Load:
    """Callers who ask all the time, and what they got: (status, version) -> how often."""

    def __init__(self, host: RunningHost) -> None:
        self.seen: Counter[tuple[int, str]] = Counter()
        self._host = host
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(2)]

    def _ask(self) -> None:
        while not self._stop.is_set():
            answer = self._host.ask("/Adder/add", ONE)
            self.seen[answer.status, answer.headers.get("service-version", "-")] += 1
            self._stop.wait(0.002)

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def told(home: Home) -> list[PublishedEvent]:
    """What people were told of versions that went back."""
    return home.ledger.published(name=ROLLED_BACK)


def stands(home: Home, number: int = 2) -> RolloutState:
    state = Rollouts(home.ledger).get("Adder", number)
    assert state is not None
    return state


def wait_until(is_so: Callable[[], bool], seconds: float = 40.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@contextmanager
def serving(home: Home, folder: Path, more: str, *words: str) -> Iterator[RunningHost]:
    """A host that answers with the first version."""
    if service_aliases(home.ledger).get("Adder@production") is None:
        deploy(home, write_service(folder, more=more))
    with hosting(home, *words) as host:
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        yield host


def test_a_good_version_takes_over_step_by_step_and_nobody_notices(home: Home, tmp_path: Path) -> None:
    with serving(home, tmp_path / "p", QUICK) as host, Load(host) as load:
        deploy(home, write_service(tmp_path / "p", more=QUICK, body="number += 0"))
        wait_until(lambda: stands(home).is_over)
        host.wait_for("/Adder/add", ONE, lambda answer: answer.headers["service-version"] == "Adder/2")
        page = host.ask("/Adder/rollouts/2")
        missing = [host.ask(f"/Adder/rollouts/{number}").status for number in ("1", "x", "99999999999")]

    assert [(each.state, each.step) for each in Rollouts(home.ledger).history("Adder", 2)] == [
        ("share", 0),
        ("share", 1),
        ("promoted", 1),
    ]
    assert {status for status, _ in load.seen} == {200}
    alias = service_aliases(home.ledger).get("Adder@production")
    assert alias is not None
    assert (alias.number, alias.user) == (2, "host")
    assert alias.reason.startswith("rollout: better or equal")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"promoted" in page.body
    assert page.body == Path(page_path(home.path, "Adder", 2)).read_bytes()
    assert missing == [404, 404, 404]


@pytest.mark.parametrize(
    ("body", "reason", "status"),
    [
        ("raise ValueError(1)", "worse: more failures", 500),
        pytest.param(
            "import os; os._exit(3)",
            ("worse: more failures", "the workers of version 2 do not stay up"),
            502,
            marks=pytest.mark.long,
        ),
        pytest.param("import time; time.sleep(0.3)", "worse: more slow answers", 200, marks=pytest.mark.long),
        pytest.param(
            "from headwater import RequestRefused; raise RequestRefused('no')",
            "worse: more refusals",
            422,
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_bad_version_goes_back_and_only_its_share_notices(
    home: Home, tmp_path: Path, body: str, reason: str | tuple[str, ...], status: int
) -> None:
    with serving(home, tmp_path / "p", CALM) as host, Load(host) as load:
        # The live version's pace must be known before anything can be slow.
        wait_until(lambda: load.seen.total() > 200)
        deploy(home, write_service(tmp_path / "p", more=CALM, body=body, audit="pass"))
        wait_until(lambda: stands(home).is_over)
        rolled_back = stands(home)
        seen = load.seen.copy()
        wait_until(lambda: load.seen.total() > seen.total() + 100)

    assert (rolled_back.state, rolled_back.user) == ("rolled_back", "host")
    assert rolled_back.reason.startswith(reason)
    assert rolled_back.judgement is not None
    assert {state for state, version in load.seen if version == "Adder/1"} == {200}
    others = Counter({key: count for key, count in load.seen.items() if key[1] != "Adder/1"})
    assert {state for state, _ in others} == {status}
    # Nobody after the verdict, but those who were at it.
    assert others.total() - sum(count for key, count in seen.items() if key[1] != "Adder/1") <= 2
    alias = service_aliases(home.ledger).get("Adder@production")
    assert alias is not None
    assert alias.number == 1
    assert [event.id for event in told(home)] == ["rollback:Adder/2"]


def test_people_are_told_once_what_went_back_and_why(home: Home, tmp_path: Path) -> None:
    with serving(home, tmp_path / "p", CALM) as host, Load(host):
        bad = write_service(tmp_path / "p", more=CALM, body="raise ValueError(1)", audit="pass")
        deploy(home, bad, note="with the new features")
        wait_until(lambda: told(home) != [])
    with serving(home, tmp_path / "p", CALM):
        pass
    alerter = Alerter(home, {}, Limits(), note=lambda text: None)
    alerter.turn()
    alerter.turn()
    alert = Alerts(home.ledger).get("rollback:Adder/2")

    assert len(told(home)) == 1
    assert alert is not None
    assert (alert.kind, alert.count, alert.target, alert.run) == ("rollout", 1, "Adder@production", "Learn/1")
    assert alert.title.startswith("Adder@production: version 2 was rolled back: worse: more failures")
    assert "version 1, which answers alone" in alert.text
    assert "version 2: from Learn/1, deployed by ann: with the new features" in alert.text
    assert "failures: " in alert.text
    assert "headwater service rollout Adder --version 2" in alert.text
    assert page_path(home.path, "Adder", 2) in alert.text


def test_a_host_that_died_before_it_told_is_not_the_end_of_it(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(home, write_service(tmp_path / "p", more=CALM))
    deploy(home, write_service(tmp_path / "p", more=CALM, body="raise ValueError(1)", audit="pass"))
    monkeypatch.setenv("HEADWATER_FAILPOINT", "hosting.after_rollout")
    with serving(home, tmp_path / "p", CALM) as host:
        with pytest.raises((OSError, http.client.HTTPException)):
            for _ in range(100_000):
                host.ask("/Adder/add", ONE)
        assert host.process.wait(10) == -signal.SIGKILL
    monkeypatch.delenv("HEADWATER_FAILPOINT")
    before = told(home)
    with serving(home, tmp_path / "p", CALM):
        wait_until(lambda: told(home) != [])

    assert (before, stands(home).state) == ([], "rolled_back")


def test_a_rollout_survives_its_host_and_counts_on(home: Home, tmp_path: Path) -> None:
    with serving(home, tmp_path / "p", CALM) as host:
        with Load(host) as load:
            deploy(home, write_service(tmp_path / "p", more=CALM, body="number += 0"))
            wait_until(lambda: read_progress(home.path, stands(home)) is not None)
            wait_until(lambda: load.seen[200, "Adder/2"] > 20)
        os.kill(host.process.pid, signal.SIGKILL)
        host.process.wait()
    before = read_progress(home.path, stands(home))
    assert before is not None
    with serving(home, tmp_path / "p", CALM) as host, Load(host) as load:
        wait_until(lambda: load.seen[200, "Adder/2"] > 0)
        wait_until(lambda: (now := read_progress(home.path, stands(home))) is not None and now.at > before.at)
        after = read_progress(home.path, stands(home))

    assert after is not None
    assert after.tally.failures.counts.candidate > before.tally.failures.counts.candidate
    assert stands(home).state == "share"


@pytest.mark.parametrize(
    "point", ["hosting.before_rollout:2", pytest.param("hosting.after_rollout:2", marks=pytest.mark.long)]
)
def test_a_host_killed_around_the_record_of_a_promotion_comes_to_the_same_end(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    deploy(home, write_service(tmp_path / "p", more=QUICK))
    deploy(home, write_service(tmp_path / "p", more=QUICK, body="number += 0"))
    monkeypatch.setenv("HEADWATER_FAILPOINT", point)
    with serving(home, tmp_path / "p", QUICK) as host:
        with pytest.raises((OSError, http.client.HTTPException)):
            for _ in range(100_000):
                host.ask("/Adder/add", ONE)
        assert host.process.wait(10) == -signal.SIGKILL
    monkeypatch.delenv("HEADWATER_FAILPOINT")
    was_promoted = stands(home).state == "promoted"
    with serving(home, tmp_path / "p", QUICK) as host, Load(host):
        wait_until(lambda: stands(home).state == "promoted")
        host.wait_for("/Adder/add", ONE, lambda answer: answer.headers["service-version"] == "Adder/2")

    assert was_promoted == point.startswith("hosting.after")
    assert [each.state for each in Rollouts(home.ledger).history("Adder", 2)] == ["share", "share", "promoted"]


def test_a_shadow_is_compared_and_its_failures_end_it(home: Home, tmp_path: Path) -> None:
    with serving(home, tmp_path / "p", SHADOW) as host, Load(host) as load:
        deploy(home, write_service(tmp_path / "p", more=SHADOW, body="number += 1"))
        wait_until(lambda: stands(home).step == 0)
        shadowed = stands(home)
        deploy(home, write_service(tmp_path / "p", more=SHADOW, body="raise ValueError(1)", audit="pass"))
        wait_until(lambda: stands(home, 3).is_over)

    assert shadowed.judgement is not None
    assert shadowed.judgement.compared > 20
    assert shadowed.judgement.equal == 0
    assert [shift.name for shift in shadowed.judgement.shifts] == ["add"]
    assert shadowed.judgement.shifts[0].distance == 1.0
    assert stands(home).reason == "version 3 takes its place"
    assert (stands(home, 3).state, stands(home, 3).step) == ("rolled_back", -1)
    assert (500, "Adder/3") not in load.seen


def test_a_version_that_lost_an_endpoint_or_does_not_load_goes_back(home: Home, tmp_path: Path) -> None:
    with serving(home, tmp_path / "p", CALM) as host:
        file = Path(write_service(tmp_path / "p", more=CALM))
        file.write_text(file.read_text().replace("def add(", "def plus("))
        deploy(home, str(file))
        wait_until(lambda: stands(home).is_over)
        marker = tmp_path / "marker"
        setup = f"{CALM}\n    def setup(self):\n        import os\n        assert not os.path.exists({str(marker)!r})"
        other = write_service(tmp_path / "p", more=setup)
        # It loads for its audits, and not for the host.
        host.process.send_signal(signal.SIGSTOP)
        deploy(home, other)
        marker.touch()
        host.process.send_signal(signal.SIGCONT)
        wait_until(lambda: stands(home, 3).is_over)
        answer = host.ask("/Adder/add", ONE)

    assert stands(home).reason == "version 2 has no endpoint `add`, which version 1 has: promote it by hand"
    assert stands(home, 3).reason.startswith("it does not load: ")
    assert [event.id for event in told(home)] == ["rollback:Adder/2", "rollback:Adder/3"]
    assert (answer.status, answer.headers["service-version"]) == (200, "Adder/1")


def changes(home: Home) -> ServiceChanges:
    return ServiceChanges(home.ledger, Person(home, {"HOME": home.path}))


def test_people_end_a_rollout_by_promoting_rolling_back_or_deleting(home: Home, tmp_path: Path) -> None:
    for body in ("pass", "number += 0", "number += 1", "number += 2"):
        deploy(home, write_service(tmp_path / "p", more=CALM, body=body))
        if body == "number += 0":
            state = changes(home).roll_back("Adder", 10.0)
            assert (state.number, stands(home, 2).state, stands(home, 2).user) == (1, "rolled_back", "ann")
        elif body == "number += 1":
            assert changes(home).promote("Adder", 11.0).number == 3
            assert stands(home, 3).state == "promoted"
    assert stands(home, 4).live == 3
    changes(home).delete("Adder", 12.0)
    assert told(home) == []

    assert (stands(home, 4).state, stands(home, 4).reason) == ("ended", "the service was taken down")
    assert Rollouts(home.ledger).active("Adder") is None


def test_the_host_lets_go_of_a_version_that_somebody_rolled_back(home: Home, tmp_path: Path) -> None:
    with serving(home, tmp_path / "p", CALM) as host, Load(host) as load:
        deploy(home, write_service(tmp_path / "p", more=CALM, body="number += 0"))
        wait_until(lambda: load.seen[200, "Adder/2"] > 5)
        changes(home).roll_back("Adder", time.time())
        status = Path(home.path, "services", "host.json")
        wait_until(lambda: json.loads(status.read_text())["services"]["Adder"]["candidate"] is None)
        before = load.seen[200, "Adder/2"]
        total = load.seen.total()
        wait_until(lambda: load.seen.total() > total + 200)

    assert load.seen[200, "Adder/2"] - before <= 2
    assert {status for status, _ in load.seen} == {200}


def headwater(home: Home, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "headwater", *words, "--home", home.path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_commands_say_what_it_takes_and_where_it_stands(home: Home, tmp_path: Path) -> None:
    plan = "from headwater import Canary\n    rollout = Canary(shadow='10m', steps=[1, 10, 50], min_requests=2000)"
    deploy(home, write_service(tmp_path / "p", more=plan))
    deployed = headwater(home, "deploy", write_service(tmp_path / "p", more=plan, body="number += 0"))
    none = headwater(home, "service", "rollout", "Adder", "--version", "1")
    shown = headwater(home, "service", "rollout", "Adder")
    facts = json.loads(headwater(home, "service", "rollout", "Adder", "--json").stdout)

    assert deployed.stdout.startswith("Adder, version 2 takes over by itself from version 1, if it is no worse")
    assert "shadow: 10 minutes, unheard" in deployed.stderr
    assert "1 %: 2,000 requests to it (200,000 in all) if it is no worse; 3 failures in a row end it" in deployed.stderr
    assert "if the numbers do not decide within 24 hours: it stays at its share (hold)" in deployed.stderr
    assert none.returncode != 0
    assert "Adder has no rollout of version 1" in none.stderr
    assert "in the shadow" in shown.stdout
    assert "version 2, in the shadow" in headwater(home, "service", "show", "Adder").stdout
    assert "no host runs" in shown.stdout
    assert (facts["state"], facts["version"], facts["live"], facts["share"]) == ("shadow", 2, 1, 0.0)
    assert [each["total"] for each in facts["needed"]] == [200_000, 20_000, 4_000]


@pytest.mark.parametrize(
    "mistake",
    [
        {"steps": [10, 5]},
        {"steps": [0]},
        {"max_more_errors": 0},
        {"max_slower": 0.5},
        {"max_shift": 2},
        {"shadow": "x"},
    ],
)
def test_a_canary_that_cannot_be_is_refused(mistake: dict[str, object]) -> None:
    from headwater import Canary

    with pytest.raises(InvalidDecorator):
        Canary(**mistake)  # type: ignore[arg-type]
