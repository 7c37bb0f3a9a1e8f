"""`headwater token`: tokens with which programs and other machines come in."""

import sys
import time

import click

from headwater.cli.accounts import ROLE, changing, next_to, roles_text
from headwater.cli.nouns import NounGroup
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, reads_store
from headwater.cli.words import local_time
from headwater.home import Home
from headwater.hosting.spec import seconds_of
from headwater.model.errors import UserMistake
from headwater.web.access import ALL, Role
from headwater.web.accounts.tokens import AccessToken, create_token, revoke_token, tokens_of
from headwater.web.accounts.users import Users


@click.group("token", cls=NounGroup)
def command() -> None:
    """Make and revoke tokens; a server takes them as `Authorization: Bearer hwt_...`."""


@command.command("create")
@click.argument("name")
@click.option("--role", type=ROLE, help="What it may do at most  [default: whatever its user may].")
@click.option("--project", metavar="NAME", default=ALL, help="Project of that role  [default: all].")
@click.option("--expires", metavar="90d", help="How long it is good for  [default: until it is revoked].")
@click.option("--user", metavar="NAME", help="Whose it is  [default: whoever runs this].")
@click.option("--service", is_flag=True, help="It is a program's own, whose name is NAME and whose role is ROLE.")
@reads_store
def create(
    name: str, role: Role | None, project: str, expires: str | None, user: str | None, service: bool, home: str | None
) -> int:
    """Make a token and print it: this once, the store keeps only its hash.

    A personal token acts as its user, and never may more than they may at that moment.
    """
    seconds = None if expires is None else seconds_of(expires, "--expires")
    if service and (role is None or user is not None):
        raise UserMistake("a program's token has a role of its own", hint=f"--service --role runner {name}")
    roles: dict[str, Role] | None = None if role is None else {"" if project == "''" else project: role}
    with next_to(home, make=True) as store:
        owner = name if service else user or store.user
        with changing(store, "make_token", f"{owner}/{name}", role=role or "", project=project):
            _require_owner(store, owner, roles, is_service=service)
            text, made = create_token(
                store.ledger,
                name,
                owner,
                by=store.user,
                now=time.time(),
                roles=None if service else roles,
                seconds=seconds,
            )
    print(text)
    print(f"{made.name} of {made.user}: {_scope(made)}, {_end(made)}; it is not shown again", file=sys.stderr)
    return 0


@command.command("list")
@gives_json
@reads_store
def list_all(as_json: bool, home: str | None) -> int:
    """List tokens: whose they are, what they may do, until when; not what they are."""
    now = time.time()
    with next_to(home) as store:
        tokens = sorted((token for _, token in tokens_of(store.ledger)), key=lambda each: (each.user, each.at))
    if as_json:
        print_json([_facts(each, now) for each in tokens])
        return 0
    rows = [(each.user, each.name, _scope(each), _state(each, now), local_time(each.at), each.by) for each in tokens]
    print_table(("user", "token", "may do", "stands", "made", "by"), rows)
    return 0


@command.command("revoke")
@click.argument("name")
@click.option("--user", metavar="NAME", help="Whose it is  [default: whoever runs this, or the program NAME].")
@reads_store
def revoke(name: str, user: str | None, home: str | None) -> int:
    """Let a token be refused from now on: servers know within a second."""
    with next_to(home) as store:
        owner = user or _owner_of(store, name)
        with changing(store, "revoke_token", f"{owner}/{name}"):
            revoked = revoke_token(store.ledger, name, owner, by=store.user, now=time.time())
    print(f"{revoked.name} of {revoked.user} is revoked")
    return 0


def _require_owner(store: Home, owner: str, roles: dict[str, Role] | None, *, is_service: bool) -> None:
    """Find the account that a token acts for; whoever has the store gets theirs, and a program its own."""
    users = Users(store.ledger)
    account = users.get(owner)
    if is_service:
        if account is None:
            users.add(owner, by=store.user, at=time.time(), roles=roles, is_service=True)
        elif not account.is_service:
            raise UserMistake(f"`{owner}` is a person", hint="give the program another name")
        elif roles is not None and {**account.roles, **roles} != account.roles:
            users.change(owner, by=store.user, at=time.time(), roles={**account.roles, **roles})
    elif account is None and owner == store.user:
        # Whoever has the store may do everything to it anyway.
        users.add(owner, by=store.user, at=time.time(), roles={ALL: "admin"})
    else:
        users.require(owner)


def _owner_of(store: Home, name: str) -> str:
    account = Users(store.ledger).get(name)
    own = any(token.name == name for _, token in tokens_of(store.ledger, store.user))
    return name if account is not None and account.is_service and not own else store.user


def _scope(token: AccessToken) -> str:
    return "whatever its user may" if token.roles is None else roles_text(token.roles)


def _end(token: AccessToken) -> str:
    return "until it is revoked" if token.expires_at is None else f"until {local_time(token.expires_at)}"


def _state(token: AccessToken, now: float) -> str:
    if token.revoked_at is not None:
        return f"revoked {local_time(token.revoked_at)}"
    return _end(token) if token.is_valid(now) else "expired"


def _facts(token: AccessToken, now: float) -> dict[str, object]:
    return {
        "user": token.user,
        "name": token.name,
        "roles": token.roles,
        "at": token.at,
        "by": token.by,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "revoked_by": token.revoked_by,
        "is_valid": token.is_valid(now),
    }
