"""What is set, with where it comes from, and what runs for this store."""

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


class SettingView(msgspec.Struct, frozen=True):
    """One setting."""

    name: str
    value: str
    #: `HEADWATER_HOME`, a file's path, `default`, ...
    source: str


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
    store: str
    settings: tuple[SettingView, ...]
    running: Running


def show_settings(asked: Asked) -> SettingsView:
    """Show every setting with its source, never a secret one, and what runs for this store."""
    found = asked.home.settings
    pairs = [] if found is None else [(name, getattr(found, name)) for name in found.__struct_fields__]
    shown = tuple(
        SettingView(name, setting.value, setting.source) for name, setting in pairs if not name.endswith(_SECRET)
    )
    leads = {role: asked.ledger.leader(role) is not None for role in (_DAEMON, SCHEDULER, HOST)}
    running = Running(leads[_DAEMON], leads[SCHEDULER], leads[HOST])
    return SettingsView(__version__, platform.python_version(), asked.home.path, shown, running)


ROUTES = (Route("GET", "/settings", show_settings, needs="viewer"),)
