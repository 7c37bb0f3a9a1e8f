"""What is around every view."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.site import PROJECT, Site, Watched, free_port, run_flow, serve_page

AXE = PROJECT / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def test_a_link_signs_in_once_and_leaves_no_code_in_the_address(site: Site, chromium: Browser):
    link = site.link("bob", {"": "viewer"})
    context = chromium.new_context()
    page = context.new_page()
    page.goto(link)
    expect(page.get_by_role("button", name="Signed in as bob")).to_be_visible()
    assert "#" not in page.url

    second = chromium.new_context()
    again = second.new_page()
    again.goto(link)

    expect(again.get_by_role("alert")).to_contain_text("this link lets nobody in any more")
    expect(again.get_by_text("headwater up --link").first).to_be_visible()
    context.close()
    second.close()


def test_who_is_signed_out_comes_back_to_where_they_were(site: Site, chromium: Browser):
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/runs?flow=Churn")
    expect(page.get_by_role("heading", name="Sign in to Headwater")).to_be_visible()
    assert page.url.endswith("/sign-in?next=%2Fruns%3Fflow%3DChurn")

    # In the same tab: only what follows the `#` is new, the page is not loaded again.
    code = site.link().partition("#")[2]
    page.goto(f"/sign-in?next=%2Fruns%3Fflow%3DChurn#{code}")

    page.wait_for_url("**/runs?flow=Churn")
    context.close()


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_site(site: Site, chromium: Browser, elsewhere: str):
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    code = site.link().partition("#")[2]
    page.goto(f"/sign-in?next={elsewhere}#{code}")

    page.get_by_role("navigation", name="Places").wait_for()
    assert page.url == f"{site.url}/"
    context.close()


def test_a_name_and_a_password_sign_in_and_a_wrong_one_says_so(chromium: Browser, tmp_path: Path):
    home = str(tmp_path / "home")
    password = tmp_path / "password"
    password.write_text("a long enough secret")
    command = ["user", "add", "carla", "--role", "viewer", "--password-file", str(password), "--home", home]
    subprocess.run([sys.executable, "-m", "headwater", *command], check=True, capture_output=True)
    with serve_page(home) as site:
        context = chromium.new_context(base_url=site.url)
        page = context.new_page()
        page.goto("/alerts")
        page.get_by_label("Name").fill("carla")
        page.get_by_label("Password").fill("not that one")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Password").fill("a long enough secret")
        page.keyboard.press("Enter")

        expect(page.get_by_role("button", name="Signed in as carla")).to_be_visible()
        assert page.url == f"{site.url}/alerts"
        page.get_by_role("button", name="Signed in as carla").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in to Headwater")).to_be_visible()
        page.goto("/alerts")
        expect(page.get_by_role("heading", name="Sign in to Headwater")).to_be_visible()
        context.close()


def test_an_ended_session_leads_to_the_sign_in_page(site: Site, chromium: Browser):
    context = site.sign_in(chromium)
    page = context.new_page()
    page.goto("/runs")
    page.get_by_role("link", name="Churn/1").wait_for()
    context.clear_cookies()
    page.get_by_role("button", name="Grid").click()

    expect(page.get_by_role("heading", name="Sign in to Headwater")).to_be_visible()
    assert "next=%2Fruns" in page.url
    context.close()


def test_the_palette_finds_a_run_by_its_path(page: Page):
    page.goto("/")
    page.get_by_role("navigation", name="Places").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("churn/2")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Churn/2")
    page.keyboard.press("Enter")

    page.wait_for_url("**/runs/Churn/2")


def test_the_palette_finds_the_audit_log(page: Page):
    page.goto("/")
    page.get_by_role("navigation", name="Places").wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("audit")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Audit log")
    page.keyboard.press("Enter")

    page.wait_for_url("**/settings?tab=audit")


def test_keys_go_to_views_and_a_dialog_lists_them(page: Page):
    page.goto("/")
    page.get_by_role("navigation", name="Places").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/runs")
    page.get_by_role("link", name="Churn/1").wait_for()
    page.keyboard.press("/")
    expect(page.get_by_label("Search runs")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")

    keys = page.get_by_role("dialog")
    expect(keys).to_contain_text("Go to Deployments")
    expect(keys).to_contain_text("Next row")
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)


def test_the_theme_is_chosen_and_kept(open_page: Callable[..., Watched]):
    page = open_page(color_scheme="dark").page
    page.goto("/")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name=re.compile("Signed in as")).click()
    page.get_by_role("button", name="Light").click()
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()

    expect(root).to_have_attribute("data-theme", "light")


def test_a_view_that_is_not_there_says_so(page: Page):
    page.goto("/nothing/here")

    expect(page.get_by_text("There is no such page")).to_be_visible()
    expect(page).to_have_title("Not found · Headwater")


def test_the_page_says_when_the_server_is_gone_and_goes_on_when_it_is_back(store: str, chromium: Browser):
    port = free_port()
    with serve_page(store, port=port) as site:
        context = site.sign_in(chromium)
        page = context.new_page()
        page.goto("/runs?flow=Slow")
        page.get_by_role("link", name="Slow/1").wait_for()
    away = page.get_by_text("The server does not answer")
    expect(away).to_be_visible()
    runs = page.get_by_role("link", name=re.compile("^Slow."))
    known = runs.count()
    run_flow(store, "slow.py")
    with serve_page(store, port=port):
        expect(away).to_have_count(0)

        expect(runs).to_have_count(known + 1)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/runs", "/runs?view=grid", "/flows/Churn", "/nothing"])
def test_no_barrier_is_found_by_axe(open_page: Callable[..., Watched], path: str, scheme: str):
    page = open_page(color_scheme=scheme, reduced_motion="reduce").page
    page.goto(path)
    page.locator("main h1, main .empty").first.wait_for(state="attached")
    page.wait_for_load_state("load")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")

    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []


@pytest.mark.parametrize("keys", [["Control+k"], ["?"], ["/", "Escape", "j"]])
def test_no_barrier_is_found_in_what_keys_open(open_page: Callable[..., Watched], keys: list[str]):
    page = open_page(reduced_motion="reduce").page
    page.goto("/runs")
    page.get_by_role("link", name="Churn/1").wait_for()
    for key in keys:
        page.keyboard.press(key)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")

    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []


def test_the_page_comes_back_when_the_server_was_not_there_at_first(store: str, chromium: Browser):
    port = free_port()
    with serve_page(store, port=port) as site:
        context = site.sign_in(chromium)
        page = context.new_page()
        page.route("**/api/v1/me", lambda route: route.abort())
        page.goto("/runs")
        expect(page.get_by_text("The server cannot be reached")).to_be_visible()
        page.unroute("**/api/v1/me")

        expect(page.get_by_role("link", name="Churn/1")).to_be_visible()
        context.close()


def test_a_server_that_only_shows_offers_no_buttons(store: str, chromium: Browser):
    with serve_page(store, is_read_only=True) as site:
        context = site.sign_in(chromium)
        page = context.new_page()
        page.goto("/flows/Churn")
        expect(page.get_by_role("heading", name="Churn", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Describe")).to_have_count(0)
        page.get_by_role("button", name="Signed in as ann").click()

        expect(page.get_by_text("This page only shows")).to_be_visible()
        context.close()


def test_on_a_phone_the_navigation_is_behind_a_button(open_page: Callable[..., Watched]):
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).page
    page.goto("/runs")
    places = page.get_by_role("navigation", name="Places")
    page.get_by_role("link", name="Churn/1").wait_for()
    expect(places).not_to_be_in_viewport()
    page.get_by_role("button", name="Menu").click()
    places.get_by_role("link", name="Home").click()

    page.wait_for_url(re.compile(r":\d+/$"))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
