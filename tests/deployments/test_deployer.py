import pytest

import headwater
from headwater import DeployedFlow, Deployer, Run, publish_event
from headwater.model.errors import DeploymentRefused, NotFound, UserMistake


@pytest.fixture
def python(desk, monkeypatch):
    """The settings of a Python session at this desk."""
    monkeypatch.setenv("HEADWATER_HOME", desk.home_folder)
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(desk.config / "ann"))
    headwater.default_metadata()
    return desk


def test_a_flow_is_deployed_and_its_runs_are_started_from_python(python):
    deployed = Deployer(str(python.file)).deploy(branch="new", alpha=0.25, tags=("nightly",))
    run = deployed.trigger(alpha=0.75)
    other = deployed.trigger()

    assert (deployed.target, deployed.name, deployed.number) == ("Churn@test.new", "Churn", 1)
    assert [each.pathspec for each in deployed.runs()] == [other.pathspec, run.pathspec]
    assert isinstance(run, Run)
    rows = [python.home.ledger.find_run("Churn", number).parameters["alpha"] for number in (1, 2)]
    assert [python.home.artifacts.load(ref) for ref in rows] == [0.75, 0.25]


def test_deploying_the_same_again_gives_the_same_deployment(python):
    first = Deployer(f"{python.file}:Churn").deploy(production=True)

    assert Deployer(str(python.file)).deploy(production=True).number == first.number == 1


def test_an_alias_is_found_by_its_name(python):
    Deployer(str(python.file)).deploy()

    assert DeployedFlow("Churn@user.ann").number == 1
    with pytest.raises(NotFound, match=r"Churn@user\.ann"):
        DeployedFlow("Churn@user.bob")


def test_what_cannot_be_deployed_or_started_is_refused(python):
    deployer = Deployer(str(python.file))

    with pytest.raises(UserMistake, match="two places"):
        deployer.deploy(branch="x", production=True)
    with pytest.raises(UserMistake, match="alfa"):
        deployer.deploy(alfa=1)
    with pytest.raises(DeploymentRefused, match="alfa"):
        deployer.deploy().trigger(alfa=1)
    with pytest.raises(DeploymentRefused, match="`alpha` is no JSON"):
        deployer.deploy().trigger(alpha=object())


def test_an_event_is_published_from_python(python):
    event = publish_event("data_ready", {"day": 1}, id="a")

    assert publish_event("data_ready", {"day": 2}, id="a") == event
    assert python.home.ledger.published() == [event]


def test_an_event_has_nowhere_to_go_without_a_store(python, monkeypatch, tmp_path):
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "nowhere"))

    with pytest.raises(NotFound, match="nowhere"):
        publish_event("data_ready")
