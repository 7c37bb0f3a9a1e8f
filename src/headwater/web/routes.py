"""Routes: what is asked with which method and path, which handler answers, and which role it takes.

A handler is a plain function. Its parameters are known by their names, each a Struct that the request must fit:
`at` has the parts of the path, `query` the query string, `body` the JSON that was sent. The annotation of what it
returns is the schema of the answer; a handler of a stream is an async generator of `Sent`.
"""

from collections.abc import Callable
from typing import Any, Literal, get_args, get_type_hints

import msgspec

from headwater.model.errors import InternalError
from headwater.web.access import ROLES, Role

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
#: `nobody`: it is answered without signing in; `anybody`: to everybody who is signed in, whatever the role.
Needs = Role | Literal["nobody", "anybody"]
_NEEDS = ("nobody", "anybody", *ROLES)

#: In front of every path.
PREFIX = "/api/v1"


class Route(msgspec.Struct, frozen=True):
    """One thing that can be asked."""

    method: Method
    #: Below `/api/v1`, its parts in braces: `/runs/{flow}/{label}`.
    path: str
    answer: Callable[..., Any]
    needs: Needs
    #: Gives the project in which the role is needed, from `asked` and `at`; None = any project will do, the handler
    #: shows no more than the caller may see.
    of: Callable[[Any, Any], str] | None = None
    status: int = 200
    #: Bytes that a body may have.
    body_bytes: int = 1 << 20
    #: It reads although its method writes (a search with a body); such a route is answered where changes are not.
    is_reading: bool = False
    #: False: the audit log has no entry for it, because it is one of many that together are another record which is
    #: only added to (the events of a run, the lines of a log).
    is_audited: bool = True
    #: What a stream sends: name of the event -> what its data holds, as JSON. Empty = it is no stream.
    events: dict[str, Any] = {}


class Raw(msgspec.Struct, frozen=True):
    """An answer that is no JSON."""

    kind: str
    #: Whole, or in parts.
    body: Any
    headers: dict[str, str] = {}
    status: int = 200
    #: Values of `Set-Cookie`.
    cookies: tuple[str, ...] = ()
    #: Who was let in by it, and by what means, for the audit log; empty = nobody.
    let_in: tuple[str, str] = ("", "")


class Upload(msgspec.Struct, frozen=True):
    """A body that is no JSON, kept in a file as it came; a handler may move the file, else it is removed."""

    path: str
    size: int


class Sent(msgspec.Struct, frozen=True):
    """One event of a stream.

    A handler that streams yields first, None or an event, as soon as it has found what it follows.
    """

    #: Going on after it misses nothing and repeats nothing.
    id: str
    #: What it is.
    event: str
    body: Any


class Shape(msgspec.Struct, frozen=True):
    """What a handler takes and gives."""

    at: type | None
    query: type | None
    body: type | None
    #: The annotation of what it returns.
    answer: Any
    is_stream: bool

    @property
    def takes(self) -> tuple[tuple[str, type], ...]:
        """The parameters that it has."""
        pairs = (("at", self.at), ("query", self.query), ("body", self.body))
        return tuple((name, kind) for name, kind in pairs if kind is not None)


def shape_of(route: Route) -> Shape:
    """Read a handler's annotations.

    Raises:
        InternalError: the route says no permission that there is, its handler takes what no request has, or a stream
            does not say what it sends.
    """
    where = f"{route.method} {route.path}"
    if route.needs not in _NEEDS:
        raise InternalError(f"{where} declares no permission: {route.needs!r}", hint=f"one of {', '.join(_NEEDS)}")
    hints = get_type_hints(route.answer)
    unknown = set(hints) - {"asked", "at", "query", "body", "return"}
    if unknown or "return" not in hints:
        raise InternalError(f"{where}: a handler takes asked, at, query and body, and says what it returns: {hints}")
    named = {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
    fields = {field.name for field in msgspec.structs.fields(hints["at"])} if "at" in hints else set()
    if {name.partition(":")[0] for name in named} != fields:
        raise InternalError(f"{where}: the path names {sorted(named)}, `at` has {sorted(fields)}")
    answer = hints["return"]
    is_stream = any(kind is Sent or Sent in get_args(kind) for kind in get_args(answer))
    if is_stream != bool(route.events):
        raise InternalError(f"{where}: a stream, and nothing else, says which events it sends")
    return Shape(hints.get("at"), hints.get("query"), hints.get("body"), answer, is_stream)
