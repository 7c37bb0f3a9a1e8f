import os

import pytest

from headwater import Runner
from tests.flows import hard_flows
from tests.flows.harness import ROOT

FLOWS = ["ClassesFlow", "SpoilingFlow", "ChangedInputsFlow", "DyingFlow", "BusyFlow", "StubbornFlow", "WideFlow"]


def run(flow, tmp_path):
    with Runner(f"{hard_flows.__file__}:{flow}", show_output=False, home=str(tmp_path / "home"), cwd=ROOT) as runner:
        executing = runner.run()
    assert executing.status == "successful", executing.stderr[-4000:]
    return executing.run


@pytest.mark.parametrize("flow", [name for name in FLOWS if name not in ("SpoilingFlow", "BusyFlow")])
def test_a_flow_that_checks_itself_succeeds(flow, tmp_path):
    run(flow, tmp_path)


def test_a_step_that_spoils_its_process_spoils_nothing_else(tmp_path):
    found = run("SpoilingFlow", tmp_path)

    assert (found["start"].task.stdout, found["end"].task.stdout) == ("before\n", "after\n")
    assert os.environ.get("SPOILED") is None


def test_everything_that_is_printed_is_kept_by_line(tmp_path):
    found = run("BusyFlow", tmp_path)

    lines = found["start"].task.stdout.splitlines()
    for number in range(4):
        own = [line for line in lines if line.startswith(f"thread {number} ")]
        assert own == [f"thread {number} line {line}" for line in range(2000)]
    assert lines[-1] == "x" * 200_000
    assert found["work"].task.stdout == "said by a program\n"
