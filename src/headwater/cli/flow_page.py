"""`headwater flow describe FLOW`: who owns a flow and what it is for, as its page shows it."""

import sys
import time

import click
import msgspec

from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.client.display import printable
from headwater.client.records import no_flow
from headwater.client.session import View
from headwater.deployments.flow_pages import MOST_CHARACTERS, FlowPage, read_flow_page, write_flow_page
from headwater.model.errors import UserMistake
from headwater.model.rows import RunQuery


@click.group("flow")
def command() -> None:
    """Say what a flow is for, and who owns it."""


@command.command("describe")
@click.argument("flow")
@click.option("--owner", help="A person, a team, an address; empty = nobody.")
@click.option("--file", metavar="FILE", help="Markdown to show on the flow's page; `-` = standard input.")
@gives_json
@reads_store
def describe(flow: str, owner: str | None, file: str | None, as_json: bool, home: str | None) -> int:
    """Set the owner or the description of a flow, or print them when neither is given."""
    with opened(home) as view:
        page = read_flow_page(view.ledger, flow, _project(view, flow))
        if owner is not None or file is not None:
            page = msgspec.structs.replace(
                page,
                owner=page.owner if owner is None else owner.strip(),
                text=page.text if file is None else _read(file),
                at=time.time(),
                user=view.home.user,
            )
            write_flow_page(view.ledger, page)
    if as_json:
        print_json(page)
    else:
        _print(page)
    return 0


def _project(view: View, flow: str) -> str:
    """Give the project of a flow's latest run."""
    rows = view.ledger.runs(RunQuery(flow=flow, limit=1)).rows
    if not rows:
        raise no_flow(view.ledger, flow)
    return rows[0].project


def _read(file: str) -> str:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(4 * MOST_CHARACTERS + 1)
        else:
            with open(file, "rb") as opened_file:
                content = opened_file.read(4 * MOST_CHARACTERS + 1)
        text = content.decode()
    except OSError as error:
        raise UserMistake(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserMistake(f"{file} is no text: {error}") from error
    if len(text) > MOST_CHARACTERS:
        raise UserMistake(f"{file} is too long: a description has at most {MOST_CHARACTERS:,} characters")
    return text


def _print(page: FlowPage) -> None:
    print(f"{page.flow}: {printable(page.owner) if page.owner else 'nobody is named as its owner'}")
    for line in page.text.splitlines():
        print(f"  {printable(line)}")
