import random
import subprocess
import sys

import numpy

from headwater.task.seeds import attempt_seed, seeded


def draw() -> tuple[float, float]:
    return random.random(), float(numpy.random.random())


def test_one_seed_gives_the_same_numbers_again() -> None:
    with seeded(7):
        first = draw()
    with seeded(7):
        again = draw()

    assert first == again


def test_siblings_draw_different_numbers() -> None:
    drawn = set()
    for index in range(20):
        with seeded(attempt_seed(1, f"train/start.{index}")):
            drawn.add(draw())

    assert len({first for first, _ in drawn}) == 20
    assert len({second for _, second in drawn}) == 20


def test_the_seed_follows_from_run_and_task_alone() -> None:
    assert attempt_seed(1, "train") == attempt_seed(1, "train")
    assert attempt_seed(1, "train") != attempt_seed(2, "train")
    assert attempt_seed(1, "train") != attempt_seed(1, "train~1")
    assert 0 <= attempt_seed(2**70, "train") < 2**63


def test_what_a_step_imports_later_is_seeded_too() -> None:
    code = """
import sys
from headwater.task.seeds import seeded
before = len(sys.meta_path)
assert "random" not in sys.modules and "numpy" not in sys.modules
with seeded(7):
    import random
    import numpy
    print(random.random(), numpy.random.random(), numpy.random.default_rng(1).random())
assert len(sys.meta_path) == before
assert type(random.__spec__.loader).__module__ != "headwater.task.seeds"
"""
    program = [sys.executable, "-c", code]
    printed = {subprocess.run(program, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    with seeded(7):
        here = f"{random.random()} {numpy.random.random()} {numpy.random.default_rng(1).random()}\n"

    assert printed == {here}


def test_a_package_that_is_missing_stays_missing() -> None:
    with seeded(7):
        try:
            import torch  # noqa: F401
        except ModuleNotFoundError as error:
            assert error.name == "torch"
