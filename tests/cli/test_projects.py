"""`init`, `new`, `demo` and `doctor`: the first things that a newcomer types."""

import json
import os

import pytest

from headwater.home import open_home


def test_init_makes_a_store_that_runs_below_it_use(call, tmp_path, monkeypatch):
    monkeypatch.delenv("HEADWATER_HOME")

    first = call("init")
    second = call("init")

    below = tmp_path / "deep" / "er"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert str(tmp_path / ".headwater") == open_home().path
    assert "made a store" in first.out
    assert (second.code, "already" in second.out) == (0, True)
    assert (tmp_path / ".headwater" / ".gitignore").read_text() == "*\n"


def test_new_writes_a_project_and_says_what_to_type(call, tmp_path):
    spoken = call("new", "churn-model")

    assert sorted(os.listdir(tmp_path / "churn-model")) == ["README.md", "flow.py", "test_flow.py"]
    assert "class ChurnModel(FlowSpec)" in (tmp_path / "churn-model" / "flow.py").read_text()
    assert "# churn-model" in (tmp_path / "churn-model" / "README.md").read_text()
    assert "cd churn-model" in spoken.out
    assert call("check", str(tmp_path / "churn-model" / "flow.py")).code == 0


def test_new_overwrites_nothing(call, tmp_path):
    (tmp_path / "churn").mkdir()
    (tmp_path / "churn" / "README.md").write_text("mine")

    spoken = call("new", "churn")

    assert spoken.code == 2
    assert os.listdir(tmp_path / "churn") == ["README.md"]
    assert (tmp_path / "churn" / "README.md").read_text() == "mine"


@pytest.mark.parametrize("name", ["1st", "a b", "../..", "-", "é", "none", "a/"])
def test_a_name_that_is_none_is_refused(call, tmp_path, name):
    spoken = call("new", "--", name)

    if name == "a/":
        assert spoken.code == 0
        return
    assert spoken.code == 2
    assert [path for path in os.listdir(tmp_path) if path != "home"] == []


def test_doctor_names_every_setting_with_its_source(call, home_folder):
    facts = json.loads(call("doctor", "--json").out)

    assert {"value": str(home_folder), "source": "HEADWATER_HOME"} == facts["settings"]["home"]
    assert facts["settings"]["user"] == {"value": "ann", "source": "HEADWATER_USER"}
    assert {"cpus", "memory_bytes", "gpus", "reason_not_to_fork"} == set(facts["machine"])
    assert facts["store"]["free_bytes"] > 0
    assert facts["packages"]["apsw"]
    text = call("doctor").out
    for said in (str(home_folder), "HEADWATER_HOME", "tasks start by", "apsw"):
        assert said in text


def test_doctor_tells_what_makes_environments(call):
    facts = json.loads(call("doctor", "--json").out)

    assert os.access(facts["environments"]["uv"], os.X_OK)
    assert facts["environments"]["uv"] in call("doctor").out


def test_doctor_makes_nothing(call, tmp_path):
    spoken = call("doctor", "--home", str(tmp_path / "nowhere"))

    assert spoken.code == 0
    assert "not made yet" in spoken.out
    assert not (tmp_path / "nowhere").exists()


def test_doctor_says_when_the_store_cannot_be_used(story, call, home_folder):
    story.run().whole()
    story.home.close()
    (home_folder / "ledger.db").write_bytes(b"no database" * 1000)

    spoken = call("doctor")

    assert spoken.code == 1
    assert "problem" in spoken.out


def test_the_demo_runs(spawn, tmp_path):
    running = spawn("demo", str(tmp_path / "demo"))

    _, err = running.communicate()

    assert running.returncode == 0, err
    assert "Demo/1 succeeded" in err
