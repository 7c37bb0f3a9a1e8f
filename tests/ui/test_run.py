"""One run: its head, its graph, its timeline and everything about it."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.big_store import make_store
from headwater.home import open_home
from headwater.model.rows import RunQuery
from tests.ui.lab import barriers, started_steps, task_of
from tests.ui.site import FLOWS, Site, Watched, run_flow, serve_page

Visit = Callable[..., Watched]
#: Milliseconds after an event within which it is on the screen.
SOON_MS = 300

#: Notes when each step of the graph is first shown in a state.
WATCH_STEPS = """() => {
  window.seen = {};
  const look = () => {
    for (const node of document.querySelectorAll("[data-node]")) {
      for (const status of ["running", "succeeded"]) {
        const key = `${node.dataset.node} ${status}`;
        if (node.dataset.status === status) window.seen[key] ??= Date.now() / 1000;
      }
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""
#: Scrolls an element for 120 frames, and gives how long the middle one and the slowest in a hundred took.
SCROLL = """(selector) => new Promise((done) => {
  const box = document.querySelector(selector);
  const times = [];
  const step = (now) => {
    times.push(now);
    box.scrollTop += 137;
    if (times.length < 121) return requestAnimationFrame(step);
    const took = times.slice(1).map((time, index) => time - times[index]).sort((one, other) => one - other);
    done({ middle: took[60], rate: 120_000 / (times[120] - times[0]), top: box.scrollTop });
  };
  requestAnimationFrame(step);
})"""


def node(page: Page, step: str):
    return page.locator(f'[data-node="{step}"]')


def open_running(page: Page) -> None:
    page.get_by_role("row", name=re.compile("running")).get_by_role("link", name=re.compile("^Steps")).first.click()


def test_the_head_tells_how_the_run_stands(visit: Visit):
    page = visit("/runs/Gallery/1").page

    expect(page.get_by_role("heading", level=1)).to_have_text("Gallery/1")
    expect(page.locator(".run-head")).to_contain_text("succeeded")
    expect(page.locator(".run-metrics")).to_contain_text("f10.25")
    expect(page.locator(".run-head").get_by_role("link", name="1 caught")).to_be_visible()
    expect(page.get_by_role("link", name="baseline")).to_be_visible()


def test_a_failed_run_says_first_what_failed_and_what_to_type(lab: Site, visit: Visit):
    page = visit("/runs/Gallery/2").page
    failure = page.get_by_role("region", name="Why it failed")

    expect(failure).to_contain_text("raised KeyError")
    expect(failure).to_contain_text("'q95'")
    expect(failure).to_contain_text("headwater debug Gallery/2/end/")
    expect(failure).to_contain_text("headwater resume Gallery/2")
    failure.get_by_role("link", name="Show the traceback and logs").click()
    page.wait_for_url(f"**{task_of(lab.home, 'Gallery/2', 'end', status='failed')}")


def test_a_failed_run_says_what_changed_since_the_last_good_one(visit: Visit):
    page = visit("/runs/Gallery/2").page
    changed = page.get_by_label("What changed since the last good run")

    expect(changed).to_contain_text("Changed since Gallery/1, the last that succeeded")
    expect(changed.get_by_role("definition")).to_contain_text(["broken: False -> True"])
    changed.get_by_role("link", name="Compare the two").click()

    expect(page).to_have_url(re.compile(r"/compare\?run=Gallery%2F1&run=Gallery%2F2"))


def test_the_graph_counts_the_tasks_of_each_step_and_draws_loops_and_switches(visit: Visit):
    page = visit("/runs/Gallery/1").page

    expect(node(page, "train")).to_have_attribute("data-status", "caught")
    expect(node(page, "train")).to_contain_text("12 tasks")
    expect(node(page, "tune")).to_have_attribute("data-status", "succeeded")
    expect(node(page, "tune")).to_contain_text("3 tasks")
    expect(node(page, "start")).to_contain_text("foreach")
    expect(node(page, "judge")).to_contain_text("switch")
    expect(page.locator(".graph-edge.back")).to_have_count(1)
    expect(page.locator(".graph-label")).to_have_text(["× 12", "again", "enough"])


def test_a_step_that_is_chosen_shows_its_tasks_and_is_in_the_address(visit: Visit):
    page = visit("/runs/Gallery/1").page
    node(page, "train").click()
    panel = page.get_by_role("complementary", name="Step train")

    expect(panel).to_contain_text("Learn one item.")
    expect(panel).to_contain_text("@retry(times=1)")
    expect(panel.get_by_role("link", name=re.compile("train.7.*ValueError"))).to_be_visible()
    assert "step=train" in page.url


def test_the_graph_goes_on_by_itself_soon_after_each_event(lab: Site, visit: Visit, tmp_path: Path):
    page = visit("/runs").page
    with started_steps(lab.home, tmp_path):
        open_running(page)
        expect(node(page, "start")).to_have_attribute("data-status", "running")
        page.evaluate(WATCH_STEPS)
        for step, following in (("start", "work"), ("work", "end")):
            (tmp_path / step).touch()
            expect(node(page, following)).to_have_attribute("data-status", "running")
        (tmp_path / "end").touch()
        expect(page.locator(".run-head .status.pill")).to_have_text("succeeded")
    expect(node(page, "end")).to_have_attribute("data-status", "succeeded")
    seen = page.evaluate("window.seen")
    tasks = page.evaluate("fetch(`/api/v1${location.pathname}/tasks`).then((answer) => answer.json())")["rows"]
    late = [1000 * (seen[f"{task['step']} succeeded"] - task["finished_at"]) for task in tasks]

    # The machine may be busy for one of them.
    assert len(late) == 3 and min(late) < SOON_MS, late


def test_the_timeline_is_drawn_and_a_task_in_it_opens(lab: Site, visit: Visit):
    page = visit("/runs/Gallery/1?tab=timeline").page
    box = page.get_by_role("application", name=re.compile("Timeline of 21 tasks"))
    expect(page.get_by_text("The critical path took")).to_be_visible()
    box.focus()
    box.press("ArrowDown")
    box.press("Enter")

    page.wait_for_url(f"**{task_of(lab.home, 'Gallery/1', 'start')}")


def test_what_lies_under_the_pointer_is_told(visit: Visit):
    page = visit("/runs/Gallery/1?tab=timeline").page
    box = page.locator(".course-box")
    box.wait_for()
    box.hover(position={"x": 60, "y": 100})

    expect(page.get_by_role("tooltip")).to_contain_text("train")


def test_tasks_are_filtered_by_the_address(visit: Visit):
    page = visit("/runs/Gallery/1?tab=tasks&status=caught").page

    expect(page.locator("tbody tr[data-index]")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("item 5 has no label")


def test_a_search_finds_tasks_by_the_words_of_their_errors(visit: Visit):
    page = visit("/runs/Gallery/2?tab=tasks").page
    page.get_by_role("searchbox", name="Find tasks").fill("q95")

    expect(page.locator("tbody tr[data-index]")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("KeyError")


def test_each_tab_shows_what_it_is_for(visit: Visit):
    page = visit("/runs/Gallery/1").page
    for tab, words in {
        "Where time went": "Compute",
        "Metrics": "loss",
        "Parameters": "how fast it learns",
        "Artifacts": "numpy.ndarray",
        "Code": "class Gallery(FlowSpec)",
        "Environment": "numpy",
        "Resources": "of 381 MiB",
    }.items():
        page.get_by_role("tab", name=tab).click()
        if tab == "Artifacts":
            page.get_by_role("searchbox", name="Find artifacts").fill("array")

        expect(page.get_by_role("tabpanel")).to_contain_text(words)


def test_code_shows_its_difference_to_another_run(visit: Visit):
    page = visit("/runs/Gallery/3?tab=code&against=Gallery/1").page

    expect(page.locator("tr.gone")).to_contain_text("number in range(30)")
    expect(page.locator("tr.new")).to_contain_text("number in range(40)")


def test_tags_and_notes_are_changed_in_place(visit: Visit):
    page = visit("/runs/Gallery/3").page
    page.get_by_role("button", name="tag", exact=True).click()
    page.get_by_label("New tag").fill("best so far")
    page.get_by_label("New tag").press("Enter")
    expect(page.get_by_role("link", name="best so far")).to_be_visible()
    page.get_by_role("button", name="Remove the tag best so far").click()
    expect(page.get_by_role("link", name="best so far")).to_have_count(0)

    page.get_by_role("button", name="note", exact=True).click()
    page.get_by_role("textbox", name="Note").fill("Learned **faster**")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator(".run-note strong")).to_have_text("faster")
    page.reload()

    expect(page.locator(".run-note strong")).to_have_text("faster")


def test_a_viewer_is_offered_nothing_that_changes_a_run(lab: Site, chromium: Browser):
    context = lab.sign_in(chromium, "eve", {"": "viewer"})
    page = context.new_page()
    page.goto("/runs/Gallery/2")
    page.get_by_role("region", name="Why it failed").wait_for()

    expect(page.get_by_role("button", name="tag", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="note", exact=True)).to_have_count(0)
    context.close()


def test_a_running_run_can_be_stopped(lab: Site, visit: Visit, tmp_path: Path):
    page = visit("/runs").page
    with started_steps(lab.home, tmp_path):
        open_running(page)
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()

        expect(page.locator(".run-head .status.pill")).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)


def test_a_gate_is_answered_and_what_comes_next_is_said(lab: Site, visit: Visit):
    run_flow(lab.home, str(FLOWS / "gated.py"))
    page = visit("/runs/Gated/1").page
    expect(page.get_by_role("region", name="How it stands")).to_contain_text("release waits for somebody's approval")
    expect(node(page, "release")).to_have_attribute("data-status", "waiting")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_label("Why").fill("the numbers are good")
    page.get_by_role("dialog").get_by_role("button", name="Approve release").click()

    expect(page.get_by_role("dialog", name="release was approved")).to_contain_text("headwater resume Gated/1")


def test_a_run_is_saved_as_one_file(visit: Visit):
    page = visit("/runs/Gallery/1").page
    page.get_by_role("button", name="More about this run").click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Save as one HTML file").click()

    assert "Gallery/1" in Path(waited.value.path()).read_text()


def test_a_run_that_is_not_there_is_a_problem_with_a_hint(visit: Visit):
    watched = visit("/runs/Gallery/99")
    watched.expected.append("404")

    expect(watched.page.get_by_role("alert")).to_contain_text("Gallery")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_who_cannot_see_or_point_can_use_it(visit: Visit, theme: str):
    page = visit("/runs/Gallery/2", color_scheme=theme).page
    for tab in ("Graph", "Timeline", "Tasks", "Where time went", "Metrics", "Parameters", "Code", "Resources"):
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("tabpanel").locator("canvas, svg, table, [role=table], dl").first.wait_for()

        assert (tab, barriers(page)) == (tab, [])


def test_nothing_reaches_over_the_edge_of_a_phone(visit: Visit):
    page = visit("/runs/Gallery/2", viewport={"width": 390, "height": 844}).page
    node(page, "start").wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def smoothest(page: Page, selector: str) -> dict[str, float]:
    """Scroll an element three times, and give the smoothest: the machine does other things as well."""
    return min((page.evaluate(SCROLL, selector) for _ in range(3)), key=lambda told: told["middle"])


@pytest.mark.long
def test_a_run_of_ten_thousand_tasks_scrolls_smoothly(tmp_path: Path, chromium: Browser):
    home = str(tmp_path / "home")
    make_store(home, runs=20, tasks=100_000, seed=3)
    with closing(open_home(home)) as opened:
        runs = opened.ledger.runs(RunQuery(flow="Scoring")).rows
    wide = next(run for run in runs if sum(run.task_counts.values()) >= 10_000)
    with serve_page(home) as site:
        context = site.sign_in(chromium, viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(f"/runs/{wide.path}?tab=timeline")
        page.get_by_role("button", name="Open all").click()
        timeline = smoothest(page, ".course-box")
        page.goto(f"/runs/{wide.path}?tab=tasks")
        page.locator("tr[data-index]").first.wait_for()
        table = smoothest(page, ".table-box")
        memory = page.evaluate("performance.memory.usedJSHeapSize")
        context.close()

    assert min(timeline["top"], table["top"]) > 10_000
    assert max(timeline["middle"], table["middle"]) <= 1000 / 50
    assert memory < 300e6
