"""Admission by what tasks ask for."""

from headwater.model.options import Resources
from headwater.plan.slots import Held, Machine, Slots

MACHINE = Machine(workers=4, cpus=4.0, memory=1000.0, gpus=(0, 1))
NOTHING = Resources()


def test_nothing_is_reserved_that_is_not_asked_for():
    slots = Slots(MACHINE)
    for number in range(4):
        assert slots.take((f"t{number}",), NOTHING) == {f"t{number}": ()}

    assert slots.held == Held()
    assert slots.take(("t5",), NOTHING) is None


def test_tasks_wait_for_cpus_and_memory_and_get_them_back():
    slots = Slots(MACHINE)
    assert slots.take(("a",), Resources(cpu=3, memory=600)) is not None
    assert slots.take(("b",), Resources(cpu=2)) is None
    assert slots.take(("c",), Resources(memory=500)) is None
    slots.give_back("a")

    assert slots.take(("b",), Resources(cpu=2)) is not None
    assert slots.take(("c",), Resources(memory=500)) is not None


def test_each_gpu_belongs_to_one_task():
    slots = Slots(MACHINE)

    assert slots.take(("a",), Resources(gpu=1)) == {"a": (0,)}
    assert slots.take(("b",), Resources(gpu=1)) == {"b": (1,)}
    assert slots.take(("c",), Resources(gpu=1)) is None
    slots.give_back("a")
    assert slots.take(("c",), Resources(gpu=1)) == {"c": (0,)}


def test_what_can_never_fit_runs_alone():
    slots = Slots(MACHINE)
    huge = Resources(cpu=64)
    assert slots.take(("small",), NOTHING) is not None
    assert slots.take(("huge",), huge) is None
    slots.give_back("small")

    assert slots.take(("huge",), huge) is not None
    assert slots.take(("small",), NOTHING) is None
    slots.give_back("huge")
    assert slots.take(("small",), NOTHING) is not None


def test_a_gang_takes_what_all_its_members_need_or_nothing():
    slots = Slots(MACHINE)
    pair = Resources(gpu=1)
    assert slots.take(("other",), pair) is not None

    assert slots.take(("m0", "m1"), pair) is None
    slots.give_back("other")
    assert slots.take(("m0", "m1"), pair) == {"m0": (0,), "m1": (1,)}


def test_what_other_runs_hold_is_left_to_them():
    slots = Slots(MACHINE)
    slots.leave_to_others([Held(cpus=3.0, memory=900.0, gpus=(0,))])

    assert slots.take(("a",), Resources(cpu=2)) is None
    assert slots.take(("b",), Resources(memory=200)) is None
    assert slots.take(("c",), Resources(gpu=1)) == {"c": (1,)}
    assert slots.take(("d",), Resources(gpu=1)) is None
    assert slots.take(("huge",), Resources(cpu=64)) is None
    slots.leave_to_others([])
    assert slots.take(("a",), Resources(cpu=2)) is not None


def test_fractions_of_cpus_add_up():
    slots = Slots(MACHINE)

    assert [slots.take((str(number),), Resources(cpu=1.5)) is not None for number in range(3)] == [True, True, False]
