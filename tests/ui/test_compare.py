"""Runs side by side."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.lab import barriers
from tests.ui.site import Watched

TWO = "/compare?run=Gallery/1&run=Gallery/3"
Visit = Callable[..., Watched]


def test_only_what_differs_is_shown_until_all_is_asked_for(visit: Visit):
    page = visit(TWO).page
    rows = page.get_by_role("row", name=re.compile("^(rate|is_broken|broken)"))
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("0.9")
    page.get_by_label("Only what differs").uncheck()

    expect(rows).to_have_count(2)
    assert "only=all" in page.url


def test_the_best_of_a_metric_is_marked_and_its_direction_can_be_turned(visit: Visit):
    page = visit(TWO).page
    f1 = page.get_by_role("row", name=re.compile("^f1"))
    loss = page.get_by_role("row", name=re.compile("^loss"))
    expect(f1.locator("td.best")).to_contain_text("0.45")
    expect(loss.locator("td.best")).to_contain_text("0.5")
    loss.get_by_role("button").click()

    expect(loss.locator("td.best")).to_contain_text("0.9")


def test_another_baseline_comes_first_and_is_in_the_link(visit: Visit):
    page = visit(f"{TWO}&run=Gallery/2").page
    page.get_by_role("button", name="Make it the baseline").first.click()
    heads = page.locator(".compare-heads .strong")
    expect(heads).to_have_text(["Gallery/3", "Gallery/1", "Gallery/2"])
    link = page.url

    other = visit(link).page
    expect(other.locator(".compare-heads .strong")).to_have_text(["Gallery/3", "Gallery/1", "Gallery/2"])


def test_a_run_is_left_out_and_another_added(visit: Visit):
    page = visit(f"{TWO}&run=Gallery/2").page
    page.get_by_role("button", name="Leave out Gallery/2").click()
    heads = page.locator(".compare-heads .strong")
    expect(heads).to_have_text(["Gallery/1", "Gallery/3"])
    page.get_by_label("Add a run").fill("Gallery/2")
    page.get_by_label("Add a run").press("Enter")

    expect(heads).to_have_text(["Gallery/1", "Gallery/3", "Gallery/2"])


def test_each_tab_shows_what_it_is_for(visit: Visit):
    page = visit(TWO).page
    for tab, words in {
        "Curves": "Gallery/3",
        "Artifacts": "train/start.0.loss",
        "Code": "number in range(40)",
        "Environment": "All of them had the same packages",
        "Data": "the same",
        "Timing": "judge",
    }.items():
        page.get_by_role("tab", name=tab).click()

        expect(page.get_by_role("tabpanel")).to_contain_text(words)


def test_an_artifact_opens_to_what_it_is_in_each_run(visit: Visit):
    page = visit(f"{TWO}&tab=artifacts").page
    page.get_by_role("button", name="train/start.0.loss").click()
    row = page.get_by_role("row", name=re.compile("train.start.0.loss"))

    expect(row.locator("a.mono")).to_have_count(2)


def test_one_run_alone_says_what_to_do(visit: Visit):
    page = visit("/compare?run=Gallery/1").page

    expect(page.get_by_text("Choose two runs or more")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_who_cannot_see_or_point_can_use_it(visit: Visit, theme: str):
    page = visit(TWO, color_scheme=theme).page
    for tab in ("Parameters and metrics", "Curves", "Artifacts", "Code", "Timing"):
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("tabpanel").locator("table, .timing-bars, canvas").first.wait_for()

        assert (tab, barriers(page)) == (tab, [])


def test_nothing_reaches_over_the_edge_of_a_phone(visit: Visit):
    page = visit(TWO, viewport={"width": 390, "height": 844}).page
    page.locator(".compare-table").first.wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
