STRETCH = {"since": "2025-01-01", "until": "2025-01-04"}


def test_a_preview_tells_what_would_run_and_starts_nothing(scene):
    target = scene.deploy()

    found = scene.site.post(f"/deployments/{target}/backfills/preview", STRETCH)

    assert (found.status, found.value["backfill"]["total"], found.value["backfill"]["id"]) == (200, 3, "")
    assert found.value["first_slot"] == 1735707600.0
    assert found.value["usual_seconds"] is None
    assert scene.site.get("/backfills").value["rows"] == []


def test_a_backfill_is_started_in_the_name_of_the_caller_and_listed(scene):
    target = scene.deploy()

    started = scene.site.post(f"/deployments/{target}/backfills", {**STRETCH, "parameters": {"alpha": 0.1}})
    (row,) = scene.site.get("/backfills", who="cem").value["rows"]

    assert (started.status, started.value["backfill"]["id"]) == (201, "fraud.Churn-1")
    assert (row["backfill"]["user"], row["status"], row["counts"]) == ("ann", "running", {"to come": 3})
    assert row["backfill"]["parameters"] == {"alpha": 0.1}
    shown = scene.site.get("/backfills/fraud.Churn-1", who="cem").value
    assert (shown["row"]["backfill"]["total"], shown["slots"]) == (3, [])


def test_backfills_are_paged_newest_first(scene):
    target = scene.deploy()
    for year in ("2021", "2022", "2023"):
        body = {"since": f"{year}-01-01", "until": f"{year}-01-03"}
        assert scene.site.post(f"/deployments/{target}/backfills", body).status == 201

    first = scene.site.get("/backfills", limit=2).value
    rest = scene.site.get("/backfills", limit=2, cursor=first["cursor"]).value

    assert [row["backfill"]["id"] for row in first["rows"] + rest["rows"]] == [
        "fraud.Churn-3",
        "fraud.Churn-2",
        "fraud.Churn-1",
    ]
    assert rest["cursor"] is None


def test_a_backfill_is_stopped_by_its_person_or_with_the_token(scene):
    target = scene.deploy()
    scene.site.post(f"/deployments/{target}/backfills", STRETCH)
    token = scene.desk.person().kept.get(target)

    refused = {
        who: scene.site.post("/backfills/fraud.Churn-1/stop", {}, who=who).status for who in ("bea", "cem", "dan")
    }
    stopped = scene.site.post("/backfills/fraud.Churn-1/stop", {"token": token}, who="bea")

    assert refused == {"bea": 409, "cem": 403, "dan": 404}
    assert (stopped.status, stopped.value["status"]) == (200, "cancelled")
    assert stopped.value["backfill"]["cancelled_by"] == "bea"


def test_backfills_of_other_projects_are_not_there(scene):
    target = scene.deploy(project="ads", name="Bid")
    scene.site.post(f"/deployments/{target}/backfills", STRETCH, who="root")
    # The alias is ann's, and root is an admin of all.
    assert len(scene.site.get("/backfills", who="root").value["rows"]) == 1

    assert scene.site.get("/backfills", who="cem").value["rows"] == []
    hidden = scene.site.get("/backfills/ads.Bid-1", who="cem")
    absent = scene.site.get("/backfills/ads.Bid-7", who="cem")
    assert (hidden.status, absent.status) == (404, 404)
    assert hidden.body.replace(b"Bid-1", b"Bid-7") == absent.body


def test_what_cannot_be_is_told(scene):
    target = scene.deploy()

    for body in (
        {},
        {"since": "yesterday"},
        {"since": "2025-01-04", "until": "2025-01-01"},
        {"since": "2025-01-01", "every": "0d"},
        {"since": "2025-01-01", "schedule": "nothing"},
        {"since": "1970-01-01", "until": "2025-01-01", "every": "1min"},
        {"since": "2025-01-01", "until": "2025-01-04", "parameters": {"beta": 1}},
        {"since": "2025-01-01", "until": "2025-01-04", "parallel": 0},
        {"since": "2025-01-01", "until": "2025-01-04", "timezone": "Nowhere/None", "every": "1d"},
    ):
        found = scene.site.post(f"/deployments/{target}/backfills", body)
        assert 400 <= found.status < 500, (body, found)
        assert found.value["detail"], body
    assert scene.site.get("/backfills").value["rows"] == []
