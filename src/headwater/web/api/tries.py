"""The form to try an endpoint: sends one request to the store's own host, and gives its answer."""

import http.client
import time
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from headwater.hosting.guard import is_loopback
from headwater.hosting.status import read_status
from headwater.hosting.versions import find_version
from headwater.model.errors import NotFound
from headwater.web.asked import Asked
from headwater.web.callers import home_of
from headwater.web.problems import Refused
from headwater.web.routes import Route
from headwater.web.targets import ServiceEndpointPath, find_service, project_of_service

#: Bytes of a request, and of an answer that is shown.
_MOST_BYTES = 1 << 20
#: Seconds beyond the endpoint's own, and in all.
_MORE_SECONDS = 5.0
_LONGEST_SECONDS = 120.0


class TryWanted(msgspec.Struct, frozen=True):
    """A request to an endpoint."""

    #: What the endpoint takes, as JSON.
    body: msgspec.Raw
    #: Token of a caller, where the host asks for one; it is passed on and kept nowhere.
    token: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[!-~]*$")] = ""


class TryAnswer(msgspec.Struct, frozen=True):
    """What the host answered."""

    #: HTTP status.
    status: int
    seconds: float
    #: The answer as it came, as text; cut when it is long.
    body: str
    is_cut: bool
    #: What kind it is: `application/json`.
    content_type: str
    #: `Sentiment/3`: what answered; empty = nothing did.
    version: str
    #: Names this answer in the log; empty = it has none.
    prediction: str


def try_endpoint(asked: Asked, at: ServiceEndpointPath, body: TryWanted) -> TryAnswer:
    """Ask an endpoint once, as any caller does; the answer is logged as any other."""
    state = find_service(asked, at.service)
    endpoints = find_version(asked.ledger, state.name, state.number).version.definition.endpoints
    if at.endpoint not in endpoints:
        choices = tuple(endpoints)
        raise NotFound(f"{state.name} has no endpoint {at.endpoint}", choices=choices, hint=", ".join(choices))
    host, port = _address(asked)
    seconds = min(_LONGEST_SECONDS, endpoints[at.endpoint].timeout_seconds + _MORE_SECONDS)
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    headers = {"content-type": "application/json", "accept-encoding": "identity", "host": f"localhost:{port}"}
    if body.token:
        headers["authorization"] = f"Bearer {body.token}"
    began = time.monotonic()
    try:
        connection.request("POST", f"/{state.name}/{at.endpoint}", bytes(body.body), headers)
        answer = connection.getresponse()
        read = answer.read(_MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise Refused(503, f"the host does not answer: {error}", hint="headwater service logs says more") from error
    finally:
        connection.close()
    return TryAnswer(
        status=answer.status,
        seconds=time.monotonic() - began,
        body=read[:_MOST_BYTES].decode(errors="replace"),
        is_cut=len(read) > _MOST_BYTES,
        content_type=answer.headers.get_content_type(),
        version=answer.headers.get("service-version", ""),
        prediction=answer.headers.get("prediction-id", ""),
    )


def _address(asked: Asked) -> tuple[str, int]:
    """Give where the store's own host answers on this machine, as it says itself; nobody else names an address."""
    status = read_status(home_of(asked))
    if status is None:
        raise Refused(503, "no host runs on this store", hint="headwater up starts one")
    parts = urlsplit(status.url)
    host, port = parts.hostname or "", parts.port or 80
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    if not is_loopback(host):
        raise Refused(503, f"the host answers at {status.url} only", hint="ask it there, with a token")
    return host, port


ROUTES = (
    Route(
        "POST",
        "/services/{service}/endpoints/{endpoint}/try",
        try_endpoint,
        needs="runner",
        of=project_of_service,
        body_bytes=_MOST_BYTES,
    ),
)
