"""`headwater export RUN --html FILE`: a run as one file."""

import os
import sys
import time

import click

from headwater.cli.reading import find_run, opened, reads_store
from headwater.model.errors import UserMistake
from headwater.web.export.page import export_run


@click.command("export")
@click.argument("run")
@click.option("--html", "file", metavar="FILE", help="File to write; `-` = standard output  [default: Churn-17.html].")
@reads_store
def command(run: str, file: str | None, home: str | None) -> int:
    """Write a run as one page of HTML that needs nothing else: to mail, to attach, to print.

    It has the graph, the timeline, parameters, metrics, tasks, the ends of logs, previews of artifacts, packages and
    code. No script is in it and nothing is fetched when it is opened. Whoever gets it sees all of that.
    """
    with opened(home) as view:
        record = find_run(view, run)
        page = export_run(record, time.time()).encode()
        path = file or f"{record.flow}-{record.label}.html"
    if path == "-":
        sys.stdout.buffer.write(page)
        return 0
    try:
        with open(path, "wb") as written:
            written.write(page)
    except OSError as error:
        raise UserMistake(f"{path} cannot be written: {error.strerror}") from error
    print(os.path.abspath(path))
    return 0
