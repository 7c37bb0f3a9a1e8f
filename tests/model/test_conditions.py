"""Conditions on metrics are read by a parser of our own; what cannot be told does not hold."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.model.conditions import evaluate, parse_condition
from headwater.model.errors import UserMistake

METRICS = {"f1": 0.72, "rows": 1000, "is_worse": False, "kind": "forest", "nothing": None, "nan": math.nan, "val/f1": 1}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("f1 >= 0.7", True),
        ("f1 > 0.72", False),
        ("0.7 <= f1 < 0.8", True),
        ("0.7 <= f1 < 0.71", False),
        ("f1 >= 0.9 or rows == 1000", True),
        ("f1 >= 0.9 or rows == 1000 and is_worse", False),
        ("(f1 >= 0.9 or rows == 1000) and not is_worse", True),
        ("not f1 >= 0.9", True),
        ("kind == 'forest'", True),
        ('kind != "forest"', False),
        ("not is_worse", True),
        ("is_worse == false", True),
        ("nothing == None", True),
        ("val/f1 >= +.5e0", True),
        ("f1 >= -1", True),
    ],
)
def test_a_condition_holds_as_it_reads(text, holds):
    assert evaluate(text, METRICS).holds is holds


@pytest.mark.parametrize(
    "text",
    [
        "missing >= 0.7",
        "not missing >= 0.7",
        "missing >= 0.7 and f1 > 0",
        "nan >= 0",
        "not nan >= 0",
        "nan != nan",
        "kind >= 1",
        "kind == 1",
        "is_worse < 1",
        "is_worse == 0",
        "nothing < 1",
        "f1",
        "not f1",
    ],
)
def test_what_cannot_be_told_does_not_hold_nor_does_its_opposite(text):
    assert evaluate(text, METRICS).holds is False


def test_what_is_missing_does_not_matter_where_the_rest_decides():
    assert evaluate("missing >= 0.7 or f1 > 0", METRICS).holds
    assert not evaluate("missing >= 0.7 and f1 > 1", METRICS).holds
    assert evaluate("not (missing >= 0.7 and f1 > 1)", METRICS).holds


def test_the_explanation_has_the_numbers():
    assert evaluate(" f1 >= 0.75 ", METRICS).explanation == "f1 >= 0.75 does not hold: f1 is 0.72"
    assert (
        evaluate("f1 > 0 and rows > 10", METRICS).explanation == "f1 > 0 and rows > 10 holds: f1 is 0.72, rows is 1000"
    )
    assert evaluate("recall > 0", METRICS).explanation == (
        "recall > 0 does not hold: no task has reported recall with `current.metrics.summary`"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it ends where a value is expected"),
        ("f1 >=", "it ends where a value is expected"),
        ("f1 >= 0.7)", "`)` is not expected there"),
        ("(f1 >= 0.7", "a `)` is missing"),
        ("f1 = 0.7", "`= 0.7` cannot be read"),
        ("f1 >= 0.7 f2", "`f2` is not expected there"),
        ("and f1", "a value is expected where `and` stands"),
        ("f1 >= or", "a value is expected where `or` stands"),
        ("1 > 0", "it names no metric"),
        ("f1 >= 0.7; import os", "`; import os` cannot be read"),
        ("__import__('os').system('x')", "`.system('x')` cannot be read"),
        ("f1 > 0.7abc", "`0.7abc` cannot be read"),
        ("not " * 60 + "f1", "it is nested too deep"),
        ("(" * 10_000 + "f1" + ")" * 10_000, "it is nested too deep"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_place(text, why):
    with pytest.raises(UserMistake) as raised:
        parse_condition(text)

    assert raised.value.message == f"`{text}` is no condition: {why}"
    assert "f1 >= 0.7" in raised.value.hint


def test_names_are_given_in_the_order_written():
    assert parse_condition("b > 1 and a > b or c == 'd'").names == ("b", "a", "c")


@given(st.text(alphabet="f1 ab()<>=!&|'\"\\.0-+\nornotandTrue", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        parse_condition(text)
    except UserMistake:
        return

    assert evaluate(text, METRICS).holds in (True, False)


_NUMBERS = st.floats(-10, 10, allow_nan=False)


@given(
    _NUMBERS, _NUMBERS, _NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from(["and", "or"])
)
def test_numbers_compare_as_in_python(a, b, c, sign, word):
    text = f"a {sign} {b!r} {word} not a {sign} c"

    expected = eval(text, {}, {"a": a, "c": c})
    assert evaluate(text, {"a": a, "c": c}).holds is expected
