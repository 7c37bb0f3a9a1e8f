"""`headwater login`: keeps the token of a server, whose store commands use from then on."""

import getpass
import os
import sys
from typing import IO

import click

from headwater.model.errors import UserMistake
from headwater.remote.connection import checked_url
from headwater.remote.folder import ask_user
from headwater.remote.logins import Login, keep_login

#: Set, these go before the server that is kept.
_BEFORE = ("HEADWATER_SERVER", "HEADWATER_HOME")


@click.command("login")
@click.argument("url")
@click.option("--token-file", type=click.File("r"), metavar="FILE", help="File with the token; `-` is standard input.")
@click.option("--insecure", is_flag=True, help="Send the token in the open, by http, to another machine.")
def command(url: str, token_file: IO[str] | None, insecure: bool) -> int:
    """Work with the store of the server at URL from now on: runs, results, deployments.

    Asks for a token, which `headwater token create` makes on the server, or the page's settings, and keeps it in a
    file that only you can read. `headwater logout` ends it. For one command only, set HEADWATER_SERVER and
    HEADWATER_SERVER_TOKEN.
    """
    url = checked_url(url, is_insecure=insecure)
    given = Login(url, _token(token_file, url), "", insecure)
    user = ask_user(given)
    keep_login(os.environ, Login(url, given.token, user, insecure))
    print(f"signed in at {url} as {user}; commands use its store from now on")
    for name in _BEFORE:
        if os.environ.get(name):
            print(f"{name} is set here and goes before it", file=sys.stderr)
    return 0


def _token(file: IO[str] | None, url: str) -> str:
    if file is not None:
        with file:
            text = file.read()
    elif sys.stdin.isatty():
        text = getpass.getpass(f"token for {url}: ")
    else:
        text = sys.stdin.readline()
    token = str(text).strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UserMistake("no token was given", hint="`headwater token create NAME` on the server makes one")
    return token
