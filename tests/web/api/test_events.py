from headwater.model.launch import PublishedEvent


def publish(scene, name="data_ready", scope=None, **facts):
    at = scene.desk.tick()
    event = PublishedEvent(id=f"{name}-{at}", name=name, at=at, scope=scope, **facts)
    return scene.ledger.publish(event)


def names(given):
    return [row["name"] for row in given.value["rows"]]


def test_events_are_listed_newest_first_in_pages(scene):
    for number in range(5):
        publish(scene, f"event_{number}")

    first = scene.site.get("/events", limit=2)
    second = scene.site.get("/events", limit=2, cursor=first.value["cursor"])
    third = scene.site.get("/events", limit=2, cursor=second.value["cursor"])

    assert names(first) + names(second) + names(third) == [f"event_{number}" for number in (4, 3, 2, 1, 0)]
    assert third.value["cursor"] is None


def test_events_are_found_by_name_text_and_time(scene):
    publish(scene, "data_ready", source="Churn@production")
    late = publish(scene, "model_ready", source="user:ann")

    assert names(scene.site.get("/events", name="data_ready")) == ["data_ready"]
    assert names(scene.site.get("/events", search="CHURN@")) == ["data_ready"]
    assert names(scene.site.get("/events", since=late.at)) == ["model_ready"]


def test_events_of_other_projects_are_not_there(scene):
    publish(scene, "everywhere")
    publish(scene, "mine", scope="fraud.prod")
    publish(scene, "theirs", scope="ads.prod")

    assert names(scene.site.get("/events", who="cem")) == ["mine", "everywhere"]
    assert names(scene.site.get("/events", who="dan")) == ["theirs", "everywhere"]


def test_publishing_takes_a_role_where_the_event_is_heard(scene):
    def published(who, **body):
        return scene.site.post("/events", {"name": "data_ready", **body}, who=who).status

    assert published("ann", scope="fraud.prod") == 201
    assert published("run", scope="fraud.test.new") == 201
    assert published("run", scope="fraud.prod") == 403
    assert published("cem", scope="fraud.test.new") == 403
    assert published("dan", scope="fraud.prod") == 404
    assert published("ann") == 403
    assert published("root") == 201


def test_an_event_that_is_sent_again_is_published_once(scene):
    headers = [("idempotency-key", "load-17")]
    body = {"name": "data_ready", "scope": "fraud.prod", "payload": {"day": "2025-01-01"}}

    first = scene.site.send("POST", "/events", body, headers=headers)
    again = scene.site.send("POST", "/events", body, headers=headers)
    named = scene.site.post("/events", {**body, "id": "own-id"})

    assert (first.status, first.value["payload"]) == (201, {"day": "2025-01-01"})
    assert again.value == first.value
    assert named.value["number"] == first.value["number"] + 1
    assert len(scene.site.get("/events").value["rows"]) == 2


def test_names_that_the_store_itself_gives_and_odd_payloads_are_refused(scene):
    for body in (
        {"name": "run.finished"},
        {"name": ""},
        {"name": "a b"},
        {"name": "x" * 256},
        {"name": "x", "id": "run:1"},
        {"name": "x", "scope": "fraud"},
        {"name": "x", "payload": []},
        {"name": "x", "payload": {"": 1}},
        {"name": "x", "payload": {"big": "x" * 70_000}},
    ):
        found = scene.site.post("/events", body, who="root")
        assert found.status in (400, 422), (body, found)
    assert scene.site.get("/events").value["rows"] == []


def test_a_long_payload_is_shown_with_its_event_alone(scene):
    body = {"name": "data_ready", "scope": "fraud.prod", "payload": {"rows": "x" * 5000}}
    number = scene.site.post("/events", body).value["number"]

    (row,) = scene.site.get("/events", who="cem").value["rows"]
    whole = scene.site.get(f"/events/{number}", who="cem").value

    assert (row["payload"], row["is_cut"]) == ({}, True)
    assert (whole["payload"], whole["is_cut"]) == ({"rows": "x" * 5000}, False)
    assert scene.site.get(f"/events/{number}", who="dan").status == 404
    assert scene.site.get("/events/999", who="cem").status == 404
