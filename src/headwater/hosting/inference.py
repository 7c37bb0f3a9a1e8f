"""The Open Inference Protocol, version 2, over REST: health, metadata, inference, binary tensors, packed bodies.

https://github.com/kserve/open-inference-protocol. A model is a service (its first endpoint) or `Service.endpoint`; its
version is the service's.
"""

import time
from collections.abc import Callable

import msgspec

from headwater import __version__
from headwater.hosting.calls import RETRY_AFTER, Refused
from headwater.hosting.frames import TENSORS
from headwater.hosting.measures import Measures
from headwater.hosting.pool import VersionPool
from headwater.hosting.prediction_ids import PredictionIds
from headwater.hosting.requests import (
    BINARY_TYPE,
    JSON_TYPE,
    BadRequest,
    Headers,
    Intake,
    Receive,
    Scope,
    Send,
    answer,
    header,
    packed_for,
)
from headwater.hosting.services import Services
from headwater.hosting.statistics import ModelStatistics, statistics_of
from headwater.hosting.tensors import tensor_error
from headwater.model.service import EndpointSpec

_JSON_LENGTH = b"inference-header-content-length"
_TAKEN = (b"", JSON_TYPE, BINARY_TYPE)
_PLATFORM = "headwater"


#: Told of every answer: version, endpoint, prediction id, request body, status, answer body, seconds.
Observer = Callable[[VersionPool, str, str, bytes, int, bytes, float], None]


