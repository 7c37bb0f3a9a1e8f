"""Machines of people: each with folders of its own, and nothing of the server's but its address."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Times at which files were written, each later than the ones before.
_EDITS = itertools.count(1_000_000_000)


class Machine:
    """Where somebody types commands."""

    def __init__(self, folder, url="", token=""):
        self.folder = Path(folder)
        self.folder.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWATER_", "XDG_"))}
        self.environ = {
            **kept,
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "NO_COLOR": "1",
        }
        if url:
            self.environ |= {"HEADWATER_SERVER": url, "HEADWATER_SERVER_TOKEN": token}

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        # Python would take the bytecode of a file of the same size that was written within the same second.
        os.utime(file, (next(_EDITS), next(_EDITS)))

    def start(self, *words, program=("-m", "headwater"), **environment):
        return subprocess.Popen(
            [sys.executable, *program, *map(str, words)],
            cwd=self.folder,
            env={**self.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def do(self, *words, given="", **environment):
        """Do a command that must succeed; gives what it printed to standard output."""
        process = self.start(*words, **environment)
        out, err = process.communicate(given, timeout=60)
        assert process.returncode == 0, f"{words}: {out}\n{err}"
        return out

    def fail(self, *words, given=""):
        """Do a command that must fail; gives what it said."""
        process = self.start(*words)
        out, err = process.communicate(given, timeout=60)
        assert process.returncode not in (0, None), f"{words}: {out}\n{err}"
        return err

    def python(self, text):
        """Run a program; gives what it printed."""
        process = self.start("-c", text, program=())
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out

    def server_folder(self):
        """The folder that stands for the server's store here."""
        return next((self.folder / "data" / "headwater" / "servers").iterdir())


def until(is_true, seconds=60.0):
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
