"""Chromium, the built page, and a server that shows it over a store with runs."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.ui.lab import make_lab
from tests.ui.site import ADMIN, PROJECT, Site, Watched, find_chromium, run_flow, serve_page
from tests.ui.windows import PATIENCE_MS, keep_sign_in, windows
from tests.ui.works import VIEWER, make_works, opened_as

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def built_page() -> None:
    """The page, built from the sources as they are now."""
    spec = importlib.util.spec_from_file_location("hatch_build", PROJECT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    hatch_build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hatch_build)
    missing = hatch_build.build_page()
    if missing:
        pytest.skip(missing)


@pytest.fixture(scope="session")
def chromium(built_page: None) -> Iterator[Browser]:
    """A browser; installed when it is missing and that is allowed."""
    path = find_chromium()
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "chromium"], capture_output=True, timeout=600)
        path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with four runs: Churn/1, Churn/2 (failed), Churn/3 and Slow/1."""
    home = str(tmp_path_factory.mktemp("store"))
    run_flow(home, "churn.py", "--tag", "baseline")
    run_flow(home, "churn.py", "--broken", "true", is_failing=True)
    run_flow(home, "churn.py", "--alpha", "0.9", "--tag", "candidate")
    run_flow(home, "slow.py")
    return home


@pytest.fixture(scope="session")
def site(store: str, built_page: None) -> Iterator[Site]:
    """A server over the store."""
    with serve_page(store) as site:
        yield site


@pytest.fixture(scope="session")
def signed_in(site: Site, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a browser keeps of an admin who signed in."""
    return keep_sign_in(site, chromium, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def open_page(site: Site, chromium: Browser, signed_in: Path) -> Iterator[Callable[..., Watched]]:
    """Open pages of an admin; options as Playwright's `new_context` takes them. Whatever goes wrong in them fails."""
    with windows(site, chromium, signed_in) as open_one:
        yield open_one


@pytest.fixture
def page(open_page: Callable[..., Watched]) -> Page:
    """A page of an admin, in a window for desks."""
    return open_page().page


@pytest.fixture(scope="session")
def lab(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over a store of its own: Gallery/1, Gallery/2 (failed) and Gallery/3."""
    folder = tmp_path_factory.mktemp("lab")
    home = str(folder / "home")
    make_lab(home, folder / "project")
    with serve_page(home) as site:
        yield site


@pytest.fixture(scope="session")
def known_in_lab(lab: Site, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a browser keeps of an admin who signed in to the lab."""
    return keep_sign_in(lab, chromium, tmp_path_factory.mktemp("lab-kept"))


@pytest.fixture
def visit(lab: Site, chromium: Browser, known_in_lab: Path) -> Iterator[Callable[..., Watched]]:
    """Open a page of the lab by its address; options as Playwright's `new_context` takes them."""
    with windows(lab, chromium, known_in_lab) as open_one:

        def visit_one(address: str, **options: object) -> Watched:
            watched = open_one(**options)
            watched.page.goto(address)
            return watched

        yield visit_one


@pytest.fixture(scope="session")
def works(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over a store with deployments, a service, events and alerts."""
    with serve_page(make_works(tmp_path_factory.mktemp("works"))) as site:
        yield site


@pytest.fixture(scope="session")
def kept_of(works: Site, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What browsers keep of ann, who may do everything, and of vic, who may only look at one project."""
    return {
        user: keep_sign_in(works, chromium, tmp_path_factory.mktemp("kept"), user, roles)
        for user, roles in (("ann", ADMIN), ("vic", VIEWER))
    }


@pytest.fixture
def admin(works: Site, chromium: Browser, kept_of: dict[str, Path]) -> Iterator[Page]:
    """A page of ann, to whom all of it belongs and who may do everything."""
    with opened_as(works, chromium, kept_of["ann"]) as page:
        yield page


@pytest.fixture
def viewer(works: Site, chromium: Browser, kept_of: dict[str, Path]) -> Iterator[Page]:
    """A page of somebody who may only look at one project."""
    with opened_as(works, chromium, kept_of["vic"]) as page:
        yield page
