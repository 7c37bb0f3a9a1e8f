"""Settings: every one with its value and where it came from; read once.

In this order: the command line, `HEADWATER_*` of the environment, `[tool.headwater]` of the project's
`pyproject.toml`, `[headwater]` of the user's `~/.config/headwater.toml`, the default.
"""

import os
import pwd
import zlib
from collections.abc import Mapping, Sequence

import msgspec

from headwater.model.addresses import has_password, mask_address
from headwater.model.errors import SettingMistake

#: Marks a folder that `headwater init` (or the first run) made; holds the store's format version.
MARKER = "format.json"
#: What is kept of a server's objects when no setting says otherwise.
SERVER_CACHE_MB = "20480"


class Setting(msgspec.Struct, frozen=True):
    """One setting's value and source."""

    value: str
    #: `--home`, `HEADWATER_HOME`, a file's path, `default`, ...
    source: str


class Settings(msgspec.Struct, frozen=True):
    """All settings of one command."""

    #: Folder of store and ledger.
    home: Setting
    #: Address of the server that has the store; empty = it is in the folder `home`.
    server: Setting
    #: Name of the person who runs things.
    user: Setting
    #: Attempts in flight at most.
    max_workers: Setting
    #: MB after which an attempt's log is cut.
    max_log_size: Setting
    #: Runs of deployments at once, by pool: `default=4, gpu=1`; empty = the daemon decides.
    pools: Setting = Setting("", "default")
    #: `yes`: alerts may go to private networks and to this machine itself.
    alert_allow_private: Setting = Setting("no", "default")
    #: Port at which the daemon answers for services.
    host_port: Setting = Setting("8500", "default")
    #: Address at which it does; one that other machines reach demands tokens.
    host_address: Setting = Setting("127.0.0.1", "default")
    #: `no`: the daemon shows no page.
    page: Setting = Setting("yes", "default")
    #: Port of the page and the API; the one by default is left to who has it, and the next free one taken.
    web_port: Setting = Setting("8501", "default")
    #: Address at which they answer.
    web_address: Setting = Setting("127.0.0.1", "default")
    #: Names by which other machines reach them, with their ports: `data.example.org:8501, ml.example.org`.
    web_names: Setting = Setting("", "default")
    #: `no`: the server of the page keeps no line for each request.
    web_access_log: Setting = Setting("yes", "default")
    #: MB of a server's objects that are kept on this machine; what was not used for longest goes first.
    server_cache: Setting = Setting(SERVER_CACHE_MB, "default")


def read_settings(given: Mapping[str, str | None], environ: Mapping[str, str], cwd: str) -> Settings:
    """Read them once.

    Args:
        given: what the command line says, by setting name; None = not given.
        environ: the environment.
        cwd: the folder in which to look for a project.

    Raises:
        SettingMistake: a file that does not parse, or a value that cannot be, such as an address with a password.
    """
    layers = [
        ({name: value for name, value in given.items() if value is not None}, "command line"),
        (_from_environment(environ), "environment"),
        _from_project(cwd),
        _from_user(environ),
    ]

    def look(name: str) -> Setting | None:
        for values, source in layers:
            if name in values:
                shown = f"HEADWATER_{name.upper()}" if source == "environment" else source
                return Setting(without_password(values[name], shown), shown)
        return None

    cpus = str(max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))
    server = _find_server(layers, environ)
    return Settings(
        home=_folder_of(server, environ) or _absolute(look("home"), cwd) or _find_home(environ, cwd),
        server=server or Setting("", "default"),
        user=look("user") or _find_user(environ),
        max_workers=_whole(look("max_workers") or Setting(cpus, "default"), "max_workers"),
        max_log_size=_whole(look("max_log_size") or Setting("1024", "default"), "max_log_size"),
        pools=look("pools") or Setting("", "default"),
        alert_allow_private=_yes_or_no(look("alert_allow_private") or Setting("no", "default"), "alert_allow_private"),
        host_port=_whole(look("host_port") or Setting("8500", "default"), "host_port"),
        host_address=look("host_address") or Setting("127.0.0.1", "default"),
        page=_yes_or_no(look("page") or Setting("yes", "default"), "page"),
        web_port=_whole(look("web_port") or Setting("8501", "default"), "web_port"),
        web_address=look("web_address") or Setting("127.0.0.1", "default"),
        web_names=look("web_names") or Setting("", "default"),
        web_access_log=_yes_or_no(look("web_access_log") or Setting("yes", "default"), "web_access_log"),
        server_cache=_whole(look("server_cache") or Setting(SERVER_CACHE_MB, "default"), "server_cache"),
    )


