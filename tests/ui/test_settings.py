"""Settings: accounts, tokens and the audit log; events and alerts, which tell and are told."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.ui.lab import barriers
from tests.ui.site import Site
from tests.ui.works import add_event, ask


def test_a_token_is_shown_once_works_and_is_revoked(admin: Page, works: Site):
    admin.goto("/settings?tab=tokens")
    admin.get_by_role("button", name="New token").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("What it is for").fill("laptop")
    dialog.get_by_role("button", name="Make it").click()
    token = dialog.locator("code.secret").inner_text()
    dialog.get_by_role("button", name="I have kept it").click()
    expect(admin.get_by_role("row", name=re.compile("laptop"))).to_contain_text("active")
    assert status_with(admin, works, token) == 200
    assert token not in admin.content()
    admin.get_by_role("row", name=re.compile("laptop")).get_by_role("button", name="Revoke").click()
    admin.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    expect(admin.get_by_role("row", name=re.compile("laptop"))).to_contain_text("stopped")
    # It is refused within a second.
    deadline = time.monotonic() + 5
    while status_with(admin, works, token) != 401:
        assert time.monotonic() < deadline


def status_with(page: Page, works: Site, token: str) -> int:
    """Ask with a token and without the page's cookie; gives the status."""
    bare = page.context.browser
    assert bare is not None
    context = bare.new_context(base_url=works.url, extra_http_headers={"authorization": f"Bearer {token}"})
    status = int(context.request.get("/api/v1/me").status)
    context.close()
    return status


def test_an_account_is_made_and_the_log_says_by_whom(admin: Page):
    admin.goto("/settings?tab=accounts")
    admin.get_by_role("button", name="New account").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Name").fill("zoe")
    dialog.get_by_label(re.compile("Password")).first.fill("a long and good one 1")
    dialog.get_by_role("button", name=re.compile("Make|Add")).click()
    expect(dialog).to_have_count(0)
    expect(admin.get_by_role("row", name=re.compile("zoe"))).to_be_visible()
    admin.get_by_role("tab", name="Audit log").click()

    expect(admin.get_by_role("row", name=re.compile("ann.*add user.*zoe"))).to_be_visible()
    expect(admin.get_by_role("row", name=re.compile("vic.*sign in by link"))).to_be_visible()


def test_settings_say_what_runs_and_where_values_come_from(admin: Page, works: Site):
    admin.goto("/settings")

    expect(admin.get_by_text("Daemon does not run")).to_be_visible()
    expect(admin.get_by_role("row", name=re.compile("^home"))).to_contain_text(works.home)


def test_a_viewer_has_tokens_of_their_own_and_no_accounts(viewer: Page):
    viewer.goto("/settings?tab=accounts")
    expect(viewer.get_by_role("tab", name="Tokens")).to_be_visible()
    expect(viewer.get_by_role("tab", name="Accounts")).to_have_count(0)
    expect(viewer.get_by_role("tab", name="Audit log")).to_have_count(0)

    assert viewer.request.get("/api/v1/users").status == 403
    assert viewer.request.get("/api/v1/audit").status == 403
    assert ask(viewer, "PUT", "/users/eve", {"roles": {"*": "admin"}}) == 403


def test_an_event_is_published_and_its_payload_opened(admin: Page):
    admin.goto("/events")
    admin.get_by_role("button", name="Publish").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Name").fill("prices_ready")
    dialog.get_by_label("What it carries, as JSON").fill("[1]")
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog).to_contain_text("what it carries is an object of JSON")
    dialog.get_by_label("What it carries, as JSON").fill('{"day": "2025-03-01", "rows": [3, 4]}')
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog).to_have_count(0)
    admin.get_by_role("button", name=re.compile("prices_ready")).click()

    expect(admin.locator(".event-body")).to_contain_text("2025-03-01")


def test_an_event_of_elsewhere_comes_up_by_itself(admin: Page, works: Site):
    admin.goto("/events")
    admin.get_by_role("button", name=re.compile("data_ready")).first.wait_for()
    add_event(works.home, "late_news", {"rows": 1})

    expect(admin.get_by_role("button", name=re.compile("late_news"))).to_be_visible()


def test_an_alert_tells_what_happened_and_where_it_arrived(admin: Page):
    admin.goto("/alerts")
    admin.get_by_text("Churn@production failed at train").click()

    expect(admin.locator(".alert-text")).to_have_text("train.py:3 KeyError: 'amount'")
    expect(admin.get_by_role("listitem").filter(has_text="webhook:team")).to_contain_text("200")


def test_a_viewer_publishes_nothing(viewer: Page):
    viewer.goto("/events")
    expect(viewer.get_by_role("heading", name="Events")).to_be_visible()
    expect(viewer.get_by_role("button", name="Publish")).to_have_count(0)

    assert ask(viewer, "POST", "/events", {"name": "x", "payload": {}, "id": "x"}) == 403


@pytest.mark.parametrize(
    "path", ["/settings", "/settings?tab=tokens", "/settings?tab=accounts", "/settings?tab=audit", "/events", "/alerts"]
)
def test_everybody_can_read_these_views(admin: Page, path: str):
    admin.emulate_media(color_scheme="dark" if "audit" in path or path == "/events" else "light")
    admin.goto(path)
    admin.locator("main h1").wait_for()

    assert barriers(admin) == []
