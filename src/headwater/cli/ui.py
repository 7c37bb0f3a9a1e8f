"""`headwater ui`: shows the page of a store; `headwater up` has one that changes things too."""

import sys
import time
from collections.abc import Callable

import click

from headwater.home import Home, open_home
from headwater.hosting.host import Address
from headwater.web.access import ALL
from headwater.web.server import serve
from headwater.web.sessions import make_link


@click.command("ui")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on  [default: as set, 8501].")
@click.option("--write", "is_writing", is_flag=True, hidden=True, help="What the daemon's own page is started with.")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
def command(port: int | None, is_writing: bool, home: str | None) -> int:
    """Show the page of this store until Ctrl-C; it only shows: nothing can be changed from it.

    Prints a link that lets whoever opens it in, once. `headwater up` shows the same page, with its buttons.
    """
    opened = open_home(home, make=True)
    try:
        address = page_address(opened, port)
        if not is_writing:
            print(f"store {opened.path}", file=sys.stderr)
        names = tuple(name.strip() for name in _setting(opened, "web_names").split(",") if name.strip())
        serve(opened, address, is_read_only=not is_writing, names=names, told=None if is_writing else _tell(opened))
    finally:
        opened.close()
    return 0


def page_address(home: Home, port: int | None = None) -> Address:
    """Give where the page of a store answers, as the settings say."""
    return Address(_setting(home, "web_address"), int(_setting(home, "web_port")) if port is None else port)


def sign_in_link(home: Home, address: Address) -> str:
    """Make a link that lets its bearer in once, with all rights: whoever has the store has them anyway."""
    code = make_link(home.ledger, home.user, {ALL: "admin"}, time.time())
    # Behind the #, so that it is in no log and no header.
    return f"{address.url}/sign-in#{code}"


def _tell(home: Home) -> Callable[[Address], None]:
    def tell(address: Address) -> None:
        print(f"the page: {sign_in_link(home, address)}", flush=True)
        print("the link lets whoever opens it in, once, within 15 minutes; Ctrl-C stops the page", file=sys.stderr)

    return tell


def _setting(home: Home, name: str) -> str:
    settings = home.settings
    assert settings is not None
    return str(getattr(settings, name).value)
