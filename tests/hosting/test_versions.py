import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from headwater.deployments.owners import Person
from headwater.home import Home
from headwater.hosting.audits import run_audits
from headwater.hosting.changes import ServiceChanges
from headwater.hosting.deploying import AuditFailed, laid_out
from headwater.hosting.following import follow_sources
from headwater.hosting.predictions import find_prediction
from headwater.hosting.versions import find_version, list_versions, service_aliases
from headwater.model.errors import ArtifactDamaged, DeploymentRefused, EnvironmentMistake, NotFound, UserMistake
from headwater.model.rows import Reference
from tests.engines.engine_stories import wait_until_dead
from tests.hosting.versions_scene import RunningHost, deploy, hosting, learn, write_service

ONE = {"number": 1}


def changes_of(home: Home, name: str = "ann") -> ServiceChanges:
    person = Person(home, {"HOME": home.path})
    person.name = name
    return ServiceChanges(home.ledger, person)


def numbers(home: Home) -> list[int]:
    return [each.number for each in list_versions(home.ledger, "Adder")]


def test_the_first_version_goes_live_and_the_next_one_is_ready(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    first = deploy(home, write_service(tmp_path / "p"))
    second = deploy(home, write_service(tmp_path / "p", body="number += 0"))

    assert (first.is_live, first.deployed.number, first.deployed.version.run) == (True, 1, "Learn/1")
    assert [result.name for result in first.deployed.audits] == ["loads", "learned_enough"]
    assert (second.is_live, second.deployed.number, second.state.number) == (False, 2, 1)


def test_nothing_changed_makes_no_version(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    again = deploy(home, write_service(tmp_path / "p"))

    assert (again.is_changed, numbers(home)) == (False, [1])


@pytest.mark.parametrize(
    ("audit", "message"),
    [("assert False, 'too weak'", "too weak"), ("import os; os._exit(3)", "its process ended with code 3")],
)
def test_an_audit_that_fails_or_dies_refuses_the_version(home: Home, tmp_path: Path, audit: str, message: str) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))

    with pytest.raises(AuditFailed, match=message):
        deploy(home, write_service(tmp_path / "p", audit=audit))
    assert numbers(home) == [1]


