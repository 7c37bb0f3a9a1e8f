"""Parameters: definition, values from text and from Python, and what is wrong with them."""

import click
import pytest

from headwater.flow.parameter import JSONType, Parameter
from headwater.flow.spec import FlowSpec
from headwater.flow.values import constants_of, definition_mistakes, evaluate_parameters, parameters_of
from headwater.model.errors import ParameterMistake


def value_of(parameter: Parameter, text: object) -> object:
    parameter.attribute = parameter.attribute or "p"
    return parameter.convert(text)


@pytest.mark.parametrize(
    ("definition", "text", "expected"),
    [
        (Parameter("p"), "a b", "a b"),
        (Parameter("p", default=1), "7", 7),
        (Parameter("p", type=int), "-7", -7),
        (Parameter("p", type=int), 7, 7),
        (Parameter("p", default=0.5), "1", 1.0),
        (Parameter("p", default=0.5), "1e-3", 0.001),
        (Parameter("p", default=True), "False", False),
        (Parameter("p", type=bool), "yes", True),
        (Parameter("p", type=bool), "0", False),
        (Parameter("p", type=bool), True, True),
        (Parameter("p", type=JSONType), '{"a": [1, null]}', {"a": [1, None]}),
        (Parameter("p", type=JSONType), {"a": 1}, {"a": 1}),
        (Parameter("p", default=[1]), "[2]", [2]),
        (Parameter("p", separator=","), "a,b,c", ["a", "b", "c"]),
        (Parameter("p", separator=","), ["a", "b"], ["a", "b"]),
        (Parameter("p", type=click.Choice(["a", "b"])), "b", "b"),
        (Parameter("p", type=int, multiple=True), ["1", "2"], (1, 2)),
        (Parameter("p", type=str), 5, "5"),
    ],
)
def test_values_become_what_the_type_says(definition: Parameter, text: object, expected: object) -> None:
    value = value_of(definition, text)

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        (Parameter("p", type=int), "1.5"),
        (Parameter("p", type=int), 1.5),
        (Parameter("p", type=int), True),
        (Parameter("p", type=int), ""),
        (Parameter("p", type=float), "x"),
        (Parameter("p", type=float), True),
        (Parameter("p", type=bool), "perhaps"),
        (Parameter("p", type=JSONType), "{a: 1}"),
        (Parameter("p", type=str), [1]),
        (Parameter("p", type=click.Choice(["a", "b"])), "c"),
    ],
)
def test_values_of_another_type_are_refused_by_name(definition: Parameter, text: object) -> None:
    with pytest.raises(ParameterMistake, match="parameter `p`"):
        value_of(definition, text)


class Base(FlowSpec):
    first = Parameter("first", default=1)
    shared = Parameter("shared", default="base")
    limit = 10


class Left(Base):
    left = Parameter("left-name", default=[1, 2], help="a list")
    shared = Parameter("shared", default="left")


class Right(Base):
    right = Parameter("right", required=True, type=int)
    limit = 20
    _hidden = 3


class Flow(Left, Right):
    flag = Parameter("flag", is_flag=True)
    nothing = Parameter("nothing")
    computed = Parameter("computed", default=lambda context: f"{context.flow_name}/{context.parameter_name}")


def test_parameters_and_constants_are_inherited_along_all_bases() -> None:
    assert {parameter.attribute for parameter in parameters_of(Flow)} == {
        "first", "shared", "left", "right", "flag", "nothing", "computed",
    }  # fmt: skip
    assert constants_of(Flow) == {"limit": 20}
    assert (Flow.limit, Base.limit) == (20, 10)


def test_values_come_from_what_is_given_then_the_environment_then_defaults() -> None:
    environ = {"HEADWATER_RUN_RIGHT": "5", "HEADWATER_RUN_LEFT_NAME": "[3]", "METAFLOW_RUN_FIRST": "8"}

    values = evaluate_parameters(Flow, {"right": "6"}, environ)

    assert values == {
        "first": 8, "shared": "left", "left": [3], "right": 6, "flag": False, "nothing": None,
        "computed": "Flow/computed",
    }  # fmt: skip


def test_an_empty_variable_and_a_given_none_do_not_count() -> None:
    values = evaluate_parameters(Flow, {"right": 1, "first": None}, {"HEADWATER_RUN_FIRST": ""})

    assert values["first"] == 1


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(ParameterMistake) as caught:
        evaluate_parameters(Flow, {"frist": 1, "flag": "x"}, {})

    text = str(caught.value)
    assert "there is no parameter `frist`" in text and "did you mean `first`?" in text
    assert "parameter `flag`: 'x' is neither True nor False" in text
    assert "parameter `right` is required" in text


def test_a_computed_default_is_called_once_and_only_when_needed() -> None:
    calls = []

    class Counting(FlowSpec):
        p = Parameter("p", default=lambda context: calls.append(context.user_name) or 3, type=int)

    evaluate_parameters(Counting, {"p": 1}, {}, user="ann")
    values = evaluate_parameters(Counting, {}, {}, user="ann")

    assert values == {"p": 3}
    assert calls == ["ann"]


@pytest.mark.parametrize(
    ("default", "kind", "message"),
    [
        (lambda context: "x", int, "gave 'x', a str, where int is asked"),
        (lambda context: True, int, "gave True, a bool, where int is asked"),
        (lambda context: 1 / 0, int, "raised ZeroDivisionError: division by zero"),
        (lambda context: 5, str, "gave 5, a int, where str is asked"),
    ],
)
def test_a_computed_default_that_fails_or_does_not_fit_is_told(default: object, kind: type, message: str) -> None:
    class Failing(FlowSpec):
        p = Parameter("p", default=default, type=kind)

    with pytest.raises(ParameterMistake, match="parameter `p`: its default function") as caught:
        evaluate_parameters(Failing, {}, {})

    assert message in str(caught.value)


def test_wrong_definitions_are_told_with_their_lines() -> None:
    class Wrong(FlowSpec):
        a = Parameter("a", default="x", type=int)
        b = Parameter("run-id")
        c = Parameter("max_workers")
        d = Parameter("Name")
        e = Parameter("name")
        f = Parameter("with space")
        g = Parameter("g", type=int, separator=",")
        h = Parameter("h", type=str, is_flag=True)
        index = Parameter("i")

    mistakes = definition_mistakes(Wrong, str)
    first = parameters_of(Wrong)[0].place.line

    assert [mistake.line - first for mistake in mistakes] == [0, 1, 2, 4, 5, 6, 7, 8]
    assert mistakes[0].message == "the default of parameter `a`: 'x' is no whole number"
    assert mistakes[3].message == "parameters `Name` and `name` differ in no more than capitals"


@pytest.mark.parametrize("name", ["a-b", "a_b", "fooBar", "x1", "seed"])
def test_odd_names_are_fine(name: str) -> None:
    class Odd(FlowSpec):
        p = Parameter(name, default=1)

    assert definition_mistakes(Odd, str) == []
    assert evaluate_parameters(Odd, {name: "2"}, {}) == {"p": 2}


def test_others_see_a_parameter_as_plain_data() -> None:
    specs = {parameter.attribute: parameter.spec() for parameter in parameters_of(Flow)}

    assert specs["left"].name == "left-name"
    assert (specs["left"].type, specs["left"].default, specs["left"].help) == ("json", "[1,2]", "a list")
    assert (specs["right"].type, specs["right"].required, specs["right"].default) == ("int", True, None)
    assert (specs["computed"].is_computed, specs["computed"].default) == (True, None)
