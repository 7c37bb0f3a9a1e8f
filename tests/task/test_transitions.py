from pathlib import Path

import pytest

from headwater.flow.decorators import catch, parallel
from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.model.outcome import Outcome
from tests.task.attempt_parts import Runner

HERE = str(Path(__file__).parent)


class Lazy:
    """Iterates, and has neither length nor items."""

    def __iter__(self):
        return iter("xy")


class ByIndex:
    """Has items, and does not say that it iterates."""

    def __getitem__(self, index: int) -> int:
        if index > 2:
            raise IndexError
        return index * 10


class ForeachFlow(FlowSpec):
    chosen = "set by the test"

    @step
    def start(self):
        self.items = VALUES[self.chosen]()
        self.next(self.each, foreach="items")

    @step
    def each(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


VALUES = {
    "list": lambda: [1, 2, 3],
    "tuple": lambda: (1, 2),
    "range": lambda: range(4),
    "text": lambda: "abc",
    "mapping": lambda: {"a": 1, "b": 2},
    "view": lambda: {"a": [1], "b": [2]}.items(),
    "set": lambda: {1},
    "generator": lambda: (number * 2 for number in range(3)),
    "lazy": Lazy,
    "by index": ByIndex,
    "empty list": list,
    "empty generator": lambda: iter(()),
    "none": lambda: None,
    "number": lambda: 5,
    "failing": lambda: (1 / number for number in (1, 0)),
}


def fan_out(value: str) -> tuple[Runner, Outcome]:
    runner = Runner(ForeachFlow, HERE)
    return runner, runner.run("start", parameters=runner.stored.save_all(chosen=value))


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ("list", [1, 2, 3]),
        ("tuple", [1, 2]),
        ("range", [0, 1, 2, 3]),
        ("text", ["a", "b", "c"]),
        ("mapping", ["a", "b"]),
        ("view", [("a", [1]), ("b", [2])]),
        ("set", [1]),
        ("generator", [0, 2, 4]),
        ("lazy", ["x", "y"]),
        ("by index", [0, 10, 20]),
    ],
)
def test_a_foreach_goes_over_anything_that_iterates(value: str, items: list[object]) -> None:
    runner, outcome = fan_out(value)

    assert outcome.error is None
    assert outcome.transition is not None
    assert outcome.transition.items is not None
    assert outcome.transition.width == len(items)
    small = runner.stored.small
    ref = outcome.transition.items
    assert [runner.stored.artifacts.load_item(ref, i, small.get(ref.digest)) for i in range(len(items))] == items


def test_the_list_of_a_foreach_is_stored_once() -> None:
    runner, outcome = fan_out("list")

    assert outcome.transition is not None
    assert outcome.artifacts["items"] == outcome.transition.items
    assert runner.value(outcome, "items") == [1, 2, 3]


def test_other_iterables_keep_their_type_beside_their_items() -> None:
    runner, outcome = fan_out("tuple")

    assert runner.value(outcome, "items") == (1, 2)


def test_a_generator_is_kept_as_the_list_of_its_items() -> None:
    runner, outcome = fan_out("generator")

    assert runner.value(outcome, "items") == [0, 2, 4]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("empty list", "`self.items`, over which step `start` fans out, is empty"),
        ("empty generator", "`self.items`, over which step `start` fans out, is empty"),
        ("none", "is None"),
        ("number", "is a int"),
    ],
)
def test_a_foreach_over_nothing_is_refused(value: str, says: str) -> None:
    _, outcome = fan_out(value)

    assert (outcome.cause, outcome.transition) == ("bad_transition", None)
    assert outcome.error is not None
    assert says in outcome.error.message
    assert "test_transitions.py:" in outcome.error.message
    assert outcome.error.traceback.startswith("headwater.model.errors.InvalidNext: ")


def test_what_an_iterable_raises_is_the_steps_failure() -> None:
    _, outcome = fan_out("failing")

    assert outcome.error is not None
    assert outcome.error.type == "ZeroDivisionError"


class WaysFlow(FlowSpec):
    word = "set by the test"

    @step
    def start(self):
        self.answer = self.word
        self.next({"a": self.left, "b": self.right}, condition="answer")

    @step
    def left(self):
        self.next(self.forgets)

    @step
    def right(self):
        self.next(self.forgets)

    @step
    def forgets(self):
        if self.word == "forget":
            return
        self.next(self.gang_start)

    @step
    def gang_start(self):
        self.next(self.gang, num_parallel=3)

    @parallel
    @step
    def gang(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.other, self.another)

    @step
    def other(self):
        self.next(self.end)

    @catch(var="failure")
    @step
    def another(self):
        raise ValueError
        self.next(self.end)

    @step
    def end(self, inputs):
        pass


def go(name: str, word: str = "a") -> Outcome:
    runner = Runner(WaysFlow, HERE)
    return runner.run(name, parameters=runner.stored.save_all(word=word))


def targets(outcome: Outcome) -> tuple[str, ...]:
    assert outcome.error is None, outcome.error.traceback
    assert outcome.transition is not None
    return outcome.transition.targets


def test_a_switch_takes_the_case_of_its_value() -> None:
    assert targets(go("start", "a")) == ("left",)
    assert targets(go("start", "b")) == ("right",)


def test_a_value_without_a_case_is_refused_and_the_cases_are_listed() -> None:
    outcome = go("start", "c")

    assert outcome.cause == "bad_transition"
    assert outcome.error is not None
    assert "'c'" in outcome.error.message
    assert outcome.error.hint == "the cases are: 'a', 'b'"


def test_a_step_that_does_not_come_to_its_next_is_refused() -> None:
    outcome = go("forgets", "forget")

    assert outcome.cause == "bad_transition"
    assert outcome.error is not None
    assert "`forgets` ended without `self.next`" in outcome.error.message


def test_a_gang_has_as_many_members_as_asked_for() -> None:
    outcome = go("gang_start")

    assert targets(outcome) == ("gang",)
    assert outcome.transition is not None
    assert (outcome.transition.width, outcome.transition.items) == (3, None)


def test_a_split_goes_to_all() -> None:
    assert targets(go("join")) == ("other", "another")


def test_a_caught_failure_takes_the_way_that_the_source_says() -> None:
    outcome = go("another")

    assert outcome.is_caught
    assert outcome.transition is not None
    assert outcome.transition.targets == ("end",)


def test_a_next_that_differs_from_the_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner(WaysFlow, HERE)
    monkeypatch.setattr(WaysFlow, "left", WaysFlow.gang_start)
    outcome = runner.run("left")

    assert outcome.cause == "bad_transition"
    assert outcome.error is not None
    assert "while its source says linear to `forgets`" in outcome.error.message
