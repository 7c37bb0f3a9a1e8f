"""`headwater ui`: shows the page of a store; `headwater up` has one that changes things too."""

import socket
import sys
import time
from urllib.parse import urlsplit

import click

from headwater.home import Home, open_home
from headwater.hosting.host import Address, listen
from headwater.model.errors import UserMistake
from headwater.web.access import ALL
from headwater.web.accounts.sessions import make_link
from headwater.web.server import serve

#: Ports that are tried after the usual one, when that is taken and none was asked for.
_OTHER_PORTS = 50


@click.command("ui")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on  [default: as set, 8501].")
@click.option("--write", "is_writing", is_flag=True, hidden=True, help="What the daemon's own page is started with.")
@click.option("--tell", "is_telling", is_flag=True, hidden=True, help="Print the link although it is the daemon's.")
@click.option("--home", metavar="FOLDER", help="Folder of store and ledger.")
def command(port: int | None, is_writing: bool, is_telling: bool, home: str | None) -> int:
    """Show the page of this store until Ctrl-C; it only shows: nothing can be changed from it.

    Prints a link that lets whoever opens it in, once. `headwater up` shows the same page, with its buttons.
    """
    # Whoever names a folder means one that is there; a newcomer, who names none, is shown how to begin.
    opened = open_home(home, make=home is None or is_writing)
    opened.require_near("the page is served")
    try:
        address, listener = _listen(opened, port, is_daemon=is_writing)
        if is_writing:
            opened.keep_page_url(address.url)
            print(f"the page is at {address.url}", file=sys.stderr, flush=True)
        else:
            print(f"store {opened.path}", file=sys.stderr)
        if is_telling or not is_writing:
            print(f"the page: {sign_in_link(opened, address.url)}", flush=True)
            print("the link lets whoever opens it in, once, within 15 minutes", file=sys.stderr, flush=True)
        is_logging = _setting(opened, "web_access_log") == "yes"
        serve(opened, address, listener, is_read_only=not is_writing, names=_names(opened), is_logging=is_logging)
    finally:
        opened.close()
    return 0


def sign_in_link(home: Home, url: str) -> str:
    """Make a link that lets its bearer in once, with all rights: whoever has the store has them anyway."""
    code = make_link(home.ledger, home.user, {ALL: "admin"}, time.time())
    names = _names(home)
    if names:
        url = names[0] if "://" in names[0] else f"http://{names[0]}"
    # Behind the #, so that it is in no log and no header.
    return f"{url}/sign-in#{code}"


def _names(home: Home) -> tuple[str, ...]:
    return tuple(name.strip() for name in _setting(home, "web_names").split(",") if name.strip())


def _listen(home: Home, port: int | None, *, is_daemon: bool) -> tuple[Address, socket.socket]:
    """Take the port that was asked for; where none was, the usual one or the next free one.

    A daemon comes back where it was, so that links and open pages hold.
    """
    settings = home.settings
    assert settings is not None
    host = settings.web_address.value
    wanted = int(settings.web_port.value) if port is None else port
    others = _OTHER_PORTS if port is None and settings.web_port.source == "default" else 0
    last = urlsplit(home.last_page_url() or "").port if is_daemon and others else None
    for number in (*(() if last is None else (last,)), *range(wanted, wanted + others)):
        try:
            return Address(host, number), listen(Address(host, number))
        except UserMistake:
            continue
    listener = listen(Address(host, wanted))
    return Address(host, listener.getsockname()[1]), listener


def _setting(home: Home, name: str) -> str:
    settings = home.settings
    assert settings is not None
    return str(getattr(settings, name).value)
