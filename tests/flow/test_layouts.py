"""Layouts of small flows, written out."""

import pytest

from headwater.flow.levels import Layout, lay_out
from tests.flow.random_flows import flow


def laid_out(**steps: str) -> Layout:
    nodes = flow(**steps)
    return lay_out(nodes, next(iter(nodes)), list(nodes)[-1])


def accepted(**steps: str) -> Layout:
    layout = laid_out(**steps)
    assert [problem.message for problem in layout.problems] == []
    return layout


def refused(**steps: str) -> str:
    layout = laid_out(**steps)
    assert len(layout.problems) == 1, layout.problems
    return layout.problems[0].message


def test_a_linear_flow_has_one_level_and_no_waits() -> None:
    layout = accepted(a="linear b", b="linear c", c="end")

    assert layout.levels == {"a": (), "b": (), "c": ()}
    assert layout.waits_for == {}


def test_a_flow_of_one_step_is_both_ends() -> None:
    assert accepted(a="end").levels == {"a": ()}


def test_a_static_join_waits_for_all_its_branches() -> None:
    layout = accepted(a="split b c", b="linear d", c="linear e", e="linear d", d="join f", f="end")

    assert layout.waits_for == {"d": ("b", "c", "e")}


def test_a_foreach_is_closed_by_its_join_which_waits_for_the_opener() -> None:
    layout = accepted(a="foreach b", b="linear c", c="join d", d="end")

    assert layout.levels == {"a": (), "b": ("a",), "c": (), "d": ()}
    assert layout.closed_by == {"a": "c"}
    assert layout.waits_for == {"c": ("a",)}


def test_nested_foreaches_are_closed_one_by_one() -> None:
    layout = accepted(a="foreach b", b="foreach c", c="linear d", d="join e", e="join f", f="end")

    assert layout.levels == {"a": (), "b": ("a",), "c": ("a", "b"), "d": ("a",), "e": (), "f": ()}
    assert layout.closed_by == {"a": "e", "b": "d"}


def test_a_split_inside_of_a_foreach_is_joined_before_the_foreach_is() -> None:
    layout = accepted(a="foreach b", b="split c d", c="linear e", d="linear e", e="join f", f="join g", g="end")

    assert layout.levels["e"] == ("a",)
    assert layout.waits_for == {"e": ("c", "d"), "f": ("a",)}


def test_branches_join_in_part_and_then_with_the_rest() -> None:
    layout = accepted(a="split b c d", b="linear e", c="linear e", e="join f", d="linear f", f="join g", g="end")

    assert layout.waits_for == {"e": ("b", "c"), "f": ("b", "c", "e", "d")}


def test_a_branch_with_a_foreach_and_one_without_join_at_once() -> None:
    layout = accepted(a="split b c", b="foreach d", d="linear e", c="linear e", e="join f", f="end")

    assert layout.levels["e"] == ()
    assert layout.closed_by == {"b": "e"}
    assert layout.waits_for == {"e": ("b", "c")}


def test_a_join_closes_two_levels_at_once_when_another_branch_stands_further_out() -> None:
    layout = accepted(a="split b c", b="foreach d", d="foreach e", e="linear f", c="linear f", f="join g", g="end")

    assert layout.closed_by == {"b": "f", "d": "f"}


def test_a_switch_may_leave_out_an_input_of_a_join() -> None:
    layout = accepted(a="split b c", b="switch d e", d="linear e", c="linear e", e="join f", f="end")

    assert layout.waits_for == {"e": ("b", "d", "c")}


def test_a_switch_may_go_back_to_any_step_of_its_level_that_always_comes_before() -> None:
    layout = accepted(a="linear b", b="linear c", c="switch a d", d="end")

    assert layout.back_targets == {"c": ("a",)}


def test_a_switch_may_go_back_to_itself() -> None:
    assert accepted(a="linear b", b="switch b c", c="end").back_targets == {"b": ("b",)}


def test_a_loop_may_go_around_a_split_and_its_join() -> None:
    layout = accepted(a="linear b", b="split c d", c="linear e", d="linear e", e="join f", f="switch b g", g="end")

    assert layout.back_targets == {"f": ("b",)}
    assert layout.waits_for == {"e": ("c", "d")}


