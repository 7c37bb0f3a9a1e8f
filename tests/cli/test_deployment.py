import json
import os
import pty
import subprocess
import sys
import textwrap

import pytest

from headwater.home import Home
from headwater.model.events import RunFinished, TaskStarted, TaskSucceeded
from headwater.model.outcome import Usage
from headwater.model.ports import Commit
from headwater.model.rows import RunQuery

FLOW = """
    from headwater import FlowSpec, Parameter, {names} step


    {decorators}
    class Churn(FlowSpec):
        alpha = Parameter("alpha", default=0.5)
        {more}

        @step
        def start(self):
            self.next(self.end)

        @step
        def end(self):
            pass
"""


@pytest.fixture
def project(home_folder, tmp_path, monkeypatch, call):
    """A flow's file, and `headwater deploy` called on it as it is then."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(folder)
    path, modules = list(sys.path), set(sys.modules)

    def deploy(*words, decorators="", names="", more=""):
        sys.modules.pop("churn_deployed", None)
        text = FLOW.format(decorators=decorators.replace("\n", "\n    "), names=names, more=more)
        (folder / "churn_deployed.py").write_text(textwrap.dedent(text))
        return call("deploy", "churn_deployed.py", *words)

    yield deploy
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name == "churn_deployed":
            del sys.modules[name]


def finish_all(home_folder, metrics=None):
    """Drive all queued runs to their ends without running anything."""
    home = Home(str(home_folder), "ann")
    for row in home.ledger.runs(RunQuery(status="queued")).rows:
        at = row.started_at + 1
        lease, _ = home.ledger.take(row.run, at)
        events = [
            TaskStarted(at, "start", "start", 1, 0),
            TaskSucceeded(at, "start", 0, usage=Usage(at, at), summary=metrics or {}),
            RunFinished(at + 1, "succeeded"),
        ]
        home.ledger.append(lease, Commit(events=events))
        lease.release()
    home.close()


DAILY = {"decorators": '@schedule(cron="0 6 * * *", timezone="Asia/Tokyo")', "names": "schedule,"}


def test_a_deploy_says_what_it_holds_when_it_fires_and_that_nothing_will_without_a_daemon(project):
    spoken = project("--list", **DAILY)

    assert spoken.code == 0
    assert spoken.out.startswith("Churn@user.ann is deployment 1 now\nschedule 0 6 * * *: ")
    assert "21:00 UTC" in spoken.out
    assert "06:00 Asia/Tokyo" in spoken.out
    assert "churn_deployed.py" in spoken.err
    assert "headwater up" in spoken.err


def test_a_deploy_that_changes_nothing_says_so(project):
    project()

    assert project().out == "nothing changed: Churn@user.ann is deployment 1 already\n"


def test_the_token_of_production_is_printed_once(project, call):
    first = json.loads(project("--production", "--json").out)
    again = json.loads(project("--production", "--alpha", "0.7", "--json").out)

    assert len(first["token"]) == 64
    assert again["token"] is None
    assert first["token"] not in call("deployment", "show", "Churn@production", "--json").out
    assert call("deployment", "token", "Churn@production").out == f"{first['token']}\n"


def answered(answer, *words):
    """Type a command at a terminal and answer its question; gives the exit code."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "headwater", *words],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(follower)
    os.write(leader, f"{answer}\n".encode())
    said, _ = child.communicate(timeout=60)
    os.close(leader)
    return child.returncode, said


def test_at_a_terminal_production_is_replaced_and_deleted_only_by_whoever_says_yes(project, call):
    def number():
        return json.loads(call("deployment", "show", "Churn@production", "--json").out)["deployment"]

    project("--production")
    deploy = ("deploy", "churn_deployed.py", "--production", "--alpha")
    refused = answered("n", *deploy, "0.6")
    assert (refused[0], number()) == (1, 1)
    assert "Churn@production is deployment 1, of ann" in refused[1]
    assert (answered("y", *deploy, "0.6")[0], number()) == (0, 2)
    assert (answered("n", *deploy, "0.7", "--yes")[0], number()) == (0, 3)
    assert (answered("n", "deployment", "delete", "Churn@production")[0], number()) == (1, 3)
    assert answered("y", "deployment", "delete", "Churn@production")[0] == 0


