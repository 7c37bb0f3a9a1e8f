"""Every order of every list is answered, and what is asked wrongly is told with what there is instead."""

import json

import pytest

from headwater.model.launch import Firing, PublishedEvent
from headwater.model.outcome import TaskError
from headwater.model.ports import PlannedFiring
from headwater.model.production import Project
from headwater.web.access import Access
from headwater.web.accounts.audit import AuditEntry, note_begin, note_end
from headwater.web.accounts.tokens import create_token
from headwater.web.accounts.users import Users
from headwater.web.scope.visible import Projects, Sight
from tests.client.history import History
from tests.web.api.production_scene import DAILY
from tests.web.test_sorting import UNSORTED, lists, orders_of


@pytest.fixture
def full(scene):
    """A store that has something for every list that needs no service."""
    target = scene.deploy(decorators=DAILY)
    scene.deploy(project="ads", name="Bid")
    scene.deploy(project="", name="Plain")
    history = scene.history = History(scene.desk.home)
    for number, user in enumerate(("ann", "bob", "cem")):
        run = history.run("Flow", user=user, parameters={"alpha": number})
        run.task("start", {"x": number})
        run.begin("train", ["start"])
        run.fail("train", TaskError("builtins.KeyError", f"'amount' {number}\nand more", traceback="..."))
        run.finish("failed", failed_key="train", message=f"'amount' {number}")
        scene.ledger.publish(PublishedEvent(f"e{number}", "told", scene.desk.tick(), source=f"user:{user}"))
    for project in ("fraud.Churn", "ads.Bid"):
        firing = Firing(f"{project}/1", f"{project}@production", "schedule:x", scene.desk.tick(), "missed", 5.0, "late")
        scene.ledger.launch([PlannedFiring(firing)])
    asked = scene.site.post(f"/deployments/{target}/runs", {})
    assert asked.status == 201, asked
    for user in ("amy", "Ben", "zoe"):
        Users(scene.ledger).add(user, by="root", at=scene.desk.tick(), roles={"fraud": "viewer"})
        create_token(scene.ledger, f"laptop-{user}", user, by="root", now=scene.desk.tick())
    return scene


def path_of(route):
    return route.path.format(flow="Flow", label=1, target="fraud.Churn@production", number=1, service="Adder")


def rows_by_order(ask, orders):
    """Give all rows, page by page, in each order; told as JSON, so that they can be compared."""
    found = {}
    for order in orders:
        rows, cursor = [], None
        while True:
            given = ask(sort=order, limit=2, **({} if cursor is None else {"cursor": cursor}))
            assert given.status == 200, (order, given)
            rows += [json.dumps(row, sort_keys=True) for row in given.value["rows"]]
            cursor = given.value["cursor"]
            if cursor is None:
                break
        found[order] = rows
    return found


def test_every_order_of_every_list_gives_the_same_rows_in_pages(full):
    seen = {}
    for name, route, shape in lists():
        if name not in UNSORTED and "{service}" not in name:
            more = {"user": "*"} if route.path == "/tokens" else {}
            found = rows_by_order(
                lambda path=path_of(route), more=more, **query: full.site.get(path, who="root", **more, **query),
                orders_of(shape.query),
            )
            first, *others = (sorted(rows) for rows in found.values())
            assert all(rows == first for rows in others), name
            assert len(set(first)) == len(first), name
            seen[route.path] = len(first)

    empty = {"/alerts", "/backfills", "/approvals", "/services"}
    assert {path for path, count in seen.items() if not count} == empty
    assert len(seen) > 15


def test_a_word_that_is_none_is_told_with_those_that_there_are(full):
    for name, route, shape in lists():
        if name not in UNSORTED and "{service}" not in name:
            given = full.site.get(path_of(route), who="root", sort="colour")
            assert given.status == 400, name
            assert set(given.value["choices"]) == set(orders_of(shape.query)), name

    wrong = full.site.get("/firings", verdict=["missed", "skiped"], who="root")
    assert (wrong.status, wrong.value["choices"]) == (400, ["started", "skipped", "missed", "refused"])
    assert "did you mean `skipped`?" in wrong.value["hint"]


