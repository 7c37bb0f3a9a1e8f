import json
import random
import time
from pathlib import Path

import msgspec
import pytest

from headwater.hosting.labels import add_labels
from headwater.hosting.monitor.watch import Monitor
from headwater.hosting.rollout.files import Progress, write_progress
from headwater.hosting.rollout.judge import Tally, judge
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.status import ROLE, HostStatus, read_status
from headwater.hosting.traffic import read_traffic
from headwater.hosting.versions import find_version, service_aliases
from headwater.web.reading import prediction_pages
from tests.hosting.versions_scene import hosting
from tests.web.api.service_scene import ServiceScene, make_store
from tests.web.api.test_orders import rows_by_order
from tests.web.test_sorting import lists, orders_of


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def scene(store, tmp_path):
    scene = ServiceScene(store, tmp_path)
    yield scene
    scene.close()


def live(scene):
    return service_aliases(scene.home.ledger).all()[0]


def test_the_list_shows_which_version_answers_and_what_takes_over(scene):
    (row,) = scene.site.get("/services", who="cem").value["rows"]

    assert (row["service"], row["project"], row["number"], row["run"]) == ("Adder", "fraud", 1, "Learn/1")
    assert (row["stands"], row["url"], row["health"]) == ("no host", None, None)
    assert (row["rollout"]["number"], row["rollout"]["words"], row["rollout"]["share"]) == (2, "in the shadow", 0.0)
    assert (row["owner"], row["may_change"], row["needs_token"]) == ("ann", False, True)


def test_one_service_shows_its_endpoints_with_schemas_and_an_example(scene):
    shown = scene.site.get("/services/Adder", who="cem").value

    (endpoint,) = shown["endpoints"]
    assert (endpoint["name"], endpoint["doc"], endpoint["timeout_seconds"]) == ("add", "Add the learned number.", 1.0)
    assert endpoint["takes"]["properties"]["number"]["type"] == "integer"
    assert (endpoint["example"], endpoint["is_real_example"]) == ({"number": 1}, False)
    assert (shown["doc"], shown["source"], shown["newest"]) == ("Adds what it learned.", "Learn/1", 2)
    assert [(audit["name"], audit["is_passed"]) for audit in shown["version"]["audits"]] == [
        ("loads", True),
        ("learned_enough", True),
    ]


def test_versions_and_history_are_told_newest_first(scene):
    versions = scene.site.get("/services/Adder/versions", limit=1).value
    older = scene.site.get("/services/Adder/versions", cursor=versions["cursor"]).value
    history = scene.site.get("/services/Adder/history").value["rows"]

    assert [(row["number"], row["is_live"], row["note"]) for row in versions["rows"] + older["rows"]] == [
        (2, False, ""),
        (1, True, "the first"),
    ]
    assert [(row["change"], row["number"], row["user"]) for row in history] == [("deploy", 1, "ann")]
    assert scene.site.get("/services/Adder/versions/9").status == 404


def test_services_of_other_projects_are_answered_as_what_is_not_there(scene):
    assert scene.site.get("/services", who="dan").value["rows"] == []
    for path in ("", "/versions", "/history", "/traffic", "/rollouts", "/rollouts/2", "/predictions", "/drift"):
        hidden = scene.site.get(f"/services/Adder{path}", who="dan")
        absent = scene.site.get(f"/services/Xdder{path}", who="dan")
        assert hidden.status == 404, path
        assert hidden.body == absent.body.replace(b"Xdder", b"Adder"), path
    for verb in ("promote", "rollback", "pause", "unpause"):
        assert scene.site.post(f"/services/Adder/{verb}", {}, who="dan").status == 404, verb
    assert live(scene).number == 1


def test_changes_take_a_deployer_and_the_owner_or_the_token(scene):
    before = live(scene)

    for verb in ("promote", "rollback", "pause", "unpause"):
        statuses = [scene.site.post(f"/services/Adder/{verb}", {}, who=who).status for who in ("run", "cem", "bea")]
        assert statuses == [403, 403, 409], verb
    assert live(scene) == before
    paused = scene.site.post("/services/Adder/pause", {"token": scene.token, "reason": "broken"}, who="bea")
    back = scene.site.post("/services/Adder/unpause", {}, who="ann")

    assert (paused.value["stands"], paused.value["reason"]) == ("paused", "broken")
    assert back.value["is_paused"] is False


