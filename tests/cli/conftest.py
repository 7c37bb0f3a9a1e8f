"""A store for each test, and the commands called in this process."""

import subprocess
import sys
import time

import pytest

from headwater.cli.main import main
from headwater.home import Home, make_home
from tests.cli.stories import Story


class Spoken:
    """What a command said."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err


@pytest.fixture
def home_folder(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    make_home(str(folder))
    monkeypatch.setenv("HEADWATER_HOME", str(folder))
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def story(home_folder):
    home = Home(str(home_folder), "ann")
    yield Story(home)
    home.close()


@pytest.fixture
def call(home_folder, capfdbinary):
    """Call a command in this process; gives exit code, standard output (bytes decoded) and standard error."""

    def call(*words):
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfdbinary.readouterr()
        return Spoken(ended.value.code, out.decode("utf-8", "surrogateescape"), err.decode())

    return call


@pytest.fixture
def spawn(home_folder):
    """Start a command in a process of its own, for what has to be seen while it runs."""
    begun = []

    def spawn(*words):
        command = [sys.executable, "-m", "headwater", *words]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        begun.append(child)
        return child

    yield spawn
    for child in begun:
        child.kill()
        child.communicate()


@pytest.fixture
def in_zone(monkeypatch):
    """Put the reader into a time zone."""

    def put(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()
