"""`headwater init`: makes a store in this folder."""

import os

import click

from headwater.home import make_home
from headwater.settings import MARKER


@click.command("init")
@click.argument("folder", metavar="[FOLDER]", default=".")
def command(folder: str) -> int:
    """Make a store in a folder: flows that run there or below keep everything in its `.headwater`.

    Nothing happens to a store that is there already.
    """
    path = os.path.join(os.path.abspath(folder), ".headwater")
    was_there = os.path.exists(os.path.join(path, MARKER))
    make_home(path)
    if was_there:
        print(f"{path} is a store already; nothing was changed")
        return 0
    _hide_from_git(path)
    print(f"made a store at {path}")
    print("flows that run in this folder or below it use it; everything that they keep is in there")
    return 0


def _hide_from_git(path: str) -> None:
    with open(os.path.join(path, ".gitignore"), "w", encoding="utf-8") as file:
        file.write("*\n")
