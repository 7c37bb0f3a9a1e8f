"""Hostile strings in every field that a user of flows fills in: they are shown as what they are, text."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from headwater.home import open_home
from tests.ui.lab import task_of
from tests.ui.payloads import PAYLOADS
from tests.ui.site import FLOWS, Site, run_flow, serve_page

#: Gives the elements that only a string taken for markup can have made.
FOREIGN = """() => [...document.querySelectorAll("*")].filter((element) => {
  const name = element.localName;
  const isScript = name === "script" && !new URL(element.src, location).pathname.startsWith("/assets/");
  const has = [...element.attributes].some(({ name, value }) =>
    name.startsWith("on") ||
    (/^(href|src|action|formaction|data)$/.test(name) && /^\\s*(javascript|vbscript|data:text)/i.test(value)));
  const isOdd = /^(image|embed|object|marquee|isindex|base|math|template|animate|x|custom-element)$/.test(name);
  return isScript || has || isOdd || (name === "img" && !element.src.startsWith("data:image/png"));
}).map((element) => element.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def hostile(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over a store with Hostile/1 and Hostile/2, whose every word is a payload."""
    folder = tmp_path_factory.mktemp("hostile")
    home, project = str(folder / "home"), folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("[project]\nname = 'hostile'\nversion = '0'\n")
    shutil.copy(FLOWS / "hostile.py", project)
    (project / "payloads.json").write_text(json.dumps(PAYLOADS))
    for number, text in enumerate(each for each in PAYLOADS[:60] if "/" not in each and "\0" not in each):
        (project / f"{text}{number}.csv").write_text(f"{text},b\n1,2\n")
        (project / f"{text}{number}.py").write_text(f"# {text!a}\n")
    for title in (PAYLOADS[0], PAYLOADS[10]):
        run_flow(home, str(project / "hostile.py"), "--title", title, is_failing=True)
    with closing(open_home(home)) as opened:
        for label in (1, 2):
            run = opened.ledger.find_run("Hostile", label).run
            opened.ledger.tag_run(run, [text for text in PAYLOADS[label::7] if text.isprintable()][:49], [])
            opened.ledger.annotate(run, "\n\n".join(PAYLOADS))
    with serve_page(home) as site:
        yield site


def first_pages(site: Site) -> list[str]:
    """Give the views that show most of what a flow says."""
    start, end = tasks(site)
    return [
        "/runs/Hostile/1",
        "/runs/Hostile/1?tab=tasks",
        "/runs/Hostile/1?tab=metrics",
        f"{start}?tab=artifacts&artifact=table",
        f"{start}?tab=artifacts&artifact=keys",
        f"{end}?tab=inputs",
        "/compare?run=Hostile/1&run=Hostile/2&only=all",
    ]


def other_pages(site: Site) -> list[str]:
    """Give all other views of runs, tasks and comparisons."""
    tabs = ("timeline", "blame", "parameters", "artifacts", "code", "environment", "resources")
    artifacts = ("payloads", "shown", "text")
    compared = ("curves", "artifacts", "code", "data", "timing")
    return [
        *(f"/runs/Hostile/1?tab={tab}" for tab in tabs),
        *(f"{task}?tab={tab}" for task in tasks(site) for tab in ("log", "metrics", "inputs", "usage")),
        *(f"{tasks(site)[0]}?tab=artifacts&artifact={name}" for name in artifacts),
        *(f"/compare?run=Hostile/1&run=Hostile/2&tab={tab}" for tab in compared),
    ]


def tasks(site: Site) -> tuple[str, str]:
    return task_of(site.home, "Hostile/1", "start"), task_of(site.home, "Hostile/1", "end", status="failed")


def settle(page: Page) -> None:
    page.locator("[role=tabpanel]").wait_for()
    expect(page.locator(".spinner")).to_have_count(0)
    # What listens for the pointer would hear it.
    page.mouse.move(700, 300)
    page.mouse.move(900, 700)


def test_there_are_enough_different_payloads():
    assert len(set(PAYLOADS)) >= 300


@pytest.mark.parametrize("pages", [first_pages, pytest.param(other_pages, marks=pytest.mark.long)])
def test_no_string_of_a_run_becomes_a_part_of_the_page(
    hostile: Site, chromium: Browser, pages: Callable[[Site], list[str]]
):
    context = hostile.sign_in(chromium, viewport={"width": 1440, "height": 1400})
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: said.append(str(error)))
    for address in pages(hostile):
        page.goto(address)
        settle(page)

        assert (address, page.evaluate(FOREIGN)) == (address, [])
        marks = "[window.hacked, document.body.dataset.hacked, ({}).hacked].filter(Boolean)"
        assert (address, said, page.evaluate(marks)) == (address, [], [])
    # What looks for such parts would find one.
    page.evaluate("document.body.append(document.createElement('marquee'))")
    assert page.evaluate(FOREIGN) == ["<marquee></marquee>"]
    context.close()


def test_they_are_shown_as_the_text_that_they_are(hostile: Site, chromium: Browser):
    context = hostile.sign_in(chromium)
    page = context.new_page()
    page.goto(f"{task_of(hostile.home, 'Hostile/1', 'end', status='failed')}")

    expect(page.get_by_role("region", name="Why it failed")).to_contain_text(PAYLOADS[0])
    expect(page.locator(".locals")).to_contain_text(PAYLOADS[10])
    context.close()
