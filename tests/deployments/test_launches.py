import msgspec
import pytest

from headwater.deployments.launches import convert_parameters, plan_launch
from headwater.deployments.person_runs import start_run_of
from headwater.model.errors import DeploymentRefused, NotFound
from headwater.model.launch import Trigger

PRODUCTION = "Churn@production"


def raw(**values):
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in values.items()}


def plan(desk, done, **more):
    options = {"key": "k", "source": "person", "trigger": Trigger("person", "ann"), "at": desk.tick(), **more}
    return plan_launch(desk.home, done.state, done.deployment, **options)


def started_of(planned):
    return planned.commit.events[0]


def test_a_planned_run_says_all_that_a_driver_needs(desk):
    done = desk.write(
        decorators='@project(name="fraud")\n@run_policy(pool="gpu", priority=3, timeout="2h")'
    ).production(given={"alpha": 2}, tags=("nightly",), environment={"python": "3.12.1", "numpy": "2.0"})
    planned = plan(desk, done, key="fraud.Churn@production/schedule:s@1", source="schedule:s", slot=7.0)
    started, launch = started_of(planned), started_of(planned).launch

    assert started.label == 0
    assert (started.flow, started.graph, started.parameters) == (
        "Churn",
        done.deployment.graph,
        done.deployment.parameters,
    )
    assert started.code.root == f"{desk.home.path}/packages/{done.deployment.code.tree}"
    assert (launch.target, launch.number, launch.logical_date) == ("fraud.Churn@production", 1, 7.0)
    assert (launch.pool, launch.priority, launch.timeout_seconds, launch.is_production) == ("gpu", 3, 7200, True)
    assert (started.project.name, started.project.branch, started.project.is_production) == ("fraud", "prod", True)
    assert started.namespace == "deployment:fraud@production"
    assert started.namespace in started.system_tags
    assert {"project:fraud", "project_branch:prod", "python_version:3.12"} <= set(started.system_tags)
    assert started.tags == ("nightly",)
    assert planned.firing.run == started.run
    assert (planned.firing.key, planned.firing.slot, planned.firing.source) == (
        launch.idempotency_key,
        7.0,
        "schedule:s",
    )


def test_priority_and_pool_of_one_run_win_over_those_of_the_deployment(desk):
    launch = started_of(plan(desk, desk.production(), priority=-5, pool="backfills")).launch

    assert (launch.priority, launch.pool) == (-5, "backfills")


def test_a_shadow_without_a_grant_gets_no_secrets(desk):
    desk.production()
    shadow = desk.deploy(shadow_of=PRODUCTION, given={"alpha": 1})
    granted = desk.deploy(shadow_of=PRODUCTION, given={"alpha": 2}, has_secrets=True)

    assert started_of(plan(desk, shadow)).launch.is_without_secrets
    assert not started_of(plan(desk, granted)).launch.is_without_secrets


def test_a_run_belongs_to_the_branch_of_its_alias_wherever_its_deployment_was_made(desk):
    desk.write(decorators='@project(name="fraud")').production()
    trial = desk.deploy(branch="new", given={"alpha": 1})
    state = desk.changes().promote("fraud.Churn@test.new", None, desk.tick())
    planned = plan_launch(
        desk.home, state, trial.deployment, key="k", source="person", trigger=Trigger("person"), at=desk.tick()
    )

    assert started_of(planned).project.branch == "prod"
    assert started_of(planned).launch.is_production


def test_a_planned_run_is_recorded_once_whoever_comes_with_its_key(desk):
    done = desk.production()
    (first,) = desk.home.ledger.launch([plan(desk, done)])
    (again,) = desk.home.ledger.launch([plan(desk, done)])

    assert again == first
    assert first.run_path == "Churn/1"
    assert desk.home.ledger.run(first.run).status == "queued"


PARAMETERS = """
    text = Parameter("text", default="a")
    whole = Parameter("whole-number", default=1)
    share = Parameter("share", default=0.5)
    is_on = Parameter("is_on", default=False)
    table = Parameter("table", default={"a": 1})
    words = Parameter("words", default="a,b", separator=",")
    many = Parameter("many", type=int, multiple=True)
    lines = IncludeFile("lines")
    raw = IncludeFile("raw", is_text=False)
"""


