"""What the decorators of a class say about production is data in the graph; what is wrong is told with its line."""

import pytest

from headwater.flow.deploy_checks import deploy_mistakes
from headwater.model.options import StepOptions
from headwater.model.packages import PackageSet
from headwater.model.production import (
    AlertRule,
    Approval,
    EventTrigger,
    ExitHooks,
    FinishTrigger,
    ProductionOptions,
    RunPolicy,
    Triggers,
)
from headwater.model.secret import SecretSource
from tests.flow.flow_files import FlowFiles

FLOW = """
def tell(run):
    pass

def shout():
    pass

{decorators}
class F(FlowSpec):
    alpha = Parameter("alpha", default=0.5)
    day = Parameter("day", {day})

    @step
    def start(self):
        self.next(self.end)

    {on_end}
    @step
    def end(self):
        pass
"""


def flow(decorators: str = "", *, day: str = "default='x'", on_end: str = "") -> str:
    return FLOW.format(decorators=decorators, day=day, on_end=on_end)


def production(flows: FlowFiles, decorators: str) -> ProductionOptions:
    graph, mistakes = flows.check(flow(decorators))
    assert graph is not None, mistakes
    return graph.production


def options(flows: FlowFiles, decorators: str, on_end: str) -> StepOptions:
    graph, mistakes = flows.check(flow(decorators, on_end=on_end))
    assert graph is not None, mistakes
    return graph.steps["end"].options


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('event="data"', Triggers(events=(EventTrigger("data"),))),
        ('event="data", parameters={"day": "date"}', Triggers(events=(EventTrigger("data", {"day": "date"}),))),
        ('event={"name": "data", "parameters": ["day"]}', Triggers(events=(EventTrigger("data", {"day": "day"}),))),
        (
            'event={"name": "data", "parameters": [("day", "date"), "alpha"]}',
            Triggers(events=(EventTrigger("data", {"day": "date", "alpha": "alpha"}),)),
        ),
        (
            'events=["a", {"name": "b"}], window="1h"',
            Triggers(events=(EventTrigger("a"), EventTrigger("b")), window_seconds=3600),
        ),
        ('event="data", options={"reset_at": "x"}', Triggers(events=(EventTrigger("data"),))),
    ],
)
def test_a_trigger_waits_for_events(flows: FlowFiles, given: str, expected: Triggers) -> None:
    assert production(flows, f"@trigger({given})").triggers == (expected,)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('flow="Other"', FinishTrigger("Other")),
        ('flow="fraud.prod.Other"', FinishTrigger("Other", "fraud", "prod")),
        ('flow="fraud.production.Other"', FinishTrigger("Other", "fraud", "prod")),
        ('flow="fraud.user.ann.Other"', FinishTrigger("Other", "fraud", "user.ann")),
        ('flow={"name": "Other", "project": "fraud"}', FinishTrigger("Other", "fraud")),
        (
            'flow={"name": "Other", "project": "fraud", "project_branch": "test.x"}',
            FinishTrigger("Other", "fraud", "test.x"),
        ),
    ],
)
def test_a_flow_starts_after_another(flows: FlowFiles, given: str, expected: FinishTrigger) -> None:
    assert production(flows, f"@trigger_on_finish({given})").triggers == (Triggers(flows=(expected,)),)


def test_triggers_of_both_kinds_stack(flows: FlowFiles) -> None:
    found = production(flows, '@trigger_on_finish(flows=["A", "B"])\n@trigger(event="x")\n@trigger(event="y")').triggers

    assert found == (
        Triggers(events=(EventTrigger("x"),)),
        Triggers(events=(EventTrigger("y"),)),
        Triggers(flows=(FinishTrigger("A"), FinishTrigger("B"))),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", RunPolicy()),
        ("max_parallel=3", RunPolicy(overlap="queue", max_parallel=3)),
        ('overlap="allow"', RunPolicy(overlap="allow")),
        (
            'overlap="cancel_previous", pool="big", priority=-5, timeout="2h", no_output=600, retries=2, '
            "minutes_between_retries=0",
            RunPolicy(
                overlap="cancel_previous",
                pool="big",
                priority=-5,
                timeout_seconds=7200,
                no_output_seconds=600,
                retries=2,
                minutes_between_retries=0,
            ),
        ),
    ],
)
def test_a_run_policy_is_kept(flows: FlowFiles, given: str, expected: RunPolicy) -> None:
    assert production(flows, f"@run_policy({given})").policy == expected