def test_production_that_fails_unheard_is_warned_of(project, call, monkeypatch):
    assert "headwater alert add" in project("--production").err
    assert "headwater alert add" not in project("--alpha", "0.1").err
    monkeypatch.setenv("HEADWATER_ALERT_COMMAND", "/bin/true")
    assert "headwater alert add" not in project("--production", "--alpha", "0.7").err


def test_somebody_else_is_told_who_owns_production_and_how_to_get_the_token(project, call, monkeypatch):
    token = json.loads(project("--production", "--json").out)["token"]
    monkeypatch.setenv("HEADWATER_USER", "bob")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nowhere")

    refused = project("--production", "--alpha", "0.7")
    assert refused.code == 2
    assert "Churn@production belongs to ann" in refused.err
    assert "headwater deployment token Churn@production" in refused.err
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert call("deployment", "pause", "Churn@production", "--token", token).code == 0
    assert call("deployment", "token", "Churn@production", "--new").code == 2


def test_json_of_a_deploy_keeps_its_keys(project):
    facts = json.loads(project("--note", "first", "--tag", "a", "--json", **DAILY).out)

    assert facts["target"] == "Churn@user.ann"
    assert (facts["number"], facts["deployment"], facts["note"], facts["tags"]) == (1, 1, "first", ["a"])
    assert facts["package"].keys() == {"pyproject.toml", "churn_deployed.py"}
    assert [each["timezone"] for each in facts["schedules"]] == ["Asia/Tokyo"]
    assert len(facts["schedules"][0]["next"]) == 2
    assert facts["daemon"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("--production", "--branch", "x"),
        ("--shadow-of", "Churn@production", "--production"),
        ("--runs", "3"),
        ("--with-secrets",),
        ("--shadow-of", "Churn@production"),
        ("--branch", "a b"),
        ("--alpha", "much"),
        ("--alfa", "1"),
    ],
)
def test_what_cannot_be_deployed_is_refused_and_leaves_nothing(project, call, words):
    assert project(*words).code == 2
    assert json.loads(call("deployment", "list", "--json").out) == []


@pytest.mark.parametrize("name", ["branch", "token"])
def test_an_option_that_says_what_is_replaced_is_never_taken_for_a_parameter(project, call, name):
    refused = project(f"--{name}", "new", more=f'{name} = Parameter("{name}", default="x")')

    assert refused.code == 2
    assert f"--{name} is an option of `deploy`, and a parameter of Churn" in refused.err
    assert f"HEADWATER_RUN_{name.upper()}" in refused.err
    assert json.loads(call("deployment", "list", "--json").out) == []


def test_a_flow_with_mistakes_is_not_deployed(project, call):
    refused = project(decorators='@schedule(cron="0 0 31 2 *")', names="schedule,")

    assert refused.code == 2
    assert "0 0 31 2 *" in refused.err
    assert json.loads(call("deployment", "list", "--json").out) == []


def test_aliases_are_listed_with_what_they_name_and_how_they_stand(project, call):
    project()
    project("--production", "--alpha", "0.7", **DAILY)
    call("deployment", "pause", "Churn@production")
    lines = call("deployment", "list").out.splitlines()

    assert [line.split()[:4] for line in lines[1:]] == [
        ["Churn@production", "2", "paused", "ann"],
        ["Churn@user.ann", "1", "active", "ann"],
    ]
    assert "deployment  deployed" in call("deployment", "list", "Churn").out
    facts = json.loads(call("deployment", "list", "--json").out)
    assert [(each["target"], each["is_paused"]) for each in facts] == [
        ("Churn@production", True),
        ("Churn@user.ann", False),
    ]


