"""What a tired person types: one message with the cause and what to do, exit code 2, nothing done."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.flow.flow_files import imports_undone

FLOW = """
from headwater import FlowSpec, step


class Churn(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Churn()
"""


@pytest.fixture(autouse=True)
def imports(home_folder):
    with imports_undone():
        yield


def write(folder, name, text=FLOW):
    (folder / name).write_text(text)


def program(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True)


@pytest.mark.parametrize("words", [["rnu", "churn.py"], ["rnu"]])
def test_a_command_that_is_none_is_answered_with_the_nearest(call, words):
    spoken = call(*words)

    assert spoken.code == 2
    assert "headwater has no command `rnu`\n\nhint: did you mean `run`?" in spoken.err


def test_a_program_takes_no_other_word_for_a_command(home_folder, tmp_path):
    write(tmp_path, "churn.py")

    done = program("churn.py", "rnu")

    assert (done.returncode, done.stdout) == (2, "")
    assert "no command `rnu`\n\nhint: did you mean `run`?" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "churn"], "`churn` is no Python file\n\nhint: headwater run churn.py\n"),
        (["check", "README.md"], "`README.md` is no Python file\n\nhint: headwater check FILE.py\n"),
        (["resume", "Churn"], "`Churn` is no Python file\n\nhint: headwater resume FILE.py, or the path of a run\n"),
        (["show"], "which flow?\n\nhint: headwater show FILE.py\n"),
    ],
)
def test_a_flow_that_is_not_named_is_asked_for(call, tmp_path, words, message):
    write(tmp_path, "churn.py")

    spoken = call(*words)

    assert (spoken.code, spoken.out) == (2, "")
    assert spoken.err.endswith(message)


@pytest.mark.parametrize("command", ["status", "logs", "cancel", "tag"])
def test_a_run_that_is_not_named_is_asked_for(call, command):
    spoken = call(command)

    assert spoken.code == 2
    assert spoken.err.endswith("hint: `headwater list` shows the runs\n")


def test_a_step_that_is_none_is_answered_with_the_nearest(call, tmp_path):
    write(tmp_path, "churn.py")
    call("run", "churn.py")

    spoken = call("resume", "churn.py", "strat")

    assert spoken.code == 2
    assert "Churn has no step `strat`\n\nhint: did you mean `start`? Its steps are: start, end" in spoken.err


@pytest.mark.parametrize("name", ["colorsys", "random"])
def test_a_program_with_the_name_of_a_module_of_python_begins_no_run(home_folder, tmp_path, name):
    write(tmp_path, f"{name}.py")

    done = program(f"{name}.py", "run")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {name}.py has the name of another module, `{name}`\n\nhint: rename {name}.py\n"


def test_a_program_that_hides_what_we_need_ourselves_is_named(home_folder, tmp_path):
    write(tmp_path, "types.py")

    done = program("types.py", "run")

    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("types.py hides Python's own module `types`: rename it")


def test_a_file_with_several_flows_says_how_to_name_one(call, tmp_path):
    write(tmp_path, "two.py", FLOW + FLOW.replace("class Churn", "class Other"))

    spoken = call("check", "two.py")

    assert (spoken.code, "hint: name one: two.py:Churn" in spoken.err) == (2, True)
    assert call("check", "two.py:Other").code == 0


def test_a_relative_import_says_what_to_write(call, tmp_path):
    write(tmp_path, "churn.py", "from . import other\n")

    spoken = call("check", "churn.py")

    assert (spoken.code, "write `import other` for `from . import other`" in spoken.err) == (2, True)


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root writes everywhere")
@pytest.mark.parametrize("words", [["run", "churn.py"], ["init"], ["new", "sales"]])
def test_a_folder_that_cannot_be_written_is_named(home_folder, tmp_path, words):
    write(tmp_path, "churn.py")
    without_power = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    for folder in (home_folder, tmp_path):
        folder.chmod(0o500)

    done = subprocess.run([*without_power, sys.executable, "-m", "headwater", *words], capture_output=True, text=True)

    home_folder.chmod(0o700)
    tmp_path.chmod(0o700)
    named = home_folder if words[0] == "run" else tmp_path
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert str(named) in done.stderr


def test_a_checked_flow_says_how_to_run_it(call, tmp_path):
    write(tmp_path, "my churn.py")

    assert "run it: headwater run 'my churn.py'\n" in call("check", "my churn.py").err
    assert program("my churn.py").stderr.endswith("run it: python 'my churn.py' run\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tag", ""], "error: a tag cannot be empty\n"),
        (["--run-id-file", "nowhere/id"], "nowhere is no folder\n"),
    ],
)
def test_what_a_run_cannot_keep_is_refused_before_it_begins(call, home_folder, tmp_path, words, message):
    write(tmp_path, "churn.py")

    spoken = call("run", "churn.py", *words)

    assert spoken.code == 2
    assert spoken.err.endswith(message)
    assert call("list").out == ""


def test_a_long_note_is_shown_by_its_start(story, call):
    story.run(note="why\n" + 1000 * "x").whole()

    (line,) = [line for line in call("list").out.splitlines() if "why" in line]
    assert line.endswith("why " + 55 * "x" + "…")


def test_an_address_where_a_folder_is_expected_makes_no_folder(call, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWATER_HOME", "https://data.example.org")

    write(tmp_path, "churn.py")

    spoken = call("run", "churn.py")

    assert spoken.code == 2
    assert "HEADWATER_HOME names an address, https://data.example.org, and a store's home is a folder" in spoken.err
    assert "headwater login" in spoken.err
    assert not (tmp_path / "https:").exists()
