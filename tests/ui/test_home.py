"""Home: what needs eyes first."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.ui.site import Site, Watched, run_flow, serve_page, start_flow


def card(page: Page, title: str):
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def test_home_tells_what_failed_until_it_is_marked_as_seen(page: Page):
    page.goto("/")
    failed = card(page, "Failed since you last looked")
    expect(failed.get_by_role("link", name="Churn/2")).to_be_visible()
    expect(failed).to_contain_text("column `tenure` is not in the table")
    failed.get_by_role("button", name="Mark as seen").click()
    expect(failed).to_contain_text("Nothing failed")
    page.reload()

    expect(failed).to_contain_text("Nothing failed")


def test_home_shows_flows_with_how_their_runs_ended(page: Page):
    page.goto("/")
    churn = card(page, "Flows").get_by_role("listitem").filter(has_text="Churn")

    expect(churn).to_contain_text("2 of the last 3 succeeded")
    expect(churn).to_contain_text("3 runs")
    churn.get_by_role("link", name="Churn").first.click()
    page.wait_for_url("**/flows/Churn")


def test_a_run_is_on_home_while_it_runs(site: Site, page: Page, tmp_path: Path):
    sign = tmp_path / "sign"
    page.goto("/")
    running = card(page, "Running now")
    expect(running).to_contain_text("Nothing runs")
    with start_flow(site.home, "slow.py", "--sign", str(sign)):
        expect(running.get_by_role("link", name=re.compile("Slow."))).to_be_visible()
        sign.touch()

        expect(running).to_contain_text("Nothing runs")


def test_what_starts_is_on_the_screen_within_moments(site: Site, page: Page):
    """Not a wall time: the stream brings it, not the look that lists get every 20 seconds."""
    page.clock.install()
    page.goto("/")
    flows = card(page, "Flows").get_by_role("listitem").filter(has_text="Slow")
    flows.wait_for()
    known = int(re.findall(r"(\d+) run", flows.inner_text())[0])
    run_flow(site.home, "slow.py")
    page.clock.run_for(2_000)

    expect(flows).to_contain_text(f"{known + 1} runs")


def test_a_new_store_tells_the_first_commands(chromium: Browser, tmp_path: Path):
    with serve_page(str(tmp_path)) as site:
        context = site.sign_in(chromium)
        page = context.new_page()
        page.goto("/")

        expect(page.get_by_text("Nothing has run here yet")).to_be_visible()
        commands = page.get_by_text(re.compile("^headwater ")).all_inner_texts()
        for command in commands:
            type_command(command, tmp_path)

        assert len(commands) == 2
        expect(card(page, "Flows").get_by_role("link", name="Churn")).to_be_visible()
        context.close()


def type_command(command: str, home: Path) -> None:
    """Do what the page says, where it says it."""
    words = shlex.split(command)
    assert words[0] == "headwater"
    env = {**os.environ, "HEADWATER_HOME": str(home)}
    done = subprocess.run([sys.executable, "-m", *words], cwd=home, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_viewer_sees_home(site: Site, chromium: Browser):
    context = site.sign_in(chromium, "vic", {"": "viewer"})
    watched = Watched(context.new_page())
    watched.page.goto("/")
    expect(card(watched.page, "Flows").get_by_role("link", name="Churn").first).to_be_visible()
    watched.check()
    context.close()


def test_who_sees_another_project_only_sees_nothing_of_this_one(site: Site, chromium: Browser):
    context = site.sign_in(chromium, "eve", {"secret": "admin"})
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_text("Nothing has run here yet")).to_be_visible()
    page.goto("/runs?flow=Churn")

    expect(page.get_by_text("No run is like that")).to_be_visible()
    assert "Churn/1" not in page.content()
    context.close()


def test_home_fits_a_phone(open_page: Callable[..., Watched]):
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True).page
    page.goto("/")
    card(page, "Flows").wait_for()

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
