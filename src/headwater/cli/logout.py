"""`headwater logout`: forgets the token of a server."""

import os
import sys

import click

from headwater.model.errors import NotFound
from headwater.remote.logins import current_url, forget_login


@click.command("logout")
@click.argument("url", required=False)
def command(url: str | None) -> int:
    """Forget the token of the server at URL (of the one that is in use), and work with this machine's store again.

    The token itself stays good: `headwater token revoke` ends it.
    """
    wanted = (url or current_url(os.environ) or "").rstrip("/")
    if not wanted or not forget_login(os.environ, wanted):
        raise NotFound(f"no token is kept for {wanted or 'any server'}", hint="headwater login URL")
    print(f"signed out of {wanted}; its token is forgotten here, and still good there", file=sys.stderr)
    return 0