def test_a_cursor_of_another_order_or_list_is_refused(full):
    cursor = full.site.get("/runs", limit=1, who="root").value["cursor"]

    assert full.site.get("/runs", limit=3, cursor=cursor, who="root").status == 200
    for path, query in (
        ("/runs", {"sort": "flow"}),
        ("/runs", {"user": "ann"}),
        ("/events", {}),
        ("/deployments", {}),
        ("/audit", {}),
        ("/services", {}),
    ):
        assert full.site.get(path, cursor=cursor, who="root", **query).status == 400, path


@pytest.mark.parametrize("sort", ["at", "-at", "slot", "target", "-source", "verdict"])
def test_whoever_sees_part_of_the_firings_sees_no_more_in_any_order(full, sort):
    rows = full.site.get("/firings", sort=sort, who="cem").value["rows"]

    assert {row["target"] for row in rows} == {"fraud.Churn@production"}
    assert full.site.get("/firings", sort=sort, limit=len(rows), who="cem").value["cursor"] is None
    assert full.site.get("/firings", sort=sort, search="ads", who="cem").value == {"rows": [], "cursor": None}


@pytest.mark.parametrize("who", ["root", "ann", "cem", "dan", "eve"])
@pytest.mark.parametrize("sort", ["-at", "name", "-source"])
def test_events_are_seen_in_lists_by_whom_they_were_told(full, who, sort):
    """The ledger narrows the list by itself; what it goes by is what the server goes by."""
    for flow, project in (("Sold", None), ("Bid", Project("ads", "prod"))):
        run = full.history.run(flow, project=project)
        run.task("start")
        run.finish()
    for number, facts in enumerate(
        (
            {"scope": "ads.prod"},
            {"scope": "fraud.user.ann"},
            {"scope": "fraud"},
            {"run": "Sold/1"},
            {"run": "Bid/1"},
            {"run": "Nothing/1"},
            {"run": "Sold/1", "scope": "ads.prod"},
            {},
        )
    ):
        full.ledger.publish(PublishedEvent(f"s{number}", f"scoped{number}", full.desk.tick(), **facts))
    sight = Sight(Access(who, full.site.people[who], "token"), Projects(full.ledger))

    given = full.site.get("/events", who=who, sort=sort, limit=500)

    if who == "eve":
        assert given.status == 403
        return
    expected = {event.number for event in full.ledger.published() if sight.sees_published(event)}
    assert {row["number"] for row in given.value["rows"]} == expected


def test_runs_in_lists_say_what_failed_them_in_a_line(full):
    (row,) = full.site.get("/runs", user="bob", who="root").value["rows"]

    assert row["raised"] == {"task": "train/2", "type": "builtins.KeyError", "message": "'amount' 1"}
    assert "raised" not in full.site.get("/runs", flow="Churn", who="root").value["rows"][0]


def test_runs_are_sorted_by_a_parameter_too(full):
    def labels(**query):
        return [row["label"] for row in full.site.get("/runs", flow="Flow", who="root", **query).value["rows"]]

    assert labels(sort="parameter", sort_parameter="alpha") == [1, 2, 3]
    assert labels(sort="-parameter", sort_parameter="alpha") == [3, 2, 1]


def test_firings_say_what_became_of_their_runs(full):
    rows = full.site.get("/firings", who="cem").value["rows"]

    assert [(row["verdict"], row["status"]) for row in rows] == [("started", "queued"), ("missed", None)]


def test_the_audit_log_is_narrowed_and_told_both_ways(scene):
    for number, (user, result) in enumerate((("ann", "done"), ("bea", "refused: no"), ("ann", ""), ("ann", "failed"))):
        entry = AuditEntry(100.0 + number, user, "token", "pause_alias", f"/deployments/{number}", project="fraud")
        key = note_begin(scene.ledger, entry)
        if result:
            note_end(scene.ledger, key, entry, result)

    def told(**query):
        rows, cursor = [], None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            given = scene.site.get("/audit", who="root", limit=1, **query, **more).value
            rows += [row["on"][-1] for row in given["rows"]]
            cursor = given["cursor"]
            if cursor is None:
                return "".join(rows)

    assert told() == "3210"
    assert told(sort="at") == "0123"
    assert told(user="ann", sort="at") == "023"
    assert told(result=["refused", "open"]) == "21"
    assert told(since=101, until=103) == "21"
    assert told(since=101, until=103, sort="at") == "12"
    assert told(search="DEPLOYMENTS/2") == "2"
    assert told(project="ads") == ""
