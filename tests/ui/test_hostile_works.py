"""Hostile strings in what people and callers of services say: notes, reasons, payloads, requests, alerts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.deployments.desk import Desk
from tests.ui.payloads import PAYLOADS
from tests.ui.site import Site, serve_page
from tests.ui.test_hostile import FOREIGN
from tests.ui.windows import keep_sign_in
from tests.ui.works import CHURN, DAILY, add_alert, add_event, add_predictions, opened_as
from tests.web.api.service_scene import make_store

PAGES = (
    "/deployments",
    f"/deployments/{CHURN}",
    f"/deployments/{CHURN}?tab=versions",
    f"/deployments/{CHURN}?tab=versions&version=1&part=files",
    f"/deployments/{CHURN}?tab=history",
    "/events",
    "/alerts",
    "/endpoints/Adder?tab=predictions",
    "/settings?tab=audit",
    f"/deployments/{CHURN}?tab={PAYLOADS[0]}",
    f"/events?search={PAYLOADS[10]}",
)


@pytest.fixture(scope="module")
def hostile_works(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over a store in which every word that somebody may choose is a payload."""
    folder = tmp_path_factory.mktemp("hostile_works")
    home, _ = make_store(folder)
    desk = Desk(folder, home)
    parameter = f'alpha = Parameter("alpha", default={PAYLOADS[3]!r}, help={PAYLOADS[4]!r})'
    desk.write(decorators=DAILY, parameters=parameter)
    desk.production(note=PAYLOADS[0])
    for text in PAYLOADS[1:40:3]:
        desk.changes().pause(CHURN, desk.tick(), text)
        desk.changes().unpause(CHURN, desk.tick(), text)
    desk.home.close()
    for number, text in enumerate(PAYLOADS[::9]):
        add_event(home, f"event_{number}", {text: text, "deep": [{text: [text]}]}, source=text)
        add_alert(home, CHURN, text, "\n".join(PAYLOADS[:60]))
    add_predictions(home, 12, "".join(PAYLOADS[:20]), "".join(PAYLOADS[20:40]))
    with serve_page(home) as site:
        yield site


@pytest.fixture(scope="module")
def kept(hostile_works: Site, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a browser keeps of an admin of that store."""
    return keep_sign_in(hostile_works, chromium, tmp_path_factory.mktemp("kept"))


def test_whatever_people_say_is_shown_as_text(hostile_works: Site, chromium: Browser, kept: Path):
    with opened_as(hostile_works, chromium, kept) as page:
        for path in PAGES:
            page.goto(path)
            page.locator("main h1").first.wait_for()
            open_all(page)

            assert page.evaluate(FOREIGN) == []
            assert page.evaluate("window.hacked ?? document.body.dataset.hacked ?? null") is None


def open_all(page: Page) -> None:
    """Open what is folded on the view: events, a prediction, an alert."""
    for head in page.locator(".event-head").all()[:20]:
        head.click()
    if page.get_by_role("button", name="Open", exact=True).count():
        page.get_by_role("button", name="Open", exact=True).first.click()
    if "/alerts" in page.url:
        page.locator("tbody tr strong").first.click()
        page.locator(".alert-text").wait_for()
