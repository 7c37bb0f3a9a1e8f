"""All runs: the table and the grid."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, expect

from tests.ui.site import Site, Watched, run_flow, start_flow


def test_the_table_shows_runs_with_their_state(page: Page):
    page.goto("/runs")
    row = page.get_by_role("row", name=re.compile("Churn.2"))

    expect(row).to_contain_text("failed")
    expect(page.get_by_role("row", name=re.compile("Churn.3"))).to_contain_text("succeeded")
    expect(page.get_by_role("row", name=re.compile("Churn.3"))).to_contain_text("candidate")


def test_a_filter_is_a_chip_and_part_of_the_address(page: Page):
    page.goto("/runs")
    page.get_by_role("link", name="Slow/1").wait_for()
    page.get_by_role("button", name="Add a filter").click()
    menu = page.get_by_role("group", name="Add a filter")
    menu.get_by_role("button", name="status").click()
    menu.get_by_role("button", name="failed").click()
    expect(page.get_by_role("link", name="Slow/1")).to_have_count(0)
    assert page.url.endswith("/runs?status=failed")
    expect(page.get_by_role("link", name="Churn/2")).to_be_visible()
    page.get_by_role("button", name="Take off status failed").click()

    expect(page.get_by_role("link", name="Slow/1")).to_be_visible()


def test_a_filter_is_added_with_keys_alone(page: Page):
    page.goto("/runs")
    page.get_by_role("link", name="Slow/1").wait_for()
    page.get_by_role("button", name="Add a filter").focus()
    for key in ("Enter", "Enter"):
        page.keyboard.press(key)
    page.keyboard.type("chu")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="Slow/1")).to_have_count(0)
    expect(page).to_have_url(re.compile("flow=Churn$"))
    expect(page.get_by_role("button", name="Add a filter")).to_be_focused()


def test_a_condition_on_a_metric_narrows_the_list(page: Page):
    page.goto("/runs?flow=Churn&metric=f1%3E%3D0.75")

    expect(page.get_by_role("link", name="Churn/3")).to_be_visible()
    expect(page.get_by_role("link", name="Churn/1")).to_have_count(0)


def test_the_search_looks_while_one_types(page: Page):
    page.goto("/runs")
    page.get_by_role("link", name="Churn/1").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("candid")

    expect(page.get_by_role("link", name="Churn/1")).to_have_count(0)
    expect(page.get_by_role("link", name="Churn/3")).to_be_visible()
    expect(page).to_have_url(re.compile("q=candid"))


def test_a_click_on_a_head_sorts_and_the_address_says_so(page: Page):
    page.goto("/runs?flow=Churn")
    page.get_by_role("link", name="Churn/1").wait_for()
    page.get_by_role("columnheader", name="f1").get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=-metric%3Af1"))

    runs = page.locator("tbody").get_by_role("link", name=re.compile(r"^Churn.\d$"))
    expect(runs).to_have_text(["Churn/3", "Churn/1", "Churn/2"])


def test_selected_runs_are_compared(page: Page):
    page.goto("/runs?flow=Churn")
    page.get_by_label("Select Churn/1").check()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_label("Select Churn/3").check()
    expect(page).to_have_url(re.compile(r"selected=Churn%2F1&selected=Churn%2F3"))
    page.get_by_role("button", name="Compare").click()

    page.wait_for_url("**/compare?run=Churn%2F1&run=Churn%2F3")


def test_keys_move_through_the_rows_and_open_one(page: Page):
    page.goto("/runs?flow=Churn")
    page.get_by_role("link", name="Churn/1").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_label("Select Churn/2")).to_be_checked()
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    page.wait_for_url("**/runs/Churn/3")


def test_a_run_shows_up_and_ends_without_a_reload(site: Site, page: Page, tmp_path: Path):
    sign = tmp_path / "sign"
    page.goto("/runs?flow=Slow")
    page.get_by_role("link", name="Slow/1").wait_for()
    page.evaluate("window.notLoadedAnew = true")
    with start_flow(site.home, "slow.py", "--sign", str(sign)):
        expect(page.get_by_role("row", name=re.compile(r"Slow.\d+ .*running"))).to_be_visible()
        sign.touch()

        expect(page.get_by_text("running")).to_have_count(0)
    assert page.evaluate("window.notLoadedAnew")


def test_the_grid_tells_which_step_failed_when(page: Page):
    page.goto("/runs?view=grid&flow=Churn")
    train = page.get_by_role("row", name=re.compile("^train"))
    expect(train.get_by_role("img")).to_have_count(3)
    expect(train.get_by_role("img", name="failed")).to_have_count(1)
    train.get_by_role("img", name="failed").hover()
    expect(page.locator(".grid-said")).to_contain_text("Churn/2 train: 3 succeeded, 1 failed")
    page.get_by_role("row", name=re.compile("^start")).get_by_role("img").nth(1).click()

    page.wait_for_url(re.compile(r"/runs/Churn/2/start/\d+$"))


def test_a_list_without_a_match_says_so(page: Page):
    page.goto("/runs?q=nothing-is-called-so")

    expect(page.get_by_text("No run is like that")).to_be_visible()


def test_hostile_names_are_shown_as_text(site: Site, page: Page):
    hostile = "<img src=x onerror=alert(1)>"
    run_flow(site.home, "slow.py", "--tag", hostile, "--tag", "{{7*7}}javascript:alert(2)")
    for address in (
        "/",
        "/runs",
        "/runs?view=grid",
        "/runs?tag=" + quote(hostile),
        "/runs?q=%3Csvg/onload=alert(3)%3E",
    ):
        page.goto(address)
        page.get_by_role("main").get_by_text("Slow").or_(page.get_by_text("No run is like that")).first.wait_for()

        assert page.locator("main img:not([src^='/assets/'])").count() == 0
    page.goto("/runs?tag=" + quote(hostile))
    expect(page.get_by_role("link", name=hostile)).to_be_visible()


def test_times_are_in_the_zone_of_the_reader(open_page: Callable[..., Watched]):
    page = open_page(timezone_id="Asia/Tokyo").page
    page.goto("/runs?flow=Churn")

    expect(page.locator("time").first).to_have_attribute("title", re.compile(r"GMT\+9|JST"))


def test_a_flow_has_a_page_with_what_people_say_of_it(page: Page):
    page.goto("/flows/Churn")
    expect(page.get_by_text("Predicts who leaves.")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^f1: f1 last"))).to_be_visible()
    page.get_by_role("button", name="Describe").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Owner").fill("the churn team")
    dialog.get_by_label("What it is for").fill("Who **leaves**, by <img src=x onerror=alert(1)> name")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.reload()

    expect(page.get_by_text("the churn team")).to_be_visible()
    expect(page.locator(".prose strong")).to_have_text("leaves")
    expect(page.locator(".prose")).to_contain_text("<img src=x onerror=alert(1)>")


def test_a_viewer_gets_no_button_to_describe_a_flow(site: Site, chromium: Browser):
    context = site.sign_in(chromium, "vic", {"": "viewer"})
    page = context.new_page()
    page.goto("/flows/Churn")
    expect(page.get_by_role("heading", name="Churn", exact=True)).to_be_visible()

    expect(page.get_by_role("button", name="Describe")).to_have_count(0)
    context.close()
