"""A run does not depend on who reads what it says."""

import os
import subprocess
import sys

from headwater.cli.streams import LastingStream
from headwater.home import open_home
from headwater.model.rows import RunQuery
from tests.cli.test_mistyped import FLOW


def test_a_run_goes_on_when_its_reader_has_gone(home_folder, tmp_path):
    (tmp_path / "churn.py").write_text(FLOW)
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run([sys.executable, "churn.py", "run"], stdout=writer, stderr=writer)
    os.close(writer)

    assert done.returncode == 0
    (row,) = open_home().ledger.runs(RunQuery()).rows
    assert row.status == "succeeded"


def test_a_run_needs_no_standard_streams(home_folder, tmp_path):
    (tmp_path / "churn.py").write_text(FLOW)

    done = subprocess.run(["bash", "-c", 'exec "$0" churn.py run <&- >&- 2>&-', sys.executable])

    assert done.returncode == 0
    home = open_home()
    (row,) = home.ledger.runs(RunQuery()).rows
    assert row.status == "succeeded"
    assert subprocess.run([sys.executable, "-m", "headwater", "fsck"], capture_output=True).returncode == 0


def test_a_stream_whose_reader_has_gone_drops_what_follows(tmp_path):
    reader, writer = os.pipe()
    out = os.fdopen(writer, "w")
    lasting = LastingStream(out)
    lasting.write("one\n")
    lasting.flush()
    os.close(reader)

    for _ in range(3):
        lasting.write("two\n")
        lasting.flush()

    assert lasting.fileno() == writer
    # What the interpreter flushes at its end has somewhere to go.
    out.write("three\n")
    out.close()


def test_an_interrupt_before_the_command_is_there_ends_quietly(home_folder, tmp_path):
    interrupting = """
import sys


class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "headwater.cli.main":
            raise KeyboardInterrupt


sys.meta_path.insert(0, Interrupting())
"""
    (tmp_path / "churn.py").write_text(FLOW.replace("if __name__", f"{interrupting}\nif __name__"))

    done = subprocess.run([sys.executable, "churn.py", "run"], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (130, "")


def test_a_terminal_without_a_letter_is_shown_its_number(home_folder, tmp_path):
    (tmp_path / "churn.py").write_text(FLOW.replace("Churn", "Fähig"))
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}

    ran = subprocess.run([sys.executable, "churn.py", "run"], env=environ, capture_output=True)
    listed = subprocess.run([sys.executable, "-m", "headwater", "list"], env=environ, capture_output=True)

    assert (ran.returncode, listed.returncode) == (0, 0)
    assert b"F\\xe4hig/1 succeeded" in ran.stderr
    assert b"F\\xe4hig/1" in listed.stdout


def test_a_folder_that_is_gone_is_said(home_folder, tmp_path):
    command = f'mkdir gone && cd gone && rmdir ../gone && exec "{sys.executable}" -m headwater list'

    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stderr == "error: the folder in which this was typed is gone\n\nhint: cd into another one\n"
