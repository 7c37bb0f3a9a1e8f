"""Two runs of one store never hold the same part of the machine."""

import subprocess
import sys

import pytest

from headwater.model.options import Resources
from headwater.plan.slots import Machine, Slots
from headwater.runtime.claims import Claims

MACHINE = Machine(workers=4, cpus=4.0, memory=1000.0, gpus=(0, 1))


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "locks")


def take(claims, slots, key, asked):
    with claims.agree(slots):
        return slots.take((key,), asked)


def test_a_gpu_of_another_run_is_not_given_away(folder):
    first, second = Claims(folder, "R1"), Claims(folder, "R2")
    slots1, slots2 = Slots(MACHINE), Slots(MACHINE)

    assert take(first, slots1, "a", Resources(gpu=1)) == {"a": (0,)}
    assert take(second, slots2, "b", Resources(gpu=1)) == {"b": (1,)}
    assert take(second, slots2, "c", Resources(gpu=1)) is None
    slots1.give_back("a")
    take(first, slots1, "none", Resources(cpu=64))
    assert take(second, slots2, "c", Resources(gpu=1)) == {"c": (0,)}


def test_claims_of_a_process_that_is_gone_count_for_nothing(folder):
    program = f"""
from headwater.model.options import Resources
from headwater.plan.slots import Machine, Slots
from headwater.runtime.claims import Claims
slots = Slots(Machine(workers=4, cpus=4.0, memory=1000.0, gpus=(0, 1)))
with Claims({folder!r}, "R1").agree(slots):
    slots.take(("a",), Resources(gpu=2))
"""
    subprocess.run([sys.executable, "-c", program], check=True)

    assert take(Claims(folder, "R2"), Slots(MACHINE), "b", Resources(gpu=2)) == {"b": (0, 1)}


def test_a_torn_file_stops_nobody(folder, tmp_path):
    claims = Claims(folder, "R1")
    slots = Slots(MACHINE)
    take(claims, slots, "a", Resources(gpu=1))
    (tmp_path / "locks" / "claims.json").write_bytes(b'{"R9": {"ho')

    assert take(claims, slots, "b", Resources(gpu=1)) == {"b": (1,)}
