"""A store with all kinds of secrets, used as people use it: at a desk, by the daemon, from another machine, by the API.

Everything that is kept or shown is gathered, so that a test can look for the secrets in it.
"""

import base64
import http.client
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote, quote_plus

import zstandard

from headwater.home import open_home
from headwater.model.rows import RunQuery, TaskQuery
from headwater.web.tables import all_routes
from tests.web.test_every_route import path_of

SECONDS = 60
#: What nobody may find, by where it is given. Each is unlike anything else, so that a part of it is found too.
SECRETS = {
    "environment": 'eNv-7Qx"Lm2/Zt9 Vb4+Kd8é-R3wHs6',
    "file": "f1Le-Jp5&Xc0=Gn7?Yu2#Ta4-Mw9Qe1",
    "address": "aDdr-Bz3Nk8Wr5Lv1Ch6Fy0Sd4Pj9",
    "longer than anything that is cut": "l0Ng-" + "".join(f"{n:05d}~Kq{n * 7919 % 99991:05d}Zx" for n in range(5000)),
    "of a task that never ran": "n3Ver-Ue6Ho1Vt8Rd2Ks5Xw0Bf7Ml4",
    "file that the code leaves out": "d0tEnv-Gy4Pz7Nc1Jq8Wi3Lh6Ta9",
    "password": "pAssw-Hn8 Lk3 Tj6 Vq1 Wc9 Bx5",
    "wrong password": "wRong-Sf2 Gd7 Pz4 Ym0 Nr8 Kt5",
    "address of a channel": "cHann-Ux4Qj9Ew1Iv6Ob3Ta8Fc5",
    "password of a package index": "iNdex-Kp7Rz2Xm9Wd4Lc1Vh6Gn3",
    "password of a server's address": "sErve-Tq5Bj0Yf8Mk3Zs7Nx1Dw6",
}
#: Characters at each end of a secret that are looked for by themselves, as a cut leaves them.
_PART = 12
_STRIDE = 997

#: Each would make a file, were it given to a shell, a template or a line of configuration.
SHELL_WORDS = ("$(touch CANARY)", "`touch CANARY`", "x; touch CANARY", "{{7*7}} | touch CANARY", "'; touch CANARY; '")
FLOW = """
import base64, json, logging, os, sys, time, traceback, urllib.parse
from headwater import FlowSpec, Parameter, Run, catch, current, publish_event, retry, secrets, step

LEAK = ["DB_PASSWORD", "FROM_FILE", "ADDRESS", "LONG"]


class Leaky(FlowSpec):
    word = Parameter("word", default="x")

    @secrets(sources=["env.DB_PASSWORD", "env.ADDRESS", "file.~/kept/secrets.json"])
    @step
    def start(self):
        for name in LEAK:
            value = os.environ[name]
            print(name, value)
            print("json", json.dumps({"key": value}), "python", repr([value]), file=sys.stderr)
            print("address", urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value))
            for before in ("", "a", "ab"):
                print("base64", base64.b64encode((before + value).encode()).decode())
            raw = (name + " in two writes: " + value + "\\n").encode()
            os.write(1, raw[: len(raw) // 2])
            time.sleep(0.02)
            os.write(1, raw[len(raw) // 2 :])
            current.metrics.log(**{f"loss of {value}": 0.5})
            try:
                raise KeyError(value)
            except KeyError:
                traceback.print_exc()
                logging.exception("of %s", value)
        publish_event("leaked", {"value": os.environ["DB_PASSWORD"]})
        for tell in (lambda run: run.add_tag(os.environ["DB_PASSWORD"]), lambda run: run.add_tag("x-" + ADDRESS())):
            try:
                tell(Run(current.pathspec.rpartition("/")[0].rpartition("/")[0]))
            except Exception as error:
                print("tag:", type(error).__name__, error)
        print("variables:", {name: os.environ[name] for name in LEAK})
        print("settings:", {name: value for name, value in os.environ.items() if name.startswith("HEADWATER_")})
        self.is_done = True
        self.next(self.boom)

    @retry(times=1)
    @secrets(sources=["env.DB_PASSWORD", "env.ADDRESS", "file.~/kept/secrets.json"])
    @step
    def boom(self):
        found = {name: os.environ[name] for name in LEAK}
        shown = ["y" * 180 + value for value in found.values()]
        try:
            raise ValueError(found["LONG"] + found["FROM_FILE"])
        except ValueError as error:
            raise ConnectionError(f"no answer for {shown} {list(found.values())}") from error
        self.next(self.later)

    @secrets(sources=["env.LATER"])
    @step
    def later(self):
        print(os.environ["LATER"])
        self.next(self.end)

    @step
    def end(self):
        pass


def ADDRESS():
    return os.environ["ADDRESS"].partition("@")[0].rpartition(":")[2]


if __name__ == "__main__":
    Leaky()
"""
PACKAGED = """
from headwater import FlowSpec, pypi, step


class Packaged(FlowSpec):
    @pypi(packages={"no-such-package-at-all": "1.0"})
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Packaged()
"""


