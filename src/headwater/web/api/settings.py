"""What is set, with where it comes from, and what runs for this store."""

import os
import platform

import msgspec

from headwater import __version__
from headwater.hosting.status import ROLE as HOST
from headwater.production.scheduler import ROLE as SCHEDULER
from headwater.web.asked import Asked
from headwater.web.routes import Route

_DAEMON = "daemon"
#: Settings whose values are nobody's to see end so.
_SECRET = ("token", "password", "secret")
#: Setting that says where the store lies.
_FOLDER = "home"
#: Setting -> what it is, with its unit.
MEANINGS = {
    "home": "folder of the store",
    "server": "address of the server that has the store; empty: it is in the folder",
    "server_cache": "MB of a server's objects that are kept here, at most",
    "user": "who runs things",
    "max_workers": "attempts at once, at most",
    "max_log_size": "MB after which the log of an attempt is cut",
    "pools": "runs of deployments at once, by pool; of others twice the number of cores, at least 10",
    "alert_allow_private": "whether alerts may go to private networks and to this machine",
    "host_port": "port at which services answer",
    "host_address": "address at which they do; one that other machines reach demands tokens",
    "page": "whether the daemon shows this page",
    "web_port": "port of this page and of the API",
    "web_address": "address at which they answer",
    "web_names": "names by which other machines reach them, with their ports",
    "web_access_log": "whether a line is kept for each request",
}


class SettingView(msgspec.Struct, frozen=True):
    """One setting."""

    name: str
    value: str
    #: `HEADWATER_HOME`, a file's path, `default`, ...; who is no admin of all projects sees of a file its name only.
    source: str
    #: What it is, with its unit.
    meaning: str = ""


class Running(msgspec.Struct, frozen=True):
    """What runs for this store now; each only once."""

    #: `headwater up`.
    daemon: bool
    #: Fires schedules and drives runs.
    scheduler: bool
    #: Answers for services.
    host: bool


class SettingsView(msgspec.Struct, frozen=True):
    """What is set, and what runs."""

    version: str
    python: str
    #: Its folder; empty for those who are no admins of all projects.
    store: str
    settings: tuple[SettingView, ...]
    running: Running


def show_settings(asked: Asked) -> SettingsView:
    """Show every setting with its source, never a secret one, and what runs for this store.

    Where things lie on the server is for admins of all projects.
    """
    found = asked.home.settings
    is_admin = asked.access.is_admin_of_all
    pairs = [] if found is None else [(name, getattr(found, name)) for name in found.__struct_fields__]
    shown = tuple(
        SettingView(
            name,
            setting.value,
            setting.source if is_admin else os.path.basename(setting.source),
            MEANINGS.get(name, ""),
        )
        for name, setting in pairs
        if not name.endswith(_SECRET) and (is_admin or name != _FOLDER)
    )
    leads = {role: asked.ledger.leader(role) is not None for role in (_DAEMON, SCHEDULER, HOST)}
    running = Running(leads[_DAEMON], leads[SCHEDULER], leads[HOST])
    store = asked.home.path if is_admin else ""
    return SettingsView(__version__, platform.python_version(), store, shown, running)


ROUTES = (Route("GET", "/settings", show_settings, needs="viewer"),)
