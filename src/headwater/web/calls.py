"""From a request to its handler and back: reads the parameters, asks for the role, calls, writes the answer."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, get_args, get_origin

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from headwater.model.errors import HeadwaterError
from headwater.web.access import Access
from headwater.web.accounts.audit import AuditEntry, details_of, note, note_begin, note_end
from headwater.web.accounts.users import Users
from headwater.web.asked import Asked
from headwater.web.choices import choices_of, refuse_unknown_words
from headwater.web.problems import Refused, problem_of
from headwater.web.remote.uploads import kept_body
from headwater.web.routes import PREFIX, Raw, Route, Sent, Upload, shape_of

#: Makes what a handler is given from a request and its caller.
Ask = Callable[[Request, Access], Asked]

_JSON = "application/json"
#: Programs of other versions ask below it; what they say beyond what is known here is left out.
_FROM_ELSEWHERE = "/remote/"
#: Seconds of silence after which a stream says that it is still there.
KEEP_ALIVE_SECONDS = 15.0
#: Seconds between two looks at whether the caller of a stream may still see it.
_LOOK_SECONDS = 0.4


class Call:
    """Answers the requests of one route; an ASGI application."""

    def __init__(self, route: Route, ask: Ask, *, is_read_only: bool) -> None:
        self.route = route
        self.shape = shape_of(route)
        self._ask = ask
        self._is_refused = is_read_only and route.method != "GET" and not route.is_reading and route.needs != "nobody"
        self._query_lists = _list_fields(self.shape.query)
        self._choices = {} if self.shape.query is None else choices_of(self.shape.query)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is wrong is raised, and told by the application."""
        request = Request(scope, receive)
        access: Access = scope["access"]
        if self.route.needs != "nobody":
            require_sign_in(access)
        if self._is_refused:
            raise Refused(403, "this server only shows", hint="`headwater up` starts one that changes things too")
        _require_some_role(self.route, access)
        asked = self._ask(request, access)
        given: dict[str, Any] = {}
        if self.shape.at is not None:
            given["at"] = _converted(dict(request.path_params), self.shape.at, "the address")
        project: str | None = None
        if self.route.of is not None:
            project = await run_in_threadpool(self.route.of, asked, given.get("at"))
            try:
                asked.require(self.route.needs, project)  # type: ignore[arg-type]
            except Refused as refused:
                if self._is_audited:
                    await run_in_threadpool(self._note_refusal, asked, request, project, refused)
                raise
        if self.shape.query is not None:
            given["query"] = self._read_query(request)
        if self.shape.body is Upload:
            async with kept_body(request, asked.home.path, self.route.body_bytes) as upload:
                given["body"] = upload
                answer = await run_in_threadpool(self._answer, asked, request, project, given)
            await _response(answer, self.route.status)(scope, receive, send)
            return
        if self.shape.body is not None:
            given["body"] = await self._read_body(request)
        response: Response
        if self.shape.is_stream and scope["method"] == "HEAD":
            response = Response(media_type="text/event-stream")
        elif self.shape.is_stream:
            response = await _streamed(self.route.answer(asked, **given), scope["is_still"])
        else:
            answer = await run_in_threadpool(self._answer, asked, request, project, given)
            response = _response(answer, self.route.status)
        await response(scope, receive, send)

    @property
    def _is_audited(self) -> bool:
        is_search = self.route.is_reading and self.route.method == "POST"
        return self.route.method != "GET" and self.route.is_audited and not is_search

    def _answer(self, asked: Asked, request: Request, project: str | None, given: dict[str, Any]) -> Any:
        """Call the handler; what changes anything is in the audit log before it is tried."""
        if not self._is_audited:
            return self.route.answer(asked, **given)
        entry = self._entry(asked, request, project, given.get("body"))
        if not asked.access.user:
            return self._answer_sign_in(asked, entry, given)
        key = note_begin(asked.home.ledger, entry)
        try:
            answer = self.route.answer(asked, **given)
        except Exception as error:
            note_end(asked.home.ledger, key, entry, _result(error))
            raise
        note_end(asked.home.ledger, key, entry, "done")
        return answer

    def _answer_sign_in(self, asked: Asked, entry: AuditEntry, given: dict[str, Any]) -> Any:
        """Call a handler that anybody may ask; refusals by its throttle are not noted, or it could be flooded."""
        try:
            answer = self.route.answer(asked, **given)
        except Refused as refused:
            if refused.problem.status == 401:
                # What was typed where a name belongs may be a password: only names that there are are kept.
                is_known = Users(asked.home.ledger).get(entry.details.get("name", "")) is not None
                details = entry.details if is_known else {}
                note(asked.home.ledger, msgspec.structs.replace(entry, details=details, result=_result(refused)))
            raise
        user, means = answer.let_in if isinstance(answer, Raw) else ("", "")
        note(asked.home.ledger, msgspec.structs.replace(entry, user=user, means=means, result="done"))
        return answer

    def _note_refusal(self, asked: Asked, request: Request, project: str, refused: Refused) -> None:
        entry = self._entry(asked, request, project, None)
        note(asked.home.ledger, msgspec.structs.replace(entry, result=_result(refused)))

    def _entry(self, asked: Asked, request: Request, project: str | None, body: object) -> AuditEntry:
        return AuditEntry(
            at=asked.now,
            user=asked.access.user,
            means=asked.access.means if asked.access.user else "",
            action=self.route.answer.__name__,
            on=request.url.path.removeprefix(PREFIX)[:500],
            client=asked.client,
            project=project,
            details=details_of(body),
        )

    def _read_query(self, request: Request) -> Any:
        kind = self.shape.query
        assert kind is not None
        fields = [field.name for field in msgspec.structs.fields(kind)]
        raw: dict[str, Any] = {}
        for name in request.query_params:
            if name not in fields:
                known = ", ".join(fields)
                raise Refused(400, f"there is no `{name[:100]}` to ask for", hint=f"there is: {known}")
            values = request.query_params.getlist(name)
            if name not in self._query_lists and len(values) > 1:
                raise Refused(400, f"`{name}` is given {len(values)} times")
            raw[name] = values if name in self._query_lists else values[0]
        refuse_unknown_words(raw, self._choices)
        return _converted(raw, kind, "the query")

    async def _read_body(self, request: Request) -> Any:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON:
            raise Refused(415, "send JSON, with `Content-Type: application/json`")
        raw = await read_body(request, self.route.body_bytes)
        assert self.shape.body is not None
        try:
            body: msgspec.Struct = msgspec.json.decode(raw, type=self.shape.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            status = 422 if isinstance(error, msgspec.ValidationError) else 400
            raise Refused(status, f"the body: {error}") from error
        if not self.route.path.startswith(_FROM_ELSEWHERE):
            _refuse_unknown(raw, type(body))
        return body


def _refuse_unknown(raw: bytes, kind: type[msgspec.Struct]) -> None:
    """Refuse a field that nobody reads: mistyped, it would be taken for left out, and clear what is there."""
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]):
        if name not in known:
            raise Refused(422, f"the body: there is no `{name[:100]}` to send", hint=f"there is: {', '.join(known)}")


