"""The host's application: from a request to the version that answers it. Plain ASGI: a router would cost more."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

import msgspec

from headwater.hosting.guard import Guard
from headwater.hosting.inference import Inference
from headwater.hosting.jobs import Jobs
from headwater.hosting.measures import CONTENT_TYPE, Measures
from headwater.hosting.openapi import openapi
from headwater.hosting.pages import index_page, static_file, try_page
from headwater.hosting.pool import RETRY_AFTER, Answer, Refused, VersionPool
from headwater.hosting.requests import (
    JSON_TYPE,
    PROBLEM,
    BadRequest,
    Headers,
    Receive,
    RequestLimits,
    Scope,
    Send,
    answer,
    answer_problem,
    header,
    read_body,
)
from headwater.hosting.services import Hosted, Services
from headwater.model.ids import new_ulid
from headwater.model.service import EndpointSpec

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
_STATUS_WITH_PAUSE = (429, 503)

#: Told of every answer: service, endpoint, version, prediction id, request body, status, answer body, seconds.
Observer = Callable[[VersionPool, str, str, bytes, int, bytes, float], None]


class HostApp:
    """Answers for all services of a host."""

    def __init__(
        self,
        services: Services,
        guard: Guard,
        *,
        limits: RequestLimits | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Take what it needs.

        Args:
            services: what it answers for.
            guard: which callers are let in.
            limits: what a request may bring.
            observe: told of every answer to a call; must not take long.
        """
        self._services = services
        self._guard = guard
        self._limits = limits or RequestLimits()
        self._observe = observe
        self.measures = Measures()
        self._jobs = Jobs()
        self._inference = Inference(services, self.measures, self._limits)
        self._fixed: dict[str, Callable[[Scope, Send], Awaitable[None]]] = {
            "/": self._index,
            "/healthz": self._health,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/openapi.json": self._openapi,
            "/docs": self._index,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            self._guard.check(scope)
            await self._route(scope, receive, send)
        except BadRequest as wrong:
            await answer_problem(send, wrong.status, wrong.detail, _headers_of(wrong.status))
        except Refused as refused:
            await answer_problem(send, refused.status, refused.detail, _headers_of(refused.status))

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        parts = path.split("/")
        if len(parts) == 3 and (hosted := self._services.get(parts[1])) is not None:
            await self._endpoint(hosted, unquote(parts[2]), scope, receive, send)
            return
        method = scope["method"]
        if parts[1] == "v2":
            await self._inference.route(parts[2:], scope, receive, send)
            return
        fixed = self._fixed.get(path)
        if fixed is None and len(parts) == 3 and parts[1] in ("jobs", "static"):
            fixed = self._job if parts[1] == "jobs" else self._static
        if fixed is None:
            raise BadRequest(404, f"there is nothing at {path[:200]!r}; / lists what there is")
        if method not in ("GET", "HEAD"):
            await answer_problem(send, 405, f"{method} is not for {path}", [(b"allow", b"GET, HEAD")])
            return
        await fixed(scope, send)

    async def _endpoint(self, hosted: Hosted, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        pool = hosted.pick(b"") if scope["method"] == "GET" else hosted.pick(self._key(hosted, scope))
        spec = pool.version.definition.endpoints.get(name)
        if spec is None:
            known = ", ".join(pool.version.definition.endpoints)
            raise BadRequest(404, f"{hosted.name} has no endpoint {name[:100]!r}; it has: {known}")
        if scope["method"] == "GET":
            page = try_page(pool.version.definition, spec)
            await answer(send, 200, page, _HTML, _PAGE_POLICY)
        elif scope["method"] == "POST":
            await self._call(hosted, pool, spec, scope, receive, send)
        else:
            await answer_problem(send, 405, "an endpoint takes POST", [(b"allow", b"GET, POST")])

    def _key(self, hosted: Hosted, scope: Scope) -> bytes:
        live = hosted.live
        name = live.version.definition.rollout.sticky_by if live is not None else None
        return header(scope, name.lower().encode()) if name else b""

    async def _call(
        self, hosted: Hosted, pool: VersionPool, spec: EndpointSpec, scope: Scope, receive: Receive, send: Send
    ) -> None:
        started = time.perf_counter()
        kind = header(scope, b"content-type").partition(b";")[0].strip().lower()
        if kind != JSON_TYPE:
            raise BadRequest(415, "send JSON, with `Content-Type: application/json`")
        body = await read_body(scope, receive, self._limits)
        prediction = new_ulid(time.time(), os.urandom(10))
        version = pool.version.name
        headers: Headers = [(b"prediction-id", prediction.encode()), (b"service-version", version.encode())]
        if b"respond-async" in header(scope, b"prefer"):
            job = self._jobs.start(prediction, version, asyncio.ensure_future(pool.call(spec.name, body)))
            address = f"/jobs/{job.id}"
            told = msgspec.json.encode({"id": job.id, "result": address})
            await answer(send, 202, told, JSON_TYPE, [*headers, (b"location", address.encode())])
            return
        try:
            answered = await pool.call(spec.name, body)
        except Refused as refused:
            seconds = time.perf_counter() - started
            self.measures.note(hosted.name, spec.name, version, refused.status, seconds, 0.0, 1)
            if self._observe is not None:
                self._observe(pool, spec.name, prediction, body, refused.status, b"", seconds)
            raise
        await _send_answer(send, answered, headers)
        seconds = time.perf_counter() - started
        self.measures.note(hosted.name, spec.name, version, answered.status, seconds, answered.queued, answered.batch)
        if self._observe is not None:
            self._observe(pool, spec.name, prediction, body, answered.status, answered.body, seconds)

    # Pages and the like

    async def _index(self, scope: Scope, send: Send) -> None:
        definitions = [hosted.live.version for hosted in self._services.all() if hosted.live is not None]
        await answer(send, 200, index_page(definitions), _HTML, _PAGE_POLICY)

    async def _static(self, scope: Scope, send: Send) -> None:
        found = static_file(scope["path"].rpartition("/")[2])
        if found is None:
            raise BadRequest(404, "there is no such file")
        await answer(send, 200, *found)

    async def _health(self, scope: Scope, send: Send) -> None:
        await answer(send, 200, b'{"live":true}', JSON_TYPE)

    async def _ready(self, scope: Scope, send: Send) -> None:
        waiting = [hosted.name for hosted in self._services.all() if hosted.live is None or not hosted.live.is_ready]
        body = msgspec.json.encode({"ready": not waiting, "waiting_for": waiting})
        await answer(send, 503 if waiting else 200, body, JSON_TYPE)

    async def _metrics(self, scope: Scope, send: Send) -> None:
        for hosted in self._services.all():
            if hosted.live is not None:
                self.measures.in_flight.labels(hosted.name).set(hosted.live.waiting)
                workers = self.measures.workers.labels(hosted.name, hosted.live.version.name)
                workers.set(len(hosted.live.worker_pids))
        await answer(send, 200, self.measures.text(), CONTENT_TYPE)

    async def _openapi(self, scope: Scope, send: Send) -> None:
        definitions = [hosted.live.version.definition for hosted in self._services.all() if hosted.live is not None]
        await answer(send, 200, openapi(definitions, "1"), JSON_TYPE)

    async def _job(self, scope: Scope, send: Send) -> None:
        job = self._jobs.get(scope["path"].rpartition("/")[2])
        if job is None:
            raise BadRequest(404, "there is no such job, or its answer was kept for an hour already")
        if job.refused is not None:
            raise Refused(*job.refused)
        if job.answer is None:
            await answer(send, 202, msgspec.json.encode({"id": job.id, "state": "running"}), JSON_TYPE)
            return
        headers: Headers = [(b"prediction-id", job.id.encode()), (b"service-version", job.version.encode())]
        await _send_answer(send, job.answer, headers)


async def _send_answer(send: Send, answered: Answer, headers: Headers) -> None:
    kind = JSON_TYPE if answered.status < 400 else PROBLEM
    await answer(send, answered.status, answered.body, kind, headers)


def _headers_of(status: int) -> Headers | None:
    return [(b"retry-after", b"%d" % RETRY_AFTER)] if status in _STATUS_WITH_PAUSE else None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
