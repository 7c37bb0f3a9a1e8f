import pickle

import msgspec
import pytest

from headwater.model.order import ForeachFrame, TaskInput, TaskOrder
from headwater.task.inputs import InputItems, Inputs, unpack_inputs
from tests.task.attempt_parts import Stored, make_order


class Flow:
    def doubled(self) -> int:
        return 2 * self.x  # type: ignore[attr-defined, no-any-return]

    @property
    def tripled(self) -> int:
        return 3 * self.x  # type: ignore[attr-defined, no-any-return]


def branches(stored: Stored) -> Inputs:
    tasks = (
        TaskInput("left", "left", 2, None, stored.save_all(x=1, only_left="here")),
        TaskInput("right", "right", 3, None, stored.save_all(x=[2])),
    )
    return Inputs(lambda: tasks, stored.save_all(alpha=0.5), Flow, stored.loader())


def items(stored: Stored, count: int, loader: object = None) -> Inputs:
    tasks = tuple(
        TaskInput(f"each/start.{index}", "each", index + 2, index, stored.save_all(x=index, y=-index))
        for index in range(count)
    )
    return Inputs(lambda: tasks, {}, Flow, loader or stored.loader())  # type: ignore[arg-type]


def test_a_branch_is_reached_by_the_name_of_its_step(stored: Stored) -> None:
    inputs = branches(stored)

    assert inputs.left.x == 1
    assert inputs.right.x == [2]


def test_items_come_in_the_order_of_the_order(stored: Stored) -> None:
    inputs = items(stored, 7)

    assert [each.x for each in inputs] == list(range(7))
    assert [each.index for each in inputs] == list(range(7))
    assert inputs[3].x == 3
    assert inputs[-1].x == 6
    assert [each.x for each in inputs[1:3]] == [1, 2]
    assert len(inputs) == 7


def test_parameters_are_there_on_each_input(stored: Stored) -> None:
    assert branches(stored).left.alpha == 0.5


def test_methods_and_properties_of_the_flow_work_on_an_input(stored: Stored) -> None:
    assert items(stored, 4)[3].doubled() == 6
    assert items(stored, 4)[3].tripled == 9


def test_reading_one_artifact_loads_no_other(stored: Stored) -> None:
    inputs = items(stored, 50)

    inputs[20].x
    inputs[20].x

    assert len(stored.artifacts.loaded) == 1


def test_a_loop_over_small_artifacts_asks_the_ledger_once_in_a_while(stored: Stored) -> None:
    inputs = items(stored, 1000)

    total = sum(each.x for each in inputs)

    assert total == sum(range(1000))
    assert len(stored.asked) == 2


def test_what_was_read_is_noted_by_input(stored: Stored) -> None:
    loader = stored.loader()
    inputs = items(stored, 3, loader)

    inputs[1].y

    assert list(loader.reads) == ["inputs[1].y"]


def test_inputs_are_read_only(stored: Stored) -> None:
    left = branches(stored).left

    with pytest.raises(AttributeError, match=r"write `self.x = ...`"):
        left.x = 3
    with pytest.raises(AttributeError, match="read-only"):
        del left.x


def test_what_an_input_does_not_have_is_named_with_what_it_has(stored: Stored) -> None:
    with pytest.raises(AttributeError, match=r"right/3 has no artifact `only_left`; it has: x"):
        branches(stored).right.only_left
    with pytest.raises(AttributeError, match=r"no input comes from a step `middle`; inputs come from: left, right"):
        branches(stored).middle
    assert not hasattr(branches(stored).left, "nothing")


def test_inputs_cannot_be_stored(stored: Stored) -> None:
    inputs = branches(stored)

    for value in (inputs, inputs.left):
        with pytest.raises(TypeError, match="cannot be stored"):
            pickle.dumps(value)


def test_inputs_of_a_wide_join_come_from_an_object_opened_on_first_use(stored: Stored) -> None:
    tasks = tuple(TaskInput(f"each/start.{index}", "each", index, index) for index in range(100))
    digest = stored.artifacts.objects.put_raw([msgspec.json.encode(tasks)])
    order: TaskOrder = make_order("join", packed_inputs=digest)

    assert unpack_inputs(order, stored.artifacts) == tasks


def test_an_input_knows_the_item_that_it_was_made_from(stored: Stored) -> None:
    items_of = ForeachFrame("start", 0, 3, "letters", stored.save_items("xyz"))
    around = ForeachFrame("outer", 1, 2, "numbers", stored.save_items([10, 20]))
    loader = stored.loader()
    tasks = tuple(TaskInput(f"each/outer.1/start.{index}", "each", index, index) for index in range(3))
    inputs = Inputs(lambda: tasks, {}, Flow, loader, InputItems((around,), (items_of,), loader))

    assert [each.input for each in inputs] == ["x", "y", "z"]
    assert inputs[2].foreach_stack() == [(1, 2, 20), (2, 3, "z")]


def test_an_input_of_a_static_branch_is_inside_of_what_the_join_is_inside_of(stored: Stored) -> None:
    around = ForeachFrame("outer", 1, 2, "numbers", stored.save_items([10, 20]))
    loader = stored.loader()
    tasks = (TaskInput("left/outer.1", "left", 2),)
    inputs = Inputs(lambda: tasks, {}, Flow, loader, InputItems((around,), (), loader))

    assert (inputs.left.index, inputs.left.input) == (1, 20)
