"""Windows of a browser, for somebody who is signed in; whatever goes wrong in them fails the test."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.ui.site import ADMIN, PROJECT, Site, Watched

#: Milliseconds that anything on the page may take; machines are busy.
PATIENCE_MS = 15_000
#: What each window showed at the end of its test, to be looked at.
PICTURES = PROJECT / "build" / "screens"
_ON_A_DESK = {"width": 1440, "height": 900}


def keep_sign_in(
    site: Site, browser: Browser, folder: Path, user: str = "ann", roles: Mapping[str, str] = ADMIN
) -> Path:
    """Sign somebody in, and write down what a browser keeps of it."""
    kept = folder / "state.json"
    context = site.sign_in(browser, user, roles)
    context.storage_state(path=kept)
    context.close()
    return kept


@contextmanager
def windows(site: Site, browser: Browser, kept: Path) -> Iterator[Callable[..., Watched]]:
    """Give what opens windows, with what a browser keeps of somebody; options are those of Playwright for a context."""
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def open_one(**options: object) -> Watched:
        given = {"viewport": _ON_A_DESK, "storage_state": kept, **options}
        context = browser.new_context(base_url=site.url, **given)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        watched.append(Watched(context.new_page()))
        return watched[-1]

    try:
        yield open_one
    finally:
        for number, each in enumerate(watched):
            _keep_picture(each.page, number)
        for context in contexts:
            context.close()
    for each in watched:
        each.check()


def _keep_picture(page: Page, number: int) -> None:
    test = re.sub(r"^tests/ui/|\.py| \(\w+\)$", "", os.environ.get("PYTEST_CURRENT_TEST", "window"))
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", test)[:150]
    try:
        page.screenshot(
            path=PICTURES / f"{name}{f'.{number}' * bool(number)}.jpg", type="jpeg", quality=60, timeout=5_000
        )
    except Error:
        return  # it was closed, or shows what never ends: the test says so
