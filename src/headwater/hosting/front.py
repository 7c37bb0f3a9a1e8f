"""What a host says of itself: pages, health, metrics, OpenAPI. One function an address."""

from collections.abc import Awaitable, Callable

import msgspec

from headwater.hosting.measures import CONTENT_TYPE, Measures
from headwater.hosting.openapi import openapi
from headwater.hosting.pages import index_page, service_page, static_file, try_page
from headwater.hosting.requests import JSON_TYPE, BadRequest, Headers, Scope, Send, answer
from headwater.hosting.services import Hosted, Services
from headwater.model.service import EndpointSpec, ServiceVersion

_HTML = b"text/html; charset=utf-8"
#: Pages hold no script from elsewhere, send nothing elsewhere, and stand in no frame.
_PAGE_POLICY: Headers = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
]
#: A page that holds all that it needs, its style too, so that it can be kept as a file.
_ALONE_POLICY: Headers = [
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]

Page = Callable[[Scope, Send], Awaitable[None]]


class Front:
    """Pages of a host and of its services."""

    def __init__(self, services: Services, measures: Measures) -> None:
        self._services = services
        self._measures = measures
        self._fixed: dict[str, Page] = {
            "/": self._index,
            "/docs": self._index,
            "/healthz": self._health,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/openapi.json": self._openapi,
        }

    def find(self, path: str) -> Page | None:
        """Give what answers an address of the host; None when nothing does."""
        return self._static if path.startswith("/static/") else self._fixed.get(path)

    async def service(self, hosted: Hosted, rest: str, scope: Scope, send: Send) -> None:
        """Answer for `/<service>/` (its documentation), `/<service>/openapi.json` and `/<service>/monitor`."""
        if rest == "monitor":
            await self._monitor(hosted, send)
            return
        if hosted.live is None:
            raise BadRequest(503, f"{hosted.name} is not ready: {hosted.reason}")
        version = hosted.live.version
        if rest == "openapi.json":
            await answer(send, 200, openapi([version.definition], str(version.number)), JSON_TYPE)
        else:
            await answer(send, 200, service_page(version), _HTML, _PAGE_POLICY)

    async def form(self, version: ServiceVersion, spec: EndpointSpec, send: Send) -> None:
        """Answer with the form of an endpoint."""
        await answer(send, 200, try_page(version, spec), _HTML, _PAGE_POLICY)

    async def rollout(self, hosted: Hosted, number: str, scope: Scope, send: Send) -> None:
        """Answer with the page about the rollout of a version: `/<service>/rollouts/3`."""
        if scope["method"] not in ("GET", "HEAD"):
            raise BadRequest(405, f"{scope['method']} is not for this address")
        page = hosted.rollout_page(int(number)) if number.isdecimal() and len(number) < 10 else None
        if page is None:
            raise BadRequest(404, f"version {number[:50]!r} of {hosted.name} had no rollout")
        await answer(send, 200, page, _HTML, _ALONE_POLICY)

    async def _monitor(self, hosted: Hosted, send: Send) -> None:
        page = hosted.monitor_page()
        if page is None:
            raise BadRequest(404, f"nothing is known yet of the requests of {hosted.name}")
        await answer(send, 200, page, _HTML, _ALONE_POLICY)

    def _live(self) -> list[ServiceVersion]:
        return [hosted.live.version for hosted in self._services.all() if hosted.live is not None]

    async def _index(self, scope: Scope, send: Send) -> None:
        await answer(send, 200, index_page(self._live()), _HTML, _PAGE_POLICY)

    async def _static(self, scope: Scope, send: Send) -> None:
        found = static_file(scope["path"].removeprefix("/static/"))
        if found is None:
            raise BadRequest(404, "there is no such file")
        await answer(send, 200, *found)

    async def _health(self, scope: Scope, send: Send) -> None:
        await answer(send, 200, b'{"live":true}', JSON_TYPE)

    async def _ready(self, scope: Scope, send: Send) -> None:
        waiting = [hosted.name for hosted in self._services.all() if hosted.live is None or not hosted.live.is_ready]
        named = [name for name in waiting if name in scope.get("services", waiting)]
        body = msgspec.json.encode({"ready": not waiting, "waiting_for": named})
        await answer(send, 503 if waiting else 200, body, JSON_TYPE)

    async def _metrics(self, scope: Scope, send: Send) -> None:
        for hosted in self._services.all():
            if hosted.live is not None:
                self._measures.in_flight.labels(hosted.name).set(hosted.live.waiting)
                workers = self._measures.workers.labels(hosted.name, hosted.live.version.name)
                workers.set(len(hosted.live.worker_pids))
        await answer(send, 200, self._measures.text(), CONTENT_TYPE)

    async def _openapi(self, scope: Scope, send: Send) -> None:
        await answer(send, 200, openapi([version.definition for version in self._live()], "1"), JSON_TYPE)
