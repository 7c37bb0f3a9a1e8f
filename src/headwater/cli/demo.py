"""`headwater demo`: runs a small example."""

import os
import sys
from tempfile import mkdtemp

import click

from headwater.cli.new import write_project
from headwater.cli.run import command as run_flow


@click.command("demo")
@click.argument("folder", metavar="[FOLDER]", required=False)
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
def command(folder: str | None, home: str | None) -> int:
    """Write a small example into a folder and run it: a few tasks in parallel, a join, a metric.

    Without a FOLDER it goes into a temporary one. The run is kept in the store like any other.
    """
    where = os.path.abspath(folder) if folder is not None else mkdtemp(prefix="headwater-demo-")
    write_project(where, "Demo")
    path = os.path.join(where, "flow.py")
    print(f"the flow is in {path}", file=sys.stderr)
    words = [path] if home is None else [path, "--home", home]
    code = run_flow.main(words, prog_name="headwater run", standalone_mode=False)
    return code if isinstance(code, int) else 0