def _result(error: Exception) -> str:
    problem = problem_of(error)
    return f"refused: {problem.detail}" if problem.status < 500 else "failed"


def require_sign_in(access: Access) -> None:
    """Refuse who did not say who they are.

    Raises:
        Refused: 401.
    """
    if not access.user:
        raise Refused(401, "sign in first, or send a token: `Authorization: Bearer ...`")


async def read_body(request: Request, most: int) -> bytes:
    """Read a body of at most so many bytes.

    Raises:
        Refused: it is longer (413), or packed (415).
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "a body is sent as it is, not packed")
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise Refused(413, f"a body has at most {most} bytes here")
            parts.append(part)
    except ClientDisconnect as error:
        raise Refused(400, "the body broke off") from error
    return b"".join(parts)


def _require_some_role(route: Route, access: Access) -> None:
    """Refuse who has the role that is needed in no project at all; where, is asked later."""
    if route.needs in ("nobody", "anybody"):
        return
    best = access.best
    if best is None or not Access(access.user, {"": best}).allows(route.needs, ""):  # type: ignore[arg-type]
        raise Refused(403, f"this takes a {route.needs}; {access.user} is {best or 'nothing'}")


def _converted(raw: Mapping[str, Any], kind: type, what: str) -> Any:
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(404 if what == "the address" else 400, f"{what}: {error}") from error


def _list_fields(kind: type | None) -> frozenset[str]:
    """The fields of a query that may be given several times."""
    if kind is None:
        return frozenset()
    found = (field for field in msgspec.structs.fields(kind))
    return frozenset(field.name for field in found if _is_list(field.type))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (tuple, list) or any(get_origin(each) in (tuple, list) for each in get_args(kind))


def _response(answer: Any, status: int) -> Response:
    if isinstance(answer, Raw):
        if isinstance(answer.body, bytes):
            response = Response(answer.body, answer.status, answer.headers, media_type=answer.kind)
            for cookie in answer.cookies:
                response.headers.append("set-cookie", cookie)
            return response
        return StreamingResponse(answer.body, answer.status, answer.headers, media_type=answer.kind)
    if answer is None:
        return Response(status_code=204)
    return Response(msgspec.json.encode(answer), status, {"cache-control": "no-store"}, media_type=_JSON)


async def _streamed(events: AsyncGenerator[Sent | None, None], is_still: Callable[[], bool]) -> Response:
    """Send events as they come; a None of the generator is a sign of life. Ends when the caller may not see it more.

    What cannot be followed is refused before anything is sent: the first that a generator yields, an event or None, it
    yields without waiting for one.
    """
    first = await anext(events, None)

    async def written() -> AsyncIterator[bytes]:
        quiet_since = time.monotonic()
        yield b": open\n\n"
        if first is not None:
            yield _written(first)
        try:
            async for sent in _while_allowed(events, is_still):
                if sent is not None:
                    yield _written(sent)
                    quiet_since = time.monotonic()
                elif time.monotonic() - quiet_since > KEEP_ALIVE_SECONDS:
                    yield b": still here\n\n"
                    quiet_since = time.monotonic()
        except (Refused, HeadwaterError) as error:
            # What was followed is gone; whoever asks again is told.
            if problem_of(error).status >= 500:
                raise

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(written(), headers=headers, media_type="text/event-stream")


def _written(sent: Sent) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (sent.id.encode(), sent.event.encode(), msgspec.json.encode(sent.body))


async def _while_allowed(
    events: AsyncGenerator[Sent | None, None], is_still: Callable[[], bool]
) -> AsyncIterator[Sent | None]:
    """Give the events, and a None for each look at whether the caller's session or token is still what it was."""
    coming: asyncio.Future[Sent | None] | None = None
    looked_at = time.monotonic()
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait((coming,), timeout=_LOOK_SECONDS)
            if time.monotonic() - looked_at >= _LOOK_SECONDS:
                if not is_still():
                    return
                looked_at = time.monotonic()
            if not done:
                yield None
                continue
            event, coming = coming, None
            try:
                yield event.result()
            except StopAsyncIteration:
                return
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait((coming,))
        await events.aclose()
