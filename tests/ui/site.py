"""The real page on a real server over a store with real runs, and browsers that look at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from headwater.home import open_home
from headwater.web.accounts.sessions import make_link

PROJECT = Path(__file__).parents[2]
FLOWS = Path(__file__).parent / "flows"
#: Seconds that the server may take to answer for the first time.
START_SECONDS = 30
ADMIN = {"*": "admin"}


@dataclass
class Site:
    """A running server."""

    home: str
    url: str
    process: subprocess.Popen[bytes]

    def link(self, user: str = "ann", roles: Mapping[str, str] = ADMIN) -> str:
        """Make an address that signs its bearer in, once."""
        with closing(open_home(self.home)) as home:
            code = make_link(home.ledger, user, dict(roles), time.time())
        return f"{self.url}/sign-in#{code}"

    def sign_in(
        self, browser: Browser, user: str = "ann", roles: Mapping[str, str] = ADMIN, **options: object
    ) -> BrowserContext:
        """Give a context of somebody who is signed in; options as Playwright's `new_context` takes them."""
        context = browser.new_context(base_url=self.url, **options)
        page = context.new_page()
        page.goto(self.link(user, roles))
        page.get_by_role("navigation", name="Places").wait_for(state="attached")
        page.close()
        return context


@dataclass
class Watched:
    """A page with what went wrong in it."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    #: Messages of the console that belong to what a test does, such as a refused request.
    expected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on(
            "console",
            lambda said: self.wrong.append(f"{said.type}: {said.text}") if said.type in ("error", "warning") else None,
        )

    def check(self) -> None:
        """Fail if anything went wrong that was not expected."""
        wrong = [each for each in self.wrong if not any(part in each for part in self.expected)]
        assert not wrong, wrong


@contextmanager
def serve_page(home: str, *, port: int | None = None, is_read_only: bool = False, **env: str) -> Iterator[Site]:
    """Run the server of a store, on a port of its own unless it is said which."""
    port = port or free_port()
    command = [sys.executable, "-m", "headwater", "ui", "--home", home, "--port", str(port)]
    log = open(os.path.join(home, "ui.log"), "ab")  # noqa: SIM115 - the server's, until it ends
    process = subprocess.Popen(
        command + ([] if is_read_only else ["--write"]), env={**os.environ, **env}, stdout=log, stderr=log
    )
    log.close()
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(process, url, home)
        yield Site(home, url, process)
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """Give a port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_flow(home: str, flow: str, *arguments: str, is_failing: bool = False) -> None:
    """Run a flow of `flows/` to its end."""
    command = [sys.executable, "-m", "headwater", "run", str(FLOWS / flow), *arguments]
    ended = subprocess.run(command, env={**os.environ, "HEADWATER_HOME": home}, capture_output=True, text=True)
    assert (ended.returncode != 0) == is_failing, ended.stderr


@contextmanager
def start_flow(home: str, flow: str, *arguments: str) -> Iterator[None]:
    """Run a flow of `flows/` while the test looks; it is to succeed by the end."""
    command = [sys.executable, "-m", "headwater", "run", str(FLOWS / flow), *arguments]
    env = {**os.environ, "HEADWATER_HOME": home}
    run = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
        assert run.wait(30) == 0
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait(30)


def find_chromium() -> str | None:
    """Give the path of Debian's Chromium (or another one); None when there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _wait_for(process: subprocess.Popen[bytes], url: str, home: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.02)
    raise AssertionError(f"the server did not start: {Path(home, 'ui.log').read_text()}")
