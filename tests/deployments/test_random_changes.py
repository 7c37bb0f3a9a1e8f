"""Two people do what comes to their minds; whatever they do, every alias names something that is whole."""

import random

import pytest

from headwater.deployments.stored import find_deployment, list_deployments
from headwater.model.errors import DeploymentRefused, NotFound

PRODUCTION = "Churn@production"
TARGETS = [PRODUCTION, "Churn@test.a", "Churn@test.b"]
SCHEDULES = ["", '@schedule(cron="0 6 * * *")', '@schedule(cron="0 7 * * *")', "@approval"]


def deeds(desk, rng):
    """Something that somebody does; gives nothing, or raises what people are told."""
    user = rng.choice(["ann", "ann", "ann", "bob"])
    changes = desk.changes(user)
    target, number = rng.choice(TARGETS), rng.randint(1, 8)
    return rng.choice(
        [
            lambda: desk.write(decorators=rng.choice(SCHEDULES)).production(user=user, given={"alpha": number}),
            lambda: desk.deploy(user=user, branch=rng.choice("ab"), given={"alpha": number}),
            lambda: desk.deploy(user=user, shadow_of=target, given={"alpha": number}),
            lambda: changes.promote(target, rng.choice([None, *TARGETS]), desk.tick()),
            lambda: changes.roll_back(target, desk.tick(), rng.choice([None, number])),
            lambda: changes.pause(target, desk.tick()),
            lambda: changes.unpause(target, desk.tick()),
            lambda: changes.approve(PRODUCTION, desk.tick()),
            lambda: changes.reject(PRODUCTION, desk.tick()),
            lambda: changes.delete_deployment("Churn", number, desk.tick()),
            lambda: changes.delete_alias(target, desk.tick()),
        ]
    )


@pytest.mark.parametrize("seed", range(8))
def test_whatever_people_do_every_alias_names_what_is_whole_and_belongs_to_who_made_it(desk, seed):
    rng = random.Random(seed)
    done = 0
    for _ in range(100):
        before = {state.target: state for state in desk.aliases.all_taken()}
        pasts = {target: desk.aliases.history(target) for target in TARGETS}
        try:
            deeds(desk, rng)()
        except (DeploymentRefused, NotFound):
            assert {state.target: state for state in desk.aliases.all_taken()} == before
            continue
        done += 1
        holders = {reference.path for reference in desk.home.ledger.references()}
        for state in desk.aliases.all():
            deployment = find_deployment(desk.home.ledger, "Churn", state.number)
            assert deployment.id == state.deployment
            assert f"Churn, deployment {state.number}: code" in holders
            schedules = {each.cron for each in deployment.graph.production.schedules}
            assert set(state.schedules_since) == (schedules if state.shadow_of is None else set())
            assert all(since <= state.at for since in state.schedules_since.values())
            if state.target in before:
                assert state.owner == before[state.target].owner
        for state in desk.aliases.all_taken():
            if state.pending is not None:
                assert find_deployment(desk.home.ledger, "Churn", state.pending.number).id == state.pending.deployment
        for target, past in pasts.items():
            assert desk.aliases.history(target)[: len(past)] == past
    numbers = [each.number for each in list_deployments(desk.home.ledger, "Churn")]
    assert len(set(numbers)) == len(numbers)
    assert done > 10
