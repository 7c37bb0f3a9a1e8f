import pytest

from headwater.deployments.launches import plan_launch
from headwater.deployments.shadows import SOURCE, is_shadow_over, pair_runs, shadow_key
from headwater.deployments.stored import find_deployment
from headwater.model.errors import DeploymentRefused, NotFound
from headwater.model.launch import Trigger
from headwater.model.rows import RunQuery

PRODUCTION = "Churn@production"


def fire(desk, slot):
    """Let production run for a slot, and its shadows beside it."""
    state = desk.aliases.require(PRODUCTION)
    trigger, key = Trigger("schedule", "s"), f"{PRODUCTION}/schedule:s@{slot}"
    deployment = find_deployment(desk.home.ledger, "Churn", state.number)
    planned = [
        plan_launch(
            desk.home, state, deployment, key=key, source="schedule:s", trigger=trigger, at=desk.tick(), slot=slot
        )
    ]
    for shadow in desk.aliases.all():
        if shadow.shadow_of == PRODUCTION and not is_shadow_over(desk.home.ledger, shadow):
            planned.append(
                plan_launch(
                    desk.home,
                    shadow,
                    find_deployment(desk.home.ledger, "Churn", shadow.number),
                    key=shadow_key(shadow.target, key),
                    source=SOURCE,
                    trigger=Trigger("shadow", key),
                    at=desk.tick(),
                    slot=slot,
                )
            )
    return desk.home.ledger.launch(planned)


def runs(desk, target):
    return desk.home.ledger.runs(RunQuery(target=target)).rows


@pytest.fixture
def shadowed(desk):
    desk.write(decorators='@schedule(cron="0 6 * * *", name="s")').production()
    return desk.deploy(shadow_of=PRODUCTION, given={"alpha": 1}, shadow_runs=2)


def test_a_shadow_has_an_alias_of_its_own_and_no_schedule(shadowed):
    state = shadowed.state

    assert (state.target, state.shadow_of, state.schedules_since) == ("Churn@shadow.2", PRODUCTION, {})
    assert not state.has_secrets


def test_a_shadow_runs_beside_production_for_the_same_slot_in_its_own_namespace(desk, shadowed):
    production, shadow = (desk.home.ledger.run(firing.run) for firing in fire(desk, 7.0))

    assert (shadow.launch.logical_date, shadow.launch.trigger.kind) == (7.0, "shadow")
    assert shadow.launch.idempotency_key == f"Churn@shadow.2/shadow:{production.launch.idempotency_key}"
    assert shadow.namespace != production.namespace
    assert shadow.launch.is_without_secrets
    assert not shadow.launch.is_production


def test_a_shadow_stops_after_its_runs(desk, shadowed):
    for slot in (1.0, 2.0, 3.0):
        fire(desk, slot)

    assert len(runs(desk, "Churn@shadow.2")) == 2
    assert len(runs(desk, PRODUCTION)) == 3


def test_a_shadow_is_paired_with_what_it_shadowed(desk, shadowed):
    for slot in (1.0, 2.0, 3.0):
        fire(desk, slot)
    pairs = pair_runs(runs(desk, PRODUCTION), runs(desk, "Churn@shadow.2"))

    assert [(pair.left.path, pair.right.path, pair.slot) for pair in pairs] == [
        ("Churn/3", "Churn/4", 2.0),
        ("Churn/1", "Churn/2", 1.0),
    ]
    turned = pair_runs(runs(desk, "Churn@shadow.2"), runs(desk, PRODUCTION))
    assert [(pair.right.path, pair.left.path) for pair in turned] == [("Churn/3", "Churn/4"), ("Churn/1", "Churn/2")]


def test_other_aliases_are_paired_by_their_slots(desk):
    done = [desk.production(), desk.deploy(branch="new")]
    for deployed, slots in zip(done, ((1.0, 2.0, None), (2.0, 3.0, None)), strict=True):
        for number, slot in enumerate(slots):
            key = f"{deployed.state.target}-{number}"
            planned = plan_launch(
                desk.home,
                deployed.state,
                deployed.deployment,
                key=key,
                source="backfill:b",
                trigger=Trigger("backfill"),
                at=desk.tick(),
                slot=slot,
            )
            desk.home.ledger.launch([planned])
    pairs = pair_runs(runs(desk, PRODUCTION), runs(desk, "Churn@test.new"))

    assert [(pair.left.launch.logical_date, pair.right.launch.logical_date) for pair in pairs] == [(2.0, 2.0)]


def test_a_shadow_that_is_promoted_is_over(desk, shadowed):
    state = desk.changes().promote("Churn@shadow.2", None, desk.tick())

    assert (state.target, state.number, state.owner) == (PRODUCTION, 2, "ann")
    assert [each.target for each in desk.aliases.all()] == [PRODUCTION]
    with pytest.raises(NotFound):
        desk.aliases.require("Churn@shadow.2")


def test_an_equal_shadow_is_not_deployed_again(desk, shadowed):
    again = desk.deploy(shadow_of=PRODUCTION, given={"alpha": 1})

    assert not again.is_changed
    assert again.state.target == "Churn@shadow.2"


def test_production_with_a_shadow_is_not_deleted(desk, shadowed):
    with pytest.raises(DeploymentRefused, match=r"Churn@shadow\.2"):
        desk.changes().delete_alias(PRODUCTION, desk.tick())
    desk.changes().delete_alias("Churn@shadow.2", desk.tick())
    assert desk.changes().delete_alias(PRODUCTION, desk.tick()).deployment is None


def test_a_shadow_of_what_is_not_there_of_another_flow_or_of_a_shadow_is_refused(desk, shadowed):
    with pytest.raises(NotFound):
        desk.deploy(shadow_of="Churn@test.x")
    with pytest.raises(DeploymentRefused, match="is a shadow itself"):
        desk.deploy(shadow_of="Churn@shadow.2", given={"alpha": 2})
    desk.write(name="Other")
    with pytest.raises(DeploymentRefused, match="cannot be the shadow"):
        desk.deploy(shadow_of=PRODUCTION)


def test_anybody_may_shadow_production_but_its_secrets_need_its_token(desk):
    token = desk.production().token
    shadow = desk.deploy(user="bob", shadow_of=PRODUCTION, given={"alpha": 1}).state
    with pytest.raises(DeploymentRefused, match="grant the secrets of"):
        desk.deploy(user="bob", shadow_of=PRODUCTION, given={"alpha": 2}, has_secrets=True)
    with pytest.raises(DeploymentRefused, match="grant the secrets of"):
        desk.changes("bob").grant_secrets(shadow.target, desk.tick(), is_granted=True)

    assert shadow.owner == "bob"
    assert desk.changes("bob", token).grant_secrets(shadow.target, desk.tick(), is_granted=True).has_secrets


def test_the_owner_of_a_shadow_cannot_promote_it_without_the_token_of_production(desk):
    token = desk.production().token
    desk.deploy(user="bob", shadow_of=PRODUCTION, given={"alpha": 1})

    with pytest.raises(DeploymentRefused, match="belongs to ann"):
        desk.changes("bob").promote("Churn@shadow.2", None, desk.tick())
    assert desk.changes("bob", token).promote("Churn@shadow.2", None, desk.tick()).number == 2
