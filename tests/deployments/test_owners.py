import os
import stat
import tomllib

import pytest

from headwater.deployments.tokens import KeptTokens, is_token, new_token
from headwater.model.errors import DeploymentRefused, SettingMistake
from headwater.model.secret_digest import secret_digest


def test_production_gets_a_token_of_256_bits_that_is_given_once_and_stored_as_a_hash(desk):
    done = desk.production()
    body = desk.home.ledger.record("alias", "Churn@production").body

    assert len(bytes.fromhex(done.token)) == 32
    assert done.state.token_hash == secret_digest(done.token)
    assert done.token.encode() not in bytes(body)
    assert desk.write(name="Churn", parameters="x = 1").production().token is None


def test_a_branch_of_ones_own_has_no_token(desk):
    assert desk.deploy().token is None


DEEDS = {
    "deploy": lambda desk, **who: desk.write(parameters="x = 2").production(**who),
    "pause": lambda desk, **who: desk.changes(**who).pause("Churn@production", desk.tick()),
    "unpause": lambda desk, **who: desk.changes(**who).unpause("Churn@production", desk.tick()),
    "promote": lambda desk, **who: desk.changes(**who).promote("Churn@test.new", "Churn@production", desk.tick()),
    "roll back": lambda desk, **who: desk.changes(**who).roll_back("Churn@production", desk.tick(), 1),
    "delete": lambda desk, **who: desk.changes(**who).delete_alias("Churn@production", desk.tick()),
}


@pytest.fixture
def production(desk):
    desk.production()
    done = desk.production(given={"alpha": 1})
    desk.deploy(branch="new", given={"alpha": 2})
    return done


@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_changes_somebody_elses_production_without_its_token(desk, production, deed):
    if deed == "unpause":
        desk.changes().pause("Churn@production", desk.tick())
    before = desk.aliases.require("Churn@production")

    for token in (None, "0" * 64, ""):
        with pytest.raises(DeploymentRefused, match="belongs to ann") as raised:
            DEEDS[deed](desk, user="bob", token=token)
        assert "headwater deployment token Churn@production" in str(raised.value)
    assert desk.aliases.require("Churn@production") == before


@pytest.mark.parametrize("deed", DEEDS)
def test_whoever_has_the_token_may_change_it(desk, deed):
    token = desk.production().token
    desk.production(given={"alpha": 1})
    desk.deploy(branch="new", given={"alpha": 2})
    if deed == "unpause":
        desk.changes().pause("Churn@production", desk.tick())
    DEEDS[deed](desk, user="bob", token=token)

    assert desk.aliases.get("Churn@production").user == "bob"
    assert desk.aliases.get("Churn@production").owner == "ann"


def test_a_token_that_was_right_is_kept_and_need_not_be_given_again(desk):
    token = desk.production().token
    desk.changes("bob", token).pause("Churn@production", desk.tick())

    assert desk.changes("bob").unpause("Churn@production", desk.tick()).user == "bob"


def test_the_token_may_come_from_the_environment(desk):
    from headwater.deployments.owners import Person
    from headwater.home import Home

    done = desk.production()
    environ = {"XDG_CONFIG_HOME": str(desk.config / "bob"), "HEADWATER_TOKEN": f"{done.token}\n"}

    Person(Home(desk.home_folder, "bob"), environ).require(done.state, "pause")
    with pytest.raises(DeploymentRefused):
        Person(Home(desk.home_folder, "carl"), {**environ, "HEADWATER_TOKEN": "x"}).require(done.state, "pause")


def test_a_branch_of_somebody_else_is_refused_until_she_makes_a_token(desk):
    desk.deploy(branch="new")
    with pytest.raises(DeploymentRefused, match="deploy a branch of your own"):
        desk.changes("bob").pause("Churn@test.new", desk.tick())
    token = desk.changes().rotate_token("Churn@test.new", desk.tick())

    assert desk.changes("bob", token).pause("Churn@test.new", desk.tick()).is_paused


def test_a_new_token_replaces_the_old_one(desk):
    old = desk.production().token
    new = desk.changes().rotate_token("Churn@production", desk.tick())

    with pytest.raises(DeploymentRefused, match="is not its token"):
        desk.changes("bob", old).pause("Churn@production", desk.tick())
    assert desk.changes("bob", new).pause("Churn@production", desk.tick()).is_paused


def test_only_the_owner_makes_tokens(desk):
    token = desk.production().token

    with pytest.raises(DeploymentRefused, match="ann"):
        desk.changes("bob", token).rotate_token("Churn@production", desk.tick())


def test_a_deleted_alias_belongs_to_nobody(desk):
    first = desk.production().token
    desk.changes().delete_alias("Churn@production", desk.tick())
    done = desk.production(user="bob")

    assert done.state.owner == "bob"
    assert done.token not in (None, first)


def test_tokens_are_kept_in_a_file_that_only_their_owner_reads(desk):
    done = desk.production()
    kept = desk.person().kept

    assert stat.S_IMODE(os.stat(kept.path).st_mode) == 0o600
    with open(kept.path, "rb") as file:
        assert list(tomllib.load(file).values()) == [done.token]
    assert kept.get("Churn@production") == done.token


def test_production_is_not_deployed_when_its_token_cannot_be_kept(desk):
    desk.config.mkdir()
    (desk.config / "ann").write_text("no folder")

    with pytest.raises(SettingMistake, match=r"tokens\.toml cannot be written"):
        desk.production()
    assert desk.aliases.get("Churn@production") is None
    assert desk.deploy().is_changed


def test_a_deploy_that_came_too_late_leaves_the_token_of_the_one_that_won(desk, monkeypatch):
    from headwater.deployments import deploy as module

    write, won = module._write, []

    def write_after_another_terminal(home, prepared, *rest):
        monkeypatch.undo()
        won.append(desk.production(given={"alpha": 1}).token)
        return write(home, prepared, *rest)

    monkeypatch.setattr(module, "_write", write_after_another_terminal)
    with pytest.raises(DeploymentRefused, match="meanwhile"):
        desk.production()

    assert desk.person().kept.get("Churn@production") == won[0]


def test_tokens_of_other_stores_and_aliases_stay(tmp_path):
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    here, there = KeptTokens(environ, str(tmp_path / "a")), KeptTokens(environ, str(tmp_path / "b"))
    here.keep("Churn@production", "1")
    there.keep("Churn@production", "2")
    here.keep('odd "name" \\ é', "3")
    here.forget("Churn@production")

    assert (here.get("Churn@production"), there.get("Churn@production")) == (None, "2")
    assert here.get('odd "name" \\ é') == "3"


def test_tokens_are_drawn_anew_and_compared_whole():
    token = new_token()

    assert token != new_token()
    assert is_token(token, secret_digest(token))
    assert not is_token(token[:-1], secret_digest(token))
    assert not is_token(None, secret_digest(token))
    assert not is_token(token, None)
