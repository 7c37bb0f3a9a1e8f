"""What a store's host says of itself, for those who ask beside it: `HOME/services/host.json`."""

import os

import msgspec

from headwater.home import Home

#: Role of the one host of a store.
ROLE = "host"


class HostStatus(msgspec.Struct, frozen=True):
    """What a host says of itself, for the commands: `HOME/services/host.json`."""

    pid: int
    url: str
    at: float
    services: dict[str, "ServiceStatus"] = {}


class ServiceStatus(msgspec.Struct, frozen=True):
    """How a service of a host stands."""

    #: Version that answers; None = none does.
    live: int | None
    workers: int
    #: Version that stands by for a rollback.
    warm: int | None = None
    #: Why the version that should answer does not.
    problem: str = ""
    #: Version that is to take over, loaded, and its share of the requests (0: it is not heard).
    candidate: int | None = None
    share: float = 0.0
    #: Version that should answer, as the host knows.
    wanted: int | None = None


def read_status(home: Home) -> HostStatus | None:
    """Give what the store's host says of itself; None when none runs."""
    if home.ledger.leader(ROLE) is None:
        return None
    try:
        with open(os.path.join(home.path, "services", "host.json"), "rb") as file:
            return msgspec.json.decode(file.read(), type=HostStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def log_path(home: Home, service: str, number: int) -> str:
    """Give the file that takes what the processes of a version print."""
    return os.path.join(home.path, "services", service, f"{number}.log")