def test_an_audit_that_hangs_is_killed_with_what_it_started(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    noted = tmp_path / "started"
    audit = (
        "import subprocess; started = subprocess.Popen(['sleep', '1000']); "
        f"open({str(noted)!r}, 'w').write(str(started.pid)); started.wait()"
    )
    deployed = deploy(home, write_service(tmp_path / "p", audit="pass")).deployed
    other = write_service(tmp_path / "q", audit=audit)
    version = laid_out(home, deployed)
    code = type(version.code)(str(tmp_path / "q"), "adder.py", "adder", "Adder", version.code.tree)

    audited = run_audits(
        type(version)(version.definition, code, version.home, 1, version.run, version.artifacts), None, seconds=8
    )

    assert os.path.exists(other)
    assert not audited.is_passed
    assert audited.results[-1].message == "it did not end within 8 s"
    assert wait_until_dead(int(noted.read_text()))


def test_an_audit_sees_the_live_version(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    learn(home, 4)
    audit = "assert live is None or self.artifacts.learned >= live.artifacts.learned, 'fell'"
    deploy(home, write_service(tmp_path / "p", audit=audit))

    with pytest.raises(AuditFailed, match="fell"):
        deploy(home, write_service(tmp_path / "p", audit=audit, source="Learn/2"))


def test_a_run_that_is_not_of_production_must_be_named_by_hand(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    file = write_service(tmp_path / "p", source="Learn")

    with pytest.raises(DeploymentRefused, match=r"no run of a production deployment.*\n*.*--run Learn/1"):
        deploy(home, file)
    assert deploy(home, file, run="Learn/1").is_live


def test_the_latest_run_of_a_production_deployment_is_taken(home: Home, tmp_path: Path) -> None:
    learn(home, 5, "Learn@production")
    learn(home, 6, "Learn@production")
    learn(home, 7)
    done = deploy(home, write_service(tmp_path / "p", source="Learn@production"))

    assert done.deployed.version.run == "Learn/2"


def test_a_run_that_is_not_there_is_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no run of Learn"):
        deploy(home, write_service(tmp_path / "p"))


def test_a_source_that_is_not_deployed_is_not_to_be_run(home: Home, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        deploy(home, write_service(tmp_path / "p", source="Learn@production"))

    assert refused.value.message == "there is no successful run of Learn@production"
    assert refused.value.hint.startswith("nothing is deployed as Learn@production: headwater deploy FILE.py")


def test_a_damaged_artifact_is_refused_at_deploy(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    run = home.ledger.find_run("Learn", 1)
    big = home.artifacts.save_many({"learned": os.urandom(100_000)})["learned"].ref
    (path,) = [str(each) for each in Path(home.path, "objects").rglob(f"*{big.digest[2:]}*") if each.is_file()]
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.write(b"damaged")
    deployed = deploy(home, write_service(tmp_path / "p", audit="pass")).deployed
    version = laid_out(home, deployed)
    audited = run_audits(
        type(version)(version.definition, version.code, version.home, 1, run.path, {"learned": big}), None
    )

    assert [result.is_passed for result in audited.results] == [False]
    assert ArtifactDamaged.__name__ in audited.results[0].message


def test_an_artifact_that_the_run_does_not_have_is_refused_at_deploy(home: Home, tmp_path: Path) -> None:
    learn(home, 10)
    misspelt = write_service(tmp_path / "project", body="self.artifacts.leaned")
    with pytest.raises(AuditFailed, match=r"no artifact `leaned` \(adder.py:1[0-9]\)"):
        deploy(home, misspelt)

    careful = write_service(tmp_path / "project", body="'leaned' in self.artifacts and self.artifacts.leaned")
    assert deploy(home, careful).deployed.number == 1


def test_packages_that_cannot_be_had_refuse_the_version(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    file = write_service(tmp_path / "p", more='packages = {"no-such-package-of-anybody": "==1.2.3.4.5"}')

    with pytest.raises(EnvironmentMistake):
        deploy(home, file)
    assert service_aliases(home.ledger).all() == []


def test_a_service_whose_file_is_ignored_is_refused_with_the_line_that_does_it(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    file = write_service(tmp_path / "p")
    (tmp_path / "p" / ".gitignore").write_text("adder.py\n")

    with pytest.raises(DeploymentRefused, match=r"`adder\.py` in \.gitignore ignores adder\.py"):
        deploy(home, file)


def test_a_link_that_leads_out_of_the_project_is_refused(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    file = write_service(tmp_path / "p")
    (tmp_path / "outside.py").write_text("x = 1")
    (tmp_path / "p" / "inside.py").symlink_to(tmp_path / "outside.py")

    with pytest.raises(DeploymentRefused, match=r"inside\.py"):
        deploy(home, file)


def test_what_a_version_holds_is_named_with_its_holder(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    holders = {reference.path for reference in home.ledger.references() if isinstance(reference, Reference)}

    assert {"Adder, version 1: code", "Adder, version 1: artifact learned"} <= holders


def test_promote_and_roll_back_move_one_pointer(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    deploy(home, write_service(tmp_path / "p", body="number += 0"))
    changes = changes_of(home)

    assert changes.promote("Adder", time.time()).number == 2
    assert changes.roll_back("Adder", time.time()).number == 1
    with pytest.raises(DeploymentRefused, match="version 1 already"):
        changes.roll_back("Adder", time.time(), 1)
    with pytest.raises(NotFound, match="no version 9"):
        changes.promote("Adder", time.time(), 9)


def test_somebody_else_needs_the_token(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    person = Person(home, {"HOME": str(tmp_path)})
    person.name = "bob"

    with pytest.raises(DeploymentRefused, match="belongs to ann"):
        ServiceChanges(home.ledger, person).pause("Adder", time.time())


def test_a_service_that_is_not_there_is_refused_with_near_names(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))

    with pytest.raises(NotFound, match="Adder"):
        changes_of(home).pause("Addr", time.time())


def test_a_new_run_of_a_followed_source_becomes_one_version(home: Home, tmp_path: Path) -> None:
    learn(home, 5, "Learn@production")
    said: list[str] = []
    follow_sources(home, time.time, said.append)
    deploy(home, write_service(tmp_path / "p", source="Learn@production", more="follow = True"))
    follow_sources(home, time.time, said.append)
    learn(home, 6, "Learn@production")
    learn(home, 9, "Learn@user.ann")
    follow_sources(home, time.time, said.append)
    follow_sources(home, time.time, said.append)

    assert numbers(home) == [1, 2]
    assert find_version(home.ledger, "Adder", 2).version.run == "Learn/2"
    assert said == ["Adder, version 2 is ready, from Learn/2"]


def test_a_followed_run_that_fails_the_audit_is_told_and_left(home: Home, tmp_path: Path) -> None:
    learn(home, 5, "Learn@production")
    deploy(home, write_service(tmp_path / "p", source="Learn@production", more="follow = True"))
    learn(home, -1, "Learn@production")
    said: list[str] = []
    follow_sources(home, time.time, said.append)

    assert numbers(home) == [1]
    assert "audit `learned_enough`" in said[-1]


def test_following_needs_a_deployment_to_follow(home: Home, tmp_path: Path) -> None:
    learn(home, 5)

    with pytest.raises(DeploymentRefused, match="follows Learn/1"):
        deploy(home, write_service(tmp_path / "p", more="follow = True"))


@pytest.mark.parametrize("point", ["hosting.before_write", "hosting.after_write"])
def test_a_deploy_that_is_killed_leaves_all_or_nothing(home: Home, tmp_path: Path, point: str) -> None:
    learn(home, 5)
    file = write_service(tmp_path / "p")
    command = [sys.executable, "-P", "-m", "headwater", "deploy", file, "--home", home.path]
    environ = {**os.environ, "HEADWATER_FAILPOINT": point, "HOME": str(tmp_path)}
    killed = subprocess.run(command, env=environ, capture_output=True, check=False)
    states = service_aliases(home.ledger).all()

    assert killed.returncode == -signal.SIGKILL
    assert [state.number for state in states] == numbers(home) == ([] if "before" in point else [1])


def test_a_host_answers_and_follows_what_is_promoted(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    deploy(home, write_service(tmp_path / "p", body="number *= 100"))
    with hosting(home) as host:
        first = host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        changes_of(home).promote("Adder", time.time())
        second = host.wait_for("/Adder/add", ONE, lambda answer: answer.value == 105)
        changes_of(home).roll_back("Adder", time.time())
        third = host.wait_for("/Adder/add", ONE, lambda answer: answer.value == 6)
        changes_of(home).pause("Adder", time.time(), "upstream is wrong")
        paused = host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 503)
        changes_of(home).unpause("Adder", time.time())
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        changes_of(home).delete("Adder", time.time())
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 404)

    versions = [each.headers["service-version"] for each in (first, second, third)]
    assert versions == ["Adder/1", "Adder/2", "Adder/1"]
    assert "upstream is wrong" in str(paused.value)


def test_no_request_fails_while_versions_come_and_go(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    for factor in (1, 2, 3):
        deploy(home, write_service(tmp_path / "p", body=f"number *= {factor}"))
    with hosting(home) as host:
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        seen, is_over = _load(host)
        for number in (2, 3, 1, 3, 2, 1):
            changes_of(home).promote("Adder", time.time(), number)
            host.wait_for(
                "/Adder/add", ONE, lambda answer, wanted=number: answer.headers["service-version"] == f"Adder/{wanted}"
            )
        is_over.set()
        time.sleep(0.2)

    assert {status for status, _ in seen} == {200}
    assert {value for _, value in seen} == {6, 7, 8}


def _load(host: RunningHost) -> tuple[list[tuple[int, object]], threading.Event]:
    """Ask all the time from three threads; gives what came, and what ends it."""
    seen: list[tuple[int, object]] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            answer = host.ask("/Adder/add", ONE)
            seen.append((answer.status, answer.value if answer.status == 200 else answer.body))

    for _ in range(3):
        threading.Thread(target=ask, daemon=True).start()
    return seen, is_over


def test_a_version_that_does_not_load_leaves_the_live_one(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p"))
    # It loads while it is audited, and never again.
    trap = f"""
    def setup(self):
        import os
        if os.path.exists({str(tmp_path / "trap")!r}):
            raise RuntimeError("no more")
"""
    deploy(home, write_service(tmp_path / "p", more=trap))
    (tmp_path / "trap").touch()
    with hosting(home) as host:
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        changes_of(home).promote("Adder", time.time())
        log = Path(home.path) / "services" / "host.json"
        until = time.monotonic() + 30
        while b"no more" not in log.read_bytes():
            assert time.monotonic() < until
            time.sleep(0.05)
        answer = host.ask("/Adder/add", ONE)

    assert (answer.status, answer.headers["service-version"]) == (200, "Adder/1")


def test_workers_that_die_hang_or_eat_are_replaced_while_others_answer(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    body = """
        import os, time
        if number == 666:
            os._exit(1)
        if number == 777:
            time.sleep(1000)
        if number == 888:
            self.eaten = bytearray(300_000_000)
"""
    deploy(home, write_service(tmp_path / "p", body=body))
    with hosting(home, "--memory", "200") as host:
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        died = host.ask("/Adder/add", {"number": 666})
        after_death = [host.ask("/Adder/add", ONE).status for _ in range(20)]
        hung = host.ask("/Adder/add", {"number": 777})
        after_hang = [host.ask("/Adder/add", ONE).status for _ in range(20)]
        ate = host.ask("/Adder/add", {"number": 888})
        host.wait_for(
            "/metrics", None, lambda answer: b'headwater_workers{service="Adder",version="Adder/1"} 1.0' in answer.body
        )
        host.wait_for(
            "/metrics", None, lambda answer: b'headwater_workers{service="Adder",version="Adder/1"} 2.0' in answer.body
        )

    # The one that eats is replaced after its answer, or during it.
    assert (died.status, hung.status, ate.status in (200, 502)) == (502, 504, True)
    assert {*after_death, *after_hang} == {200}


def test_sigterm_ends_a_host_after_the_requests_under_way(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p", body="import time; time.sleep(0.5)"))
    with hosting(home) as host:
        host.wait_for("/Adder/add", ONE, lambda answer: answer.status == 200)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(host.ask("/Adder/add", ONE)))
        asking.start()
        time.sleep(0.2)
        host.process.send_signal(signal.SIGTERM)
        asking.join(10)
        code = host.process.wait(20)

    assert [answer.status for answer in answers] == [200]
    assert code == 0


def test_a_second_host_of_a_store_is_refused(home: Home, tmp_path: Path) -> None:
    with hosting(home):
        command = [sys.executable, "-P", "-m", "headwater", "host", "--home", home.path, "--port", "0"]
        second = subprocess.run(command, capture_output=True, check=False, text=True)

    assert second.returncode == 2
    assert "has its host" in second.stderr


def test_an_answer_is_explained_from_its_id(home: Home, tmp_path: Path) -> None:
    learn(home, 5)
    deploy(home, write_service(tmp_path / "p", more='mask = ["number"]'))
    with hosting(home) as host:
        answer = host.wait_for("/Adder/add", ONE, lambda each: each.status == 200)
    found = find_prediction(home.path, ["Adder"], answer.headers["prediction-id"])
    command = [sys.executable, "-P", "-m", "headwater", "explain", found.id, "--home", home.path]
    explained = subprocess.run(command, capture_output=True, check=True, text=True).stdout

    assert (found.version, found.endpoint, found.answer, found.request) == (1, "add", "6", '{"number":"***"}')
    assert all(text in explained for text in ("Adder/1", "Learn/1", "learned", found.id))
    with pytest.raises(NotFound, match="is in no log"):
        find_prediction(home.path, ["Adder"], "01M81XZG3M62QJ6BW8CZ66BHZD")
    with pytest.raises(NotFound, match=r"`nonsense` is no prediction id\n\nhint: .*`prediction-id`"):
        find_prediction(home.path, ["Adder"], "nonsense")


@pytest.mark.parametrize(("command", "holds"), [("serve", "a service"), ("deploy", "a flow or a service")])
def test_a_file_that_is_not_there_is_asked_for_as_what_it_should_hold(tmp_path: Path, command: str, holds: str) -> None:
    words = [sys.executable, "-P", "-m", "headwater", command, "nothing.py"]
    refused = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False, text=True)

    assert "there is no file nothing.py" in refused.stderr
    assert f"give the path of a Python file with {holds}\n" in refused.stderr


def test_another_port_is_offered_when_one_is_taken(home: Home) -> None:
    with hosting(home) as host:
        command = [sys.executable, "-P", "-m", "headwater", "serve", "nothing.py", "--port", str(host.port)]
        refused = subprocess.run(command, capture_output=True, check=False, text=True)

    assert refused.returncode == UserMistake.exit_code
