"""The daemon's children that answer over HTTP: each becomes a command, the host once a service is deployed."""

import os
import sys
from threading import Event as Stop

from headwater.home import Home, open_home
from headwater.production.asked import Asked
from headwater.production.journal import Journal
from headwater.settings import read_settings

#: Kind of the records that say which version of a service is live.
_SERVICE = "service"
#: Seconds between looks at whether there is one.
_LOOK_SECONDS = 1.0


def be_host(asked: Asked, journal: Journal) -> int:
    """Answer for the store's services as long as there are any; costs next to nothing while there are none."""
    stop = asked.stopped()
    home = open_home(asked.home)
    try:
        if not _has_services(home, stop):
            return 0
        port = home.settings.host_port.value if home.settings is not None else "8500"
        address = home.settings.host_address.value if home.settings is not None else "127.0.0.1"
    finally:
        home.close()
    journal.note(f"answers at {address}, port {port}")
    return _become(asked, "host", "--bind", address, "--port", port)


def be_web(asked: Asked, journal: Journal) -> int:
    """Show the page of the store, and answer for its API, unless the settings say that there is none."""
    stop = asked.stopped()
    settings = read_settings({"home": asked.home}, os.environ, asked.home)
    if settings.page.value == "no":
        stop.wait()
    return 0 if stop.is_set() else _become(asked, "ui", "--write", *(("--tell",) if asked.log is None else ()))


def _become(asked: Asked, *words: str) -> int:
    """Go on as a command; the parent's death ends it as before: what the kernel was told stays with the process."""
    if asked.log is not None:
        _print_to(asked.log)
    all_words = ("-P", "-m", "headwater", *words, "--home", asked.home)
    return os.execv(sys.executable, (sys.executable, *all_words))


def _has_services(home: Home, stop: Stop) -> bool:
    """Wait for the first service; False when told to stop before."""
    while not stop.is_set():
        if home.ledger.records(_SERVICE, limit=1):
            return True
        stop.wait(_LOOK_SECONDS)
    return False


def _print_to(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
