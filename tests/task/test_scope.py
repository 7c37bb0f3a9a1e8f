import random

import pytest

from headwater.model.order import ForeachFrame, TaskInput
from headwater.task.payloads import SmallPayloads
from headwater.task.scope import AttemptScope
from tests.task.attempt_parts import Stored, make_order


def test_a_linear_step_reads_what_it_inherits_and_parameters(stored: Stored) -> None:
    parent = TaskInput("start", "start", 1, None, stored.save_all(x=[1, 2]))
    order = make_order("train", inputs=(parent,), parameters=stored.save_all(alpha=0.5))
    loader = stored.loader()
    scope = AttemptScope(order, is_join=False, loader=loader)

    assert scope.load("x") == [1, 2]
    assert scope.load("alpha") == 0.5
    assert set(scope.names()) == {"x", "alpha"}
    assert scope.is_read_only("alpha")
    assert not scope.is_read_only("x")
    assert loader.reads == {"x": parent.artifacts["x"].digest, "alpha": order.parameters["alpha"].digest}
    with pytest.raises(KeyError):
        scope.load("y")


def test_a_join_inherits_parameters_only(stored: Stored) -> None:
    parent = TaskInput("a", "a", 1, None, stored.save_all(x=1))
    order = make_order("join", inputs=(parent,), parameters=stored.save_all(alpha=0.5))
    scope = AttemptScope(order, is_join=True, loader=stored.loader())

    assert set(scope.names()) == {"alpha"}


def test_what_was_adopted_is_read_like_the_rest_until_it_is_forgotten(stored: Stored) -> None:
    scope = AttemptScope(make_order("join"), is_join=True, loader=stored.loader())
    scope.adopt("x", stored.save(5))

    assert scope.load("x") == 5
    scope.forget("x")
    scope.forget("x")
    assert scope.ref("x") is None


def test_the_innermost_item_is_read_alone(stored: Stored) -> None:
    outer = stored.artifacts.save_items("outer", ["a", "b"], may_be_small=False).ref
    inner = stored.artifacts.save_items("inner", [10, 20, 30], may_be_small=False).ref
    frames = (ForeachFrame("start", 1, 2, "outer", outer), ForeachFrame("fan", 2, 3, "inner", inner))
    scope = AttemptScope(make_order("score", frames=frames), is_join=False, loader=stored.loader())

    assert scope.index == 2
    assert scope.input == 30
    assert scope.foreach_stack() == [(1, 2, "b"), (2, 3, 30)]


def test_a_member_of_a_gang_has_its_number_as_item(stored: Stored) -> None:
    frames = (ForeachFrame("start", 2, 4),)
    scope = AttemptScope(make_order("work", frames=frames), is_join=False, loader=stored.loader())

    assert (scope.index, scope.input) == (2, 2)
    assert scope.foreach_stack() == [(2, None, 2)]


def test_outside_of_a_foreach_there_is_no_item(stored: Stored) -> None:
    scope = AttemptScope(make_order(), is_join=False, loader=stored.loader())

    assert (scope.index, scope.input, scope.foreach_stack()) == (None, None, [])


def test_small_payloads_of_all_that_is_inherited_come_in_one_query(stored: Stored) -> None:
    parent = TaskInput("start", "start", 1, None, stored.save_all(a=1, b=2, c=3))
    scope = AttemptScope(make_order("train", inputs=(parent,)), is_join=False, loader=stored.loader())

    values = [scope.load(name) for name in "abc"]

    assert values == [1, 2, 3]
    assert len(stored.asked) == 1


def test_payloads_that_came_with_the_order_are_not_asked_for(stored: Stored) -> None:
    ref = stored.save(1)
    payloads = SmallPayloads(stored.small, stored.read_small)

    assert payloads.payload(ref) == stored.small[ref.digest]
    assert stored.asked == []


def test_what_is_an_object_of_the_store_is_not_asked_for_in_the_ledger(stored: Stored) -> None:
    ref = stored.save(random.randbytes(50_000))
    payloads = SmallPayloads({}, stored.read_small)

    assert not ref.is_small
    assert payloads.payload(ref) is None
    assert stored.asked == []
