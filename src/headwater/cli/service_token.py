"""`headwater service token`: makes, lists and revokes the tokens of callers."""

import sys
import time

import click
import msgspec

from headwater.cli.nouns import NounGroup
from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import local_time
from headwater.home import open_home
from headwater.hosting.service_tokens import ServiceToken, create_token, list_tokens, revoke_token
from headwater.hosting.spec import seconds_of
from headwater.hosting.versions import require_service, service_name


@click.group("token", cls=NounGroup)
def token() -> None:
    """Tokens let callers in where a host is bound wider than this machine."""


@token.command("create")
@click.argument("name")
@click.option("--expires", metavar="90d", help="How long it is good for  [default: until it is revoked].")
@click.option("--service", "services", multiple=True, metavar="SERVICE", help="What it may call  [default: all].")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
def create(name: str, expires: str | None, services: tuple[str, ...], home: str | None) -> int:
    """Make a token and print it: this once, the store keeps only its hash."""
    seconds = None if expires is None else seconds_of(expires, "--expires")
    store = open_home(home, make=True)
    try:
        named = tuple(service_name(each) for each in services)
        for service in named:
            require_service(store.ledger, service)
        text, made = create_token(store.ledger, name, store.user, time.time(), services=named, seconds=seconds)
    finally:
        store.close()
    print(text)
    print(f"{made.name}: {_scope(made)}, {_end(made)}; it is not shown again", file=sys.stderr)
    return 0


@token.command("list")
@gives_json
@reads_store
def list_all(as_json: bool, home: str | None) -> int:
    """List tokens: what they may call, until when; not what they are."""
    now = time.time()
    with opened(home) as view:
        tokens = list_tokens(view.ledger)
    if as_json:
        print_json([{**msgspec.to_builtins(each), "is_valid": each.is_valid(now)} for each in tokens])
        return 0
    rows = [(each.name, _scope(each), _state(each, now), local_time(each.at), each.user) for each in tokens]
    print_table(("token", "may call", "stands", "made", "by"), rows)
    return 0


@token.command("revoke")
@click.argument("name")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
def revoke(name: str, home: str | None) -> int:
    """Let a token be refused from now on: a running host knows within a second."""
    store = open_home(home)
    try:
        revoked = revoke_token(store.ledger, name, store.user, time.time())
    finally:
        store.close()
    print(f"{revoked.name} is revoked")
    return 0


def _scope(token: ServiceToken) -> str:
    return ", ".join(token.services) or "all services"


def _end(token: ServiceToken) -> str:
    return "until it is revoked" if token.expires_at is None else f"until {local_time(token.expires_at)}"


def _state(token: ServiceToken, now: float) -> str:
    if token.revoked_at is not None:
        return f"revoked {local_time(token.revoked_at)}"
    return _end(token) if token.is_valid(now) else "expired"