def test_a_loop_in_a_branch_is_waited_for() -> None:
    layout = accepted(a="split b c", b="linear d", d="switch b e", c="linear e", e="join f", f="end")

    assert layout.waits_for == {"e": ("b", "d", "c")}


def test_the_end_may_be_reached_from_several_cases_of_a_switch() -> None:
    accepted(a="switch b c d", b="linear d", c="linear d", d="end")


def test_the_end_may_be_a_join() -> None:
    assert accepted(a="split b c", b="linear d", c="linear d", d="end_join").waits_for == {"d": ("b", "c")}


def test_a_split_may_go_straight_to_its_join() -> None:
    assert accepted(a="split b c", b="linear c", c="join d", d="end").waits_for == {"c": ("b",)}


def test_a_join_may_split_again() -> None:
    layout = accepted(
        a="split b c", b="linear d", c="linear d", d="join_split e f", e="linear g", f="linear g", g="join h", h="end"
    )

    assert layout.waits_for == {"d": ("b", "c"), "g": ("e", "f")}


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({"a": "linear b", "b": "end_join"}, "step `b` takes `inputs`, but nothing runs side by side before it"),
        (
            {"a": "switch b c", "b": "linear d", "c": "linear d", "d": "join e", "e": "end"},
            "step `d` takes `inputs`, but nothing runs side by side before it",
        ),
        (
            {"a": "split b c", "b": "linear d", "c": "linear d", "d": "linear e", "e": "end"},
            "branches of `a` that run side by side meet in step `d`, which takes no inputs",
        ),
        ({"a": "foreach b", "b": "linear c", "c": "end"}, "the end, `c`, is reached inside the foreach of `a`"),
        (
            {"a": "foreach b", "b": "foreach c", "c": "linear d", "d": "end_join"},
            "the end, `d`, is reached inside the foreach of `a`",
        ),
        ({"a": "foreach b", "b": "join c", "c": "end"}, "step `a` opens a foreach straight into the join `b`"),
        (
            {"a": "switch b c", "b": "foreach d", "d": "linear e", "c": "linear e", "e": "end"},
            "step `e` is reached from inside and from outside of a foreach: from `d`, `c`",
        ),
        ({"a": "linear b", "b": "end", "c": "linear b"}, None),
        ({"a": "linear b", "b": "split a c", "c": "end"}, "step `b` goes back to `a` whatever happens"),
        ({"a": "switch b c", "b": "switch c d", "c": "switch b d", "d": "end"}, "which does not come before it"),
        (
            {"a": "linear b", "b": "foreach c", "c": "switch b d", "d": "join e", "e": "end"},
            "step `c` goes back to `b`, which is not inside the same foreach",
        ),
        (
            {"a": "linear b", "b": "split c d", "c": "switch b e", "d": "linear e", "e": "join f", "f": "end"},
            "step `c` goes back to `b`, out of a branch whose siblings may still run",
        ),
        (
            {"a": "foreach b", "b": "switch c d", "c": "join e", "d": "join e", "e": "end"},
            "the foreach of step `a` is closed by more than one join: `c`, `d`",
        ),
    ],
)
def test_what_has_no_meaning_is_refused(steps: dict[str, str], message: str | None) -> None:
    layout = laid_out(**steps)
    found = [problem.message for problem in layout.problems]

    assert found
    assert message is None or any(message in each for each in found), found


def test_a_step_that_nothing_leads_to_is_named() -> None:
    nodes = flow(a="linear b", lost="linear b", b="end")
    layout = lay_out(nodes, "a", "b")

    assert [problem.message for problem in layout.problems] == ["step `lost` is never reached from `a`"]


def test_a_step_without_a_way_to_the_end_is_named() -> None:
    nodes = flow(a="switch b c", c="switch c d", d="switch c d", b="end")
    layout = lay_out(nodes, "a", "b")

    assert {problem.step for problem in layout.problems} == {"c", "d"}
