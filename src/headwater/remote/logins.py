"""The tokens that one person keeps for servers: `~/.config/headwater/servers.json`, mode 0600.

Beside it, `server` names the one that commands use; `settings.py` reads it.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from headwater.model.errors import SettingMistake
from headwater.model.private_files import make_private_folder

FILE = "servers.json"
CURRENT = "server"


class Login(msgspec.Struct, frozen=True):
    """What is kept of one server."""

    url: str
    token: str
    #: Whose it is.
    user: str
    #: The token may be sent in the open.
    is_insecure: bool = False


class _Logins(msgspec.Struct, frozen=True):
    by_url: dict[str, Login] = {}
    kind: str = "headwater_servers"
    v: int = 1


def find_login(environ: Mapping[str, str], url: str) -> Login | None:
    """Give what is kept of a server; None when nothing is."""
    return _read(environ).by_url.get(url)


def keep_login(environ: Mapping[str, str], login: Login) -> None:
    """Keep a token, instead of what was kept of its server, and let commands use that server; durable on return.

    Raises:
        SettingMistake: the file cannot be written.
    """
    with _changing(environ):
        known = _read(environ)
        _write(environ, FILE, msgspec.json.encode(_Logins({**known.by_url, login.url: login})))
        _write(environ, CURRENT, login.url.encode() + b"\n")


def forget_login(environ: Mapping[str, str], url: str) -> bool:
    """Forget what is kept of a server, and that commands use it; False when nothing was.

    Raises:
        SettingMistake: the file cannot be written.
    """
    with _changing(environ):
        kept = dict(_read(environ).by_url)
        is_known = kept.pop(url, None) is not None
        if is_known:
            _write(environ, FILE, msgspec.json.encode(_Logins(kept)))
        if current_url(environ) == url:
            os.unlink(os.path.join(config_folder(environ), CURRENT))
        return is_known


def current_url(environ: Mapping[str, str]) -> str | None:
    """Give the server that commands use; None when nobody is signed in."""
    try:
        with open(os.path.join(config_folder(environ), CURRENT), encoding="utf-8") as file:
            return file.read().strip() or None
    except FileNotFoundError:
        return None


def config_folder(environ: Mapping[str, str]) -> str:
    """Give the folder of one person's settings."""
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return os.path.join(config, "headwater")


def _read(environ: Mapping[str, str]) -> _Logins:
    path = os.path.join(config_folder(environ), FILE)
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=_Logins)
    except FileNotFoundError:
        return _Logins()
    except (OSError, msgspec.DecodeError) as error:
        raise SettingMistake(f"{path} does not read: {error}") from error


def _write(environ: Mapping[str, str], name: str, content: bytes) -> None:
    path = os.path.join(config_folder(environ), name)
    staged = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.replace(staged, path)


@contextmanager
def _changing(environ: Mapping[str, str]) -> Iterator[None]:
    """Keep other processes from changing the files inside the block."""
    folder = config_folder(environ)
    try:
        make_private_folder(folder)
        descriptor = os.open(os.path.join(folder, f"{FILE}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        hint = "XDG_CONFIG_HOME names another folder than ~/.config"
        raise SettingMistake(f"{folder} cannot be written: {error.strerror}", hint=hint) from error
