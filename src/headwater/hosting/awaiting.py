"""Waits until the host answers with the version that was just put to work."""

import time
from collections.abc import Callable

from headwater.home import Home
from headwater.hosting.status import ROLE, HostStatus, ServiceStatus, read_status
from headwater.hosting.workers import VersionFailed

#: Seconds between looks, and after which whoever waits is told for what.
_LOOK_SECONDS = 0.05
_TELL_SECONDS = 0.5


def await_version(
    home: Home, service: str, number: int, *, timeout_seconds: float, tell: Callable[[str], None]
) -> bool:
    """Wait until a version answers alone; False when no host runs that could load it.

    Args:
        home: the store.
        service: whose version.
        number: which one, as the ledger says that it should answer.
        timeout_seconds: how long at most.
        tell: gets what is waited for, once, when it is not there soon.

    Raises:
        VersionFailed: it does not load, or not within this time; says what answers meanwhile.
    """
    began = time.monotonic()
    is_told = False
    while True:
        leader = home.ledger.leader(ROLE)
        if leader is None:
            return False
        stands = _standing(read_status(home), leader, service)
        if stands is not None and stands.wanted == number:
            if stands.problem:
                hint = f"headwater service logs {service} --version {number}; headwater service rollback {service}"
                raise VersionFailed(f"{service}, version {number} does not load: {stands.problem}", hint=hint)
            if stands.live == number and stands.candidate is None:
                return True
        waited = time.monotonic() - began
        if waited > timeout_seconds:
            hint = f"it takes over as soon as it is loaded; see how it stands: headwater service show {service}"
            text = f"the host has not loaded {service}, version {number} within {timeout_seconds:g} s"
            raise VersionFailed(f"{text}; {_meanwhile(stands)}", hint=hint)
        if waited > _TELL_SECONDS and not is_told:
            is_told = True
            tell(f"waiting until the host has loaded version {number}; {_meanwhile(stands)}")
        time.sleep(_LOOK_SECONDS)


def _standing(status: HostStatus | None, leader: int, service: str) -> ServiceStatus | None:
    """Give how a service stands; None where its host has not said so yet, and the file is that of the host before."""
    if status is None or leader not in (0, status.pid):
        return None
    return status.services.get(service)


def _meanwhile(stands: ServiceStatus | None) -> str:
    return "nothing answers" if stands is None or stands.live is None else f"version {stands.live} answers"