def test_an_alias_is_shown_with_its_parameters_and_runs(project, call):
    project("--alpha", "0.7", **DAILY)
    call("deployment", "run", "Churn", "--alpha", "0.9")
    shown = call("deployment", "show", "Churn@user.ann").out
    facts = json.loads(call("deployment", "show", "Churn", "--json").out)

    assert "--alpha     0.7" in shown
    assert "Churn/1" in shown
    assert facts["parameters"] == {"alpha": 0.7}
    assert [run["run"] for run in facts["runs"]] == ["Churn/1"]


def test_a_name_alone_is_enough_for_one_alias_and_refused_for_several(project, call):
    project()
    assert call("deployment", "show", "Churn").code == 0
    project("--production")

    refused = call("deployment", "show", "Churn")
    assert refused.code == 2
    assert "Churn@production, Churn@user.ann" in refused.err


def test_mistyped_names_and_verbs_are_answered_with_the_nearest(project, call):
    project()

    assert "did you mean `Churn@user.ann`" in call("deployment", "show", "Churn@user.an").err
    assert "did you mean `pause`" in call("deployment", "puase", "Churn").err


def test_a_run_is_started_with_parameters_of_the_flow(project, call):
    project()
    spoken = call("deployment", "run", "Churn@user.ann", "--alpha=0.25")

    assert (spoken.code, spoken.out) == (0, "Churn/1\n")
    assert "headwater up" in spoken.err
    assert json.loads(call("status", "Churn/1", "--json").out)["parameters"] == {"alpha": 0.25}
    assert json.loads(call("status", "Churn/1", "--json").out)["status"] == "queued"


@pytest.mark.parametrize("words", [("--alfa", "1"), ("--alpha", "much"), ("word",), ("--alpha",)])
def test_a_run_with_parameters_that_cannot_be_is_not_started(project, call, words):
    project()

    assert call("deployment", "run", "Churn@user.ann", *words).code == 2
    assert json.loads(call("list", "--json").out) == []


def test_waiting_for_a_run_ends_with_it(project, call, spawn, home_folder):
    project()
    child = spawn("deployment", "run", "Churn@user.ann", "--wait")
    assert child.stdout.readline() == "Churn/1\n"
    finish_all(home_folder)

    _, err = child.communicate(timeout=30)
    assert child.returncode == 0
    assert "Churn/1 succeeded" in err


def test_production_is_paused_rolled_back_and_promoted_and_its_history_says_who_and_why(project, call):
    project("--production")
    project("--production", "--alpha", "0.7")
    project("--branch", "new", "--alpha", "0.9")
    for words in (
        ("pause", "Churn@production", "--reason", "too hot"),
        ("unpause", "Churn@production"),
        ("rollback", "Churn@production"),
        ("promote", "Churn@test.new"),
        ("rollback", "Churn@production", "--to", "2"),
    ):
        assert call("deployment", *words).code == 0
    history = json.loads(call("deployment", "history", "Churn@production", "--json").out)

    assert [(state["change"], state["deployment"]) for state in history] == [
        ("rollback", 2),
        ("promote", 3),
        ("rollback", 1),
        ("unpause", 2),
        ("pause", 2),
        ("deploy", 2),
        ("deploy", 1),
    ]
    assert "too hot" in call("deployment", "history", "Churn@production").out


def test_deleting_asks_and_names_what_holds_a_deployment(project, call):
    project("--production")

    asked = call("deployment", "delete", "Churn@production")
    assert (asked.code, "--yes" in asked.err) == (2, True)
    held = call("deployment", "delete", "Churn", "--deployment", "1", "--yes")
    assert (held.code, "held by Churn@production" in held.err) == (2, True)
    assert "its runs stay" in call("deployment", "delete", "Churn@production", "--yes").out
    assert call("deployment", "delete", "Churn", "--deployment", "1", "--yes").code == 0
    assert call("deployment", "show", "Churn@production").code == 2


