from headwater.deployments.aliases import Aliases
from headwater.deployments.launches import plan_launch
from headwater.deployments.stored import find_deployment
from headwater.model.launch import Trigger
from tests.web.api.production_scene import DAILY

GATED = '@approval(role="admin")'


def targets(given):
    return [row["alias"]["target"] for row in given.value["rows"]]


def token_of(scene, target):
    return scene.desk.person().kept.get(target)


def test_the_list_shows_what_each_alias_names_and_when_it_fires_next(scene):
    target = scene.deploy(decorators='@schedule(cron="0 6 * * *")\n@trigger(event="data_ready")')
    scene.site.post(f"/deployments/{target}/runs", {})

    (row,) = scene.site.get("/deployments").value["rows"]

    assert (row["alias"]["target"], row["alias"]["number"], row["alias"]["stands"]) == (target, 1, "active")
    assert row["schedules"] == ["0 6 * * *"]
    assert row["triggers"] == ["event data_ready"]
    assert row["next_at"] % 86400 == 6 * 3600
    assert [(run["path"], run["status"], run["trigger"]) for run in row["runs"]] == [("Churn/1", "queued", "person")]


def test_the_list_is_paged_and_searched(scene):
    for name in ("Alpha", "Beta", "Gamma"):
        scene.deploy(name=name)

    first = scene.site.get("/deployments", limit=2)
    rest = scene.site.get("/deployments", limit=2, cursor=first.value["cursor"])

    assert targets(first) == ["fraud.Alpha@production", "fraud.Beta@production"]
    assert targets(rest) == ["fraud.Gamma@production"]
    assert rest.value["cursor"] is None
    assert targets(scene.site.get("/deployments", search="bET")) == ["fraud.Beta@production"]
    assert targets(scene.site.get("/deployments", name="fraud.Gamma")) == ["fraud.Gamma@production"]
    assert targets(scene.site.get("/deployments", project="fraud", limit=500)) == targets(first) + targets(rest)


def test_the_list_is_narrowed_by_owner_and_by_how_things_stand(scene):
    paused, waiting = scene.deploy(name="Paused"), scene.deploy(name="Waiting", decorators=GATED)
    active = scene.deploy(name="Active")
    scene.site.post(f"/deployments/{paused}/pause", {})

    assert targets(scene.site.get("/deployments", stands="paused")) == [paused]
    assert targets(scene.site.get("/deployments", stands=["active", "pending"])) == [active, waiting]
    assert targets(scene.site.get("/deployments", owner="bea")) == []
    assert len(targets(scene.site.get("/deployments", owner="ann"))) == 3
    assert scene.site.get("/deployments", stands="odd").status == 400


def test_nobody_sees_deployments_of_projects_without_a_role_in_them(scene):
    scene.deploy(project="fraud", name="Churn")
    scene.deploy(project="ads", name="Bid")
    scene.deploy(project="", name="Plain")

    seen = {who: targets(scene.site.get("/deployments", who=who)) for who in ("root", "ann", "cem", "dan")}

    assert seen == {
        "root": ["ads.Bid@production", "fraud.Churn@production", "Plain@production"],
        "ann": ["fraud.Churn@production", "Plain@production"],
        "cem": ["fraud.Churn@production"],
        "dan": ["ads.Bid@production"],
    }


def test_what_is_hidden_is_answered_as_what_is_not_there(scene):
    hidden = scene.deploy(project="fraud", name="Churn")
    shown = scene.deploy(project="ads", name="Bid")

    for path in ("", "/history", "/versions", "/versions/1", "/simulation", "/compare"):
        there = scene.site.get(f"/deployments/{hidden}{path}", who="dan")
        absent = scene.site.get(f"/deployments/fraud.Nothing@production{path}", who="dan")
        assert (there.status, there.body) == (404, absent.body), path
    wrong = scene.site.get("/deployments/ads.Chrn@production", who="dan")
    assert wrong.status == 404
    assert "Churn" not in wrong.body.decode()
    assert wrong.value["choices"] == [shown]


