import pytest

from headwater.deployments.launches import plan_launch
from headwater.deployments.moves import latest_event
from headwater.deployments.stored import find_deployment
from headwater.model.errors import DeploymentRefused, NotFound, VersionConflict
from headwater.model.launch import Trigger

DAILY = '@schedule(cron="0 6 * * *")'
PRODUCTION = "Churn@production"


def test_a_rollback_names_the_deployment_before_and_moves_nothing_else(desk):
    desk.production()
    desk.production(given={"alpha": 1})
    desk.production(given={"alpha": 2})

    assert desk.changes().roll_back(PRODUCTION, desk.tick()).number == 2
    assert desk.changes().roll_back(PRODUCTION, desk.tick(), 1).number == 1
    # The newest one that it named before, whichever way it came there.
    assert desk.changes().roll_back(PRODUCTION, desk.tick()).number == 2
    assert find_deployment(desk.home.ledger, "Churn", 3).number == 3


def test_a_rollback_to_where_it_stands_to_nothing_or_from_the_first_is_refused(desk):
    desk.production()
    for number, error in ((1, DeploymentRefused), (9, NotFound), (None, DeploymentRefused)):
        with pytest.raises(error):
            desk.changes().roll_back(PRODUCTION, desk.tick(), number)

    assert len(desk.aliases.history(PRODUCTION)) == 1


def test_promoting_moves_production_to_what_another_alias_names(desk):
    desk.production()
    other = desk.deploy(branch="new", given={"alpha": 1})
    state = desk.changes().promote("Churn@test.new", None, desk.tick())

    assert (state.target, state.deployment) == (PRODUCTION, other.deployment.id)
    assert state.reason == "from Churn@test.new"
    assert state.token_hash == desk.aliases.history(PRODUCTION)[0].token_hash
    assert desk.aliases.require("Churn@test.new").number == 2


def test_promoting_to_a_production_that_is_not_there_yet_makes_it_with_a_token(desk):
    desk.deploy(branch="new")
    state = desk.changes().promote("Churn@test.new", None, desk.tick())

    assert state.owner == "ann"
    assert state.token_hash is not None
    assert desk.person().kept.get(PRODUCTION) is not None


def test_promoting_to_another_flow_or_to_where_it_stands_is_refused(desk):
    desk.deploy(branch="new")
    desk.write(name="Other").production()

    with pytest.raises(DeploymentRefused, match="another flow"):
        desk.changes().promote("Churn@test.new", "Other@production", desk.tick())
    desk.changes().promote("Churn@test.new", None, desk.tick())
    with pytest.raises(DeploymentRefused, match="already"):
        desk.changes().promote("Churn@test.new", None, desk.tick())


def run_once(desk, target, metrics=None, end="succeeded"):
    state = desk.aliases.require(target)
    deployment = find_deployment(desk.home.ledger, state.name, state.number)
    at = desk.tick()
    planned = plan_launch(desk.home, state, deployment, key=f"k{at}", source="person", trigger=Trigger("person"), at=at)
    (firing,) = desk.home.ledger.launch([planned])
    desk.finish(firing.run, metrics, end)
    return firing


GUARDED = '@promote_if("f1 >= 0.7")'


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([], "has not run"),
        ([({"f1": 0.5}, "succeeded")], "f1 is 0.5"),
        ([({"f1": 0.9}, "succeeded"), ({"f1": 0.6}, "succeeded")], "f1 is 0.6"),
        ([({"f1": 0.9}, "succeeded"), ({"f1": 0.9}, "failed")], "failed"),
        ([({}, "succeeded")], "f1"),
    ],
)
def test_production_moves_only_to_what_its_newest_run_allows(desk, runs, said):
    desk.production()
    desk.write(decorators=GUARDED).deploy(branch="new")
    for metrics, end in runs:
        run_once(desk, "Churn@test.new", metrics, end)

    with pytest.raises(DeploymentRefused, match=said):
        desk.changes().promote("Churn@test.new", None, desk.tick())
    assert desk.aliases.require(PRODUCTION).number == 1


def test_a_candidate_whose_newest_run_fulfils_the_conditions_is_promoted(desk):
    desk.production()
    desk.write(decorators=GUARDED).deploy(branch="new")
    run_once(desk, "Churn@test.new", {"f1": 0.2})
    run_once(desk, "Churn@test.new", {"f1": 0.7})

    assert desk.changes().promote("Churn@test.new", None, desk.tick()).number == 2


def test_runs_of_an_older_deployment_of_the_same_branch_do_not_count(desk):
    desk.write(decorators=GUARDED).deploy(branch="new")
    run_once(desk, "Churn@test.new", {"f1": 0.9})
    desk.deploy(branch="new", given={"alpha": 3})

    with pytest.raises(DeploymentRefused, match="has not run"):
        desk.changes().promote("Churn@test.new", None, desk.tick())


