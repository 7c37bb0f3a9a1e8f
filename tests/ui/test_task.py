"""One task: why it failed, what it wrote, what it left behind."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.lab import barriers, started_steps, task_of
from tests.ui.site import Site, Watched

Visit = Callable[..., Watched]


def test_the_cause_comes_first_with_the_line_and_its_variables(lab: Site, visit: Visit):
    page = visit(task_of(lab.home, "Gallery/2", "end", status="failed")).page
    failure = page.get_by_role("region", name="Why it failed")

    expect(failure).to_contain_text(re.compile(r"Raised KeyError in gallery\.py, line \d+, in Gallery\.end"))
    expect(failure.locator("tr.marked")).to_contain_text('print(quantiles["q95"])')
    # Lines around it come from the code that was saved.
    expect(failure.locator(".code")).to_contain_text("if self.is_broken:")
    expect(failure.locator(".locals")).to_contain_text("quantiles{'q05': 0.1, 'q50': 0.4}")
    expect(failure).to_contain_text("headwater debug Gallery/2/end/")


def test_each_try_has_its_own_cause(lab: Site, visit: Visit):
    page = visit(task_of(lab.home, "Gallery/1", "train", status="caught")).page
    tries = page.get_by_role("group", name="Tries")
    expect(tries.get_by_role("button")).to_have_count(2)
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("which @catch let pass")
    tries.get_by_role("button", name="Try 1").click()

    expect(page).to_have_url(re.compile("attempt=1"))
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("ValueError: item 5 has no label")


def test_a_log_shows_its_end_and_its_colours(lab: Site, visit: Visit):
    page = visit(task_of(lab.home, "Gallery/1", "train")).page

    expect(page.get_by_role("log").locator(".ansi-2")).to_have_text("trained")


def test_a_search_looks_through_the_whole_log_and_goes_there(lab: Site, visit: Visit):
    page = visit(task_of(lab.home, "Gallery/1", "end")).page
    log = page.get_by_role("log")
    expect(log).to_contain_text("line 2999 of the log")
    expect(log).not_to_contain_text("line 1234 of the log")
    page.get_by_label("Find in the log").fill("line 1234 ")
    expect(page.locator(".log-hits")).to_contain_text("1 line")
    page.get_by_label("Find in the log").press("Enter")

    expect(log.locator(".log-line.current")).to_contain_text("line 1234 of the log")


def test_only_what_is_in_sight_of_a_log_is_drawn(lab: Site, visit: Visit):
    page = visit(task_of(lab.home, "Gallery/1", "end")).page
    page.get_by_role("button", name="To the start").click()

    expect(page.get_by_role("log")).to_contain_text("line 0 of the log")
    assert page.locator(".log-line").count() < 150


def test_long_lines_can_be_wrapped(lab: Site, visit: Visit):
    page = visit(f"{task_of(lab.home, 'Gallery/1', 'end')}?wrap=on").page
    page.get_by_role("log").get_by_text("line 2999 of the log").wait_for()

    expect(page.get_by_role("button", name="wrap")).to_have_attribute("aria-pressed", "true")
    assert page.get_by_role("log").evaluate("(box) => box.scrollWidth <= box.clientWidth")


def test_a_log_is_downloaded_whole(lab: Site, visit: Visit):
    page = visit(task_of(lab.home, "Gallery/1", "end")).page
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download the whole log").click()
    text = Path(waited.value.path()).read_text()

    assert text.startswith("line 0 of the log\n") and text.endswith("line 2999 of the log\n")


def test_lines_and_curves_come_while_they_are_made(lab: Site, visit: Visit, tmp_path: Path):
    page = visit("/runs").page
    with started_steps(lab.home, tmp_path):
        page.get_by_role("row", name=re.compile("running")).get_by_role("link", name=re.compile("^Steps")).first.click()
        page.locator('[data-node="start"]').wait_for()
        (tmp_path / "start").touch()
        page.locator('[data-node="work"]').click()
        page.get_by_role("complementary", name="Step work").get_by_role("link", name=re.compile("work.2")).click()
        log = page.get_by_role("log")
        expect(log).to_contain_text("round 4")
        (tmp_path / "work").touch()
        expect(log).to_contain_text("the last words")
        (tmp_path / "end").touch()
    expect(page.locator(".run-head .status.pill")).to_have_text("succeeded")

    texts = log.locator(".log-text").all_inner_texts()
    assert texts == [*(f"round {number}" for number in range(5)), "the last words"]


def test_artifacts_are_shown_by_what_they_are(lab: Site, visit: Visit):
    page = visit(f"{task_of(lab.home, 'Gallery/1', 'start')}?tab=artifacts").page
    for name, words in {
        "table": "north",
        "array": "20 × 30 float64",
        "tree": "dropout",
        "sentence": "plain words",
    }.items():
        page.get_by_role("navigation", name="Artifacts").get_by_role("button", name=name).click()

        expect(page.get_by_role("region", name=name, exact=True)).to_contain_text(words)


def test_a_report_runs_in_a_frame_that_reaches_nothing(lab: Site, visit: Visit):
    """S-21: a report's scripts run as nobody's: no page around them, no cookie, no request as the reader."""
    watched = visit(f"{task_of(lab.home, 'Gallery/1', 'start')}?tab=artifacts&artifact=report")
    watched.expected.append("Content Security Policy")
    page = watched.page
    frame = page.locator("iframe.report")
    inside = page.frame_locator("iframe.report").locator("body")

    expect(frame).to_have_attribute("sandbox", "allow-scripts")
    expect(inside).to_contain_text("ran as null")
    expect(inside).to_contain_text("SecurityError" * 2)
    expect(inside).to_contain_text("kept in")


def test_inputs_lead_to_the_tasks_before_and_after(lab: Site, visit: Visit):
    page = visit(f"{task_of(lab.home, 'Gallery/1', 'train')}?tab=inputs").page
    page.get_by_role("tabpanel").locator('a[href="/runs/Gallery/1/start/1"]').click()

    page.wait_for_url("**/runs/Gallery/1/start/1")


def test_the_tasks_of_a_step_are_gone_through_by_buttons_and_keys(lab: Site, visit: Visit):
    first = task_of(lab.home, "Gallery/1", "train")
    page = visit(f"{first}?tab=usage").page
    others = page.get_by_role("group", name="Other tasks of the step")
    expect(others.get_by_role("button", name="Previous task")).to_be_disabled()
    others.get_by_role("link", name=re.compile("Next task")).click()
    page.wait_for_url(re.compile(r"/train/\d+\?tab=usage$"))
    second = page.url
    assert first not in second
    others.get_by_role("link", name=re.compile("Previous task")).wait_for()
    page.keyboard.press("p")
    page.wait_for_url(f"**{first}?tab=usage")
    others.get_by_role("link", name=re.compile("Next task")).wait_for()
    page.keyboard.press("n")

    page.wait_for_url(second)


def test_a_task_that_is_not_there_says_which_there_are(visit: Visit):
    watched = visit("/runs/Gallery/1/train/999")
    watched.expected.append("404")

    expect(watched.page.get_by_role("alert").first).to_contain_text("Gallery/1 has no task 999")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_who_cannot_see_or_point_can_use_it(lab: Site, visit: Visit, theme: str):
    page = visit(task_of(lab.home, "Gallery/2", "end", status="failed"), color_scheme=theme).page
    page.get_by_role("region", name="Why it failed").locator(".code").wait_for()
    for tab in ("Log", "Artifacts", "Metrics", "Inputs", "Usage"):
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("tabpanel").locator(".log-line, .artifact-names, .empty, .reads, dl").first.wait_for()

        assert (tab, barriers(page)) == (tab, [])
