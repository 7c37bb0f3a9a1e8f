"""`headwater new NAME`: writes a small project that runs at once."""

import keyword
import os
from importlib.resources import files

import click

from headwater.model.errors import UserMistake
from headwater.model.ids import NAME

#: Template -> file of the new project.
_FILES = {"flow.py.txt": "flow.py", "test_flow.py.txt": "test_flow.py", "README.md.txt": "README.md"}


@click.command("new")
@click.argument("name")
def command(name: str) -> int:
    """Write a small project into a new folder: a flow that runs at once, its test, a README.

    NAME becomes the folder, and in CamelCase the flow: `new churn-model` makes `churn-model/` with ChurnModel.
    """
    folder, flow = os.path.abspath(name), flow_name(os.path.basename(name.rstrip("/")))
    written = write_project(folder, flow)
    print(f"wrote {', '.join(written)} to {folder}")
    print("next:")
    print(f"  cd {name}")
    print("  headwater run flow.py")
    print("  pytest")
    return 0


def flow_name(name: str) -> str:
    """Give the flow's class for a project's name.

    Raises:
        UserMistake: the name is none.
    """
    if not NAME.fullmatch(name):
        raise UserMistake(f"{name!r} is no name for a project", hint="letters, digits, - and _, a letter first")
    flow = "".join(part[:1].upper() + part[1:] for part in name.replace("_", "-").split("-"))
    if not flow or keyword.iskeyword(flow):
        raise UserMistake(f"{name!r} is no name for a project", hint="its flow would have no name that Python takes")
    return flow


def write_project(folder: str, flow: str) -> list[str]:
    """Write the template's files, and give their names.

    Raises:
        UserMistake: one of them is there already, or the folder cannot be made; nothing is written.
    """
    taken = [file for file in _FILES.values() if os.path.lexists(os.path.join(folder, file))]
    if taken:
        raise UserMistake(f"{folder} has {', '.join(taken)} already", hint="choose another name; nothing was written")
    templates = files("headwater.cli") / "templates" / "project"
    try:
        os.makedirs(folder, exist_ok=True)
        for template, file in _FILES.items():
            text = (templates / template).read_text(encoding="utf-8")
            with open(os.path.join(folder, file), "x", encoding="utf-8") as opened:
                opened.write(text.replace("{Flow}", flow).replace("{name}", os.path.basename(folder)))
    except OSError as error:
        raise UserMistake(f"{folder} cannot be written: {error.strerror}") from error
    return list(_FILES.values())