def test_a_guarded_flow_is_not_deployed_to_production_before_it_ran(desk):
    desk.write(decorators=GUARDED)

    with pytest.raises(DeploymentRefused, match=r"headwater deployment promote Churn@test\.trial"):
        desk.production()
    assert desk.aliases.get(PRODUCTION) is None
    assert desk.deploy().is_changed


APPROVED = '@approval(role="deployer", expires="2d")'


def test_a_move_that_needs_approval_waits_for_it_and_production_goes_on_as_it_was(desk):
    desk.production()
    done = desk.write(decorators=APPROVED).production()

    assert done.state.number == 1
    assert done.state.pending.number == 2
    state = desk.changes("bob").approve(PRODUCTION, desk.tick(), "looks good")
    assert (state.number, state.pending, state.user, state.owner) == (2, None, "bob", "ann")
    with pytest.raises(DeploymentRefused, match="waits"):
        desk.changes("bob").approve(PRODUCTION, desk.tick())


def test_a_rejected_move_leaves_production_where_it_was(desk):
    desk.production()
    desk.write(decorators=APPROVED).production()
    state = desk.changes("bob").reject(PRODUCTION, desk.tick(), "no")

    assert (state.number, state.pending, state.reason) == (1, None, "no")


def test_an_approval_that_comes_too_late_counts_as_a_rejection(desk):
    desk.production()
    desk.write(decorators=APPROVED).production()
    desk.now += 2 * 86400

    with pytest.raises(DeploymentRefused, match="counts as rejected"):
        desk.changes("bob").approve(PRODUCTION, desk.tick())


def test_the_first_production_deployment_of_a_flow_that_needs_approval_names_nothing_before(desk):
    done = desk.write(decorators=APPROVED).production()

    assert (done.state.deployment, done.state.owner) == (None, "ann")
    assert desk.aliases.all() == []
    with pytest.raises(DeploymentRefused, match="belongs to ann"):
        desk.production(user="bob", given={"alpha": 3})
    state = desk.changes("bob").approve(PRODUCTION, desk.tick())
    assert (state.number, state.owner) == (1, "ann")
    assert desk.changes("carl", done.token).pause(PRODUCTION, desk.tick()).is_paused


def test_a_new_deploy_takes_the_place_of_one_that_waits(desk):
    desk.production()
    desk.write(decorators=APPROVED).production()
    desk.production(given={"alpha": 9})

    assert desk.aliases.require(PRODUCTION).pending.number == 3


def test_the_schedule_of_a_new_deployment_counts_from_the_moment_its_alias_moved(desk):
    done = desk.write(decorators=DAILY).production()

    assert done.state.schedules_since == {"0 6 * * *": done.state.at}


def test_a_schedule_that_is_as_it_was_goes_on_where_it_stood(desk):
    first = desk.write(decorators=DAILY).production().state
    second = desk.production(given={"alpha": 1}).state

    assert second.schedules_since == first.schedules_since


@pytest.mark.parametrize(
    "edited",
    [
        '@schedule(cron="0 7 * * *", name="s")',
        '@schedule(cron="0 6 * * *", timezone="Europe/Berlin", name="s")',
        '@schedule(cron="0 6 * * *", name="s", ends="2031-01-01")',
        '@schedule(cron="0 6 * * *", name="t")',
    ],
)
def test_an_edited_schedule_begins_when_it_is_deployed(desk, edited):
    desk.write(decorators='@schedule(cron="0 6 * * *", name="s")').production()
    second = desk.write(decorators=edited).production().state

    assert list(second.schedules_since.values()) == [second.at]


def test_a_schedule_that_was_away_begins_anew(desk):
    desk.write(decorators=DAILY).production()
    desk.write().production()
    third = desk.write(decorators=DAILY).production().state

    assert third.schedules_since == {"0 6 * * *": third.at}


def test_triggers_count_only_what_is_published_after_them(desk):
    desk.publish()
    desk.publish()
    trigger = '@trigger(event="data_ready")'
    first = desk.write(decorators=trigger).production().state
    desk.publish()
    second = desk.production(given={"alpha": 1}).state
    third = desk.write(decorators='@trigger(event="other")').production().state

    assert (first.events_after, second.events_after, third.events_after) == (2, 2, 3)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9])
def test_the_latest_event_is_found(desk, count):
    for number in range(count):
        desk.publish(f"event_{number}")

    assert latest_event(desk.home.ledger) == count