def test_alerts_stack(flows: FlowFiles) -> None:
    decorators = (
        '@alert(metric="f1", below=0.7, above=0.99)\n@alert(by="8:00", timezone="Europe/Berlin")\n@alert(on="failure")'
    )

    assert production(flows, decorators).alerts == (
        AlertRule(on="metric", metric="f1", below=0.7, above=0.99),
        AlertRule(on="late", by="08:00", timezone="Europe/Berlin"),
        AlertRule(on="failure"),
    )


def test_the_rest_of_a_class_is_kept(flows: FlowFiles) -> None:
    decorators = (
        '@project(name="fraud")\n@exit_hook(on_success=[tell, shout])\n@exit_hook(on_error=tell)\n'
        '@approval(role="lead", expires="2d")\n@promote_if("f1 >= 0.7", "rows > 10")\n@promote_if("f2 > 0")'
    )

    assert production(flows, decorators) == ProductionOptions(
        project="fraud",
        exit_hooks=ExitHooks(("tell", "shout"), ("tell",)),
        approval=Approval("lead", 172800),
        promote_if=("f1 >= 0.7", "rows > 10", "f2 > 0"),
    )


def test_gates_and_secrets_of_a_step_are_kept(flows: FlowFiles) -> None:
    on_end = '@approval(expires=60)\n    @promote_if("f1 > 0")\n    @secrets(sources=["env.DB"])'

    assert options(flows, "", on_end) == StepOptions(
        approval=Approval("deployer", 60),
        promote_if=("f1 > 0",),
        secrets=(SecretSource("env", "DB"),),
    )
    assert options(flows, "", "@approval").approval == Approval()


@pytest.mark.parametrize(
    ("base", "own", "expected"),
    [
        ('@pypi_base(packages={"a": "1"}, python="3.12")', "", PackageSet(packages={"a": "1"}, python="3.12")),
        ("", '@pypi(packages={"a[x]": ">=1,<2"})', PackageSet(packages={"a[x]": ">=1,<2"})),
        (
            '@pypi_base(packages={"a": "1", "b": "1"}, python="3.12", index="https://x/simple")',
            '@pypi(packages={"b": "2"}, python="3.11")',
            PackageSet(packages={"a": "1", "b": "2"}, python="3.11", index="https://x/simple"),
        ),
        ('@pypi_base(packages={"a": "1"})', "@pypi(disabled=True)", PackageSet(is_disabled=True)),
        ('@pypi_base(packages={"a": "1"})', '@conda(packages={"c": ""})', PackageSet("conda", {"c": ""})),
        ('@conda_base(libraries={"c": "1"})', "", PackageSet("conda", {"c": "1"})),
        ("@uv", "", PackageSet("uv")),
        ("@uv", "@uv(disabled=True)", PackageSet("uv", is_disabled=True)),
        ("", "@uv", PackageSet("uv")),
        (
            "",
            '@pypi(packages={"a": None, "b": "@ https://x/b.whl"})',
            PackageSet(packages={"a": "", "b": "@ https://x/b.whl"}),
        ),
    ],
)
def test_packages_of_a_class_are_the_default_of_its_steps(
    flows: FlowFiles, base: str, own: str, expected: PackageSet
) -> None:
    assert options(flows, base, own).packages == expected


def test_a_subclass_takes_its_own_in_place_of_what_it_inherits(flows: FlowFiles) -> None:
    text = """
    @schedule(hourly=True)
    @project(name="base")
    class Base(FlowSpec):
        @step
        def start(self):
            self.next(self.end)

        @step
        def end(self):
            pass

    @schedule(weekly=True)
    @schedule(daily=True)
    class Own(Base):
        pass
    """
    graph, mistakes = flows.check(text)

    assert graph is not None, mistakes
    assert graph.production.project == "base"
    assert [each.cron for each in graph.production.schedules] == ["0 0 * * 0", "0 0 * * *"]


