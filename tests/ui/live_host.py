"""A store with a service that answers: a host and the page, both running, and callers who ask."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from headwater.home import Home, open_home
from tests.hosting.versions_scene import RunningHost, deploy, hosting, learn
from tests.ui.site import Site, serve_page

SERVICE = '''
from typing import Annotated, Literal

import msgspec

from headwater import Canary, ServiceSpec, endpoint


class Prices(ServiceSpec):
    """What a home costs."""

    source = "Learn/1"
    rollout = Canary(steps=[50], min_requests=20)

    @endpoint
    def price(
        self,
        rooms: Annotated[int, msgspec.Meta(ge=1)],
        area: float,
        kind: Literal["flat", "house"] = "flat",
        note: str | None = None,
        is_new: bool = False,
    ) -> dict[str, float]:
        """Say what a home costs."""
        {body}
        return {{"price": rooms * area * self.artifacts.learned}}
'''
FITTING = {"rooms": 2, "area": 50.0}
#: Seconds between two requests of a caller.
PAUSE = 0.02


class LiveHost:
    """A service that answers, and the page that shows it."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder = folder
        self.site = site
        self.host: RunningHost | None = None
        self._running = ExitStack()

    def start(self) -> None:
        """Start the host, and wait until it answers."""
        with closing(open_home(self.site.home, user="ann")) as home:
            self.host = self._running.enter_context(hosting(home))
        self.host.wait_for("/Prices/price", FITTING, lambda answer: answer.status == 200)

    def stop(self) -> None:
        """Stop the host: nobody answers any more."""
        self._running.close()
        self.host = None

    def deploy(self, body: str) -> None:
        """Deploy another version, which takes over by itself if it is no worse."""
        with closing(open_home(self.site.home, user="ann")) as home:
            write_and_deploy(home, self.folder, body)

    @contextmanager
    def callers(self) -> Iterator[None]:
        """Ask again and again while the test looks."""
        assert self.host is not None
        host, is_over = self.host, threading.Event()

        def ask() -> None:
            while not is_over.wait(PAUSE):
                host.ask("/Prices/price", FITTING)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(30)


def write_and_deploy(home: Home, folder: Path, body: str = "pass") -> None:
    """Write the service with a line of its own, and deploy it."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text("[project]\nname = 'prices'\n")
    # Python takes compiled code for the same by second and size: each has a file of its own.
    file = folder / f"prices_{time.monotonic_ns()}.py"
    file.write_text(SERVICE.format(body=body))
    deploy(home, str(file))
    file.unlink()


@contextmanager
def live_host(folder: Path) -> Iterator[LiveHost]:
    """Make the store, start the host and the page."""
    with closing(open_home(str(folder / "home"), user="ann", make=True)) as home:
        learn(home, 5)
        write_and_deploy(home, folder / "project")
    with serve_page(str(folder / "home"), HEADWATER_USER="ann") as site:
        live = LiveHost(folder / "project", site)
        try:
            live.start()
            yield live
        finally:
            live.stop()