def test_promoting_ends_the_rollout_and_rolling_back_goes_to_the_version_before(scene):
    promoted = scene.site.post("/services/Adder/promote", {"reason": "sure"}).value
    back = scene.site.post("/services/Adder/rollback", {}).value

    assert (promoted["number"], promoted["rollout"]) == (2, None)
    assert back["number"] == 1
    assert Rollouts(scene.home.ledger).get("Adder", 2).state == "promoted"
    again = scene.site.post("/services/Adder/promote", {"number": 1})
    assert (again.status, "already" in again.value["detail"]) == (409, True)
    assert scene.site.post("/services/Adder/promote", {"number": 7}).status == 404


def test_rolling_back_while_a_version_takes_over_ends_that(scene):
    scene.site.post("/services/Adder/rollback", {"reason": "no"})

    assert live(scene).number == 1
    assert Rollouts(scene.home.ledger).get("Adder", 2).state == "rolled_back"


def test_a_rollout_shows_its_plan_and_the_numbers_so_far(scene):
    state = Rollouts(scene.home.ledger).active("Adder")
    tally = Tally(0.5, compared=40, equal=39)
    write_progress(scene.folder, state, Progress(state.since, 99.0, tally, judge(tally, state.plan), dropped=3))

    shown = scene.site.get("/services/Adder/rollouts/2", who="cem").value

    assert (shown["mark"]["number"], shown["mark"]["live"], shown["is_over"]) == (2, 1, False)
    assert [each["share"] for each in shown["needed"]] == [10.0, 50.0]
    assert (shown["judgement"]["compared"], shown["judgement"]["equal"]) == (40, 39)
    assert [each["name"] for each in shown["judgement"]["signals"]] == ["failures", "refusals", "slow"]
    assert (shown["counted_at"], shown["not_shadowed"]) == (99.0, 3)
    assert [step["state"] for step in shown["steps"]] == ["shadow"]
    assert [row["number"] for row in scene.site.get("/services/Adder/rollouts").value["rows"]] == [2]
    assert scene.site.get("/services/Adder/rollouts/1").status == 404


def test_traffic_is_counted_by_version_in_stretches_of_time(scene):
    begin = 1_700_000_000.0
    scene.log(begin, 10, share=0.5)
    scene.log(begin + 5, 2, version=2, status=500)
    scene.log(begin + 60, 4, status=404, seconds=0.1)
    scene.log(begin + 60, 9, version=2, origin="shadow")

    found = scene.site.get("/services/Adder/traffic", since=begin, until=begin + 120, stretches=2, who="cem").value

    told = [(point["at"] - begin, point["version"], point["requests"], point["logged"]) for point in found["points"]]
    assert told == [(0, 1, 20.0, 10), (0, 2, 2.0, 2), (60, 1, 4.0, 4)]
    assert [(point["failed"], point["refused"]) for point in found["points"]] == [(0, 0), (2, 0), (0, 4)]
    assert [round(found["points"][0][name], 3) for name in ("p50", "p95", "p99")] == [0.06, 0.1, 0.1]
    assert (found["width"], found["told_since"], found["damaged"]) == (60.0, begin, 0)
    one = scene.site.get("/services/Adder/traffic", since=begin, until=begin + 120, version=2).value
    assert {point["version"] for point in one["points"]} == {2}
    none = scene.site.get("/services/Adder/traffic", since=begin, until=begin + 120, endpoint="other").value
    assert none["points"] == []


def test_what_is_too_much_is_cut_and_said_to_be(scene):
    begin = 1_700_000_000.0
    for part in range(4):
        scene.log(begin + part * 100, 10)

    found = read_traffic(scene.folder, "Adder", begin, begin + 400, stretches=4, most_rows=15)

    assert [(point.at - begin, point.logged) for point in found.points] == [(200, 10), (300, 10)]
    assert found.told_since == begin + 200


def test_a_time_that_cannot_be_is_refused(scene):
    for query in (
        {"since": 10, "until": 5},
        {"since": 0},
        {"since": -1},
        {"since": "nan"},
        {"until": "inf"},
        {"stretches": 0},
        {"stretches": 501},
        {"version": 0},
    ):
        assert scene.site.get("/services/Adder/traffic", **query).status == 400, query


def test_health_is_told_of_the_last_minutes(scene):
    now = 1_700_000_000.0
    scene.site.clock = lambda: now
    scene.log(now - 100, 8)
    scene.log(now - 50, 2, status=503)
    scene.log(now - 4000, 5, status=500)

    (row,) = scene.site.get("/services").value["rows"]

    health = row["health"]
    assert (health["requests"], health["failed"], health["refused"]) == (10.0, 0.2, 0.0)
    assert scene.site.get("/home").value["services"] == [row]