@pytest.mark.parametrize(
    ("given", "attribute", "value"),
    [
        ({"text": "b"}, "text", "b"),
        ({"text": 5}, "text", "5"),
        ({"whole-number": 7}, "whole", 7),
        ({"whole-number": "7"}, "whole", 7),
        ({"share": "1e-3"}, "share", 0.001),
        ({"share": 2}, "share", 2.0),
        ({"is_on": "yes"}, "is_on", True),
        ({"is_on": True}, "is_on", True),
        ({"table": {"b": [1, None]}}, "table", {"b": [1, None]}),
        ({"table": '{"b": 2}'}, "table", {"b": 2}),
        ({"words": "x,y,z"}, "words", ["x", "y", "z"]),
        ({"words": ["x", "y"]}, "words", ["x", "y"]),
        ({"many": ["1", 2]}, "many", (1, 2)),
    ],
)
def test_parameters_of_a_run_become_what_the_flow_itself_would_make_of_them(desk, given, attribute, value):
    flow, _ = desk.write(parameters=PARAMETERS.strip()).load()
    done = desk.deploy()
    kept = convert_parameters(desk.home, done.deployment, raw(**given))
    loaded = desk.home.artifacts.load(kept.refs[attribute], kept.small.get(kept.refs[attribute].digest))

    assert loaded == value
    assert type(loaded) is type(value)
    assert loaded == vars(flow)[attribute].convert(next(iter(given.values())))
    assert kept.refs.keys() == {attribute}


def test_a_file_given_for_a_run_is_read_when_the_run_is_planned(desk, tmp_path):
    done = desk.write(parameters='lines = IncludeFile("lines"); raw = IncludeFile("raw", is_text=False)').deploy()
    (tmp_path / "given.txt").write_bytes("é".encode())
    path = str(tmp_path / "given.txt")
    kept = convert_parameters(desk.home, done.deployment, raw(lines=path, raw=path))
    loaded = {name: desk.home.artifacts.load(ref, kept.small.get(ref.digest)) for name, ref in kept.refs.items()}

    assert loaded == {"lines": "é", "raw": "é".encode()}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alfa": 1}, "has no parameter `alfa`"),
        ({"alpha": "much"}, "'much' is no number"),
        ({"alpha": [1]}, "is no number"),
        ({}, "`day` is required"),
        ({"day": None}, "`day` is required"),
        ({"day": "x", "kind": "b"}, "type of the flow's own"),
        ({"alfa": 1, "alpha": "much"}, "is no number"),
    ],
)
def test_parameters_that_cannot_be_are_refused(desk, given, said):
    desk.write(
        imports="import click",
        parameters='alpha = Parameter("alpha", default=0.5); day = Parameter("day", required=True); '
        'kind = Parameter("kind", default="a", type=click.Choice(["a", "b"]))',
    )
    done = desk.deploy()

    with pytest.raises(DeploymentRefused, match=said):
        convert_parameters(desk.home, done.deployment, raw(**given))


def test_all_that_is_wrong_is_told_at_once(desk):
    done = desk.deploy()

    with pytest.raises(DeploymentRefused) as refused:
        convert_parameters(desk.home, done.deployment, raw(alpha="much", alfa=1, beta=2))
    assert refused.value.message.count("\n") == 2


def test_what_is_null_stays_as_deployed(desk):
    done = desk.deploy(given={"alpha": 3})

    assert started_of(plan(desk, done, parameters=raw(alpha=None))).parameters == done.deployment.parameters


def test_a_person_starts_a_run_of_what_the_alias_names_even_when_it_is_paused(desk):
    desk.production()
    desk.changes().pause(PRODUCTION, desk.tick())
    firing = start_run_of(desk.home, PRODUCTION, raw(alpha=0.25), user="bob", at=desk.tick())
    row = desk.home.ledger.run(firing.run)

    assert desk.home.artifacts.load(row.parameters["alpha"]) == 0.25
    assert (row.launch.trigger.kind, row.launch.trigger.source, row.user) == ("person", "bob", "ann")
    assert start_run_of(desk.home, PRODUCTION, {}, user="bob", at=desk.tick()).run != firing.run


def test_a_run_of_what_is_not_there_is_refused(desk):
    with pytest.raises(NotFound):
        start_run_of(desk.home, PRODUCTION, {}, user="bob", at=desk.tick())
    desk.write(decorators="@approval").production()
    with pytest.raises(DeploymentRefused, match="headwater approve"):
        start_run_of(desk.home, PRODUCTION, {}, user="bob", at=desk.tick())
