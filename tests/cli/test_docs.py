import re
from pathlib import Path

import click
import pytest

from headwater.cli.main import COMMANDS, headwater

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def with_verbs(group, name):
    """A command, and all that stand below it."""
    command = group.get_command(click.Context(group), name)
    yield command
    if isinstance(command, click.Group):
        for verb in command.list_commands(click.Context(command)):
            yield from with_verbs(command, verb)


def options_of(name):
    params = [param for command in with_verbs(headwater, name) for param in command.params]
    found = [option for option in params if isinstance(option, click.Option) and not option.hidden]
    return {word for option in found for word in option.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_in_its_section_and_no_other_is(name):
    table = re.findall(r"^\| (.*?) \|", SECTIONS[name].replace("\\|", "/"), re.MULTILINE)
    documented = {word for cell in table for word in re.findall(r"`(-{1,2}[a-z][a-z-]*)", cell)}

    own = options_of(name) - (options_of("run") if name == "resume" else set())
    assert own == documented


def test_every_command_has_a_section_and_every_section_a_command():
    assert list(COMMANDS) == list(SECTIONS)