def test_one_alias_shows_its_deployment_parameters_schedules_and_what_the_caller_may_do(scene):
    target = scene.deploy()

    shown = scene.site.get(f"/deployments/{target}", who="bea").value

    assert shown["deployment"]["version"]["number"] == 1
    assert shown["deployment"]["version"]["package"]["files"] == 2
    assert [(each["name"], each["type"], each["value"]) for each in shown["deployment"]["parameters"]] == [
        ("alpha", "float", 0.5)
    ]
    assert [(each["name"], each["stands"], len(each["next_at"])) for each in shown["schedules"]] == [
        ("0 6 * * *", "fires", 5)
    ]
    assert (shown["alias"]["owner"], shown["alias"]["needs_token"], shown["alias"]["may_change"]) == ("ann", True, True)
    mine = scene.site.get(f"/deployments/{target}", who="ann").value["alias"]
    assert (mine["needs_token"], mine["may_change"]) == (False, True)
    theirs = scene.site.get(f"/deployments/{target}", who="cem").value["alias"]
    assert theirs["may_change"] is False


def test_no_answer_holds_a_token_or_its_hash(scene):
    target = scene.deploy()
    state = Aliases(scene.ledger).require(target)
    secret = token_of(scene, target)

    for path in ("/deployments", f"/deployments/{target}", f"/deployments/{target}/history"):
        body = scene.site.get(path).body.decode()
        assert state.token_hash not in body, path
        assert secret not in body, path


def test_history_and_versions_are_told_newest_first_and_in_pages(scene):
    target = scene.deploy()
    scene.desk.write(decorators='@project(name="fraud")', name="Churn")
    scene.desk.production()
    scene.site.post(f"/deployments/{target}/pause", {"reason": "holidays"})

    history = scene.site.get(f"/deployments/{target}/history", limit=2)
    rest = scene.site.get(f"/deployments/{target}/history", limit=2, cursor=history.value["cursor"])
    versions = scene.site.get(f"/deployments/{target}/versions", limit=1)
    older = scene.site.get(f"/deployments/{target}/versions", limit=1, cursor=versions.value["cursor"])

    assert [(row["change"], row["number"], row["reason"]) for row in history.value["rows"]] == [
        ("pause", 2, "holidays"),
        ("deploy", 2, ""),
    ]
    assert [(row["change"], row["number"]) for row in rest.value["rows"]] == [("deploy", 1)]
    assert [row["number"] for row in versions.value["rows"] + older.value["rows"]] == [2, 1]
    assert older.value["cursor"] is None
    assert versions.value["rows"][0]["aliases"] == [target]
    assert scene.site.get(f"/deployments/{target}/versions/1").value["steps"] == ["start", "end"]
    assert scene.site.get(f"/deployments/{target}/versions/9").status == 404


def test_a_paused_alias_says_so_and_fires_nothing(scene):
    target = scene.deploy()

    paused = scene.site.post(f"/deployments/{target}/pause", {"reason": "holidays"})

    assert (paused.status, paused.value["alias"]["stands"]) == (200, "paused")
    shown = scene.site.get("/deployments").value["rows"][0]
    assert (shown["alias"]["is_paused"], shown["alias"]["reason"], shown["next_at"]) == (True, "holidays", None)
    assert Aliases(scene.ledger).require(target).user == "ann"
    again = scene.site.post(f"/deployments/{target}/pause", {})
    assert (again.status, "paused already" in again.value["detail"]) == (409, True)
    assert scene.site.post(f"/deployments/{target}/unpause", {}).value["alias"]["stands"] == "active"


CHANGES = {
    "runs": {},
    "pause": {},
    "promote": {"to": "fraud.Churn@test.other"},
    "rollback": {"number": 1},
    "backfills": {"since": "2025-01-01", "until": "2025-01-03"},
}


def test_changes_take_a_deployer_of_the_project(scene):
    target = scene.deploy()
    before = Aliases(scene.ledger).history(target)

    for verb, body in {**CHANGES, "unpause": {}, "backfills/preview": CHANGES["backfills"]}.items():
        statuses = [scene.site.post(f"/deployments/{target}/{verb}", body, who=who).status for who in ("run", "cem")]
        assert statuses == [403, 403], verb
        assert scene.site.post(f"/deployments/{target}/{verb}", body, who="dan").status == 404, verb
    assert Aliases(scene.ledger).history(target) == before