class SecretWorld:
    """Everything that happens in it, and what is left of it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.home = self.folder / "above" / "home"
        self.port = _free_port()
        #: What commands and the API said, by what was asked.
        self.said = {}
        #: Command lines that were seen, of whatever ran.
        self.command_lines = set()
        #: What a shell would act on, were it given one.
        self.words = []
        #: Made while it is used: tokens, codes of links, cookies.
        self.made = {}
        self._write_project()
        self._environ = self._variables()
        self._is_over = threading.Event()
        watching = threading.Thread(target=self._watch)
        watching.start()
        try:
            self._live()
        finally:
            self._is_over.set()
            watching.join()

    def _write_project(self):
        for name in ("project", "ann", "ann/kept", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        project = self.folder / "project"
        (project / "pyproject.toml").write_text("[project]\nname='x'\nversion='0'\n")
        (project / "leaky.py").write_text(FLOW)
        (project / "packaged.py").write_text(PACKAGED)
        (project / ".env").write_text(f"TOKEN={SECRETS['file that the code leaves out']}\n")
        kept = {"FROM_FILE": SECRETS["file"], "LONG": SECRETS["longer than anything that is cut"]}
        (self.folder / "ann" / "kept" / "secrets.json").write_text(json.dumps(kept))
        (self.folder / "ann" / "kept" / "secrets.json").chmod(0o600)

    def _variables(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWATER_", "XDG_"))}
        return {
            **kept,
            "HOME": str(self.folder / "ann"),
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_CONFIG_HOME": str(self.folder / "ann" / "config"),
            "XDG_DATA_HOME": str(self.folder / "ann" / "data"),
            "HEADWATER_HOME": str(self.home),
            "HEADWATER_USER": "ann",
            "HEADWATER_WEB_PORT": str(self.port),
            "HEADWATER_ALERT_ALLOW_PRIVATE": "yes",
            "NO_COLOR": "1",
            "DB_PASSWORD": SECRETS["environment"],
            "ADDRESS": f"postgresql://ann:{SECRETS['address']}@db.example/sales",
            "LATER": SECRETS["of a task that never ran"],
            "UV_HTTP_RETRIES": "0",
        }

    def do(self, *words, code=0, given="", **environ):
        """Do a command; gives what it printed, which is kept with all else that was said."""
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "headwater", *words],
            cwd=self.folder / "project",
            env={**self._environ, **environ},
            input=given,
            capture_output=True,
            text=True,
            umask=0,
            timeout=SECONDS,
            check=False,
        )
        if code is not None:
            assert ran.returncode == code, f"{words}: {ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
        self.said[f"$ {' '.join(words)} ({len(self.said)})"] = (ran.stdout + ran.stderr).encode()
        return ran.stdout

    def ask(self, method, path, body=None, *, token=None, cookie=None, code=None):
        """Ask the server; gives status, headers and body, which are kept with all else that was said."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        headers = {} if body is None else {"Content-Type": "application/json"}
        headers |= {} if token is None else {"Authorization": f"Bearer {token}"}
        headers |= {} if cookie is None else {"Cookie": cookie}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert code in (None, answer.status), (path, answer.status, content[:500])
        said = b"" if (method, path) in _TELLING else str(answer.getheaders()).encode() + content
        self.said[f"{method} {path} ({len(self.said)})"] = said
        return answer.status, answer.getheader("set-cookie") or "", content

    def _live(self):
        for number, text in enumerate(SHELL_WORDS):
            self.words.append(text.replace("CANARY", str(self.folder / f"canary{number}")))
        self.do("run", "leaky.py", "--word", self.words[0], "--tag", self.words[1], "--note", self.words[2], code=1)
        index = f"http://ann:{SECRETS['password of a package index']}@127.0.0.1:1/simple"
        self.do("run", "packaged.py", code=None, UV_DEFAULT_INDEX=index)
        self.do("deploy", "leaky.py")
        self.do("deploy", "leaky.py", "--production", "--yes")
        self._people()
        # What the daemon is given for itself is no business of the runs that it drives.
        channel = {"HEADWATER_ALERT_WEBHOOK": f"http://127.0.0.1:1/hook/{SECRETS['address of a channel']}"}
        self.do("up", HEADWATER_PAGE="yes", **channel)
        try:
            self._talk()
            self.do("deployment", "run", "Leaky@production", "--word", self.words[3], "--wait", code=1)
            self._far_run()
            self._read()
        finally:
            self.said.pop(next((name for name in self.said if name.startswith("$ up (")), ""), None)
            self.do("up", "--stop")

    def _people(self):
        self.do("user", "add", "bob", "--role", "admin", "--password-file", "-", given=SECRETS["password"] + "\n")
        for name, words in (("token of bob", ("laptop", "--user", "bob")), ("token of a service", ("ci", "--service"))):
            role = ("--role", "deployer") if "--service" in words else ()
            self.made[name] = re.search(r"hwt_[\w-]+", self._told("token", "create", *words, *role))[0]

    def _told(self, *words, **facts):
        """Do a command that tells a secret to whoever typed it: this is not kept with what was said."""
        told = self.do(*words, **facts)
        self.said.popitem()
        return told

    def _talk(self):
        """Sign in in every way, rightly and wrongly; make a token and give one up."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self.ask("GET", "/healthz", code=200)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        self.made["code of a link"] = self._told("up", "--link").rpartition("#")[2].strip()
        used, unused = self.made["code of a link"], self._told("up", "--link").rpartition("#")[2].strip()
        self.made["code of a link that nobody used"] = unused
        for code in (200, 401):
            _, cookie, _ = self.ask("POST", "/api/v1/session/link", {"code": used}, code=code)
            self._keep_cookie("link", cookie)
        for password, code in ((SECRETS["password"], 200), (SECRETS["wrong password"], 401)):
            body = {"name": "bob", "password": password}
            _, cookie, _ = self.ask("POST", "/api/v1/session/password", body, code=code)
            self._keep_cookie("password", cookie)
        # A password that is typed where a name belongs.
        wrong = SECRETS["wrong password"]
        self.ask("POST", "/api/v1/session/password", {"name": wrong, "password": "x" * 12}, code=401)
        self.ask("POST", "/api/v1/session/password", {"name": 1, "password": wrong}, code=422)
        made = self.ask("POST", "/api/v1/tokens", {"name": "page"}, cookie=self.cookie, code=201)
        self.made["token of the page"] = json.loads(made[2])["token"]
        self.ask("GET", "/api/v1/me", token=wrong, code=401)
        self.ask("GET", f"/api/v1/runs?search={quote(wrong)}", token=self.made["token of the page"])
        self.said.popitem()  # says again what was asked for

    def _keep_cookie(self, way, cookie):
        pair = cookie.partition(";")[0]
        if pair.partition("=")[2]:
            self.made[f"cookie by {way}"] = pair.partition("=")[2]
            # It is told to the browser that signs in, and to nobody else.
            self.said[f"sign in by {way}"] = self.said.popitem()[1].replace(pair.partition("=")[2].encode(), b"")
            self.cookie = pair

    def _far_run(self):
        """Work from another machine; what stays there must not be found either, but for where the token is kept."""
        far = {"HEADWATER_HOME": "", "HEADWATER_USER": ""}
        url = f"http://127.0.0.1:{self.port}"
        self.do("login", url, "--token-file", "-", given=self.made["token of bob"], **far)
        self.do("run", "leaky.py", "--word", self.words[4], "--tag", self.words[3], code=1, **far)
        self.do("status", "Leaky/3", **far)
        for words in (("login", _with_password(url)), ("list",)):
            self.do(*words, code=2, given="hwt_x\n", **(far | {"HEADWATER_SERVER": _with_password(url)}))

    def _read(self):
        """Read all there is, by commands and by every route."""
        deadline = time.monotonic() + SECONDS
        while not (rows := json.loads(self._get("/alerts", self.made["token of bob"])[1])["rows"]):
            assert time.monotonic() < deadline, "no alert was raised"
            time.sleep(0.1)
        self.cause = rows[0]["cause"]
        for words in (
            ("list",),
            ("doctor",),
            ("alert", "list"),
            ("audit",),
            ("user", "list"),
            ("token", "list"),
            ("event", "list"),
            ("deployment", "list"),
        ):
            self.do(*words, code=None)
        self.do(
            "alert", "channels", HEADWATER_ALERT_WEBHOOK=f"http://127.0.0.1:1/hook/{SECRETS['address of a channel']}"
        )
        for label in (1, 2, 3):
            for words in (("logs", f"Leaky/{label}"), ("status", f"Leaky/{label}", "--json")):
                self.do(*words)
            page = self.folder / f"{label}.html"
            self.do("export", f"Leaky/{label}", "--html", str(page))
            self.said[f"export of {label}"] = page.read_bytes()
        self.servers = self.folder / "ann" / "data" / "headwater" / "servers"
        self._ask_every_route()
        self.do("doctor", code=None, HEADWATER_WEB_NAMES=_with_password("https://data.example.org"))
        self.do("ui", code=2, HEADWATER_WEB_NAMES=_with_password("https://data.example.org/x"))

    def _ask_every_route(self):
        """Read by the API, as an admin, whatever a GET gives of what there is."""
        token = self.made["token of bob"]
        queries = {**_QUERIES, "/alert": f"?cause={quote(self.cause, safe='')}"}
        parts = list(parts_of_runs(self.home))
        self.answers = []
        for route in all_routes():
            if route.method != "GET" or route.path.endswith("stream") or route.path == "/remote/news":
                continue
            for path in sorted({path_of(route, **each) for each in parts}):
                status, content = self._get(path + queries.get(route.path, ""), token)
                self.answers.append((route.path, status, content))

    def _get(self, path, token):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def _watch(self):
        while not self._is_over.wait(0.1):
            for pid in os.listdir("/proc"):
                if pid.isdigit():
                    try:
                        with open(f"/proc/{pid}/cmdline", "rb") as file:
                            self.command_lines.add(file.read())
                    except OSError:
                        continue

    def kept(self):
        """Give what lies in files: content by path."""
        found = {}
        for at, _, names in os.walk(self.folder):
            for name in names:
                path = Path(at, name)
                if path.is_file() and not path.is_symlink():
                    found[str(path.relative_to(self.folder))] = path.read_bytes()
        return found


def _with_password(url):
    return url.replace("://", f"://ann:{SECRETS[PASSWORD_OF_ADDRESS]}@", 1)


PASSWORD_OF_ADDRESS = "password of a server's address"
#: What a route needs besides the parts of its address.
_QUERIES = {
    "/runs/{flow}/{label}/tasks/{step}/{task}/logs/search": "?text=in+two+writes",
    "/compare": "?run=Leaky/1&run=Leaky/2",
    "/deployments/{target}/compare": "?other=Leaky@user.ann",
    "/deployments/{target}/differences": "?first=1&second=1",
}
#: They tell a secret to whoever asked for it.
_TELLING = {("POST", "/api/v1/tokens")}


def traces_of(value):
    """Give what would show of a secret: each way to write it, and its parts, as a cut leaves them."""
    ways = {value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value, safe=""), quote_plus(value)}
    raw = value.encode()
    ways |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex()}
    parts = set()
    for way in ways:
        parts |= {way[:_PART], way[-_PART:].rstrip("=")}
        parts |= {way[start : start + _PART] for start in range(0, len(way) - _PART, _STRIDE)}
    return {part.encode() for part in parts}


def opened_up(content):
    """Give a content with all in it that was compressed, wherever it begins."""
    found = [content]
    for place in re.finditer(rb"\x28\xb5\x2f\xfd", content):
        try:
            found.append(zstandard.ZstdDecompressor().decompressobj().decompress(content[place.start() :]))
        except zstandard.ZstdError:
            continue
    return b"\n".join(found)


def cells_of(path):
    """Give every cell of a database, opened up."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        database.text_factory = bytes
        tables = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = [
            cell if isinstance(cell, bytes) else str(cell).encode()
            for table in tables
            for row in database.execute(f'SELECT * FROM "{table}"')
            for cell in row
        ]
    database.close()
    return b"\n".join(opened_up(cell) for cell in cells)


def _free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def parts_of_runs(home):
    """Yield what there is, for the parts of the API's addresses in braces: of every run, task and artifact."""
    opened = open_home(str(home))
    known = {"target": "Leaky@production", "number": "1", "user": "bob", "path": "leaky.py"}
    for run in opened.ledger.runs(RunQuery()).rows:
        _, started = next(opened.ledger.events(run.run))
        names = {**known, "flow": run.flow, "label": str(run.label), "run": run.run, "digest": started.code.tree}
        files = os.listdir(opened.run_folder(run.run))
        for task in opened.ledger.tasks(TaskQuery(run.run)).rows:
            names |= {"step": task.key.partition("/")[0], "task": str(task.label)}
            for artifact in opened.ledger.artifacts(run.run, [task.key]):
                yield {**names, "digest": artifact.ref.digest, "name": artifact.name}
            for name in (*files, "leaky.py", "loss"):
                yield {**names, "name": name}
    opened.close()
