"""Keeps passwords of package indexes out of everything that is stored or printed."""

import re

from headwater.model.errors import EnvironmentMistake
from headwater.model.packages import PackageSet

#: `user:password@` or `token@` between the scheme and the host of an address.
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/\s'\"`]+@")


def mask_credentials(text: str) -> str:
    """Give the text with the user and password of every address in it replaced by `***`."""
    return _CREDENTIALS.sub(r"\1***@", text)


def refuse_credentials(asked: PackageSet) -> None:
    """Raise when an address of the set carries a user or a password: the set is stored with every run.

    Raises:
        EnvironmentMistake: names the address, masked.
    """
    for what in (asked.index or "", *asked.packages.values()):
        if _CREDENTIALS.search(what) and not what.lstrip("@ ").startswith("git+ssh://"):
            raise EnvironmentMistake(
                f"{mask_credentials(what)} holds a user or password, which would be stored with every run",
                hint="leave it out, and give it to uv: UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD, "
                "UV_DEFAULT_INDEX, or a ~/.netrc file",
            )
