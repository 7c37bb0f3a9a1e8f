import re
from pathlib import Path

import click
import pytest

from headwater.cli.main import COMMANDS, headwater

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def options_of(name):
    command = headwater.get_command(click.Context(headwater), name)
    words = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    params = [param for word in words for param in word.params]
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
