"""`headwater user`: who may sign in at the page of this store, and what they may do."""

import sys
import time

import click

from headwater.cli.accounts import ROLE, changing, next_to, passwords, read_password, roles_text
from headwater.cli.nouns import NounGroup
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, reads_store
from headwater.cli.words import local_time
from headwater.web.access import ALL, Role
from headwater.web.accounts import account_changes
from headwater.web.accounts.users import Account, Users

_PROJECT = click.option(
    "--project", metavar="NAME", default=ALL, help="Project of the role; '' = flows without one  [default: all]."
)


@click.group("user", cls=NounGroup)
def command() -> None:
    """Let people sign in at the page of this store, and say what they may do."""


@command.command("add")
@click.argument("name")
@click.option("--role", type=ROLE, default="viewer", show_default=True, help="What they may do.")
@_PROJECT
@click.option("--password-file", metavar="FILE", help="Read the password from a file; `-` = from standard input.")
@click.option("--no-password", is_flag=True, help="They come in with tokens only.")
@reads_store
def add(name: str, role: Role, project: str, password_file: str | None, no_password: bool, home: str | None) -> int:
    """Make an account; the password is typed twice, or read from a file."""
    with next_to(home, make=True) as store:
        users = Users(store.ledger)
        hashed = None
        if not no_password:
            hasher = passwords()
            hashed = hasher.hash(read_password(name, password_file))
        with changing(store, "add_user", name, project=project, role=role):
            users.add(name, by=store.user, at=time.time(), roles={_project(project): role}, password_hash=hashed)
    print(f"{name} is {role} {_where(_project(project))}")
    return 0


@command.command("list")
@gives_json
@reads_store
def list_all(as_json: bool, home: str | None) -> int:
    """List accounts with their roles."""
    with next_to(home) as store:
        accounts = list(Users(store.ledger).all())
    if as_json:
        print_json([_facts(each) for each in accounts])
        return 0
    rows = [
        (each.name, roles_text(each.roles), _means(each), _standing(each), local_time(each.at)) for each in accounts
    ]
    print_table(("user", "roles", "comes in by", "stands", "changed"), rows)
    return 0


@command.command("grant")
@click.argument("name")
@click.argument("role", type=ROLE)
@_PROJECT
@reads_store
def grant(name: str, role: Role, project: str, home: str | None) -> int:
    """Give somebody a role in a project, instead of the one that they had there."""
    with next_to(home) as store, changing(store, "grant_role", name, project=project, role=role):
        Users(store.ledger).grant(name, role, _project(project), by=store.user, at=time.time())
    print(f"{name} is {role} {_where(_project(project))}")
    return 0


@command.command("revoke")
@click.argument("name")
@_PROJECT
@reads_store
def revoke(name: str, project: str, home: str | None) -> int:
    """Take somebody's role in a project away; servers know within a second."""
    with next_to(home) as store, changing(store, "revoke_role", name, project=project):
        account = Users(store.ledger).revoke(name, _project(project), by=store.user, at=time.time())
    print(f"{name}: {roles_text(account.roles)}")
    return 0


@command.command("password")
@click.argument("name")
@click.option("--password-file", metavar="FILE", help="Read it from a file; `-` = from standard input.")
@reads_store
def password(name: str, password_file: str | None, home: str | None) -> int:
    """Give somebody another password; their sessions end within a second."""
    with next_to(home) as store:
        account_changes.require_person(store.ledger, name)
        hasher = passwords()
        hashed = hasher.hash(read_password(name, password_file))
        with changing(store, "set_password", name):
            account_changes.set_password(store.ledger, name, hashed, by=store.user, at=time.time())
    print(f"{name} has another password")
    return 0


@command.command("disable")
@click.argument("name")
@reads_store
def disable(name: str, home: str | None) -> int:
    """Keep somebody out: their sessions and tokens are refused within a second."""
    with next_to(home) as store, changing(store, "disable_user", name):
        account_changes.disable(store.ledger, name, by=store.user, at=time.time())
    print(f"{name} is kept out; headwater user enable {name} lets them in again")
    return 0


@command.command("enable")
@click.argument("name")
@reads_store
def enable(name: str, home: str | None) -> int:
    """Let somebody in again; sessions from before are over, tokens are good again."""
    with next_to(home) as store, changing(store, "enable_user", name):
        account_changes.enable(store.ledger, name, by=store.user, at=time.time())
    print(f"{name} is let in")
    return 0


@command.command("remove")
@click.argument("name")
@reads_store
def remove(name: str, home: str | None) -> int:
    """Remove an account; its sessions and tokens are over for good, what it did stays."""
    with next_to(home) as store, changing(store, "remove_user", name):
        tokens = account_changes.remove(store.ledger, name, by=store.user, at=time.time())
    print(f"{name} is removed")
    if tokens:
        print(f"{tokens} of their tokens ended", file=sys.stderr)
    return 0


def _project(text: str) -> str:
    return "" if text in ("", "''") else text


def _where(project: str) -> str:
    if project == ALL:
        return "in all projects"
    return f"in project {project}" if project else "in flows without a project"


def _means(account: Account) -> str:
    if account.is_service:
        return "tokens (a program)"
    return "password" if account.password_hash is not None else "tokens"


def _standing(account: Account) -> str:
    return "active" if account.disabled_at is None else f"kept out since {local_time(account.disabled_at)}"


def _facts(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "roles": account.roles,
        "has_password": account.password_hash is not None,
        "is_service": account.is_service,
        "changed_at": account.at,
        "changed_by": account.by,
        "disabled_at": account.disabled_at,
    }
