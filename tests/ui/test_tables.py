"""Tables: a click on any column's head sorts, whichever table it is, and the address says how."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.works import CHURN

#: Address, label of the table, columns that are sorted by.
TABLES = [
    (
        "/runs/Learn/1?tab=tasks",
        "Tasks",
        {"Task", "Status", "Started", "Waited", "Ran", "CPU", "Memory", "Tries", "Error"},
    ),
    ("/artifacts", "Artifacts", {"Name", "Type", "Size", "When"}),
    ("/deployments", "Deployments", {"Deployment", "Stands", "Version", "Fires next", "Owner", "Deployed"}),
    (f"/deployments/{CHURN}?tab=firings", f"Firings of {CHURN}", {"When", "By", "Slot", "Verdict"}),
    (f"/deployments/{CHURN}?tab=versions", "Versions of fraud.Churn", {"Version", "Deployed", "By", "Package", "Note"}),
    ("/schedules", "Schedules", {"Deployment", "Schedule", "Stands", "Next", "Last slot"}),
    ("/schedules", "What fired", {"When", "Deployment", "By", "Slot", "Verdict"}),
    ("/alerts", "Alerts", {"What", "Told", "Of", "Times", "When"}),
    ("/endpoints", "Services", {"Service", "Stands", "Failed", "p99", "Req/min", "Version", "Owner", "Deployed"}),
    (
        "/endpoints/Adder?tab=predictions",
        "Predictions of Adder",
        {"When", "Status", "Endpoint", "Version", "Took", "For"},
    ),
    ("/settings?tab=accounts", "Accounts", {"Account", "Signs in with", "Changed"}),
    ("/settings?tab=tokens", "Tokens", {"Token", "Acts as", "Expires", "Made"}),
    ("/settings?tab=audit", "Audit log", {"When"}),
]


@pytest.mark.parametrize(("address", "label", "columns"), TABLES, ids=[label for _, label, _ in TABLES])
def test_a_click_on_each_head_sorts_by_it(admin: Page, address: str, label: str, columns: set[str]):
    admin.goto(address)
    table = admin.get_by_role("region", name=label, exact=True)
    heads = table.locator("th[aria-sort] button")
    expect(heads.first).to_be_visible()
    assert {text.strip() for text in heads.all_inner_texts()} == columns

    addresses = set()
    for name in sorted(columns):
        head = table.get_by_role("columnheader", name=name, exact=True)
        before = head.get_attribute("aria-sort")
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", re.compile("^(ascending|descending)$"))
        assert head.get_attribute("aria-sort") != before
        expect(table.locator('th[aria-sort="ascending"], th[aria-sort="descending"]')).to_have_count(1)
        addresses.add(admin.url)
    expect(admin.get_by_role("alert")).to_have_count(0)
    # One of the orders may be the usual one, which the address need not name.
    named = [each for each in addresses if re.search(r"[?&](sort|firings)=", each)]
    assert len(named) >= len(columns) - 1


def test_the_order_of_one_tab_is_none_of_another(admin: Page):
    admin.goto(f"/deployments/{CHURN}?tab=history&sort=-package_of_another_table")

    expect(admin.get_by_role("row", name=re.compile("the first|deploy")).first).to_be_visible()
    expect(admin.get_by_role("alert")).to_have_count(0)


def test_rows_come_in_the_order_that_the_arrow_says(admin: Page):
    admin.goto(f"/deployments/{CHURN}?tab=versions&sort=number")
    rows = admin.get_by_role("region", name="Versions of fraud.Churn").locator("tbody tr[data-index]")
    expect(rows.first).to_contain_text("the first")
    expect(admin.get_by_role("columnheader", name="Version")).to_have_attribute("aria-sort", "ascending")
    admin.get_by_role("columnheader", name="Version").get_by_role("button").click()

    expect(rows.last).to_contain_text("the first")


def test_lists_without_heads_have_a_choice_of_orders(admin: Page):
    admin.goto("/events")
    names = admin.locator(".events li strong")
    newest = names.first.inner_text()
    admin.get_by_label("Order").select_option("oldest first")
    expect(admin).to_have_url(re.compile(r"[?]sort=at$"))
    expect(names.last).to_have_text(newest)
    oldest = names.first.inner_text()
    assert oldest != newest
    admin.get_by_label("Order").select_option("newest first")

    expect(admin).to_have_url(re.compile(r"/events$"))
    expect(names.last).to_have_text(oldest)


def test_runs_say_why_they_failed_in_a_line(page: Page):
    page.goto("/runs?flow=Churn&status=failed")

    expect(page.get_by_role("row", name=re.compile("Churn.2"))).to_contain_text(
        re.compile(r"\w+/\d+: \w+(Error|Exception)?: \w")
    )
