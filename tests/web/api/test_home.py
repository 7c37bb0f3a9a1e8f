import time

from headwater.model.launch import Firing
from headwater.model.ports import PlannedFiring
from tests.web.api.production_scene import DAILY


def test_the_first_screen_shows_what_runs_failed_and_comes_next(scene):
    target = scene.deploy()
    for end in ("failed", "succeeded", None):
        run = scene.site.post(f"/deployments/{target}/runs", {}).value["run"]
        if end is not None:
            scene.desk.finish(run, end=end)

    shown = scene.site.get("/home", since=scene.desk.now - 3600, who="cem").value

    assert shown["counts"] == {"queued": 1}
    assert [run["path"] for run in shown["failed"]] == ["Churn/1"]
    assert [(row["target"], row["schedule"]) for row in shown["next"]] == [(target, "0 6 * * *")]
    assert shown["roles"] == {
        "daemon": False,
        "scheduler": False,
        "alerter": False,
        "host": False,
        "host_url": None,
    }
    later = scene.site.get("/home", since=time.time(), who="cem").value
    assert later["failed"] == []


def test_what_fires_every_minute_hides_no_other_schedule(scene):
    scene.deploy(name="Often", decorators='@schedule(cron="* * * * *")')
    scene.deploy(name="Daily")
    scene.deploy(name="Paused")
    scene.site.post("/deployments/fraud.Paused@production/pause", {})

    rows = scene.site.get("/home").value["next"]

    assert [row["target"] for row in rows] == ["fraud.Often@production", "fraud.Daily@production"]
    assert rows[0]["at"] < rows[1]["at"]


def test_the_first_screen_shows_what_is_late(scene):
    target = scene.deploy(decorators=f'{DAILY}\n@alert(on="late", by="08:00", timezone="Europe/Berlin")')
    at = scene.desk.now
    for number in range(3):
        firing = Firing(
            f"{target}/{number}", target, "schedule:0 6 * * *", at, "missed", 1735707600.0 + number, "nobody was there"
        )
        scene.ledger.launch([PlannedFiring(firing)])
    scene.site.post(f"/deployments/{target}/runs", {})

    shown = scene.site.get("/home", since=at - 1, who="cem").value

    late = {row["kind"]: row for row in shown["late"]}
    assert sorted(late) == ["deadline", "due", "missed"]
    assert late["missed"]["text"] == "schedule 0 6 * * *: 3 slots were missed: nobody was there"
    assert late["missed"]["at"] == 1735707600.0


def test_a_run_that_nobody_starts_is_late(scene):
    target = scene.deploy(decorators="")
    scene.site.post(f"/deployments/{target}/runs", {})
    now = time.time()
    assert scene.site.get("/home").value["late"] == []

    scene.site.clock = lambda: now + 400
    (row,) = scene.site.get("/home").value["late"]

    assert (row["kind"], row["run"], row["text"]) == ("queued", "Churn/1", "Churn/1 waits for its start")


def test_nobody_sees_anything_of_other_projects_on_the_first_screen(scene):
    target = scene.deploy()
    scene.site.post(f"/deployments/{target}/runs", {})

    shown = scene.site.get("/home", who="dan").value

    assert (shown["counts"], shown["late"], shown["next"], shown["approvals"], shown["services"]) == (
        {},
        [],
        [],
        [],
        [],
    )
    assert b"Churn" not in scene.site.get("/home", who="dan").body