@pytest.mark.parametrize(
    ("decorator", "message", "hint"),
    [
        ("@project", "`@project(name=None)` cannot be the name", "lower-case"),
        ('@project(name="Fraud")', "`@project(name='Fraud')` cannot be the name", "lower-case"),
        ('@project("fraud")', "takes its arguments by name, not 'fraud'", "`@project` takes: name"),
        ("@trigger", "takes one of `event` and `events`, and was given neither", "data_ready"),
        ('@trigger(event="a", events=["b"])', "was given both", "data_ready"),
        ("@trigger(events=[])", "waits for nothing", "data_ready"),
        ('@trigger(events="a")', "events must be a list", "data_ready"),
        ('@trigger(events=["a", "a"])', "names `a` twice", "once"),
        ('@trigger(event={"nme": "a"})', "is no event", "parameters"),
        ('@trigger(event="a", parameters={})', "maps no parameter", "same name"),
        ('@trigger(event="a", parameters={"day": 3})', "maps no parameter", "field"),
        ('@trigger(events=["a", "b"], parameters={"day": "d"})', "goes with one `event`", "events=["),
        ('@trigger_on_finish(flow="fraud.Other")', "has a project, but no branch", "fraud.prod.Other"),
        ('@trigger_on_finish(flow={"name": "O", "project_branch": "x"})', "belongs to no project", "add its project"),
        ('@trigger_on_finish(flow="no flow")', "cannot be the name of a flow", "Features"),
        ("@trigger_on_finish(flow=3)", "3 is no flow", "project.branch.Flow"),
        ('@run_policy(overlap="skp")', "overlap is none of the choices", "did you mean `skip`?"),
        ('@run_policy(overlap="skip", max_parallel=2)', "one run at a time, never 2", "queue"),
        ("@run_policy(max_parallel=0)", "a whole number of at least 1", ""),
        ('@run_policy(timeout="soon")', "timeout must be a duration", "2h"),
        ("@run_policy(retries=1.5)", "a whole number", ""),
        ("@alert", "says nothing of what people are to be told", "below=0.7"),
        ('@alert(metric="f1")', "has no bound", "below=0.7"),
        ('@alert(metric="f1", by="08:00")', '`@alert(on="metric")` takes no `by`', "08:00"),
        ('@alert(on="late")', '`@alert(on="late")` needs `by`', "08:00"),
        ('@alert(by="25:00")', "no time of day", "06:00"),
        ('@alert(on="failure", timezone="UTC")', "takes no `timezone`", ""),
        ('@alert(metric="f1", below="low")', "below must be a number", ""),
        ("@exit_hook", "names no function", "on_success"),
        ("@exit_hook(on_success=[print, lambda: 0])", "is no such function", "top of the flow's file"),
        ('@exit_hook(on_error=["nobody"])', "the flow's file has no function `nobody`", "def nobody(run)"),
        ("@exit_hook(on_error=5)", "a list of functions is expected", ""),
        ('@approval(expires="2 days or so")', "expires must be a duration", "2d"),
        ("@promote_if", "without a condition", "f1 >= 0.7"),
        ("@promote_if(3)", "a condition is a text", "f1 >= 0.7"),
        ("@promote_if()", "without a condition", "f1 >= 0.7"),
        ('@promote_if("f1 >=")', "`f1 >=` is no condition", "f1 >= 0.7"),
        ('@pypi_base(packages=["a==1"])', "packages must be a dictionary", "pandas"),
        ('@pypi_base(packages={"a==1": ""})', "cannot be the name of a package", "pandas"),
        ('@pypi_base(packages={"a": 1.5})', "1.5 is no version of `a`", '"1.5"'),
        ('@pypi_base(python="3")', "that is no version of Python", "3.12"),
        ("@pypi_base(python=3.12)", "that is no version of Python", "3.12"),
        ("@pypi_base(pckages={})", "takes no `pckages`", "did you mean `packages`?"),
        ("@uv(packages={})", "takes no `packages`", "python, disabled"),
    ],
)
def test_a_wrong_decorator_of_a_class_is_told_with_its_line(
    flows: FlowFiles, decorator: str, message: str, hint: str
) -> None:
    graph, mistakes = flows.check(flow(decorator))

    assert graph is None
    (found,) = mistakes
    assert message in found.message
    assert hint in found.hint
    assert found.line == 9


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        ('@approval(role="")', "role must be a text"),
        ('@promote_if("f1 > > 1")', "is no condition"),
        ('@secrets(sources=["vault.x"])', "`@secrets`"),
        ("@pypi(packages={1: ''})", "cannot be the name of a package"),
        ('@pypi("pandas")', "takes its arguments by name, not 'pandas'"),
        ('@conda(python="three")', "no version of Python"),
        ('@environment(vars={"DB": 1})\n    @secrets(sources=["env.DB"])', "`DB`"),
        ('@secrets(sources=["env.DB"])\n    @environment(vars={"DB": 1})', "`DB`"),
    ],
)
def test_a_wrong_decorator_of_a_step_is_told(flows: FlowFiles, decorator: str, message: str) -> None:
    (found,) = flows.errors(flow(on_end=decorator))

    assert message in found


