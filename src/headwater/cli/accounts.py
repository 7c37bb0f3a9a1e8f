"""What the commands about users and tokens share: the store beside them, passwords, the audit log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from headwater.home import Home, open_home
from headwater.model.errors import UserMistake
from headwater.web.access import ALL, ROLES, Role
from headwater.web.accounts.audit import AuditEntry, note_begin, note_end
from headwater.web.accounts.passwords import Passwords

ROLE = click.Choice(ROLES)
#: Bytes of a password's file.
_MOST_BYTES = 4096


@contextmanager
def next_to(folder: str | None, *, make: bool = False) -> Iterator[Home]:
    """Open the store that is named, else the one that the settings name.

    Raises:
        NotFound: there is no store.
        UserMistake: it is a server's: who may come in is said beside the store.
    """
    home = open_home(folder, make=make)
    try:
        if home.is_far:
            hint = "an admin does this on the page, under Settings, or on the machine of the store"
            raise UserMistake(f"the store {home.name} is on a server: users and tokens are kept there", hint=hint)
        yield home
    finally:
        home.close()


@contextmanager
def changing(home: Home, action: str, on: str, **details: str) -> Iterator[None]:
    """Note what the block changes in the audit log: before it is made, and what came of it."""
    entry = AuditEntry(time.time(), home.user, "cli", action, on, details=details)
    key = note_begin(home.ledger, entry)
    try:
        yield
    except Exception as error:
        note_end(home.ledger, key, entry, f"refused: {error}")
        raise
    note_end(home.ledger, key, entry, "done")


def passwords() -> Passwords:
    """Give what hashes passwords; asked before one is typed.

    Raises:
        NotInstalled: the package is not there.
    """
    return Passwords()


def read_password(name: str, path: str | None) -> str:
    """Read a new password: typed twice on the terminal, or the first line of a file; never from the command line.

    Raises:
        UserMistake: there is no terminal and no file.
    """
    if path is not None:
        return _first_line(path)
    if not sys.stdin.isatty():
        hint = "--password-file - reads it from standard input, --password-file FILE from a file"
        raise UserMistake(f"the password of {name} is typed on a terminal, and there is none", hint=hint)
    prompt = f"password of {name}"
    text: str = click.prompt(prompt, hide_input=True, confirmation_prompt="once more", err=True)
    return text


def roles_text(roles: dict[str, Role]) -> str:
    """Say what somebody may do: `admin of all, viewer of fraud`."""
    names = {ALL: "all", "": "flows without a project"}
    return ", ".join(f"{role} of {names.get(project, project)}" for project, role in roles.items()) or "nothing"


def _first_line(path: str) -> str:
    if path == "-":
        text = sys.stdin.readline(_MOST_BYTES)
    else:
        try:
            with open(path, encoding="utf-8") as file:
                text = file.readline(_MOST_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise UserMistake(f"{path} cannot be read: {reason}") from error
    return text.rstrip("\r\n")
