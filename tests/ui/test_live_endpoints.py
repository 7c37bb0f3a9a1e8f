"""An endpoint while it answers: the form to try it, moving curves, a verdict that comes by itself, a dead host."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.ui.lab import barriers
from tests.ui.live_host import LiveHost, live_host
from tests.ui.site import ADMIN, Watched
from tests.ui.works import ask

VIEWER = {"": "viewer"}
#: Another test of this host may have had answers that failed within the minutes that are told of.
ANSWERS = re.compile("^answers")
#: Milliseconds for what is counted, logged and judged.
SLOW_MS = 40_000
LAST = re.compile(r"version 1 last [1-9]")


@pytest.fixture(scope="module")
def live(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHost]:
    with live_host(tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture(scope="module")
def kept_live(live: LiveHost, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    kept = {}
    for user, roles in (("ann", ADMIN), ("vic", VIEWER)):
        kept[user] = tmp_path_factory.mktemp("kept") / "state.json"
        context = live.site.sign_in(chromium, user, roles)
        context.storage_state(path=kept[user])
        context.close()
    return kept


@pytest.fixture
def look(live: LiveHost, chromium: Browser, kept_live: dict[str, Path]) -> Iterator[Callable[..., Watched]]:
    """Open a page of ann, or of another user."""
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def look_at(address: str, user: str = "ann", **options: object) -> Watched:
        given = {"viewport": {"width": 1440, "height": 900}, **options}
        context = chromium.new_context(base_url=live.site.url, storage_state=kept_live[user], **given)
        contexts.append(context)
        watched.append(Watched(context.new_page()))
        watched[-1].page.goto(address)
        return watched[-1]

    yield look_at
    for context in contexts:
        context.close()
    for each in watched:
        each.check()


def answer_of(page: Page):
    return page.get_by_role("region", name="Answer")


def test_the_form_is_made_of_what_the_endpoint_takes_and_shows_what_it_answers(look):
    page = look("/endpoints/Prices?tab=try").page
    page.get_by_label("rooms").fill("3")
    page.get_by_label("area").fill("20.5")
    page.get_by_label("kind").select_option("house")
    expect(page.get_by_label("is_new")).to_have_value("false")
    page.get_by_label("area").press("Enter")

    expect(answer_of(page)).to_contain_text('"price": 307.5')
    expect(answer_of(page)).to_contain_text(re.compile(r"200 answered\s*\d+ ms\s*by version 1"))
    expect(answer_of(page)).to_contain_text(re.compile("headwater explain [0-9A-Z]{26}"))
    page.get_by_role("button", name="JSON").click()
    written = re.compile(r'"rooms": 3,\s+"area": 20.5,\s+"kind": "house"')
    expect(page.get_by_label("Request as JSON")).to_have_value(written)


def test_an_endpoint_is_found_and_asked_by_keys_alone(look):
    page = look("/endpoints").page
    page.get_by_role("row", name=re.compile("Prices")).wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/endpoints/Prices")
    page.get_by_role("tab", name="Traffic").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Try it")).to_be_focused()
    for control in ("Form", "JSON"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=control)).to_be_focused()
    for field in ("rooms", "area", "kind", "note", "is_new"):
        page.keyboard.press("Tab")
        expect(page.get_by_label(field)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(answer_of(page)).to_contain_text("200 answered")


def test_what_no_endpoint_would_take_is_shown_at_its_field_and_not_sent(look):
    page = look("/endpoints/Prices?tab=try").page
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("rooms").fill("many")
    page.get_by_label("area").fill("")
    page.get_by_role("button", name="Ask").click()

    expect(page.locator(".try-field.wrong")).to_have_text(
        [re.compile("rooms.*takes a number, not many"), re.compile("area.*is needed")]
    )
    expect(page.get_by_label("rooms")).to_be_focused()
    assert sent == []


def test_what_the_endpoint_refuses_is_shown_at_its_field(look):
    page = look("/endpoints/Prices?tab=try").page
    page.get_by_label("rooms").fill("0")
    page.get_by_role("button", name="Ask").click()

    expect(page.locator(".try-field.wrong")).to_have_text(re.compile("rooms.*Expected int >= 1"))
    expect(page.get_by_label("rooms")).to_be_focused()
    expect(answer_of(page)).to_contain_text("422 refused")
    page.get_by_role("button", name="The example again").click()
    expect(page.locator(".try-field.wrong")).to_have_count(0)


def test_a_viewer_sees_the_form_and_may_not_ask(look):
    page = look("/endpoints/Prices?tab=try", "vic").page

    expect(page.get_by_role("button", name="Ask")).to_be_disabled()
    expect(page.get_by_text("Asking takes the role runner")).to_be_visible()
    page.get_by_label("rooms").press("Enter")
    expect(answer_of(page)).to_contain_text("Nothing was asked yet")
    assert ask(page, "POST", "/services/Prices/endpoints/price/try", {"body": {"rooms": 1, "area": 1}}) == 403


def test_curves_move_and_a_verdict_comes_while_somebody_looks(look, live: LiveHost):
    page = look("/endpoints/Prices?span=15m").page
    with live.callers():
        # The page is not touched from here on.
        expect(page.get_by_role("figure", name="Requests a minute").get_by_role("img")).to_have_attribute(
            "aria-label", LAST, timeout=SLOW_MS
        )
        live.deploy('raise ValueError("a bad version")')
        news = page.get_by_role("status").filter(has_text="Version 2 was rolled back")
        expect(news).to_contain_text("more failures", timeout=SLOW_MS)

    expect(page.get_by_role("region", name="What happened meanwhile")).to_contain_text(
        "version 2 was rolled back: worse: more failures"
    )
    expect(page.get_by_role("button", name="Promote version 2")).not_to_have_class(re.compile("primary"))
    news.get_by_role("link").click()
    expect(page.get_by_role("list", name="Plan")).to_contain_text(re.compile("50 %went back.*allnot reached"))
    assert barriers(page) == []


def test_a_host_that_is_gone_is_told_first_and_by_the_form(look, live: LiveHost):
    watched = look("/endpoints/Prices?tab=try")
    watched.expected.append("503 (Service Unavailable)")
    page = watched.page
    expect(page.locator(".status.pill")).to_have_text(ANSWERS)
    live.stop()
    try:
        page.get_by_role("button", name="Ask").click()
        expect(answer_of(page)).to_contain_text("no host runs on this store")
        expect(page.get_by_role("status").filter(has_text="Nobody answers")).to_contain_text("headwater up")
        expect(page.locator(".status.pill")).to_have_text("no host")
    finally:
        live.start()

    page.get_by_role("button", name="Ask").click()
    expect(answer_of(page)).to_contain_text("200 answered")
    expect(page.locator(".status.pill")).to_have_text(ANSWERS, timeout=SLOW_MS)


@pytest.mark.parametrize("tab", ["traffic", "try"])
def test_everybody_can_read_a_service_that_answers(look, tab: str):
    page = look(f"/endpoints/Prices?tab={tab}", color_scheme="dark", viewport={"width": 390, "height": 844}).page
    page.locator("main h1").wait_for()

    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