class Inference:
    """Answers below `/v2`."""

    def __init__(self, services: Services, measures: Measures, intake: Intake, observe: Observer | None = None) -> None:
        self._services = services
        self._observe = observe
        self._measures = measures
        self._ids = PredictionIds()
        self._intake = intake

    async def route(self, parts: list[str], scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; `parts` is its path below `/v2`. Errors have the protocol's own form."""
        try:
            await self._route([part for part in parts if part], scope, receive, send)
        except (BadRequest, Refused) as refused:
            pause: Headers = [(b"retry-after", b"%d" % RETRY_AFTER)] if refused.status in (429, 503) else []
            await answer(send, refused.status, tensor_error(refused.detail), JSON_TYPE, pause)

    async def _route(self, parts: list[str], scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if parts == ["models", "stats"] and method in ("GET", "HEAD") and self._services.get("stats") is None:
            await self._send(send, {"model_stats": self._all_statistics(scope)})
        elif parts[:1] == ["models"] and len(parts) > 1:
            await self._model(parts[1], parts[2:], scope, receive, send)
        elif parts == ["repository", "index"] and method == "POST":
            await self._send(send, self._index())
        elif method not in ("GET", "HEAD"):
            raise BadRequest(405, f"{method} is not for this address")
        elif not parts:
            extensions = ["binary_tensor_data", "model_repository(index)", "statistics"]
            await self._send(send, {"name": "headwater", "version": __version__, "extensions": extensions})
        elif parts == ["health", "live"]:
            await self._send(send, {"live": True})
        elif parts == ["health", "ready"]:
            is_ready = all(hosted.live is not None and hosted.live.is_ready for hosted in self._services.all())
            await self._send(send, {"ready": is_ready, "live": True}, 200 if is_ready else 503)
        else:
            raise BadRequest(404, "there is no such address")

    async def _model(self, model: str, rest: list[str], scope: Scope, receive: Receive, send: Send) -> None:
        version = ""
        if len(rest) > 1 and rest[0] == "versions":
            version, rest = rest[1], rest[2:]
        found = self._services.find_model(model)
        if found is None:
            known = self._services.get(model.partition(".")[0])
            if known is not None and known.live is None:
                raise BadRequest(503, f"{known.name} is not ready: {known.reason}")
            raise BadRequest(404, f"there is no model {model[:100]!r}")
        hosted, spec = found
        if rest == ["infer"] and scope["method"] == "POST":
            key = header(scope, hosted.sticky_by.encode()) if hosted.sticky_by else b""
            pool = hosted.pick_live() if version else hosted.pick(key)
            _check_version(pool, version)
            await self._infer(pool, spec, scope, receive, send)
            return
        pool = hosted.pick_live()
        _check_version(pool, version)
        if scope["method"] not in ("GET", "HEAD"):
            raise BadRequest(405, f"{scope['method']} is not for this address")
        if not rest:
            await self._send(send, await _metadata(pool, model, spec))
        elif rest == ["ready"]:
            await self._send(send, {"name": model, "ready": pool.is_ready}, 200 if pool.is_ready else 503)
        elif rest == ["stats"]:
            await self._send(send, {"model_stats": [self._statistics(pool, model, spec)]})
        else:
            raise BadRequest(501 if rest[0] in ("config", "generate") else 404, "this is not offered")

    async def _infer(self, pool: VersionPool, spec: EndpointSpec, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        kind = header(scope, b"content-type").partition(b";")[0].strip().lower()
        if kind not in _TAKEN:
            raise BadRequest(415, "send JSON, or JSON with binary tensors behind it")
        body = await self._intake.read(scope, receive)
        service, version = pool.version.definition.service, pool.version.name
        prediction = self._ids.next()
        scope["service"], scope["version"], scope["prediction"] = service, version, prediction
        status, told, answered = 500, b"", None
        try:
            length = header(scope, _JSON_LENGTH)
            # A number of 5,000 digits is none for `int`.
            if length and not (length.isdigit() and len(length) < 12 and int(length) <= len(body)):
                status, length = 400, b""
                raise BadRequest(400, "Inference-Header-Content-Length is not the length of the JSON")
            answered = await pool.call(spec.name, body, TENSORS, int(length) if length else 0)
            status = answered.status
            told = answered.body[: answered.json_length or None]
        except Refused as refused:
            status, told = refused.status, tensor_error(refused.detail)
            raise
        finally:
            self._intake.release(body)
            seconds = time.perf_counter() - started
            self._measures.note((service, spec.name, version), status, seconds, answered)
            if self._observe is not None:
                # Binary tensors are no JSON: of them the log has what they are, not what is in them.
                asked = body[: int(length)] if length.isdigit() else body
                self._observe(pool, spec.name, prediction, asked, status, told, seconds)
        packed, encoding = packed_for(scope, answered.body)
        headers: Headers = [(b"prediction-id", prediction.encode()), (b"service-version", version.encode())]
        if encoding:
            headers.append((b"content-encoding", encoding))
        if answered.json_length:
            headers.append((_JSON_LENGTH, b"%d" % answered.json_length))
        await answer(send, answered.status, packed, BINARY_TYPE if answered.json_length else JSON_TYPE, headers)

    def _all_statistics(self, scope: Scope) -> list[ModelStatistics]:
        """Of every endpoint of the live versions that this caller may call."""
        found = []
        for hosted in self._services.all():
            if hosted.live is not None and hosted.name in scope.get("services", (hosted.name,)):
                for spec in hosted.live.version.definition.endpoints.values():
                    found.append(self._statistics(hosted.live, f"{hosted.name}.{spec.name}", spec))
        return found

    def _statistics(self, pool: VersionPool, model: str, spec: EndpointSpec) -> ModelStatistics:
        version = pool.version
        counted = self._measures.counted(version.definition.service, spec.name, version.name)
        return statistics_of(model, str(version.number), counted)

    def _index(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for hosted in self._services.all():
            state = "READY" if hosted.live is not None and hosted.live.is_ready else "UNAVAILABLE"
            version = str(hosted.live.version.number) if hosted.live is not None else ""
            reason = "" if state == "READY" else hosted.reason
            found.append({"name": hosted.name, "version": version, "state": state, "reason": reason})
        return found

    async def _send(self, send: Send, body: object, status: int = 200) -> None:
        await answer(send, status, msgspec.json.encode(body), JSON_TYPE)


def _check_version(pool: VersionPool, version: str) -> None:
    if version and version != str(pool.version.number):
        raise BadRequest(404, f"version {version[:50]!r} is not served; {pool.version.number} is")


async def _metadata(pool: VersionPool, model: str, spec: EndpointSpec) -> dict[str, object]:
    return {
        "name": model,
        "versions": [str(pool.version.number)],
        "platform": _PLATFORM,
        "inputs": [msgspec.to_builtins(tensor) for tensor in spec.inputs],
        "outputs": [msgspec.to_builtins(tensor) for tensor in spec.outputs],
        "properties": {"doc": spec.doc},
    }
