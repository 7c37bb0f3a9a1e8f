"""Every behaviour in every shape of graph."""

import pytest

from tests.flows.behaviours import BEHAVIOURS, Seeded, all_tasks, steps_of
from tests.flows.shapes import SHAPES

#: What this process cannot do to itself.
_NEEDS_PROCESSES = {"Killed"}
_WHOLE = [name for name, behaviour in BEHAVIOURS.items() if not behaviour.fails]
_INLINE = [name for name in _WHOLE if name not in _NEEDS_PROCESSES]
#: On the local engine each shape takes the next behaviour here; the rest are long.
_SAMPLED = [(shape, _WHOLE[number % len(_WHOLE)]) for number, shape in enumerate(SHAPES)]
_REST = [(shape, name) for shape in SHAPES for name in _WHOLE if (shape, name) not in _SAMPLED]


@pytest.mark.parametrize("behaviour", _INLINE)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_behaviour_works_in_every_shape(weaver, shape, behaviour):
    weaver.weave(shape, behaviour)


@pytest.mark.parametrize(("shape", "behaviour"), _SAMPLED)
def test_processes_of_their_own_behave_as_this_one(weaver, shape, behaviour):
    weaver.weave(shape, behaviour, engine="local")


@pytest.mark.long
@pytest.mark.parametrize(("shape", "behaviour"), _REST)
def test_processes_of_their_own_always_behave_as_this_one(weaver, shape, behaviour):
    weaver.weave(shape, behaviour, engine="local")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_seed_repeats_a_run(weaver, shape):
    first, second = weaver.weave(shape, "Seeded"), weaver.weave(shape, "Seeded")

    assert Seeded.drawn(first) == Seeded.drawn(second)


_STEPS = [(shape, step) for shape, flow in SHAPES.items() for step in flow._tasks]
#: A step in the middle of each shape.
_MIDDLE = [(shape, list(flow._tasks)[len(flow._tasks) // 2]) for shape, flow in SHAPES.items()]
#: Its middle and its last one but one: nearly always a join.
_LATE = sorted({*_MIDDLE, *((shape, list(flow._tasks)[-2:][0]) for shape, flow in SHAPES.items())})


def _sampled(sample):
    return [pytest.param(*each, marks=() if each in sample else pytest.mark.long) for each in _STEPS]


@pytest.mark.parametrize(("shape", "step"), _sampled(_LATE))
def test_a_run_resumes_from_where_it_failed(weaver, shape, step, monkeypatch):
    failed = weaver.weave(shape, "FailsOnce", FAILS_IN=step)
    monkeypatch.setenv("BEHAVIOUR", "FailsOnce")
    monkeypatch.setenv("FAILS_IN", step)

    resumed = weaver.resume(shape, failed)

    assert (failed.successful, resumed.successful) == (False, True)
    done = {task.pathspec for task in all_tasks(failed) if task.successful}
    BEHAVIOURS["FailsOnce"].check(resumed, SHAPES[shape])
    reused = {task.origin_pathspec for task in all_tasks(resumed) if task.origin_pathspec}
    assert reused == done
    assert {task.data.origin for task in all_tasks(resumed) if not task.origin_pathspec} == {failed.id}


@pytest.mark.parametrize(("shape", "step"), _sampled(_MIDDLE))
def test_a_run_that_succeeded_starts_again_at_any_step(weaver, shape, step, monkeypatch):
    whole = weaver.weave(shape, "FailsOnce", FAILS_IN="no step")
    monkeypatch.setenv("BEHAVIOUR", "FailsOnce")
    monkeypatch.setenv("FAILS_IN", "no step")

    resumed = weaver.resume(shape, whole, from_step=step)

    assert resumed.successful
    executed = {task.pathspec.split("/")[2] for task in all_tasks(resumed) if not task.origin_pathspec}
    assert step in executed
    assert run_end(shape) in executed
    assert not executed & steps_before(shape, step)


def run_end(shape):
    return list(SHAPES[shape]._tasks)[-1]


def steps_before(shape, step):
    """Steps that lie upstream of a step and not downstream."""
    steps = steps_of(SHAPES[shape])
    after = _reachable(steps, step)
    return {name for name in SHAPES[shape]._tasks if step in _reachable(steps, name) and name not in after}


def _reachable(steps, step):
    found, waiting = set(), [step]
    while waiting:
        for target in steps[waiting.pop()].targets:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found