def test_a_rate_is_told_of_no_time_before_the_first_version(scene):
    (row,) = scene.site.get("/services").value["rows"]
    began_at = row["deployed_at"]

    def seconds(now):
        scene.site.clock = lambda: now
        scene.log(now - 20, 5)
        return scene.site.get("/services").value["rows"][0]["health"]["seconds"]

    assert 60 <= seconds(began_at + 60) <= 66
    assert seconds(began_at + 310) == 300


def test_predictions_are_listed_newest_first_in_pages_with_their_labels(scene):
    now = 1_700_000_000.0
    scene.site.clock = lambda: now
    ids = [*scene.log(now - 100, 3), *scene.log(now - 50, 2, version=2, status=422, endpoint="other")]
    add_labels(scene.folder, "Adder", [(ids[0], 7)], now)

    first = scene.site.get("/services/Adder/predictions", limit=3, who="cem").value
    rest = scene.site.get("/services/Adder/predictions", limit=3, cursor=first["cursor"], who="cem").value

    assert [row["id"] for row in first["rows"] + rest["rows"]] == ids[::-1]
    assert rest["cursor"] is None
    assert (rest["rows"][-1]["label"], rest["rows"][-1]["request"]) == (7, '{"number": 0}')
    for query, count in (
        ({"version": 2}, 2),
        ({"failed": "true"}, 2),
        ({"endpoint": "add"}, 3),
        ({"origin": "batch"}, 0),
    ):
        assert len(scene.site.get("/services/Adder/predictions", **query).value["rows"]) == count, query
    whole = scene.site.get(f"/services/Adder/predictions/{ids[0]}").value
    assert (whole["id"], whole["answer"], whole["label"]) == (ids[0], "5", 7)
    assert scene.site.get("/services/Adder/predictions/nothing").status == 404
    assert scene.site.get("/services/Adder/predictions", cursor="odd").status == 400


@pytest.mark.parametrize("part", ["", "/Adder/versions", "/Adder/history", "/Adder/rollouts", "/Adder/predictions"])
def test_every_order_of_what_belongs_to_services_gives_the_same_rows_in_pages(scene, part):
    now = 1_700_000_000.0
    scene.site.clock = lambda: now
    for number in range(4):
        scene.log(now - 90 + number * 7, 3, version=1 + number % 2, status=(200, 422)[number % 2], seconds=0.1 * number)
    orders = next(
        orders_of(shape.query)
        for name, _, shape in lists()
        if name.endswith("/services" + part.replace("Adder", "{service}"))
    )

    found = rows_by_order(lambda **query: scene.site.get(f"/services{part}", who="cem", **query), orders)

    first, *others = (sorted(rows) for rows in found.values())
    assert first
    assert all(rows == first for rows in others)
    assert len(set(first)) == len(first)


@pytest.mark.parametrize("sort", ["at", "-at", "seconds", "-seconds", "status", "-endpoint"])
def test_predictions_come_once_each_in_order_also_while_others_are_logged(scene, sort):
    now = 1_700_000_000.0
    scene.site.clock = lambda: now
    draw = random.Random(sort)
    for _ in range(8):  # files overlap in time, as those of several workers do
        scene.log(
            now - 400 + draw.random() * 300,
            draw.randrange(1, 6),
            seconds=draw.choice([0.1, 0.2]),
            status=draw.choice([200, 422]),
            endpoint=draw.choice(["add", "other"]),
        )
    column = sort.removeprefix("-")
    everything = scene.site.get("/services/Adder/predictions", limit=200, sort="at").value["rows"]
    expected = sorted(everything, key=lambda row: (row[column], row["at"], row["id"]), reverse=sort.startswith("-"))

    rows, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = scene.site.get("/services/Adder/predictions", limit=4, sort=sort, **more).value
        rows += page["rows"]
        cursor = page["cursor"]
        if cursor is None:
            break
        now += 10  # what is answered from now on is no part of the pages
        scene.log(now - 1, 1)

    assert [row["id"] for row in rows] == [row["id"] for row in expected]


