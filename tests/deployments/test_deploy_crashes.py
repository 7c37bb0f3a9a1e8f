"""A deploy that is killed, and two at once: an alias names the old deployment or the new one, never half of one."""

import os
import subprocess
import sys
import threading

import pytest

from headwater.deployments.packages import package_folder
from headwater.deployments.stored import find_deployment, list_deployments
from headwater.home import Home
from headwater.model.errors import DeploymentRefused, VersionConflict

DEPLOYS = """
import os, sys
from headwater.deployments.deploy import deploy
from headwater.deployments.owners import Person
from headwater.deployments.preparing import DeployRequest
from headwater.flow.load import load_flow
from headwater.home import Home
home = Home(sys.argv[1], "ann")
flow, code = load_flow(sys.argv[2])
deploy(home, flow, code, DeployRequest(is_production=True), Person(home, os.environ), 1735700000.0)
"""
PRODUCTION = "Churn@production"


def deploy_elsewhere(desk, **environ):
    words = [sys.executable, "-c", DEPLOYS, desk.home_folder, str(desk.file)]
    environ = {**os.environ, "XDG_CONFIG_HOME": str(desk.config / "ann"), **environ}
    return subprocess.run(words, env=environ, capture_output=True, text=True)


def is_whole(desk):
    """The alias names a deployment that is recorded with all that it needs."""
    state = desk.aliases.require(PRODUCTION)
    deployment = find_deployment(desk.home.ledger, "Churn", state.number)
    values = [desk.home.artifacts.load(ref) for ref in deployment.parameters.values()]
    return state.deployment == deployment.id and bool(values) and os.path.isdir(package_folder(desk.home, deployment))


def points_passed(desk, tmp_path):
    log = tmp_path / "points"
    assert deploy_elsewhere(desk, HEADWATER_FAILPOINT_LOG=str(log)).returncode == 0
    return log.read_text().split()


def test_a_kill_at_any_point_leaves_the_alias_at_the_old_or_the_new_deployment(desk, tmp_path):
    desk.production()
    text = desk.file.read_text()
    desk.file.write_text(f"{text}\n# 0\n")
    passed = points_passed(desk, tmp_path)
    assert {"deployments.before_write", "ledger.after_record", "deployments.after_write"} <= set(passed)

    begun = passed.index("deployments.before_write")
    moved = {}
    for place in [*{passed.index(name) for name in passed[:begun]}, *range(begun, len(passed))]:
        name = passed[place]
        desk.file.write_text(f"{text}\n# {place + 1}\n")
        before = desk.aliases.require(PRODUCTION).number
        passage = passed[: place + 1].count(name)
        killed = deploy_elsewhere(desk, HEADWATER_FAILPOINT=f"{name}:{passage}")
        assert killed.returncode == -9, (name, passage, killed.stderr)

        number = desk.aliases.require(PRODUCTION).number
        assert number in (before, before + 1)
        assert is_whole(desk)
        assert len(list_deployments(desk.home.ledger, "Churn")) == number
        moved[name] = number - before
    assert (moved["deployments.before_write"], moved["deployments.after_write"]) == (0, 1)


PROMOTES = """
import os, sys
from headwater.deployments.changes import Changes
from headwater.deployments.owners import Person
from headwater.home import Home
home = Home(sys.argv[1], "ann")
Changes(home.ledger, Person(home, os.environ)).promote(sys.argv[2], None, 1735700000.0)
"""


def test_a_kill_while_a_shadow_is_promoted_leaves_both_aliases_or_neither_changed(desk, tmp_path):
    desk.production()
    environ = {**os.environ, "XDG_CONFIG_HOME": str(desk.config / "ann")}
    log, number, changed = tmp_path / "points", 1, {}
    for point in ["", "deployments.before_promote:1", "ledger.after_record:1", "ledger.after_record:2"]:
        number += 1
        shadow = desk.deploy(shadow_of=PRODUCTION, given={"alpha": number}).state
        before = desk.aliases.require(PRODUCTION).number
        failing = {"HEADWATER_FAILPOINT": point} if point else {"HEADWATER_FAILPOINT_LOG": str(log)}
        subprocess.run([sys.executable, "-c", PROMOTES, desk.home_folder, shadow.target], env={**environ, **failing})
        is_moved = desk.aliases.require(PRODUCTION).number == shadow.number
        is_over = desk.aliases.get(shadow.target).deployment is None
        changed[point] = (is_moved, is_over)
        assert is_moved or desk.aliases.require(PRODUCTION).number == before

    assert {"deployments.before_promote", "ledger.after_record"} <= set(log.read_text().split())
    assert changed.pop("") == (True, True)
    assert set(changed.values()) == {(False, False)}


def test_a_deploy_that_was_killed_is_done_by_the_next_one(desk):
    desk.production()
    desk.file.write_text(desk.file.read_text() + "\n# more\n")
    assert deploy_elsewhere(desk, HEADWATER_FAILPOINT="deployments.before_write:1").returncode == -9

    assert deploy_elsewhere(desk).returncode == 0
    assert desk.aliases.require(PRODUCTION).number == 2


def at_once(*deeds):
    """Do things in threads that begin together; gives what each came to, an error included."""
    came_to = [None] * len(deeds)
    together = threading.Barrier(len(deeds))

    def do(place):
        together.wait()
        try:
            came_to[place] = deeds[place]()
        except (DeploymentRefused, VersionConflict) as error:
            came_to[place] = error

    threads = [threading.Thread(target=do, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came_to


def test_of_two_who_deploy_the_same_alias_one_wins_and_the_other_is_told(desk, monkeypatch):
    from headwater.deployments import deploy as module

    token = desk.production().token
    write = module._write

    def write_after_somebody_else(home, prepared, *rest):
        monkeypatch.undo()
        desk.production(user="bob", token=token, given={"alpha": 1})
        return write(home, prepared, *rest)

    monkeypatch.setattr(module, "_write", write_after_somebody_else)
    with pytest.raises(DeploymentRefused, match=r"bob changed Churn@production meanwhile: nothing was deployed"):
        desk.production(given={"alpha": 2})

    assert desk.aliases.require(PRODUCTION).user == "bob"
    assert len(list_deployments(desk.home.ledger, "Churn")) == 2


def test_two_who_deploy_to_aliases_of_their_own_both_get_a_number(desk, monkeypatch):
    from headwater.deployments import deploy as module

    write = module.next_number

    def number_that_is_taken_next(ledger, name):
        monkeypatch.undo()
        number = write(ledger, name)
        desk.deploy(user="bob")
        return number

    monkeypatch.setattr(module, "next_number", number_that_is_taken_next)
    desk.deploy()

    numbers = {state.target: state.number for state in desk.aliases.all()}
    assert numbers == {"Churn@user.bob": 1, "Churn@user.ann": 2}


def test_of_many_who_pause_and_roll_back_at_once_each_change_follows_on_the_one_before(desk):
    for alpha in range(3):
        desk.production(given={"alpha": alpha})
    homes = [Home(desk.home_folder, "ann") for _ in range(6)]
    from headwater.deployments.changes import Changes

    def deed(home, number):
        changes = Changes(home.ledger, desk.person())
        return lambda: changes.roll_back(PRODUCTION, desk.now + number, 1 + number % 2)

    came_to = at_once(*(deed(home, number) for number, home in enumerate(homes)))
    for home in homes:
        home.close()

    done = [each for each in came_to if not isinstance(each, Exception)]
    history = desk.aliases.history(PRODUCTION)
    assert done
    assert len(history) == 3 + len(done)
    assert history[-1] in done
