"""What to tell where no host answers for services."""

from headwater.home import Home
from headwater.hosting.status import ROLE
from headwater.production.starting import find_daemon


def unhosted_text(home: Home) -> str:
    """Say that no host runs, and what starts one; empty where one does, here or on the server."""
    if home.ledger.leader(ROLE) is not None:
        return ""
    if home.is_far:
        return "no host runs on the server: nobody answers until one does; start it there with: headwater up"
    if find_daemon(home.path) is not None:
        return "no host runs yet: the daemon starts one as soon as a service is deployed"
    return "no host runs on this store: nobody answers until one does; start it with: headwater up (or headwater host)"