def test_the_newest_predictions_are_sorted_when_there_are_very_many(scene, monkeypatch):
    now = 1_700_000_000.0
    scene.site.clock = lambda: now
    monkeypatch.setattr(prediction_pages, "MOST_ROWS", 10)
    ids = [
        *scene.log(now - 9000, 5, seconds=9.0),
        *scene.log(now - 300, 8, seconds=0.1),
        *scene.log(now - 50, 7, seconds=0.2),
    ]

    found = scene.site.get("/services/Adder/predictions", sort="-seconds", limit=50).value

    assert found["is_cut"]
    assert {row["id"] for row in found["rows"]} == set(ids[-10:])
    took = [row["seconds"] for row in found["rows"]]
    assert took == sorted(took, reverse=True)
    rows, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = scene.site.get("/services/Adder/predictions", limit=3, **more).value
        rows += page["rows"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert [row["id"] for row in rows] == ids[::-1]


def test_drift_is_told_while_normal_input_is_learned(scene):
    scene.log(time.time(), 5)

    shown = scene.site.get("/services/Adder/drift", who="cem").value

    assert (shown["version"], shown["reference"], shown["current"]) == (1, None, None)
    assert "being learned" in shown["stands"]
    assert scene.site.get("/services/Adder/drift", version=9).status == 404


def test_drift_is_told_column_by_column_with_the_shares_before_and_now(scene):
    begin = find_version(scene.home.ledger, "Adder", 1).at
    monitor = Monitor(scene.home, lambda: begin + 4000, print)
    scene.log(begin + 1, 1000)
    monitor.look(live(scene))
    scene.site.clock = lambda: begin + 3000
    scene.log(begin + 1100, 300, first=5000)

    shown = scene.site.get("/services/Adder/drift", who="cem").value

    assert (shown["reference"], shown["is_learned"], shown["reference_rows"]) == (
        "the first 1,000 requests",
        True,
        1000,
    )
    (column,) = shown["current"]["columns"]
    assert (column["name"], column["kind"], shown["current"]["rows"]) == ("number", "number", 300)
    measure = next(each for each in column["measures"] if each["name"] == "value")
    assert measure["differs"] is True
    assert measure["sentence"].startswith("values are higher")
    assert measure["statistics"]["psi"] > 1
    assert len(measure["bins"]) == len(measure["before"]) == len(measure["now"])
    assert sum(measure["before"]) == pytest.approx(1)
    assert measure["now"][-1] == 1.0


def says_so(scene):
    told = read_status(scene.home)
    return told is not None and "Adder" in told.services and told.services["Adder"].live == 1


def test_an_endpoint_is_tried_on_the_stores_own_host_and_nowhere_else(scene):
    assert scene.site.post("/services/Adder/endpoints/add/try", {"body": {"number": 1}}).status == 503
    with hosting(scene.home) as host:
        # The host answers a moment before it says where.
        host.wait_for("/Adder/add", {"number": 1}, lambda answer: answer.status == 200 and says_so(scene))
        tried = scene.site.post("/services/Adder/endpoints/add/try", {"body": {"number": 37}}, who="run")
        wrong = scene.site.post("/services/Adder/endpoints/add/try", {"body": {"number": "x"}}, who="run")
        refused = [
            scene.site.post("/services/Adder/endpoints/add/try", {"body": {}}, who=who).status for who in ("cem", "dan")
        ]
        nothing = scene.site.post("/services/Adder/endpoints/other/try", {"body": {}})
        (row,) = scene.site.get("/services").value["rows"]

    assert tried.status == 200
    assert (tried.value["status"], json.loads(tried.value["body"]), tried.value["version"]) == (200, 42, "Adder/1")
    assert len(tried.value["prediction"]) == 26
    assert (wrong.status, wrong.value["status"]) == (200, 422)
    assert refused == [403, 404]
    assert nothing.status == 404
    assert (row["stands"], row["answering"], row["url"]) == ("answers", 1, f"http://127.0.0.1:{host.port}/Adder")
    for odd in ("../../healthz", "add%2f..", "http://example.org", "add?x=1"):
        assert scene.site.post(f"/services/Adder/endpoints/{odd}/try", {"body": {}}).status == 404, odd


def test_a_try_follows_no_address_but_one_on_this_machine(scene):
    assert scene.home.ledger.lead(ROLE)
    (Path(scene.folder) / "services").mkdir(exist_ok=True)
    for address in ("http://192.0.2.1:80", "http://example.org", "file:///etc/passwd", "http://localhost.example.org"):
        status = HostStatus(1, address, 1.0)
        (Path(scene.folder) / "services" / "host.json").write_bytes(msgspec.json.encode(status))
        refused = scene.site.post("/services/Adder/endpoints/add/try", {"body": {"number": 1}})
        assert (refused.status, "only" in refused.value["detail"]) == (503, True), address
