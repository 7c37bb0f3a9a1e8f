"""The daemon's child that tells people what happened."""

import os

from headwater.home import open_home
from headwater.production.alerts.alerter import serve_alerts
from headwater.production.asked import Asked
from headwater.production.journal import Journal


def be_alerter(asked: Asked, journal: Journal) -> int:
    """Raise and deliver alerts until told to stop."""
    stop = asked.stopped()
    home = open_home(asked.home)
    try:
        serve_alerts(home, os.environ, stop, note=journal.note)
    finally:
        home.close()
    return 0
