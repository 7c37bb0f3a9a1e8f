import pytest

from headwater.deployments.names import (
    Target,
    alias_branch,
    branch_alias,
    branch_of,
    deployment_name,
    is_production,
    namespace_of,
    scope_of,
    split_target,
)
from headwater.model.errors import DeploymentRefused


def test_a_target_is_a_name_and_an_alias():
    assert split_target("fraud.Churn@user.ann") == Target("fraud.Churn", "user.ann")
    assert str(split_target("Churn@production")) == "Churn@production"


def test_the_branch_prod_is_written_production():
    assert split_target("Churn@prod") == Target("Churn", "production")
    assert branch_alias("prod") == "production"
    assert alias_branch("production") == "prod"
    assert branch_alias(alias_branch("test.new")) == "test.new"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "Churn@",
        "@production",
        "Churn@a b",
        "a.b.c@x",
        "Churn@/etc",
        "Churn@a@b",
        "1@x",
        "Churn@x\n",
        "Churn\n@x",
    ],
)
def test_what_cannot_be_a_target_is_refused(text):
    with pytest.raises(DeploymentRefused):
        split_target(text)


def test_a_name_without_an_alias_is_answered_with_one():
    with pytest.raises(DeploymentRefused, match="Churn@production"):
        split_target("Churn")


def test_branches_are_isolated_by_who_deploys_and_how():
    assert branch_of("ann") == "user.ann"
    assert branch_of("ann", "new") == "test.new"
    assert branch_of("ann", is_production=True) == "prod"
    assert branch_of("ann@corp.com") == "user.ann_corp.com"


@pytest.mark.parametrize("branch", ["", "a b", "a/b", "a@b", "-a", "a\n"])
def test_a_branch_that_cannot_be_a_name_is_refused(branch):
    with pytest.raises(DeploymentRefused):
        branch_of("ann", branch)


def test_only_production_counts_as_production():
    assert is_production("production")
    assert not is_production("test.production")
    assert not is_production("shadow.3")


def test_runs_of_a_persons_branch_read_what_she_reads_and_others_have_a_namespace_of_their_own():
    assert namespace_of("Churn", "user.ann", "ann") == "user:ann"
    assert namespace_of("Churn", "production", "ann") == "deployment:Churn@production"
    assert namespace_of("Churn", "shadow.3", "ann") != namespace_of("Churn", "production", "ann")


def test_flows_of_one_project_and_branch_share_a_namespace_and_the_scope_of_their_events():
    assert namespace_of("fraud.Churn", "production", "ann") == namespace_of("fraud.Score", "production", "bob")
    assert scope_of("fraud.Churn", "production") == "fraud.prod"
    assert scope_of("Churn", "production") is None
    assert deployment_name("Churn", "fraud") == "fraud.Churn"