def server_folder(url: str, environ: Mapping[str, str]) -> str:
    """Give the folder that stands for a server's store on this machine."""
    data = environ.get("XDG_DATA_HOME") or os.path.join(
        environ.get("HOME") or os.path.expanduser("~"), ".local", "share"
    )
    readable = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in url.partition("://")[2])
    # Two addresses never share a folder, however they are made readable.
    return os.path.join(data, "headwater", "servers", f"{readable}-{zlib.crc32(url.encode()):08x}")


def _find_server(layers: Sequence[tuple[Mapping[str, str], str]], environ: Mapping[str, str]) -> Setting | None:
    """The server that is named before any folder is; last of all, that of `headwater login`."""
    for values, source in layers:
        if "server" in values:
            shown = "HEADWATER_SERVER" if source == "environment" else source
            return Setting(_site(values["server"], shown), shown)
        if "home" in values:
            return None
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    try:
        with open(os.path.join(config, "headwater", "server"), encoding="utf-8") as file:
            url = file.read().strip()
    except OSError:
        return None
    return Setting(url, "headwater login") if url else None


def without_password(value: str, source: str) -> str:
    """Give a value that may be shown: settings are, and an address is the name of a folder.

    Raises:
        SettingMistake: it is an address with a user or a password.
    """
    if has_password(value):
        hint = "leave them out; `headwater login` keeps the token of a server"
        raise SettingMistake(f"{source} holds a user or a password: {mask_address(value)}", hint=hint)
    return value


def _site(url: str, source: str) -> str:
    """Give an address as `headwater login` keeps it."""
    return without_password(url.strip().rstrip("/"), source)


def _folder_of(server: Setting | None, environ: Mapping[str, str]) -> Setting | None:
    return None if server is None else Setting(server_folder(server.value, environ), server.source)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name[len("HEADWATER_") :].lower(): value
        for name, value in environ.items()
        if name.startswith("HEADWATER_") and value
    }


def _from_project(cwd: str) -> tuple[dict[str, str], str]:
    path = find_upward(cwd, "pyproject.toml")
    return ({}, "") if path is None else (_table(path, ("tool", "headwater")), path)


def _from_user(environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    path = os.path.join(config, "headwater.toml")
    return (_table(path, ("headwater",)), path) if os.path.isfile(path) else ({}, "")


def _table(path: str, keys: tuple[str, ...]) -> dict[str, str]:
    with open(path, "rb") as file:
        raw = file.read()
    if b"headwater" not in raw:
        return {}
    import tomllib  # 11 ms, and most projects have no table of ours

    try:
        found = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingMistake(f"{path} does not parse: {error}") from error
    for key in keys:
        found = found.get(key, {})
    return {name.replace("-", "_"): str(value) for name, value in found.items()}


def find_upward(folder: str, name: str) -> str | None:
    """Give the nearest path of that name in the folder or above it."""
    folder = os.path.abspath(folder)
    while True:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _find_home(environ: Mapping[str, str], cwd: str) -> Setting:
    """The nearest `.headwater/` upward that `headwater init` made and this user owns, else `~/.headwater`."""
    folder = os.path.abspath(cwd)
    while True:
        candidate = os.path.join(folder, ".headwater")
        if os.path.isfile(os.path.join(candidate, MARKER)) and os.stat(candidate).st_uid == os.getuid():
            return Setting(candidate, "made by `headwater init`")
        above = os.path.dirname(folder)
        if above == folder:
            return Setting(os.path.join(os.path.expanduser("~"), ".headwater"), "default")
        folder = above


def _find_user(environ: Mapping[str, str]) -> Setting:
    for name in ("SUDO_USER", "USERNAME", "USER"):
        if environ.get(name):
            return Setting(environ[name], name)
    try:
        return Setting(pwd.getpwuid(os.getuid()).pw_name, "password database")
    except KeyError:
        return Setting(f"uid{os.getuid()}", "user id")


def _absolute(setting: Setting | None, cwd: str) -> Setting | None:
    if setting is None:
        return None
    if "://" in setting.value:
        raise SettingMistake(
            f"{setting.source} names an address, {mask_address(setting.value)}, and a store's home is a folder",
            hint="headwater login ADDRESS, or HEADWATER_SERVER=ADDRESS, uses the store of a server",
        )
    return Setting(os.path.abspath(os.path.join(cwd, os.path.expanduser(setting.value))), setting.source)


def _whole(setting: Setting, name: str) -> Setting:
    if not setting.value.isdigit() or int(setting.value) < 1:
        raise SettingMistake(
            f"{name} is {setting.value!r} (from {setting.source})", hint="it takes a whole number from 1 up"
        )
    return setting


def _yes_or_no(setting: Setting, name: str) -> Setting:
    meant = {"yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"}.get(setting.value.lower())
    if meant is None:
        raise SettingMistake(f"{name} is {setting.value!r} (from {setting.source})", hint="it takes yes or no")
    return Setting(meant, setting.source)
