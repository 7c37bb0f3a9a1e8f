"""Endpoints: who answers, how a version takes over, what was asked."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.lab import barriers
from tests.ui.works import ask


def test_the_list_tells_which_version_answers_and_what_takes_over(admin: Page):
    admin.goto("/endpoints")
    row = admin.get_by_role("row", name=re.compile("Adder"))

    expect(row).to_contain_text("no host")
    expect(row).to_contain_text("2: in the shadow")


def test_a_service_tells_whose_answers_callers_get(admin: Page):
    admin.goto("/endpoints/Adder")

    expect(admin.locator(".shares")).to_contain_text("version 1 100 %, version 2 unheard")
    expect(admin.locator("canvas").first).to_be_visible()


def test_the_palette_finds_a_service(admin: Page):
    admin.goto("/")
    admin.get_by_role("navigation", name="Places").wait_for()
    admin.keyboard.press("Control+k")
    admin.get_by_role("combobox").fill("adder")
    expect(admin.get_by_role("option", selected=True)).to_contain_text("Adder")
    admin.keyboard.press("Enter")

    admin.wait_for_url("**/endpoints/Adder")


def test_a_rollout_shows_its_plan(admin: Page):
    admin.goto("/endpoints/Adder?tab=rollouts")

    expect(admin.get_by_role("heading", name="Version 2 beside version 1")).to_be_visible()
    expect(admin.get_by_text(re.compile(r"Needed: .* requests at 10 %"))).to_be_visible()


def test_predictions_are_narrowed_to_those_that_failed(admin: Page):
    admin.goto("/endpoints/Adder?tab=predictions")
    expect(admin.get_by_role("button", name="Open")).to_have_count(12)
    admin.get_by_label("Only those that failed or were refused").check()
    expect(admin.get_by_role("button", name="Open")).to_have_count(2)
    admin.get_by_role("button", name="Open").first.click()

    expect(admin.get_by_role("dialog")).to_contain_text(re.compile("headwater explain [0-9A-Z]{26}"))


def test_what_is_no_json_is_not_sent(admin: Page):
    admin.goto("/endpoints/Adder?tab=try")
    sent = []
    admin.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    admin.get_by_role("button", name="JSON").click()
    admin.get_by_label("Request as JSON").fill("{")
    admin.get_by_role("button", name="Ask").click()

    expect(admin.get_by_text("This is no JSON")).to_be_visible()
    assert sent == []


def test_a_version_is_promoted_by_who_may(admin: Page):
    admin.goto("/endpoints/Adder?tab=versions")
    expect(admin.get_by_text("learned_enough").first).to_be_visible()
    admin.get_by_role("button", name="Promote", exact=True).click()
    dialog = admin.get_by_role("dialog")
    expect(dialog).to_contain_text("Version 2 is loaded wholly")
    dialog.get_by_role("button", name="Promote").click()
    expect(dialog).to_have_count(0)
    admin.get_by_role("tab", name="History").click()

    expect(admin.get_by_role("row", name=re.compile("promote"))).to_be_visible()


def test_a_viewer_changes_nothing_there(viewer: Page):
    viewer.goto("/endpoints/Adder")
    expect(viewer.get_by_role("heading", name="Adder")).to_be_visible()
    for name in ("Promote", "Roll back", "Pause"):
        expect(viewer.get_by_role("button", name=re.compile(name))).to_have_count(0)

    for deed in ("promote", "rollback", "pause", "endpoints/add/try"):
        assert ask(viewer, "POST", f"/services/Adder/{deed}") == 403


@pytest.mark.parametrize("tab", ["traffic", "try", "versions", "rollouts", "drift", "predictions"])
def test_everybody_can_read_these_views(admin: Page, tab: str):
    admin.emulate_media(color_scheme="dark" if tab in ("traffic", "rollouts") else "light")
    admin.goto(f"/endpoints/Adder?tab={tab}")
    admin.locator("main h1").wait_for()

    assert barriers(admin) == []