def test_an_approval_is_asked_for_and_given(project, call):
    project("--production")
    asked = project("--production", decorators="@approval", names="approval,")

    assert "after an approval" in asked.out
    assert "headwater approve Churn@production" in asked.err
    assert call("deployment", "show", "Churn@production", "--json").out.count('"pending": null') == 0
    assert call("approve", "Churn@production").code == 0
    assert json.loads(call("deployment", "show", "Churn@production", "--json").out)["deployment"] == 2


def test_two_aliases_are_compared_slot_by_slot(project, call, home_folder):
    from headwater.deployments.aliases import Aliases
    from headwater.deployments.launches import plan_launch
    from headwater.deployments.shadows import shadow_key
    from headwater.deployments.stored import find_deployment
    from headwater.model.launch import Trigger

    project("--production")
    project("--shadow-of", "Churn@production", "--alpha", "0.7")
    home = Home(str(home_folder), "ann")
    production, shadow = Aliases(home.ledger).all()
    trigger = Trigger("schedule", "s")
    first = plan_launch(
        home,
        production,
        find_deployment(home.ledger, "Churn", 1),
        key="p",
        source="schedule:s",
        trigger=trigger,
        at=1.0,
        slot=1.0,
    )
    second = plan_launch(
        home,
        shadow,
        find_deployment(home.ledger, "Churn", 2),
        key=shadow_key(shadow.target, "p"),
        source="shadow",
        trigger=Trigger("shadow", "p"),
        at=2.0,
        slot=1.0,
    )
    home.ledger.launch([first, second])
    home.close()
    finish_all(home_folder, {"f1": 0.8})
    shown = call("deployment", "compare", "Churn@shadow.2").out
    facts = json.loads(call("deployment", "compare", "Churn@shadow.2", "--json").out)

    assert facts["aliases"] == ["Churn@production", "Churn@shadow.2"]
    assert [(pair["runs"], pair["metrics"]) for pair in facts["pairs"]] == [
        (["Churn/1", "Churn/2"], {"f1": [0.8, 0.8]})
    ]
    assert "0 artifacts are equal, 0 differ" in shown
    assert call("deployment", "promote", "Churn@shadow.2").out.startswith("Churn@production is deployment 2 now")


def test_an_alias_that_is_no_shadow_is_compared_with_another_that_is_named(project, call):
    project()

    assert call("deployment", "compare", "Churn@user.ann").code == 2


def test_an_event_is_published_once_an_id_and_listed(call, home_folder):
    assert call("event", "publish", "data_ready", "-p", "day=2025-01-01", "-p", "n=5", "--id", "a").out == "a\n"
    again = call("event", "publish", "data_ready", "--payload", '{"n": 6}', "--id", "a")
    call("event", "publish", "other")

    assert "published already" in again.err
    (event,) = json.loads(call("event", "list", "--name", "data_ready", "--json").out)
    assert (event["payload"], event["source"]) == ({"day": "2025-01-01", "n": 5}, "user:ann")
    assert len(call("event", "list", "--limit", "1").out.splitlines()) == 2
    assert "other" in call("event", "list", "--limit", "1").out
    assert call("event", "list", "--since", "2999-01-01", "--json").out == "[]\n"


@pytest.mark.parametrize(
    "words",
    [
        ("a b",),
        ("run.x",),
        ("x", "-p", "n"),
        ("x", "--payload", "[1]"),
        ("x", "--payload", "{"),
        ("x", "--id", "run:1"),
    ],
)
def test_an_event_that_cannot_be_is_refused(call, home_folder, words):
    assert call("event", "publish", *words).code == 2
    assert json.loads(call("event", "list", "--json").out) == []


def test_following_events_tells_of_those_that_come(call, spawn, home_folder):
    call("event", "publish", "first", "--id", "a")
    child = spawn("event", "list", "--follow", "--json")
    assert json.loads(child.stdout.readline())["id"] == "a"
    call("event", "publish", "second", "--id", "b")

    assert json.loads(child.stdout.readline())["id"] == "b"
