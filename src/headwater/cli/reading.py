"""What commands that look at runs share: the store, what a path names, times as people type them."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import click

from headwater.client.pathspec import split_any
from headwater.client.records import RunRecord, find_record, no_flow
from headwater.client.session import View
from headwater.home import open_home
from headwater.model.errors import InvalidPathspec, UserMistake
from headwater.model.rows import RunQuery

Body = TypeVar("Body", bound=Callable[..., object])

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def reads_store(body: Body) -> Body:
    """Give a command the options of those that read the store."""
    return click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")(body)


def gives_json(body: Body) -> Body:
    """Give a command that lists the option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, the same keys in every version.")(body)


@contextmanager
def opened(folder: str | None) -> Iterator[View]:
    """Open the store that is named, else the one that the settings name; its view shows everybody's runs.

    Raises:
        NotFound: there is no store.
    """
    home = open_home(folder)
    if home.is_far:
        print(f"store {home.name}", file=sys.stderr)
    try:
        yield View(home, None)
    finally:
        home.close()


def find_run(view: View, path: str) -> RunRecord:
    """Find `Churn/17`.

    Raises:
        NotFound: no such run; its hint names near ones.
        InvalidPathspec: the path is not that of a run.
    """
    run, *rest = split_run(view, path)
    if rest:
        raise InvalidPathspec(f"`{path}` names more than a run", hint=f"the run is {run.path}")
    return run


def split_run(view: View, path: str) -> tuple[RunRecord, *tuple[str, ...]]:
    """Find the run that a path begins with, and give the parts that follow it.

    Raises:
        NotFound: no such run; its hint names near ones.
        InvalidPathspec: the path names no run.
    """
    parts = split_any(path)
    if len(parts) == 1:
        latest = view.ledger.runs(RunQuery(flow=parts[0], limit=1)).rows
        if not latest:
            raise no_flow(view.ledger, parts[0])
        raise InvalidPathspec(f"`{path}` is a flow: name one of its runs", hint=f"the latest is {latest[0].path}")
    return find_record(view, parts[0], parts[1]), *parts[2:]


def time_of(text: str, now: float) -> float:
    """Read a time: `2025-03-01`, `2025-03-01T06:00`, or how long ago, `30min`, `12h`, `7d`.

    Raises:
        UserMistake: it is none of these.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return now - float(ago[1]) * _SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise UserMistake(
            f"{text!r} is no time", hint="write it as 2025-03-01, 2025-03-01T06:00, or as 30min, 12h or 7d ago"
        ) from error
