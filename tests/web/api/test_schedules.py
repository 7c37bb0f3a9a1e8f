from headwater.model.launch import Firing
from headwater.model.ports import PlannedFiring
from tests.web.api.production_scene import DAILY


def missed(scene, target, slot, source="schedule:0 6 * * *", **facts):
    """Record a slot that was left out."""
    known = {"key": f"{target}/{source}/{slot}", "target": target, "source": source, "at": scene.desk.tick()}
    firing = Firing(**{**known, "verdict": "missed", "slot": slot, "reason": "nobody was there", **facts})
    scene.ledger.launch([PlannedFiring(firing)])


def test_schedules_say_when_they_fire_and_what_became_of_the_last_slot(scene):
    target = scene.deploy()
    scene.deploy(project="ads", name="Bid")
    missed(scene, target, 1735707600.0)

    (row,) = scene.site.get("/schedules", who="cem").value["rows"]

    assert (row["target"], row["stands"], len(row["next_at"])) == (target, "fires", 5)
    assert (row["last_slot"], row["last_verdict"], row["last_reason"]) == (1735707600.0, "missed", "nobody was there")
    assert row["due"] == 1735707600.0 + 86400
    assert scene.site.get("/schedules", target="ads.Bid@production", who="cem").value["rows"] == []


def test_schedules_are_paged_by_deployment(scene):
    for name in ("Alpha", "Beta", "Gamma"):
        scene.deploy(name=name)

    first = scene.site.get("/schedules", limit=2).value
    rest = scene.site.get("/schedules", limit=2, cursor=first["cursor"]).value

    assert [row["target"] for row in first["rows"] + rest["rows"]] == [
        f"fraud.{name}@production" for name in ("Alpha", "Beta", "Gamma")
    ]
    assert rest["cursor"] is None


def test_a_paused_schedule_has_no_next_firing(scene):
    target = scene.deploy()
    scene.site.post(f"/deployments/{target}/pause", {})

    (row,) = scene.site.get("/schedules").value["rows"]

    assert (row["stands"], row["next_at"], row["due"]) == ("paused", [], None)
    assert scene.site.get("/firings/next").value["rows"] == []


def test_firings_are_listed_newest_first_in_pages_without_those_of_other_projects(scene):
    target, other = scene.deploy(), scene.deploy(project="ads", name="Bid")
    for slot in range(5):
        missed(scene, target, float(slot))
        missed(scene, other, float(slot))

    first = scene.site.get("/firings", limit=3, who="cem").value
    rest = scene.site.get("/firings", limit=3, cursor=first["cursor"], who="cem").value

    assert [row["slot"] for row in first["rows"] + rest["rows"]] == [4.0, 3.0, 2.0, 1.0, 0.0]
    assert {row["target"] for row in first["rows"] + rest["rows"]} == {target}
    assert rest["cursor"] is None
    assert scene.site.get("/firings", target=other, who="cem").value["rows"] == []
    assert [row["slot"] for row in scene.site.get("/firings", since=3, target=target).value["rows"]] == [4.0, 3.0]
    assert scene.site.get("/firings", cursor="odd").status == 400


def test_firings_of_one_verdict_are_found_among_many_others(scene):
    target = scene.deploy()
    for slot in range(9):
        missed(scene, target, float(slot), verdict="skipped" if slot % 3 else "missed")

    first = scene.site.get("/firings", verdict="missed", limit=2).value
    rest = scene.site.get("/firings", verdict="missed", limit=2, cursor=first["cursor"]).value
    both = scene.site.get("/firings", verdict=["missed", "skipped"]).value

    assert [row["slot"] for row in first["rows"] + rest["rows"]] == [6.0, 3.0, 0.0]
    assert rest["cursor"] is None
    assert len(both["rows"]) == 9
    assert scene.site.get("/firings", verdict="odd").status == 400


def test_the_next_firings_of_all_deployments_come_soonest_first(scene):
    scene.deploy(name="Early")
    scene.deploy(name="Late", decorators=DAILY.replace("0 6", "30 6"))
    scene.deploy(project="ads", name="Bid")

    found = scene.site.get("/firings/next", limit=4, who="cem").value["rows"]

    assert [row["target"].partition("@")[0] for row in found] in (
        ["fraud.Early", "fraud.Late", "fraud.Early", "fraud.Late"],
        ["fraud.Late", "fraud.Early", "fraud.Late", "fraud.Early"],
    )
    assert [row["at"] for row in found] == sorted(row["at"] for row in found)
    late = scene.site.get("/firings/next", target="fraud.Late@production", limit=2).value["rows"]
    assert {row["target"] for row in late} == {"fraud.Late@production"}


def test_a_simulation_tells_what_changes_of_clocks_do(scene):
    target = scene.deploy(decorators='@schedule(cron="30 2 * * *", timezone="Europe/Berlin")')

    # 2025-03-29 and 30: clocks go forward on the second of these days.
    found = scene.site.get(f"/deployments/{target}/simulation", since=1743206400, days=2, who="cem").value

    assert (found["count"], found["is_cut"]) == (2, False)
    assert "clocks skip 02:30" in found["firings"][1]["clocks"]
    assert [(each["before"], each["after"]) for each in found["clock_changes"]] == [("02:00", "03:00")]


def test_a_simulation_is_bounded(scene):
    target = scene.deploy(decorators='@schedule(cron="* * * * *")')

    found = scene.site.get(f"/deployments/{target}/simulation", days=366, limit=10).value

    assert (len(found["firings"]), found["count"], found["is_cut"]) == (10, 20_000, True)
    assert scene.site.get(f"/deployments/{target}/simulation", days=367).status == 400