@pytest.mark.parametrize("name", ["project", "run_policy", "pypi_base"])
def test_most_decorators_of_a_class_stand_once(flows: FlowFiles, name: str) -> None:
    argument = {"project": 'name="a"', "run_policy": "", "pypi_base": ""}[name]

    assert flows.errors(flow(f"@{name}({argument})\n@{name}({argument})")) == [f"`@{name}` stands twice on `F`"]


@pytest.mark.parametrize(
    ("decorators", "day", "expected"),
    [
        ("@schedule", "default='x'", []),
        ("@schedule", "required=True", ["`@schedule` starts runs without `day`, a parameter that has no default"]),
        ("@schedule(parameters={'day': 'x'})", "required=True", []),
        (
            "@trigger_on_finish(flow='O')",
            "required=True",
            ["`@trigger_on_finish` starts runs without `day`, a parameter that has no default"],
        ),
        ("@trigger(event='e')", "required=True", []),
        ("@trigger(event='e', parameters={'day': 'd'})", "required=True", []),
        (
            "@trigger(event='e', parameters={'alpha': 'd'})",
            "required=True",
            ["`@trigger` starts runs without `day`, a parameter that has no default"],
        ),
        (
            "@trigger(event='e', parameters={'dya': 'd'})",
            "default='x'",
            ["`@trigger` maps `dya`, which is no parameter of the flow"],
        ),
        ("", "required=True", []),
    ],
)
def test_what_only_keeps_a_flow_from_being_deployed_is_no_mistake_of_the_flow(
    flows: FlowFiles, decorators: str, day: str, expected: list[str]
) -> None:
    loaded = flows.load(flow(decorators, day=day))

    assert [each.message for each in deploy_mistakes(loaded) if each.is_error] == expected
    assert all(each.line == 9 for each in deploy_mistakes(loaded))
    assert flows.errors(flow(decorators, day=day)) == []


@pytest.mark.parametrize(
    ("decorator", "is_circle"),
    [
        ("@trigger_on_finish(flow='{name}')", True),
        ("@trigger_on_finish(flow='Other')", False),
        ("@trigger_on_finish(flows=['{name}', 'Other'])", False),
        ("@trigger_on_finish(flow='lake.prod.{name}')", False),
    ],
)
def test_a_flow_that_follows_itself_alone_is_warned_of(flows: FlowFiles, decorator: str, is_circle: bool) -> None:
    name = flows.load(flow()).__name__
    found = deploy_mistakes(flows.load(flow(decorator.format(name=name))))

    assert [(each.is_error, each.line, "without end" in each.message) for each in found] == [
        (False, 9, True)
    ] * is_circle


def test_back_ends_that_are_not_here_are_warnings_of_a_deployment(flows: FlowFiles) -> None:
    loaded = flows.load(flow(on_end="@kubernetes(cpu=2)"))

    assert [(each.message, each.is_error) for each in deploy_mistakes(loaded)] == [
        ("`@kubernetes` of step `end` is ignored: its back end is not here", False)
    ]
