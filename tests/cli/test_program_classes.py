"""Values of classes that the flow's own file defines: however the flow was started, other processes can load them."""

import subprocess
import sys

import pytest

FLOW = """
from headwater import FlowSpec, IncludeFile, Parameter, step


class Scale:
    def __init__(self, top):
        self.top = top

    def __eq__(self, other):
        return type(other) is type(self) and other.top == self.top


def read_scale(text):
    return Scale(int(text))


class ScaledFlow(FlowSpec):
    constant = Scale(3)
    read = IncludeFile("read", default="scale.txt", parser=read_scale)
    drawn = Parameter("drawn", type=int, default=1)

    @step
    def start(self):
        assert (self.constant, self.read) == (Scale(3), Scale(5))
        assert isinstance(self.constant, Scale)
        self.kept = [Scale(7)]
        self.kind = Scale
        self.next(self.end)

    @step
    def end(self):
        assert self.kept == [Scale(7)]
        assert self.kind is Scale
        assert (self.constant, self.read) == (Scale(3), Scale(5))


if __name__ == "__main__":
    ScaledFlow()
"""
READER = """
import sys
from headwater import Run, namespace
namespace(None)
task = Run("ScaledFlow/1")["end"].task
print(task.data.constant.top, task.data.read.top, task.data.kept[0].top)
print(type(task.data.constant).__module__, type(task.data.kept[0]).__module__)
"""


@pytest.mark.parametrize(
    "command",
    [
        ["deep/scaled.py", "run"],
        ["deep/scaled.py", "run", "--engine", "inline"],
        ["-m", "headwater", "run", "deep/scaled.py"],
        ["-m", "headwater", "run", "deep/scaled.py", "--engine", "inline"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("is_project", [True, False], ids=["in a project", "in no project"])
def test_another_process_loads_what_classes_of_the_flow_file_are_kept_in(home_folder, tmp_path, command, is_project):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "scaled.py").write_text(FLOW)
    (tmp_path / "scale.txt").write_text("5")
    if is_project:
        (tmp_path / "pyproject.toml").write_text("")
    module, folder = ("deep.scaled", tmp_path) if is_project else ("scaled", tmp_path / "deep")
    ran = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    seen = subprocess.run([sys.executable, "-c", READER], cwd=folder, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr
    assert seen.stdout.splitlines() == ["3 5 7", f"{module} {module}"], seen.stderr
