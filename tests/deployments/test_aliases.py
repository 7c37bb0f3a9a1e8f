import msgspec
import pytest

from headwater.model.errors import NotFound, VersionConflict


def test_an_alias_that_never_was_is_none_and_required_names_near_ones(desk):
    desk.deploy()

    assert desk.aliases.get("Churn@production") is None
    with pytest.raises(NotFound, match=r"did you mean `Churn@user\.ann`") as raised:
        desk.aliases.require("Churn@user.an")
    assert raised.value.choices == ("Churn@user.ann",)


def test_every_state_stays_in_the_history(desk):
    desk.deploy()
    desk.changes().pause("Churn@user.ann", desk.tick(), "too hot")
    desk.changes().unpause("Churn@user.ann", desk.tick())

    history = desk.aliases.history("Churn@user.ann")
    assert [(state.change, state.reason, state.is_paused) for state in history] == [
        ("deploy", "", False),
        ("pause", "too hot", True),
        ("unpause", "", False),
    ]


def test_a_change_of_what_somebody_changed_meanwhile_is_refused(desk):
    state = desk.deploy().state
    desk.changes().pause(state.target, desk.tick())

    with pytest.raises(VersionConflict):
        desk.aliases.change(state, change="pause", user="bob", at=desk.tick(), is_paused=True)
    assert desk.aliases.require(state.target).user == "ann"


def test_a_change_keeps_what_it_does_not_name(desk):
    state = desk.production().state
    changed = desk.aliases.change(state, change="pause", user="bob", at=7.0, is_paused=True)

    assert changed == msgspec.structs.replace(state, change="pause", user="bob", at=7.0, is_paused=True)


def test_aliases_that_name_nothing_any_more_are_not_listed(desk):
    desk.deploy()
    desk.production()
    desk.changes().delete_alias("Churn@user.ann", desk.tick())

    assert [state.target for state in desk.aliases.all()] == ["Churn@production"]
    assert [state.target for state in desk.aliases.of("Churn")] == ["Churn@production"]
    assert desk.aliases.get("Churn@user.ann").change == "delete"


def test_a_name_that_begins_like_another_does_not_get_its_aliases(desk):
    desk.deploy()
    desk.write(name="Churn2").deploy()

    assert [state.target for state in desk.aliases.of("Churn")] == ["Churn@user.ann"]
