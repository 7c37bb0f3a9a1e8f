"""Who is let in: the right host name, no page of another site, and a token where the host is bound wider."""

import base64
import binascii
import ipaddress
from collections.abc import Callable

from headwater.hosting.requests import BadRequest, Scope
from headwater.hosting.service_tokens import KnownTokens, ServiceToken
from headwater.model.errors import UserMistake
from headwater.model.ports import Ledger
from headwater.model.secret_digest import secret_digest

_LOCAL = ("localhost", "127.0.0.1", "[::1]")
#: What anybody may ask: a probe has no token, and a page's style says nothing.
_OPEN = ("/healthz", "/static/page.css", "/static/try.js")
#: What a token for some services may ask besides these.
_SHARED = ("/readyz", "/v2", "/v2/", "/v2/health/live", "/v2/health/ready", "/v2/models/stats")

#: Gives the token with this SHA-256 (hexadecimal); None when it is unknown, revoked or expired.
FindToken = Callable[[str], ServiceToken | None]


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def tokens_for(ledger: Ledger, host: str, *, is_asked: bool = False) -> KnownTokens | None:
    """Give what callers of this address need; None = nothing, they are on this machine.

    Raises:
        UserMistake: they need tokens, and there is none that would let anybody in.
    """
    if is_loopback(host) and not is_asked:
        return None
    tokens = KnownTokens(ledger)
    if not tokens.has_any():
        raise UserMistake(
            f"{host} is reached by callers who need a token, and there is none"
            if not is_asked
            else "there is no token",
            hint="headwater service token create NAME makes one",
        )
    return tokens


class Guard:
    """Looks at each request before anything else does."""

    def __init__(self, host: str, port: int, *, find_token: FindToken | None = None) -> None:
        """Let callers in.

        Args:
            host: address that the host is bound to.
            port: its port.
            find_token: finds a token by its hash; None = nobody needs one, on loopback only.

        Raises:
            ValueError: the address is reached from elsewhere and no token would be asked for.
        """
        if find_token is None and not is_loopback(host):
            raise ValueError(f"{host} is reached from other machines: callers need tokens")
        # Bound wider, it goes by names that nobody here knows, and tokens keep other sites' pages out.
        names = {*_LOCAL, f"[{host}]" if ":" in host else host} if is_loopback(host) else None
        self._hosts = (
            None if names is None else {f"{name}:{port}".encode() for name in names} | _default_port(names, port)
        )
        self._find_token = find_token

    def check(self, scope: Scope) -> None:
        """Let a request pass; notes `traceparent` and the token's services in its scope.

        Raises:
            BadRequest: another host's name (421), another site's page (403), no token or an unknown one (401), one
                that is for other services (403), no host or two (400).
        """
        asked = origin = site = authorization = b""
        hosts = 0
        for name, value in scope["headers"]:
            if name == b"host":
                asked = value.lower()
                hosts += 1
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
            elif name == b"authorization":
                authorization = value
            elif name == b"traceparent":
                scope["traceparent"] = value
        if hosts != 1:
            raise BadRequest(400, "a request names one host")
        if self._hosts is not None and asked not in self._hosts:
            raise BadRequest(421, "this host does not go by that name")
        if (origin and origin.partition(b"://")[2].lower() != asked) or site in (b"cross-site", b"same-site"):
            raise BadRequest(403, "pages of other sites may not call")
        if self._find_token is not None and scope["path"] not in _OPEN:
            self._check_token(self._find_token, authorization, scope)

    def _check_token(self, find: FindToken, authorization: bytes, scope: Scope) -> None:
        sent = _sent_token(authorization)
        token = find(secret_digest(sent)) if sent else None
        if token is None:
            raise BadRequest(401, "a token is needed: `Authorization: Bearer ...`")
        if not token.services:
            return
        scope["services"] = token.services
        path: str = scope["path"]
        if path not in _SHARED and not path.startswith("/jobs/") and _service_of(path) not in token.services:
            raise BadRequest(403, f"this token is for {', '.join(token.services)}")


def _sent_token(authorization: bytes) -> bytes:
    """Give the token of a header; browsers, which ask people for a password, send it as one. Empty = none."""
    scheme, _, rest = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        return rest.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""


def _service_of(path: str) -> str:
    """Give the service that an address belongs to; empty when it is the host's."""
    parts = path.split("/")
    if parts[1:3] == ["v2", "models"] and len(parts) > 3:
        return parts[3].partition(".")[0]
    return parts[1] if parts[1] != "v2" else ""


def _default_port(names: set[str], port: int) -> set[bytes]:
    return {name.encode() for name in names} if port in (80, 443) else set()
