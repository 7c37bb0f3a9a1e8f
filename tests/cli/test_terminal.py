"""What commands look like on a terminal, on a real one."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from headwater.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
TYPED = re.compile(r"`(?:headwater|python flow\.py) ([a-z]+)[^`]*`")


def on_a_terminal(*words, **environment):
    """What a command writes to a terminal."""
    leader, follower = pty.openpty()
    known = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "headwater", *words]
    child = subprocess.Popen(command, stdout=follower, stderr=follower, env=known | environment)
    os.close(follower)
    written = b""
    while True:
        try:
            chunk = os.read(leader, 4096)
        except OSError:  # how Linux says that nobody writes to it any more
            break
        if not chunk:
            break
        written += chunk
    child.wait()
    os.close(leader)
    return written.decode()


def test_a_terminal_gets_colours_unless_they_are_not_wanted(story):
    story.run().whole()

    assert "\x1b[32msucceeded" in on_a_terminal("list")
    assert "\x1b" not in on_a_terminal("list", NO_COLOR="1")


def test_a_pipe_gets_no_colours(story, call):
    story.run().whole()

    assert "\x1b" not in call("status", "Churn/1").out


def test_commands_that_texts_tell_people_to_type_exist():
    paths = [*ROOT.glob("src/headwater/**/*.py"), *ROOT.glob("docs/*.md")]

    named = {(path.name, word) for path in paths for word in TYPED.findall(path.read_text())}

    assert len(named) > 20
    assert {(file, word) for file, word in named if word not in COMMANDS} == set()


def test_a_reader_that_goes_away_is_no_error(story, spawn):
    run = story.run()
    run.begin("start")
    run.log("start", *((number, "o", b"line" * 100) for number in range(20_000)))
    reading = spawn("logs", "Churn/1")

    reading.stdout.readline()
    reading.stdout.close()
    err = reading.stderr.read()
    reading.wait()

    assert err == ""


def test_a_terminal_shows_gates_and_hooks_as_lines_do(home_folder, tmp_path):
    (tmp_path / "project").mkdir()
    file = tmp_path / "project" / "live.py"
    file.write_text(GATED)

    waiting = on_a_terminal("run", str(file))
    on_a_terminal("approve", "Live/1")
    ended = on_a_terminal("resume", "Live/1")

    assert "step `end` waits for approval (role deployer)" in waiting
    assert "approve:  headwater approve Live/1/end" in waiting
    assert "step `end` approved by ann" in ended
    assert "hook tell | told" in ended
    assert "exit hook `fail` failed with exit code 1" in ended


GATED = """
from headwater import FlowSpec, approval, exit_hook, step


def tell():
    print("told")


def fail():
    raise SystemExit(1)


@exit_hook(on_success=[tell, fail])
class Live(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @approval
    @step
    def end(self):
        pass
"""
