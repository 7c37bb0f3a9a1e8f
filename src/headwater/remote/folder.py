"""The folder of this machine that stands for a server's store: what it keeps of it, and which server that is.

    server.json     the server's address, and who the bearers of tokens are
    objects/        objects that were read or written here
    pending/        names of objects that are still to be sent
    runs/           what attempts that ran here wrote

Everything that takes a home's folder takes this one too: processes find the server through it.
"""

import hashlib
import os
from collections.abc import Mapping

import msgspec

from headwater.model.errors import SettingMistake
from headwater.model.private_files import make_private_folder
from headwater.remote.connection import DRIVER_PATIENCE_SECONDS, PATIENCE_SECONDS, Server
from headwater.remote.logins import Login, find_login
from headwater.remote.wire import PREFIX

#: Tells such a folder from a store of its own.
MARKER = "server.json"


class Me(msgspec.Struct, frozen=True):
    """Who the bearer of a token is."""

    user: str


class Marker(msgspec.Struct, frozen=True):
    """What `server.json` holds."""

    url: str
    #: By the beginning of the SHA-256 of a token, so that nobody is asked for twice.
    user_by_token: dict[str, str] = {}
    kind: str = "headwater_server"
    v: int = 1


class Identity(msgspec.Struct, frozen=True):
    """Which server, and who one is there."""

    url: str
    token: str
    user: str
    is_insecure: bool = False

    def open(self, *, is_patient: bool = False) -> Server:
        """Give the server; connects on first use. A patient one is waited for as the driver of a run waits."""
        patience = DRIVER_PATIENCE_SECONDS if is_patient else PATIENCE_SECONDS
        return Server(self.url, self.token, is_insecure=self.is_insecure, patience_seconds=patience)


def read_marker(folder: str) -> Marker | None:
    """Give what a folder says of its server; None when it is a store of its own.

    Raises:
        SettingMistake: it does not read.
    """
    try:
        with open(os.path.join(folder, MARKER), "rb") as file:
            return msgspec.json.decode(file.read(), type=Marker)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.DecodeError as error:
        raise SettingMistake(f"{os.path.join(folder, MARKER)} does not read: {error}") from error


def write_marker(folder: str, marker: Marker) -> None:
    """Let a folder stand for a server's store; makes it, readable by its owner only."""
    make_private_folder(folder)
    staged = os.path.join(folder, f"{MARKER}.{os.getpid()}-{os.urandom(4).hex()}")
    with open(staged, "xb", opener=_private) as file:
        file.write(msgspec.json.encode(marker))
        file.flush()
        os.fsync(file.fileno())
    os.replace(staged, os.path.join(folder, MARKER))


def identify(folder: str, marker: Marker, environ: Mapping[str, str]) -> Identity:
    """Find the token for a folder's server, and whose it is: in `HEADWATER_SERVER_TOKEN`, else as it was kept.

    Raises:
        SettingMistake: there is none.
        UserMistake: the server does not know it.
    """
    login = find_login(environ, marker.url)
    token = environ.get("HEADWATER_SERVER_TOKEN", "").strip() or (login.token if login is not None else "")
    if not token:
        raise SettingMistake(
            f"there is no token for {marker.url}",
            hint=f"headwater login {marker.url}, or HEADWATER_SERVER_TOKEN",
        )
    is_insecure = login is not None and login.is_insecure
    known = marker.user_by_token.get(_mark(token))
    if known is None:
        known = ask_user(Login(marker.url, token, "", is_insecure))
        write_marker(folder, Marker(marker.url, {**marker.user_by_token, _mark(token): known}))
    return Identity(marker.url, token, known, is_insecure)


def ask_user(login: Login) -> str:
    """Ask a server whose a token is.

    Raises:
        UserMistake: it does not know it.
        ServerNotReached: it does not answer.
    """
    server = Server(login.url, login.token, is_insecure=login.is_insecure)
    try:
        return server.look(f"{PREFIX}/me", Me).user
    finally:
        server.close()


def _mark(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