def test_what_passed_while_an_alias_was_paused_is_not_made_up_for(desk):
    desk.write(decorators=f'{DAILY}\n@trigger(event="x")').production()
    desk.changes().pause(PRODUCTION, desk.tick())
    desk.publish()
    desk.now += 86400 * 5
    state = desk.changes().unpause(PRODUCTION, desk.tick())

    assert state.schedules_since == {"0 6 * * *": state.at}
    assert state.events_after == 1


def test_a_deploy_to_a_paused_alias_leaves_it_paused(desk):
    desk.production()
    desk.changes().pause(PRODUCTION, desk.tick())

    assert desk.production(given={"alpha": 1}).state.is_paused


def test_pausing_twice_says_who_paused_it_and_why(desk):
    desk.production()
    desk.changes().pause(PRODUCTION, desk.tick(), "too hot")

    with pytest.raises(DeploymentRefused, match="by ann: too hot"):
        desk.changes().pause(PRODUCTION, desk.tick())
    desk.changes().unpause(PRODUCTION, desk.tick())
    with pytest.raises(DeploymentRefused, match="not paused"):
        desk.changes().unpause(PRODUCTION, desk.tick())


def test_what_an_alias_names_cannot_be_deleted_and_the_refusal_names_the_holder(desk):
    desk.production()
    desk.deploy(branch="new")
    desk.production(given={"alpha": 1})

    with pytest.raises(DeploymentRefused, match=r"held by Churn@test\.new"):
        desk.changes().delete_deployment("Churn", 2, desk.tick())
    with pytest.raises(DeploymentRefused, match="held by Churn@production"):
        desk.changes().delete_deployment("Churn", 3, desk.tick())
    assert desk.changes().delete_deployment("Churn", 1, desk.tick()).deleted_by == "ann"


def test_what_an_alias_waits_to_name_cannot_be_deleted(desk):
    desk.production()
    desk.write(decorators=APPROVED).production()

    with pytest.raises(DeploymentRefused, match="held by"):
        desk.changes().delete_deployment("Churn", 2, desk.tick())


def test_what_a_run_that_has_not_ended_needs_cannot_be_deleted(desk):
    desk.deploy(branch="new")
    state = desk.aliases.require("Churn@test.new")
    deployment = find_deployment(desk.home.ledger, "Churn", 1)
    planned = plan_launch(
        desk.home, state, deployment, key="k", source="person", trigger=Trigger("person"), at=desk.tick()
    )
    (firing,) = desk.home.ledger.launch([planned])
    desk.deploy(branch="new", given={"alpha": 1})

    with pytest.raises(DeploymentRefused, match=firing.run_path):
        desk.changes().delete_deployment("Churn", 1, desk.tick())
    desk.finish(firing.run)
    assert desk.changes().delete_deployment("Churn", 1, desk.tick()).deleted_at is not None


def test_nobody_deletes_somebody_elses_deployment(desk):
    desk.deploy()
    desk.deploy(given={"alpha": 1})

    with pytest.raises(DeploymentRefused, match="belongs to ann"):
        desk.changes("bob").delete_deployment("Churn", 1, desk.tick())


def test_an_alias_that_moves_to_what_is_being_deleted_wins_or_is_told(desk, monkeypatch):
    desk.production()
    desk.production(given={"alpha": 1})
    changes = desk.changes()

    def look_while_somebody_rolls_back(deployment):
        desk.changes().roll_back(PRODUCTION, desk.tick(), 1)

    # The last thing that it asks before it writes.
    monkeypatch.setattr(changes, "_run_at_work", look_while_somebody_rolls_back)
    with pytest.raises(VersionConflict):
        changes.delete_deployment("Churn", 1, desk.tick())
    assert find_deployment(desk.home.ledger, "Churn", 1).deleted_at is None


def test_a_deployment_that_was_deleted_meanwhile_is_not_named(desk, monkeypatch):
    desk.production()
    desk.production(given={"alpha": 1})
    changes = desk.changes()
    write = desk.home.ledger.write_records

    def write_after_a_deletion(records, objects=None):
        monkeypatch.undo()
        desk.changes().delete_deployment("Churn", 1, desk.tick())
        write(records, objects)

    monkeypatch.setattr(desk.home.ledger, "write_records", write_after_a_deletion)
    with pytest.raises(VersionConflict):
        changes.roll_back(PRODUCTION, desk.tick(), 1)
    assert desk.aliases.require(PRODUCTION).number == 2


def test_deleting_an_alias_keeps_runs_and_deployments(desk):
    desk.production()
    firing = run_once(desk, PRODUCTION)
    desk.changes().delete_alias(PRODUCTION, desk.tick())

    assert desk.home.ledger.run(firing.run).status == "succeeded"
    assert find_deployment(desk.home.ledger, "Churn", 1).number == 1
    with pytest.raises(NotFound):
        desk.aliases.require(PRODUCTION)
