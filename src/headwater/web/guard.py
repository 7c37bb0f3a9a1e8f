"""Looks at every request before anything else: the right host name, no page of another site, and who it is."""

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.types import Scope

from headwater.hosting.guard import is_loopback
from headwater.model.addresses import mask_address
from headwater.model.errors import SettingMistake, UserMistake
from headwater.model.secret_digest import secret_digest
from headwater.web.access import Access
from headwater.web.problems import Refused

_LOCAL = ("localhost", "127.0.0.1", "[::1]")
#: Methods that change nothing.
_SAFE = ("GET", "HEAD")
#: What a browser says of forms and of images; our page's script says `cors` or `same-origin`.
_NO_PAGE_OF_OURS = ("no-cors", "navigate")

#: Gives who has the session or token with this SHA-256 (hexadecimal); None when it is unknown, ended or expired.
FindAccess = Callable[[str], Access | None]


class Guard:
    """Lets requests in, or says why not."""

    def __init__(
        self, host: str, port: int, *, find_session: FindAccess, find_token: FindAccess, names: tuple[str, ...] = ()
    ) -> None:
        """Let callers in.

        Args:
            host: address that the server is bound to.
            port: its port.
            find_session: finds who has a cookie.
            find_token: finds who has a bearer token.
            names: further names that the server goes by, each with its port where that is not the usual one, and
                with `https://` in front where browsers reach it so.

        Raises:
            UserMistake: other machines reach the address, and it is not said by which name.
        """
        if not is_loopback(host) and not names:
            hint = "web_names = https://data.example.org (or HEADWATER_WEB_NAMES) says by which it does"
            raise UserMistake(f"{host} is reached from other machines, by names that are not known", hint=hint)
        own = {*_LOCAL, f"[{host}]" if ":" in host else host}
        self._port = port
        #: Host -> `http` or `https`; empty = nobody said.
        self._schemes = {f"{name}:{port}": "http" for name in own}
        if port in (80, 443):
            self._schemes |= dict.fromkeys(own, "http" if port == 80 else "https")
        self._schemes |= dict(_named(name) for name in names)
        self._find_session = find_session
        self._find_token = find_token

    def check_site(self, scope: Scope) -> str:
        """Let a request pass that names this server and comes from no page of another site; gives its host.

        Holds for every method, also for those that nobody has heard of, whatever browser says that it asks.

        Raises:
            Refused: another host's name (421), another site's page (403), no host or two (400).
        """
        headers = _headers_of(scope)
        hosts = headers.get(b"host", [])
        if len(hosts) != 1:
            raise Refused(400, "a request names one host")
        host = hosts[0].lower()
        if host not in self._schemes:
            raise Refused(421, "this server does not go by that name")
        for origin in headers.get(b"origin", []):
            if not self._is_own(origin.lower(), host):
                raise Refused(403, "pages of other sites may not call")
        is_reading = scope["method"] in _SAFE
        modes = headers.get(b"sec-fetch-mode", [])
        for site in headers.get(b"sec-fetch-site", []):
            # Links from elsewhere to a page may be followed: the cookie stays behind (SameSite=Strict).
            if site not in ("same-origin", "none") and not (is_reading and modes == ["navigate"]):
                raise Refused(403, "pages of other sites may not call")
        if not is_reading and any(mode in _NO_PAGE_OF_OURS for mode in modes):
            raise Refused(403, "forms change nothing here")
        return host

    def origin_of(self, host: str) -> str:
        """Give where browsers reach a host that was let pass: `https://data.example.org`."""
        return f"{self._schemes[host] or 'http'}://{host}"

    def cookie_name(self, host: str) -> str:
        """Give the name of the cookie of somebody who signed in: two stores on one machine each have their own."""
        name = f"headwater_session_{self._port}"
        # A browser takes this prefix only from https, for this very host: no subdomain can slip its own in.
        return f"__Host-{name}" if self._schemes[host] == "https" else name

    def browser_cookie_name(self, host: str) -> str:
        """Give the name of the cookie by which a browser is known again that has let somebody in before."""
        return self.cookie_name(host).replace("_session_", "_browser_")

    def find_browser(self, scope: Scope, host: str) -> str:
        """Give the key of the session that a browser of a host that was let pass had last; empty when it says none."""
        secret = _cookie_of(_headers_of(scope).get(b"cookie", []), self.browser_cookie_name(host))
        return secret_digest(secret) if secret else ""

    def _is_own(self, origin: str, host: str) -> bool:
        scheme, _, named = origin.partition("://")
        return named == host and scheme in ("http", "https") and self._schemes[host] in ("", scheme)

    def find(self, scope: Scope, host: str) -> Access | None:
        """Give who asks of a host that was let pass; None when they did not say, or it is not true any more."""
        headers = _headers_of(scope)
        for value in headers.get(b"authorization", []):
            scheme, _, token = value.partition(" ")
            return self._find_token(secret_digest(token.strip())) if scheme.lower() == "bearer" and token else None
        secret = _cookie_of(headers.get(b"cookie", []), self.cookie_name(host))
        return self._find_session(secret_digest(secret)) if secret else None


def _headers_of(scope: Scope) -> dict[bytes, list[str]]:
    found: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name, []).append(value.decode("latin-1"))
    return found


def _cookie_of(values: list[str], name: str) -> str:
    for value in values:
        try:
            parsed = SimpleCookie(value)
        except CookieError:
            continue
        if name in parsed:
            return parsed[name].value
    return ""


def _named(name: str) -> tuple[str, str]:
    """Take `https://data.example.org` apart into host and scheme."""
    scheme, mark, host = name.strip().lower().rpartition("://")
    if not host or "/" in host or "@" in host or (mark and scheme not in ("http", "https")):
        hint = "such as https://data.example.org, or data.example.org:8501"
        raise SettingMistake(f"{mask_address(name)!r:.200} in web_names is no name of a server", hint=hint)
    return host, scheme
