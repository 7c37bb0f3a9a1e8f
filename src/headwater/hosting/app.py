"""The host's application: from a request to the version that answers it. Plain ASGI: a router would cost more."""

import time
from collections.abc import Awaitable, MutableMapping
from typing import Any

import msgspec

from headwater.hosting.access_log import AccessLog, continued_trace
from headwater.hosting.calls import RETRY_AFTER, Answer, Refused
from headwater.hosting.front import Front
from headwater.hosting.guard import Guard
from headwater.hosting.inference import Inference, Observer
from headwater.hosting.jobs import Jobs
from headwater.hosting.measures import Measures
from headwater.hosting.pool import VersionPool
from headwater.hosting.prediction_ids import PredictionIds
from headwater.hosting.problems import problem
from headwater.hosting.requests import (
    JSON_TYPE,
    PROBLEM,
    BadRequest,
    Headers,
    Intake,
    Receive,
    RequestLimits,
    Scope,
    Send,
    answer,
    answer_problem,
    header,
)
from headwater.hosting.services import Hosted, Services
from headwater.model.service import EndpointSpec

_READING = ("GET", "HEAD")


class HostApp:
    """Answers for all services of a host."""

    def __init__(
        self,
        services: Services,
        guard: Guard,
        *,
        limits: RequestLimits | None = None,
        observe: Observer | None = None,
        access: AccessLog | None = None,
    ) -> None:
        """Take what it needs.

        Args:
            services: what it answers for.
            guard: which callers are let in.
            limits: what a request may bring.
            observe: told of every answer to a call; must not take long.
            access: takes a line for each request; None = none is written.
        """
        self._services = services
        self._guard = guard
        self._observe = observe
        self._access = access
        self._intake = Intake(limits or RequestLimits())
        self.measures = Measures()
        self._ids = PredictionIds()
        self._jobs = Jobs()
        self._front = Front(services, self.measures)
        self._inference = Inference(services, self.measures, self._intake, observe)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        told = _Told(scope, send)
        try:
            self._guard.check(scope)
            await self._route(scope, receive, told)
        except BadRequest as wrong:
            await answer_problem(told, wrong.status, wrong.detail, _headers_of(wrong.status))
        except Refused as refused:
            await answer_problem(told, refused.status, refused.detail, _headers_of(refused.status))
        finally:
            if self._access is not None:
                self._access.note(scope, told.status, time.perf_counter() - started)

    def refused(self, status: int, client: str) -> None:
        """Note what came over a connection and never became a request."""
        if self._access is not None:
            self._access.refused(status, client)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        parts = path.split("/")
        if len(parts) < 2:
            raise BadRequest(404, "there is nothing at this address; / lists what there is")
        if len(parts) < 4 and (hosted := self._services.get(parts[1])) is not None:
            await self._service(hosted, parts[2] if len(parts) == 3 else "", scope, receive, send)
            return
        if len(parts) == 4 and parts[2] == "rollouts" and (hosted := self._services.get(parts[1])) is not None:
            await self._front.rollout(hosted, parts[3], scope, send)
            return
        if parts[1] == "v2":
            await self._inference.route(parts[2:], scope, receive, send)
            return
        page = self._job if len(parts) == 3 and parts[1] == "jobs" else self._front.find(path)
        if page is None:
            raise BadRequest(404, f"there is nothing at {path[:200]!r}; / lists what there is")
        if scope["method"] not in _READING:
            await _not_allowed(scope, send, b"GET, HEAD")
            return
        await page(scope, send)

    async def _service(self, hosted: Hosted, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if name in ("", "openapi.json") or (name == "monitor" and method in _READING):
            if method in _READING:
                await self._front.service(hosted, name, scope, send)
            else:
                await _not_allowed(scope, send, b"GET, HEAD")
            return
        pool = hosted.pick_live() if method != "POST" else hosted.pick(_key(hosted, scope))
        spec = pool.version.definition.endpoints.get(name)
        if spec is None:
            known = ", ".join(pool.version.definition.endpoints)
            raise BadRequest(404, f"{hosted.name} has no endpoint {name[:100]!r}; it has: {known}")
        if method == "POST":
            await self._call(hosted, pool, spec, scope, receive, send)
        elif method in _READING:
            await self._front.form(pool.version, spec, send)
        else:
            await _not_allowed(scope, send, b"GET, HEAD, POST")

    async def _call(
        self, hosted: Hosted, pool: VersionPool, spec: EndpointSpec, scope: Scope, receive: Receive, send: Send
    ) -> None:
        kind = header(scope, b"content-type").partition(b";")[0].strip().lower()
        if kind != JSON_TYPE:
            raise BadRequest(415, "send JSON, with `Content-Type: application/json`")
        started = time.perf_counter()
        body = await self._intake.read(scope, receive)
        prediction = self._ids.next()
        version = pool.version.name
        scope["service"], scope["version"], scope["prediction"] = hosted.name, version, prediction
        headers: Headers = [(b"prediction-id", prediction.encode()), (b"service-version", version.encode())]
        answering = self._answer(pool, spec.name, prediction, body, started)
        if b"respond-async" in header(scope, b"prefer"):
            try:
                job = self._jobs.start(prediction, version, answering)
            except Refused:
                self._intake.release(body)
                raise
            address = f"/jobs/{job.id}"
            told = msgspec.json.encode({"id": job.id, "result": address})
            await answer(send, 202, told, JSON_TYPE, [*headers, (b"location", address.encode())])
            return
        await _send_answer(send, await answering, headers)

    async def _answer(self, pool: VersionPool, endpoint: str, prediction: str, body: bytes, started: float) -> Answer:
        """Let a worker answer; counts and tells of it, and lets go of the body.

        Raises:
            Refused: as the pool's call.
        """
        status, answered, given = 500, b"", None
        try:
            given = await pool.call(endpoint, body)
            status, answered = given.status, given.body
            return given
        except Refused as refused:
            status, answered = refused.status, problem(refused.status, refused.detail)
            raise
        finally:
            self._intake.release(body)
            seconds = time.perf_counter() - started
            version = pool.version
            self.measures.note((version.definition.service, endpoint, version.name), status, seconds, given)
            if self._observe is not None:
                self._observe(pool, endpoint, prediction, body, status, answered, seconds)

    async def _job(self, scope: Scope, send: Send) -> None:
        job = self._jobs.get(scope["path"].rpartition("/")[2])
        if job is None or job.version.partition("/")[0] not in scope.get("services", (job.version.partition("/")[0],)):
            raise BadRequest(404, "there is no such job, or its answer is not kept any more")
        if job.refused is not None:
            raise Refused(*job.refused)
        if job.answer is None:
            await answer(send, 202, msgspec.json.encode({"id": job.id, "state": "running"}), JSON_TYPE)
            return
        headers: Headers = [(b"prediction-id", job.id.encode()), (b"service-version", job.version.encode())]
        await _send_answer(send, job.answer, headers)


class _Told:
    """Sends an answer on, and remembers its status; a caller's trace goes back with it."""

    __slots__ = ("_scope", "_send", "status")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        #: 499: the caller went away before there was an answer.
        self.status = 499

    def __call__(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            sent = self._scope.get("traceparent")
            if sent is not None and (continued := continued_trace(sent)) is not None:
                self._scope["trace"] = continued[0]
                message["headers"].append((b"traceparent", continued[1]))
        return self._send(message)


def _key(hosted: Hosted, scope: Scope) -> bytes:
    """What keeps a caller with one version; empty where nothing does."""
    return header(scope, hosted.sticky_by.encode()) if hosted.sticky_by else b""


async def _send_answer(send: Send, answered: Answer, headers: Headers) -> None:
    kind = JSON_TYPE if answered.status < 400 else PROBLEM
    await answer(send, answered.status, answered.body, kind, headers)


async def _not_allowed(scope: Scope, send: Send, allowed: bytes) -> None:
    await answer_problem(send, 405, f"{scope['method']} is not for this address", [(b"allow", allowed)])


def _headers_of(status: int) -> Headers | None:
    if status in (429, 503):
        return [(b"retry-after", b"%d" % RETRY_AFTER)]
    return [(b"www-authenticate", b'Bearer, Basic realm="headwater"')] if status == 401 else None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
