"""Who is let in: the right host name, no page of another site, and a token where the host is bound wider."""

import hashlib
from collections.abc import Callable

from headwater.hosting.requests import BadRequest, Scope

_LOCAL = ("localhost", "127.0.0.1", "[::1]")

#: Gives whether a token's SHA-256 (hexadecimal) may call now.
IsKnown = Callable[[str], bool]


class Guard:
    """Looks at each request before anything else does."""

    def __init__(self, host: str, port: int, *, is_known: IsKnown | None = None) -> None:
        """Let callers in.

        Args:
            host: address that the host is bound to.
            port: its port.
            is_known: whether a token may call; None = on loopback nobody needs one.
        """
        names = {*_LOCAL, host} if host not in ("0.0.0.0", "::") else None
        self._hosts = (
            None if names is None else {f"{name}:{port}".encode() for name in names} | _default_port(names, port)
        )
        self._is_known = is_known

    def check(self, scope: Scope) -> None:
        """Let a request pass.

        Raises:
            BadRequest: another host's name (421), another site's page (403), no token or an unknown one (401).
        """
        asked = origin = site = authorization = b""
        for name, value in scope["headers"]:
            if name == b"host":
                asked = value.lower()
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
            elif name == b"authorization":
                authorization = value
        if self._hosts is not None and asked not in self._hosts:
            raise BadRequest(421, "this host does not go by that name")
        if (origin and origin.partition(b"://")[2].lower() != asked) or site in (b"cross-site", b"same-site"):
            raise BadRequest(403, "pages of other sites may not call")
        if self._is_known is not None and scope["path"] != "/healthz":
            self._check_token(authorization)

    def _check_token(self, authorization: bytes) -> None:
        scheme, _, token = authorization.partition(b" ")
        assert self._is_known is not None
        if scheme.lower() != b"bearer" or not self._is_known(hashlib.sha256(token.strip()).hexdigest()):
            raise BadRequest(401, "a token is needed: `Authorization: Bearer ...`")


def _default_port(names: set[str], port: int) -> set[bytes]:
    return {name.encode() for name in names} if port in (80, 443) else set()
