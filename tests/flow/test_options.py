"""Decorators become data, from the code and from `--with`."""

import pytest

from headwater.flow.arguments import attach, attach_to_all, parse_with
from headwater.model.errors import InvalidDecorator
from headwater.model.options import Catch, Executable, Resources, Retry, StepOptions, Timeout
from tests.flow.flow_files import FlowFiles

TEXT = """
class F(FlowSpec):
    @step
    def start(self):
        self.items = [1]
        self.next(self.a, foreach="items")

    @retry
    @step
    @resources(cpu=2, memory="500", gpu=1)
    @timeout(minutes=1, seconds=30)
    @environment(vars={"A": 1, "B": "x"})
    @catch(var="failure", print_exception=False)
    def a(self):
        self.next(self.join)

    @executable("sh -c 'exit 0'")
    @step
    def join(self, inputs):
        self.next(self.end)

    @retry(times=0)
    @step
    def end(self):
        pass
"""


def test_decorators_add_data_whatever_their_order(flows: FlowFiles) -> None:
    graph, _ = flows.check(TEXT)

    assert graph is not None
    assert graph.steps["start"].options == StepOptions()
    assert graph.steps["a"].options == StepOptions(
        retry=Retry(3, 0),
        catch=Catch("failure", False),
        timeout=Timeout(90),
        resources=Resources(cpu=2, gpu=1, memory=500),
        environment={"A": "1", "B": "x"},
    )
    assert graph.steps["join"].options == StepOptions(executable=Executable(("sh", "-c", "exit 0")))


def test_decorators_of_the_command_line_lose_to_those_of_the_code(flows: FlowFiles) -> None:
    graph, _ = flows.check(TEXT)
    assert graph is not None
    with_all = attach_to_all(graph, ["retry:times=5", "resources:cpu=4", "catch:var=failed"])

    assert {name: step.options.retry and step.options.retry.times for name, step in with_all.steps.items()} == {
        "start": 5, "a": 3, "join": 5, "end": 0,
    }  # fmt: skip
    assert with_all.steps["a"].options.resources == Resources(cpu=2, gpu=1, memory=500)
    assert with_all.steps["start"].options.resources == Resources(cpu=4)
    assert {name: step.options.catch and step.options.catch.var for name, step in with_all.steps.items()} == {
        "start": None, "a": "failure", "join": "failed", "end": "failed",
    }  # fmt: skip
    assert graph.steps["start"].options == StepOptions()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retry", ("retry", {})),
        ("retry:times=2,minutes_between_retries=0.5", ("retry", {"times": 2, "minutes_between_retries": 0.5})),
        ("catch:var=x,print_exception=False", ("catch", {"var": "x", "print_exception": False})),
        ('environment:vars={"A": "1,2", "B": "c"}', ("environment", {"vars": {"A": "1,2", "B": "c"}})),
        ("kubernetes:image=a/b:c", ("kubernetes", {"image": "a/b:c"})),
        ('catch:var="x"', ("catch", {"var": "x"})),
        ('kubernetes:image="a,b",cpu=1', ("kubernetes", {"image": "a,b", "cpu": 1})),
    ],
)
def test_the_text_of_with_is_taken_apart(text: str, expected: tuple) -> None:
    assert parse_with(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rtry", "there is no decorator `rtry`\n\nhint: did you mean `retry`?"),
        ("retry:tims=2", "`@retry` takes no `tims`\n\nhint: did you mean `times`?"),
        ("retry:times", "`times` is not of the form KEY=VALUE"),
        ("retry:times=many", "`@retry(times='many')`: times must be a whole number of at least 0"),
        ("parallel", "`--with parallel` cannot be meant for every step"),
        ("executable:command=x", "`--with executable` cannot be meant for every step"),
        ("timeout:seconds=0", "`@timeout` without a time"),
        ("timeout:seconds=NaN", "seconds must be a number of at least 0"),
    ],
)
def test_a_wrong_text_is_refused_with_what_there_is(text: str, message: str) -> None:
    with pytest.raises(InvalidDecorator) as caught:
        attach(StepOptions(), text)

    assert message in str(caught.value)


def test_a_wrong_text_is_refused_even_where_the_code_wins() -> None:
    with pytest.raises(InvalidDecorator):
        attach(StepOptions(retry=Retry(1)), "retry:tims=2")


def test_a_bare_retry_makes_nobody_wait() -> None:
    assert attach(StepOptions(), "retry").retry == Retry(3, 0)