def test_what_belongs_to_somebody_else_takes_its_token_in_the_body(scene):
    target = scene.deploy()
    scene.desk.write(decorators='@project(name="fraud")', name="Churn")
    scene.desk.production()

    for verb, body in CHANGES.items():
        if verb == "promote":
            continue
        without = scene.site.post(f"/deployments/{target}/{verb}", body, who="bea")
        wrong = scene.site.post(f"/deployments/{target}/{verb}", {**body, "token": "0" * 64}, who="bea")
        assert [without.status, wrong.status] == [409, 409], verb
        assert "belongs to ann" in without.value["detail"], verb
    token = token_of(scene, target)
    statuses = {
        verb: scene.site.post(f"/deployments/{target}/{verb}", {**body, "token": token}, who="bea").status
        for verb, body in CHANGES.items()
        if verb != "promote"
    }

    assert statuses == {"runs": 201, "pause": 200, "rollback": 200, "backfills": 201}
    assert Aliases(scene.ledger).require(target).user == "bea"


def test_a_token_in_the_address_is_refused(scene):
    target = scene.deploy()

    asked = scene.site.send("POST", f"/deployments/{target}/pause", {}, "bea", token=token_of(scene, target))

    assert asked.status in (400, 409)
    assert not Aliases(scene.ledger).require(target).is_paused


def test_admins_of_the_project_need_no_token(scene):
    target = scene.deploy()
    scene.site.people["adm"] = {"fraud": "admin"}

    changed = scene.site.post(f"/deployments/{target}/pause", {}, who="adm")

    assert (changed.status, changed.value["alias"]["changed_by"]) == (200, "adm")


def test_run_now_starts_one_run_with_its_parameters_however_often_it_is_sent(scene):
    target = scene.deploy()
    headers = [("idempotency-key", "try-1")]

    first = scene.site.send("POST", f"/deployments/{target}/runs", {"parameters": {"alpha": 0.7}}, headers=headers)
    again = scene.site.send("POST", f"/deployments/{target}/runs", {"parameters": {"alpha": 0.7}}, headers=headers)
    other = scene.site.post(f"/deployments/{target}/runs", {})

    assert (first.status, first.value["path"], first.value["has_daemon"]) == (201, "Churn/1", False)
    assert again.value["run"] == first.value["run"]
    assert other.value["path"] == "Churn/2"
    assert scene.site.get("/runs/Churn/1").value["launch"]["trigger"] == {"kind": "person", "source": "ann"}


def test_the_same_key_of_another_person_is_another_run(scene):
    target = scene.deploy()
    headers = [("idempotency-key", "try-1")]
    body = {"token": token_of(scene, target)}

    paths = [
        scene.site.send("POST", f"/deployments/{target}/runs", body, who, headers).value["path"]
        for who in ("ann", "bea")
    ]

    assert paths == ["Churn/1", "Churn/2"]


def test_parameters_that_cannot_be_are_all_told_and_start_nothing(scene):
    target = scene.deploy()

    refused = scene.site.post(f"/deployments/{target}/runs", {"parameters": {"alpha": "much", "beta": 1}})

    assert refused.status == 409
    assert "`beta`" in refused.value["detail"]
    assert "`alpha`" in refused.value["detail"]
    assert scene.site.get("/runs").value["rows"] == []
    odd = scene.site.send("POST", f"/deployments/{target}/runs", {}, headers=[("idempotency-key", "a b")])
    assert odd.status == 400


def test_promoting_moves_production_and_tells_its_new_token_once(scene):
    scene.desk.write(decorators='@project(name="fraud")', name="Churn")
    scene.desk.deploy(branch="new")

    promoted = scene.site.post("/deployments/fraud.Churn@test.new/promote", {})

    assert promoted.status == 200
    assert promoted.value["alias"]["target"] == "fraud.Churn@production"
    assert len(promoted.value["token"]) == 64
    # The server keeps it nowhere: bea may use it as soon as she has it.
    used = scene.site.post("/deployments/fraud.Churn@production/pause", {"token": promoted.value["token"]}, who="bea")
    assert used.status == 200
    assert "token" not in scene.site.get("/deployments/fraud.Churn@production").value


