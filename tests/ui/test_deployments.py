"""Deployments, schedules and approvals: what they show, and what is done there."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from headwater.deployments.aliases import Aliases
from headwater.home import open_home
from tests.ui.lab import barriers
from tests.ui.site import Site
from tests.ui.works import CHURN, SHADOW, ask


def alias(site: Site, target: str = CHURN):
    with closing(open_home(site.home)) as home:
        return Aliases(home.ledger).require(target)


def confirm(page: Page, action: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=action, exact=True).click()
    expect(dialog).to_have_count(0)


def test_the_list_tells_what_each_alias_names_and_what_starts_it(admin: Page):
    admin.goto("/deployments")
    row = admin.get_by_role("row", name=re.compile(re.escape(CHURN)))

    expect(row).to_contain_text("active")
    expect(row).to_contain_text("daily 06:00")
    expect(admin.get_by_role("row", name=re.compile("shadow"))).to_contain_text("shadow")


def test_two_versions_are_told_apart_by_what_differs(admin: Page):
    admin.goto(f"/deployments/{CHURN}?tab=versions")
    admin.get_by_role("link", name="1", exact=True).click()
    expect(admin.get_by_role("region", name="Parameters")).to_contain_text(re.compile(r"alpha\s*0.5\s*0.7"))
    admin.get_by_role("button", name="Show").first.click()

    expect(admin.locator(".code.diff .new").first).to_contain_text("default=0.7")
    expect(admin.locator(".code.diff .gone").first).to_contain_text("default=0.5")


def test_the_files_of_a_package_are_listed_and_read(admin: Page):
    admin.goto(f"/deployments/{CHURN}?tab=versions&version=1&part=files")
    admin.get_by_role("button", name=re.compile(r"Show churn_\d+.py")).click()

    expect(admin.locator(".code")).to_contain_text("class Churn(FlowSpec):")


def test_a_pause_says_what_it_does_and_is_kept_with_its_reason(admin: Page, works: Site):
    admin.goto(f"/deployments/{CHURN}")
    admin.get_by_role("button", name="Pause").click()
    expect(admin.get_by_role("dialog")).to_contain_text("Schedules and triggers start no runs any more")
    admin.get_by_label("Why").fill("the warehouse moves")
    confirm(admin, "Pause")
    expect(admin.locator(".status.pill")).to_have_text("paused")
    assert alias(works).is_paused
    admin.get_by_role("button", name="Unpause").click()
    confirm(admin, "Unpause")
    admin.get_by_role("tab", name="History").click()

    expect(admin.get_by_role("row", name=re.compile("pause.*ann.*the warehouse moves"))).to_be_visible()
    assert not alias(works).is_paused


def test_a_run_is_started_with_a_parameter_that_is_changed(admin: Page, works: Site):
    admin.goto(f"/deployments/{CHURN}")
    admin.get_by_role("button", name="Run now").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("alpha").fill("many")
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog).to_contain_text("alpha takes a number, not many")
    dialog.get_by_label("alpha").fill("0.25")
    dialog.get_by_role("button", name="Run", exact=True).click()
    admin.wait_for_url(re.compile(r"/runs/Churn/\d+"))
    admin.get_by_role("tab", name="Parameters").click()

    expect(admin.get_by_role("row", name=re.compile("alpha"))).to_contain_text("0.25")


def test_an_earlier_version_is_named_again(admin: Page, works: Site):
    admin.goto(f"/deployments/{CHURN}?tab=versions&version=1")
    admin.get_by_role("button", name="Roll back to it").click()
    confirm(admin, "Roll back")
    expect(admin.locator("header").get_by_text("version 1")).to_be_visible()
    assert alias(works).number == 1
    admin.get_by_role("button", name="Roll back", exact=True).click()
    admin.get_by_label(re.compile("To version")).fill("2")
    confirm(admin, "Roll back")

    expect(admin.locator("header").get_by_text("version 2")).to_be_visible()
    assert alias(works).number == 2


def test_a_backfill_is_seen_before_it_starts(admin: Page):
    admin.goto(f"/deployments/{CHURN}?tab=backfills")
    admin.get_by_role("button", name="New backfill").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("From").fill("2025-01-01")
    dialog.get_by_label("To (empty = now)").fill("2025-01-08")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog).to_contain_text("7 runs of version 2")
    dialog.get_by_role("button", name="Start 7 runs").click()
    expect(admin.get_by_text("0 of 7 slots")).to_be_visible()
    admin.get_by_role("button", name="Stop").click()
    confirm(admin, "Stop")

    expect(admin.get_by_role("button", name="Stop")).to_have_count(0)


def test_a_simulation_tells_both_clocks(admin: Page):
    admin.goto(f"/deployments/{CHURN}?tab=simulate")

    expect(admin.get_by_text("60 firings")).to_be_visible()
    expect(admin.get_by_role("row", name=re.compile(r"\w+ 20\d\d-\d\d-\d\d 06:00")).first).to_be_visible()


def test_a_shadow_is_promoted_from_where_it_is_compared(admin: Page):
    admin.goto(f"/deployments/{CHURN}?tab=shadow")
    expect(admin.get_by_text("Both have not run the same slot yet")).to_be_visible()
    admin.get_by_role("button", name="Promote the shadow").click()

    expect(admin.get_by_role("dialog")).to_contain_text(f"{CHURN} names version 3 from now on")
    expect(admin.get_by_role("dialog")).to_contain_text(f"Promote to production: {SHADOW}")


def test_schedules_stand_on_a_strip_with_what_is_to_come(admin: Page):
    admin.goto("/schedules")
    lane = admin.locator(".strip-lane").filter(has_text=CHURN)

    expect(lane).to_contain_text("daily 06:00 Europe/Berlin")
    expect(lane.locator(".strip-mark.next").first).to_be_visible()
    expect(lane).to_contain_text("to come")
    # Its shadow runs beside it, and has no slots of its own.
    expect(admin.locator(".strip-lane").filter(has_text=SHADOW)).to_have_count(0)


def test_a_schedule_is_paused_and_started_where_all_are_listed(admin: Page, works: Site):
    admin.goto("/schedules")
    row = admin.get_by_role("region", name="Schedules", exact=True).get_by_role(
        "row", name=re.compile(re.escape(CHURN))
    )
    row.get_by_role("button", name=f"Pause {CHURN}").click()
    confirm(admin, "Pause")
    expect(row).to_contain_text("paused")
    assert alias(works).is_paused
    row.get_by_role("button", name=f"Unpause {CHURN}").click()
    confirm(admin, "Unpause")
    expect(row).to_contain_text("fires")
    row.get_by_role("button", name=f"Run {CHURN} now").click()

    expect(admin.get_by_role("dialog").get_by_label("alpha")).to_be_visible()
    assert admin.url.endswith("/schedules")


def test_a_gate_is_answered_where_all_that_waits_is_listed(admin: Page, works: Site):
    admin.goto("/runs")
    place = admin.get_by_role("navigation", name="Places").get_by_role("link", name=re.compile("Approvals"))
    expect(place).to_have_text(re.compile(r"Approvals\s*1 wait for you"))
    admin.keyboard.press("Control+k")
    admin.get_by_role("combobox").fill("approve")
    expect(admin.get_by_role("option", name=re.compile("Gate.1 at release"))).to_be_visible()
    admin.keyboard.press("Enter")
    admin.wait_for_url("**/approvals")
    expect(admin.get_by_role("listitem").filter(has_text="Gate/1")).to_contain_text("waits at release")
    admin.get_by_role("button", name="Approve").click()
    expect(admin.get_by_role("dialog")).to_contain_text("All tasks of Gate/1 that wait at release go on")
    admin.get_by_label("Why").fill("looks good")
    confirm(admin, "Approve")

    expect(admin.get_by_text("Nothing waits for an answer")).to_be_visible()
    expect(place).to_have_text("Approvals")
    with closing(open_home(works.home)) as home:
        run = home.ledger.find_run("Gate", 1).run
        assert [(each.verdict, each.reason) for _, each in home.ledger.requests(run)] == [("approved", "looks good")]


def test_a_viewer_sees_no_buttons_and_the_api_refuses(viewer: Page, works: Site):
    viewer.goto(f"/deployments/{CHURN}")
    expect(viewer.get_by_role("heading", name=CHURN)).to_be_visible()
    for name in ("Run now", "Pause", "Roll back", "Promote"):
        expect(viewer.get_by_role("button", name=name)).to_have_count(0)
    viewer.get_by_role("tab", name="Backfills").click()
    expect(viewer.get_by_text("There was none yet").or_(viewer.get_by_text("slots"))).to_be_visible()

    expect(viewer.get_by_role("button", name="New backfill")).to_have_count(0)
    before = alias(works)
    for deed in ("pause", "rollback", "runs", "backfills", "promote"):
        body = {"since": "2025-01-01"} if deed == "backfills" else {}
        assert ask(viewer, "POST", f"/deployments/{CHURN}/{deed}", body) == 403
    assert alias(works) == before
    assert ask(viewer, "POST", "/deployments/Other@production/pause") == 403
    assert viewer.request.get("/api/v1/deployments/Other@production").status == 404


@pytest.mark.parametrize("path", ["/deployments", f"/deployments/{CHURN}", "/schedules", "/approvals"])
@pytest.mark.parametrize("look", ["light", "dark"])
def test_everybody_can_read_these_views(admin: Page, path: str, look: str):
    admin.emulate_media(color_scheme=look)  # type: ignore[arg-type]
    admin.goto(path)
    admin.locator("main h1").wait_for()

    assert barriers(admin) == []
