"""A store with its application as the server puts it together, asked without a network; clocks turned by hand."""

import json
import time

from headwater.home import open_home
from headwater.web.accounts.credentials import Credentials
from headwater.web.accounts.passwords import Passwords
from headwater.web.accounts.tokens import create_token
from headwater.web.accounts.users import Users
from headwater.web.app import WebApp
from headwater.web.guard import Guard
from headwater.web.pulse import Pulse
from headwater.web.tables import all_routes
from tests.web.asking import HOST, PORT, ask, request_scope

ORIGIN = f"http://{HOST}"
PASSWORD = "correct horse battery"


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


class GateSite:
    """Callers have real accounts, tokens and sessions."""

    #: One hash of the one password of all tests.
    hashed = None

    def __init__(self, home, routes=None, is_read_only=False, names=(), host="127.0.0.1"):
        self.home = home
        self.ledger = home.ledger
        self.users = Users(home.ledger)
        self.steady = Clock(1000.0)
        self.clock = Clock(time.time())
        known = Credentials(home.ledger, self.clock, self.steady)
        self.guard = Guard(host, PORT, find_session=known.find_session, find_token=known.find_token, names=names)
        self.watched = open_home(home.path, user=home.user)
        self.pulse = Pulse(self.watched.ledger)
        self.app = WebApp(
            home,
            self.guard,
            self.pulse,
            all_routes() if routes is None else routes,
            is_read_only=is_read_only,
            clock=self.clock,
        )
        self.app._gate._hasher = cheap()

    def close(self):
        self.watched.close()

    def person(self, name, password=None, **roles):
        """Make an account; `everything` stands for `*`, `none` for flows without a project."""
        names = {"everything": "*", "none": ""}
        given = {names.get(project, project): role for project, role in roles.items()}
        if password is not None and GateSite.hashed is None:
            GateSite.hashed = cheap().hash(PASSWORD)
        self.users.add(name, by="root", at=1.0, roles=given, password_hash=GateSite.hashed if password else None)
        return name

    def token(self, user, name="laptop", **facts):
        """Make a token of an account; gives its text."""
        return create_token(self.ledger, name, user, by="root", now=facts.pop("now", 1.0), **facts)[0]

    def pass_a_second(self):
        """What was read before is read anew."""
        self.steady.now += 1.0

    def pass_days(self, days):
        self.clock.now += days * 86400
        self.pass_a_second()

    def ask(
        self,
        method,
        path,
        body=None,
        token=None,
        cookie=None,
        headers=(),
        raw=None,
        client="127.0.0.1",
        stays=False,
        **query,
    ):
        """Send a request; `path` is below `/api/v1` unless it begins with two slashes; who stays hears a stream out."""
        self.clock.now += 0.001
        known = {"host": HOST}
        if token is not None:
            known["authorization"] = f"Bearer {token}"
        if cookie is not None:
            known["cookie"] = cookie
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if body is not None or raw is not None:
            known["content-type"] = "application/json"
        pairs = [(name, value) for name, value in known.items() if name not in dict(headers)]
        pairs += [(name, value) for name, value in headers if value is not None]
        whole = path[1:] if path.startswith("//") else f"/api/v1{path}"
        return ask(self.app, request_scope(method, whole, query, pairs, client), content, stays=stays)

    def sign_in(self, name, password=PASSWORD, **facts):
        """Sign in with a password; gives what the browser sends from then on."""
        given = self.ask("POST", "/session/password", {"name": name, "password": password}, **facts)
        assert given.status == 200, given
        return cookie_of(given)


def cheap():
    """Hashes as the server does, for less: a hash is dear on purpose."""
    return Passwords(memory_kib=64, passes=1)


def cookie_of(given):
    return given.header("set-cookie").partition(";")[0]