def test_nobody_promotes_into_another_flow_or_over_somebody_elses_production(scene):
    target = scene.deploy()
    scene.desk.write(decorators='@project(name="fraud")', name="Churn")
    scene.desk.deploy(user="bea", branch="bea")
    production = Aliases(scene.ledger).require(target)

    over = scene.site.post("/deployments/fraud.Churn@test.bea/promote", {}, who="bea")
    other = scene.site.post("/deployments/fraud.Churn@test.bea/promote", {"to": "ads.Bid@production"}, who="bea")

    assert [over.status, other.status] == [409, 409]
    assert Aliases(scene.ledger).require(target) == production


def test_rolling_back_goes_to_the_deployment_before_or_to_the_one_that_is_named(scene):
    target = scene.deploy()
    for hour in (7, 8):
        scene.deploy(decorators=DAILY.replace("6", str(hour)))

    back = scene.site.post(f"/deployments/{target}/rollback", {"reason": "worse"})
    to_first = scene.site.post(f"/deployments/{target}/rollback", {"number": 1})

    assert [given.value["alias"]["number"] for given in (back, to_first)] == [2, 1]
    assert back.value["alias"]["reason"] == "worse"
    assert scene.site.post(f"/deployments/{target}/rollback", {"number": 99}).status == 404


def test_a_move_that_waits_is_approved_with_the_role_that_the_flow_asks_for(scene):
    target = scene.deploy(decorators=GATED)
    scene.site.people["adm"] = {"fraud": "admin"}

    (waiting,) = scene.site.get("/approvals", who="cem").value["rows"]
    refused = [scene.site.post(f"/deployments/{target}/approve", {}, who=who).status for who in ("ann", "cem", "dan")]
    approved = scene.site.post(f"/deployments/{target}/approve", {"reason": "looks good"}, who="adm")

    assert (waiting["kind"], waiting["target"], waiting["needs"], waiting["may_decide"]) == (
        "move",
        target,
        "admin",
        False,
    )
    assert refused == [403, 403, 404]
    assert (approved.status, approved.value["alias"]["number"]) == (200, 1)
    assert Aliases(scene.ledger).require(target).user == "adm"
    assert scene.site.get("/approvals").value["rows"] == []


def test_a_rejected_move_changes_nothing(scene):
    target = scene.deploy()
    scene.desk.write(decorators='@project(name="fraud")\n@approval(role="deployer")', name="Churn")
    scene.desk.production()

    rejected = scene.site.post(f"/deployments/{target}/reject", {"reason": "not now"}, who="bea")

    assert (rejected.status, rejected.value["alias"]["number"]) == (200, 1)
    assert scene.site.post(f"/deployments/{target}/reject", {}).status == 409


def test_bad_input_is_told_and_never_a_failure_of_ours(scene):
    target = scene.deploy()
    odd = ["Churn", "@", "a@b@c", "x" * 390 + "@p", "fraud.Churn@ production", "é@production", "%00@production"]

    assert {scene.site.get(f"/deployments/{name}").status for name in odd} == {404}
    for body, status in (
        ([], 422),
        ({"reason": 1}, 422),
        ({"reason": "x" * 2001}, 422),
        ({"number": -1}, 422),
        ({"number": 2**70}, 422),
    ):
        assert scene.site.post(f"/deployments/{target}/rollback", body).status == status, body
    for query in ({"limit": 0}, {"limit": 501}, {"limit": "x"}, {"nothing": 1}, {"cursor": "x" * 501}):
        assert scene.site.get("/deployments", **query).status == 400, query
    assert scene.site.get(f"/deployments/{target}/versions", cursor="abc").status == 400
    assert scene.site.get(f"/deployments/{target}/versions/0").status == 404


