"""The server's application: the guard in front, then the API's routes and the page."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import cache

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path
from starlette.routing import Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headwater.home import Home
from headwater.hosting.access_log import AccessLog
from headwater.model.errors import InternalError
from headwater.web.access import Access
from headwater.web.accounts.gate import Gate
from headwater.web.asked import Asked
from headwater.web.calls import Ask, Call, require_sign_in
from headwater.web.guard import Guard
from headwater.web.openapi import describe
from headwater.web.page_files import PageFiles
from headwater.web.problems import TYPE, Problem, Refused, problem_of
from headwater.web.pulse import Pulse
from headwater.web.remote.desk import RemoteDesk
from headwater.web.routes import PREFIX, Route
from headwater.web.scope.scoped import scoped
from headwater.web.scope.visible import Projects
from headwater.web.views.kept_answers import KeptAnswers

_log = logging.getLogger("headwater.web")
#: Whoever asks without saying who; only what needs nobody answers them.
NOBODY = Access("", {})
_ALL = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Programs send the production tokens of aliases that they change in it.
TOKEN_HEADER = "headwater-production-token"
_MOST_TOKENS = 10
#: Letters of a sentence of a refusal.
_MOST_LETTERS = 2000
#: On every answer.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class WebApp:
    """Answers everything that comes over the port."""

    def __init__(
        self,
        home: Home,
        guard: Guard,
        pulse: Pulse,
        routes: Sequence[Route],
        *,
        is_read_only: bool = False,
        page: PageFiles | None = None,
        clock: Callable[[], float] = time.time,
        log: AccessLog | None = None,
    ) -> None:
        """Take what it needs.

        Args:
            home: the store.
            guard: who is let in.
            pulse: wakes the streams.
            routes: what the API answers.
            is_read_only: refuse what changes anything.
            page: the built page.
            clock: Unix time.
            log: takes a line for each request; None = nobody keeps any.

        Raises:
            InternalError: a route declares no permission, or two are the same.
        """
        self._home = home
        self._guard = guard
        self._pulse = pulse
        self._read_only = is_read_only
        self._clock = clock
        self._log = log
        self._projects = Projects(home.ledger)
        self._gate = Gate(home.ledger)
        self._kept = KeptAnswers()
        #: What is kept for those who work with the store from other machines.
        self.desk = RemoteDesk(home, self._projects)
        self.calls = _calls(routes, self._ask, is_read_only=is_read_only)
        self._app = self._built(page or PageFiles())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        told = _WithHeaders(send)
        began = time.perf_counter()
        try:
            scope["app"] = self  # so that the router raises what it does not find
            site = scope["site"] = self._guard.check_site(scope)
            scope["access"] = self._guard.find(scope, site) or NOBODY
            # Asked again and again while a stream is open: it ends with the session or token, and with a changed role.
            scope["is_still"] = lambda: (self._guard.find(scope, site) or NOBODY) == scope["access"]
            await self._app(scope, receive, told)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is answered
            await self._tell(error, scope, receive, told)
        finally:
            if self._log is not None:
                self._log.note(scope, told.status, time.perf_counter() - began)

    def _built(self, page: PageFiles) -> ASGIApp:
        @cache
        def schema() -> bytes:  # takes longer than all the rest of the start, and few ask
            return msgspec.json.encode(describe([call.route for call in self.calls]))

        async def openapi(request: Request) -> Response:
            require_sign_in(request.scope["access"])
            return Response(await run_in_threadpool(schema), media_type="application/json")

        async def nothing(request: Request) -> Response:
            require_sign_in(request.scope["access"])
            raise Refused(404, "there is nothing at this address", hint=f"{PREFIX}/openapi.json lists what there is")

        async def alive(request: Request) -> Response:
            return Response(b"ok\n", media_type="text/plain")

        paths = [Path("/healthz", alive), Path(f"{PREFIX}/openapi.json", openapi)]
        paths += [Path(PREFIX + call.route.path, call, methods=[call.route.method]) for call in _sorted(self.calls)]
        paths += [Path("/api{rest:path}", nothing, methods=_ALL), Path("/{rest:path}", page.answer)]
        return Router(paths, redirect_slashes=False)

    def _ask(self, request: Request, access: Access) -> Asked:
        site = request.scope["site"]
        tokens = request.headers.getlist(TOKEN_HEADER)[:_MOST_TOKENS]
        return Asked(
            home=self._home,
            ledger=scoped(self._home.ledger, access, self._projects, tokens),
            access=access,
            now=self._clock(),
            origin=self._guard.origin_of(site),
            pulse=self._pulse,
            client=request.client.host if request.client else "",
            idempotency_key=request.headers.get("idempotency-key", ""),
            cookie_name=self._guard.cookie_name(site),
            browser_cookie_name=self._guard.browser_cookie_name(site),
            browser=self._guard.find_browser(request.scope, site),
            gate=self._gate,
            remote=self.desk,
            kept=self._kept,
            is_read_only=self._read_only,
            last_event_id=request.headers.get("last-event-id", ""),
        )

    async def _tell(self, error: Exception, scope: Scope, receive: Receive, send: "_WithHeaders") -> None:
        if isinstance(error, HTTPException):
            error = Refused(error.status_code, error.detail)
        problem = problem_of(error)
        if problem.status >= 500 and not isinstance(error, Refused):
            path = scope["path"].encode("unicode_escape").decode()
            _log.error("%s %s failed", scope["method"][:20], path[:500], exc_info=error)
        if send.has_started:
            raise error
        await _problem(problem, getattr(error, "headers", None))(scope, receive, send)


def _calls(routes: Sequence[Route], ask: Ask, *, is_read_only: bool) -> list[Call]:
    found: dict[tuple[str, str], Call] = {}
    for route in routes:
        if (route.method, route.path) in found:
            raise InternalError(f"{route.method} {route.path} is there twice")
        found[route.method, route.path] = Call(route, ask, is_read_only=is_read_only)
    return list(found.values())


def _sorted(calls: Sequence[Call]) -> list[Call]:
    """Put fixed paths before those with parts in braces, which would swallow them."""
    return sorted(calls, key=lambda call: [part.startswith("{") for part in call.route.path.split("/")])


def _problem(problem: Problem, more: dict[str, str] | None = None) -> Response:
    headers = {"cache-control": "no-store", **(more or {})}
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    # What was sent is named in it, however long that was.
    told = msgspec.structs.replace(problem, detail=_cut(problem.detail), hint=_cut(problem.hint))
    return Response(msgspec.json.encode(told), problem.status, headers, media_type=TYPE)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} ..."


class _WithHeaders:
    """Sends an answer on, with what every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_started = False
        #: 0 = nothing was answered.
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            self.status = message["status"]
            given = message.get("headers", ())
            names = {name.lower() for name, _ in given}
            # What a route says of itself counts: a report is stricter than the rest.
            message["headers"] = [*given, *(each for each in _HEADERS if each[0] not in names)]
        await self._send(message)