def test_two_deployments_differ_in_files_schedules_and_steps(scene):
    target = scene.deploy()
    scene.deploy(decorators=DAILY.replace("6", "7"), parameters='alpha = Parameter("alpha", default=0.9)')

    found = scene.site.get(f"/deployments/{target}/differences", first=1, second=2, who="cem").value
    same = scene.site.get(f"/deployments/{target}/differences", first=1, second=1).value

    assert [each["path"] for each in found["files"]] == [scene.desk.file.name]
    assert [(each["name"], each["first"], each["second"]) for each in found["parameters"]] == [("alpha", 0.5, 0.9)]
    assert [each["name"] for each in found["production"]] == ["schedules"]
    assert (found["is_same"], found["steps"]) == (False, [])
    assert (same["is_same"], same["files"], same["parameters"]) == (True, [], [])
    assert scene.site.get(f"/deployments/{target}/differences", first=1).status == 400


def test_the_files_of_a_package_are_listed_and_shown(scene):
    target = scene.deploy()

    listed = scene.site.get(f"/deployments/{target}/versions/1/files", limit=1).value
    rest = scene.site.get(f"/deployments/{target}/versions/1/files", cursor=listed["cursor"]).value
    shown = scene.site.get(f"/deployments/{target}/versions/1/files/{scene.desk.file.name}").value

    assert [each["path"] for each in listed["rows"] + rest["rows"]] == sorted([scene.desk.file.name, "pyproject.toml"])
    assert "class Churn(FlowSpec)" in shown["text"]
    for path in ("../../../etc/passwd", "nothing.py", "/etc/passwd"):
        assert scene.site.get(f"/deployments/{target}/versions/1/files/{path}").status == 404, path


def test_a_file_that_is_no_text_or_too_large_is_named_and_not_shown(scene):
    (scene.desk.folder / "weights.bin").write_bytes(b"\xff\x00" * 10)
    (scene.desk.folder / "table.csv").write_text("a" * (8 << 20) + "b")
    (scene.desk.folder / "long.csv").write_text("a" * (2 << 20))
    target = scene.deploy()

    def shown(name):
        found = scene.site.get(f"/deployments/{target}/versions/1/files/{name}").value
        return found["size"], found["text"] and len(found["text"]), found["is_cut"]

    assert shown("weights.bin") == (20, None, False)
    assert shown("table.csv") == ((8 << 20) + 1, None, True)
    assert shown("long.csv") == (2 << 20, 1 << 20, True)


def run_of_slot(scene, target, slot, score):
    """A run for a slot, ended."""
    state = Aliases(scene.ledger).require(target)
    deployment = find_deployment(scene.ledger, state.name, state.number)
    facts = {"source": "schedule:daily", "trigger": Trigger("schedule", "daily"), "at": scene.desk.tick()}
    planned = plan_launch(scene.desk.home, state, deployment, key=f"{target}/{slot}", slot=slot, **facts)
    (firing,) = scene.ledger.launch([planned])
    scene.desk.finish(firing.run, {"f1": score})


def test_runs_of_two_aliases_are_compared_slot_by_slot(scene):
    target, other = scene.deploy(), "fraud.Churn@test.new"
    scene.desk.deploy(branch="new")
    for slot, scores in ((1000.0, (0.7, 0.9)), (2000.0, (0.6, 0.5))):
        run_of_slot(scene, target, slot, scores[0])
        run_of_slot(scene, other, slot, scores[1])

    found = scene.site.get(f"/deployments/{target}/compare", other=other, who="cem").value

    assert found["names"] == [target, other]
    assert [(pair["slot"], pair["metrics"]["f1"]) for pair in found["pairs"]] == [
        (2000, [0.6, 0.5]),
        (1000, [0.7, 0.9]),
    ]
    assert len(scene.site.get(f"/deployments/{target}/compare", other=other, limit=1).value["pairs"]) == 1
    alone = scene.site.get(f"/deployments/{target}/compare")
    assert (alone.status, "with what?" in alone.value["detail"]) == (409, True)
    assert scene.site.get(f"/deployments/{target}/compare", other="ads.Bid@production", who="cem").status == 404
