"""What Bob tries with his own token: each is one call of the port, or one request made by hand."""

import contextlib
import http.client
import json
import os

import msgspec

from headwater.model.artifact import Header, Ref
from headwater.model.errors import HeadwaterError
from headwater.model.events import Cancel, Decide, TaskSucceeded
from headwater.model.launch import Firing, Launch, Trigger
from headwater.model.order import CodeSource
from headwater.model.outcome import Transition
from headwater.model.ports import Commit, PlannedFiring
from headwater.model.production import Project
from headwater.model.records import Held
from headwater.model.rows import RunQuery
from tests.ledger.ledger_stories import finished, run_started, started
from tests.remote.anns_world import plain, small_object
from tests.web.two_projects import alias_state, deployment, planned, published, record

ATTACKS = {}


def attack(function):
    ATTACKS[function.__name__] = function
    return function


class Bob:
    """Bob's client, his project, and a way to send what no client sends."""

    def __init__(self, served, token, project):
        self.ledger = served.ledger(token)
        self.token = token
        self.port = served.port
        self.project = Project(project, "user.bob") if project else None

    def start(self, **facts):
        known = {"user": "bob", "project": self.project, "system_tags": ("user:bob",)} | facts
        small = known.pop("small", {})
        headers = known.pop("headers", {})
        more = known.pop("more", [])
        first = run_started(known.pop("flow", "Churn"), **known)
        return self.ledger.start_run(Commit(events=[first, *more], small=small, headers=headers))

    def raw(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
            fields = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, **headers}
            connection.request(method, path, None if body is None else content, fields)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def lease(self, run, secret="0" * 64, epoch=1):
        return {"run": run, "epoch": epoch, "secret": secret}


# Runs


@attack
def starts_a_run_as_ann(bob, world):
    bob.start(user="ann")


@attack
def starts_a_run_with_her_system_tag(bob, world):
    bob.start(system_tags=("user:ann",))


@attack
def starts_a_run_with_her_tag(bob, world):
    bob.start(tags=("user:ann",))


@attack
def starts_a_run_with_the_tag_of_her_deployment(bob, world):
    bob.start(tags=("deployment:fraud.Churn", f"alias:{world.target}"))


@attack
def starts_a_production_run_of_her_project(bob, world):
    bob.start(project=world.project)


@attack
def starts_a_production_run_of_her_project_under_another_branch_name(bob, world):
    bob.start(project=Project("fraud", "prod"))


@attack
def starts_a_run_on_her_branch(bob, world):
    bob.start(project=Project("fraud", "user.ann"))


@attack
def starts_a_run_that_says_it_is_of_her_deployment(bob, world):
    trigger = Trigger("schedule", "daily")
    launch = Launch(world.target, "fraud.Churn-1", 1, f"{world.target}/schedule:1", trigger, is_production=True)
    bob.start(launch=launch)


@attack
def starts_her_run_again(bob, world):
    bob.start(run=world.done.run)


@attack
def starts_her_running_run_again(bob, world):
    bob.start(run=world.running.run)


@attack
def starts_a_run_that_ends_at_once_with_her_ulid(bob, world):
    bob.start(run=world.interrupted.run, more=[finished()])


@attack
def starts_a_run_whose_id_is_a_path(bob, world):
    for name in (f"../runs/{world.done.run}/1.0.log", "../ledger.db", "..", ".", "/tmp/x", "x" * 300, "\0"):
        with contextlib.suppress(HeadwaterError):
            bob.start(run=name)


@attack
def takes_her_interrupted_run(bob, world):
    bob.ledger.take(world.interrupted.run, 9.0)


@attack
def takes_her_running_run(bob, world):
    bob.ledger.take(world.running.run, 9.0)


@attack
def takes_her_finished_run(bob, world):
    bob.ledger.take(world.done.run, 9.0)


@attack
def takes_the_queued_run_of_her_deployment(bob, world):
    bob.ledger.take(world.launched.run, 9.0)


def _append(bob, run, epoch=1, secret="0" * 64, after=2, events=()):
    body = {"lease": bob.lease(run, secret, epoch), "after": after, "commit": {"events": plain(events)}}
    return bob.raw("POST", "/api/v1/remote/runs/append", body)


@attack
def appends_to_her_running_run(bob, world):
    _append(bob, world.running.run, events=[finished()])


@attack
def appends_to_her_interrupted_run(bob, world):
    _append(bob, world.interrupted.run, events=[finished()])


@attack
def appends_to_her_finished_run(bob, world):
    _append(bob, world.done.run, after=4, events=[finished()])


@attack
def appends_with_the_lease_of_a_run_of_his_own(bob, world):
    lease, _ = bob.start()
    _append(bob, world.running.run, secret=lease.held.secret, events=[finished()])


@attack
def renews_her_lease(bob, world):
    bob.raw("POST", "/api/v1/remote/runs/renew", {"lease": bob.lease(world.running.run), "after_request": 0})


@attack
def gives_her_lease_back(bob, world):
    for epoch in range(3):
        bob.raw("POST", "/api/v1/remote/runs/release", bob.lease(world.running.run, epoch=epoch))


@attack
def writes_into_her_log(bob, world):
    for run in world.runs:
        body = {"lease": bob.lease(run), "name": "1.0.log", "offset": 24, "piece": "aGlkZGVuCg=="}
        bob.raw("POST", "/api/v1/remote/runs/files", body)


@attack
def writes_her_log_from_a_run_of_his_own(bob, world):
    lease, _ = bob.start()
    held = plain(lease.held)
    for name in (f"../{world.done.run}/1.0.log", "1.0.log/../../x", "..", "ledger.db", "1.0.txt", "%2e%2e"):
        body = {"lease": held, "name": name, "offset": 0, "piece": "aGlkZGVuCg=="}
        bob.raw("POST", "/api/v1/remote/runs/files", body)


@attack
def cancels_her_run(bob, world):
    bob.ledger.request(world.running.run, Cancel(5.0, "bob", "no"))


@attack
def cancels_her_run_in_her_name(bob, world):
    bob.ledger.request(world.running.run, Cancel(5.0, "ann", "no"))


@attack
def cancels_the_run_of_her_deployment(bob, world):
    bob.ledger.request(world.launched.run, Cancel(5.0, "bob"))


@attack
def approves_at_her_gate(bob, world):
    bob.ledger.request(world.interrupted.run, Decide(5.0, "bob", "start", "approved"))


@attack
def rejects_at_her_gate_in_her_name(bob, world):
    bob.ledger.request(world.interrupted.run, Decide(5.0, "ann", "start", "rejected"))


@attack
def tags_her_run(bob, world):
    bob.ledger.tag_run(world.done.run, ["bad"], [])


@attack
def takes_her_tags_away(bob, world):
    bob.ledger.tag_run(world.done.run, [], ["gold"])


@attack
def notes_on_her_run(bob, world):
    bob.ledger.annotate(world.done.run, "worthless")


@attack
def tags_his_run_as_hers(bob, world):
    lease, _ = bob.start()
    bob.ledger.tag_run(lease.run, ["user:ann"], [])


@attack
def resumes_her_run_in_his_name_with_her_results(bob, world):
    refs = {"model": Ref(world.secret, "bytes/1", "bytes", 15)}
    bob.start(
        origin=world.done.run,
        more=[started("start", 1), TaskSucceeded(3.0, "start", 0, refs, Transition(("end",)))],
    )


# Objects


@attack
def refers_to_her_object(bob, world):
    bob.start(parameters={"x": Ref(world.secret, "bytes/1", "bytes", 15)})


@attack
def refers_to_her_object_as_a_buffer(bob, world):
    digest, payload = small_object("1")
    bob.start(parameters={"x": Ref(digest, "json/1", "int", 1, (world.secret,), True)}, small={digest: payload})


@attack
def refers_to_her_small_object(bob, world):
    bob.start(parameters={"x": Ref(world.small, "json/1", "str", 8, is_small=True)})


@attack
def refers_to_her_object_as_his_environment(bob, world):
    bob.start(environments={"start": world.secret})


@attack
def refers_to_her_code(bob, world):
    bob.start(code=CodeSource("/x", "churn.py", "churn", "Churn", tree=world.tree))


@attack
def refers_to_a_file_of_her_code(bob, world):
    bob.start(parameters={"x": Ref(world.file, "bytes/1", "bytes", 20)})


@attack
def claims_to_have_read_her_object(bob, world):
    read = TaskSucceeded(3.0, "start", 0, {}, Transition(("end",)), reads={"x": world.secret})
    bob.start(more=[started("start", 1), read])


@attack
def sends_other_bytes_for_her_object(bob, world):
    bob.raw("PUT", f"/api/v1/remote/objects/{world.secret}", b"something else")


@attack
def sends_nothing_for_her_object(bob, world):
    bob.raw("PUT", f"/api/v1/remote/objects/{world.secret}", b"")


@attack
def sends_an_object_to_a_path(bob, world):
    for name in ("../ledger.db", "..%2f..%2fledger.db", "x" * 64, world.secret.upper(), f"{world.secret}/../x"):
        bob.raw("PUT", f"/api/v1/remote/objects/{name}", b"x")


@attack
def sends_other_bytes_for_her_small_object(bob, world):
    _, other = small_object('"other"')
    ref = Ref(world.small, "json/1", "str", 7, is_small=True)
    bob.start(parameters={"x": ref}, small={world.small: other})


@attack
def describes_her_object(bob, world):
    bob.start(headers={world.small: Header(preview="worthless"), world.secret: Header(preview="worthless")})


@attack
def holds_her_objects_in_a_record(bob, world):
    held = Held("mine", tree=world.tree)
    made = msgspec.structs.replace(record("flow_page", "Mine", {"owner": "bob"}), holds=(held,))
    bob.ledger.write_records([made])


# Records


def _write(bob, *records):
    bob.ledger.write_records(list(records))


@attack
def moves_her_alias_to_his_deployment(bob, world):
    _write(bob, record("alias", world.target, alias_state(number=2, user="bob"), 2))


@attack
def moves_her_alias_and_deploys_in_one(bob, world):
    made = deployment(number=2, user="bob")
    _write(bob, record("deployment", "fraud.Churn/2", made), record("alias", world.target, alias_state(number=2), 2))


@attack
def makes_her_alias_his(bob, world):
    state = msgspec.structs.replace(alias_state(), owner="bob", token_hash=None)
    _write(bob, record("alias", world.target, state, 2))


@attack
def pauses_her_alias(bob, world):
    fields = {**plain(alias_state()), "is_paused": True, "change": "pause", "user": "bob"}
    _write(bob, record("alias", world.target, fields, 2))


@attack
def deletes_her_alias(bob, world):
    fields = {**plain(alias_state()), "deployment": None, "change": "delete", "user": "bob"}
    _write(bob, record("alias", world.target, fields, 2))


@attack
def makes_her_alias_anew(bob, world):
    _write(bob, record("alias", world.target, alias_state(user="bob"), 1))


@attack
def writes_a_body_that_is_none(bob, world):
    _write(bob, record("alias", world.target, [1, 2, 3], 2))


@attack
def deletes_her_deployment(bob, world):
    fields = {**plain(deployment()), "deleted_at": 5.0, "deleted_by": "bob"}
    _write(bob, record("deployment", "fraud.Churn/1", fields, 2))


@attack
def deploys_under_her_name(bob, world):
    _write(bob, record("deployment", "fraud.Churn/2", deployment(number=2)))


@attack
def writes_an_account(bob, world):
    _write(bob, record("account", "bob", {"name": "bob", "roles": {"*": "admin"}, "at": 1.0, "by": "bob"}, 2))


@attack
def writes_a_token(bob, world):
    _write(bob, record("access_token", "0" * 64, {"name": "x", "user": "ann", "at": 1.0, "by": "ann"}))


@attack
def writes_a_session(bob, world):
    _write(bob, record("session", "0" * 64, {"user": "ann", "at": 1.0, "expires_at": 9e9, "means": "link"}))


@attack
def writes_a_link(bob, world):
    _write(bob, record("sign_in_link", "0" * 64, {"user": "ann", "roles": {"*": "admin"}, "at": 9e9}))


@attack
def writes_the_audit_log(bob, world):
    _write(bob, record("audit", "0" * 26, {"user": "ann"}))


@attack
def writes_a_record_that_nobody_knows(bob, world):
    _write(bob, record("cursor", "triggers", {"value": 1 << 40}))


@attack
def cancels_her_backfill(bob, world):
    body = {"id": "fraud.Churn-b1", "target": world.target, "user": "ann", "cancelled_at": 5.0, "cancelled_by": "bob"}
    _write(bob, record("backfill", "fraud.Churn-b1", body, 2))


@attack
def backfills_her_deployment(bob, world):
    _write(bob, record("backfill", "fraud.Churn-b2", {"id": "fraud.Churn-b2", "target": world.target, "user": "bob"}))


@attack
def writes_an_alert_of_hers(bob, world):
    _write(bob, record("alert", "x", {"target": world.target, "cause": "x"}))


@attack
def moves_a_service_of_hers(bob, world):
    _write(bob, record("service", "fraud@production", alias_state("fraud@production", user="bob")))


@attack
def gives_a_wrong_token(bob, world):
    body = {"records": [plain(record("alias", world.target, alias_state(number=2, user="bob"), 2))]}
    headers = {"headwater-production-token": "b" * 64}
    bob.raw("POST", "/api/v1/remote/ledger/write-records", body, **headers)


# Firings and events


@attack
def runs_her_deployment(bob, world):
    bob.ledger.launch([planned(key="2", user="bob")])


@attack
def runs_her_deployment_in_her_name(bob, world):
    bob.ledger.launch([planned(key="3")])


@attack
def uses_up_a_slot_of_hers(bob, world):
    firing = Firing(f"{world.target}/schedule:daily/1", world.target, "schedule:daily", 1.0, "skipped", slot=86400.0)
    bob.ledger.launch([PlannedFiring(firing)])


@attack
def uses_up_a_slot_of_hers_for_a_target_of_his(bob, world):
    firing = Firing(f"{world.target}/schedule:daily/2", "spam.Churn@production", "person", 1.0, "skipped")
    bob.ledger.launch([PlannedFiring(firing)])


@attack
def moves_a_cursor(bob, world):
    body = {"planned": [], "cursor": ["triggers", 1 << 40]}
    bob.raw("POST", "/api/v1/remote/ledger/launch", body)


@attack
def publishes_the_end_of_her_run(bob, world):
    bob.ledger.publish(published("run.finished", id=f"run:{world.running.run}", source="run:Churn"))


@attack
def publishes_in_her_branch(bob, world):
    bob.ledger.publish(published("ready", "fraud.prod", id="x", source="user:bob"))


@attack
def publishes_in_her_name(bob, world):
    bob.ledger.publish(published("ready", "fraud.prod", id="y", source="user:ann"))


@attack
def publishes_in_her_run(bob, world):
    bob.ledger.publish(published("ready", "fraud.prod", id="z", source="user:bob", run="Churn/1"))


@attack
def uses_up_an_id_of_hers(bob, world):
    bob.ledger.publish(published("ready", "spam.user.bob", id="ready-2", source="user:bob"))


@attack
def publishes_that_her_service_has_drifted(bob, world):
    bob.ledger.publish(published("service.drifted", id="d", source="service:fraud"))


# Requests that no client makes


@attack
def asks_for_what_is_done_beside_the_store(bob, world):
    for name in ("references", "small-sizes", "delete-small", "oldest-live-run", "lead", "resign", "check", "close"):
        status, _ = bob.raw("POST", f"/api/v1/remote/ledger/{name}", {"digests": [world.small]})
        assert status in (404, 405)


@attack
def deletes_whatever_has_an_address(bob, world):
    for path in (
        f"/api/v1/remote/objects/{world.secret}",
        f"/api/v1/remote/runs/{world.done.run}/files/1.0.log",
        f"/api/v1/remote/runs/{world.done.run}",
        "/api/v1/runs/Churn/1",
        f"/api/v1/deployments/{world.target}",
        "/api/v1/deployments/fraud.Churn/1",
    ):
        for method in ("DELETE", "PUT", "PATCH", "POST", "PURGE"):
            bob.raw(method, path, {})


@attack
def says_that_he_is_somebody_else(bob, world):
    names = {"X-Remote-User": "ann", "X-Forwarded-User": "ann", "X-Forwarded-For": "127.0.0.1", "Cookie": "user=ann"}
    body = {"run": world.done.run, "add": ["bad"], "remove": []}
    status, _ = bob.raw("POST", "/api/v1/remote/ledger/tag-run", body, **names)
    assert status >= 400


@attack
def sends_what_is_too_much(bob, world):
    assert bob.raw("POST", "/api/v1/remote/ledger/runs", {"limit": 10**9})[0] == 422
    assert bob.raw("POST", "/api/v1/remote/ledger/tasks", {"run": world.done.run, "limit": -1})[0] == 422
    assert bob.raw("POST", "/api/v1/remote/ledger/small", {"digests": ["0" * 64] * 1001})[0] == 422


@attack
def sends_what_does_not_parse(bob, world):
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000, os.urandom(64)):
        status, _ = bob.raw("POST", "/api/v1/remote/runs/start", body, **{"Content-Type": "application/json"})
        assert status in (400, 422)


@attack
def starts_many_runs_of_a_flow_of_hers(bob, world):
    for _ in range(3):
        lease, _ = bob.start()
        lease.release()
    assert all(row.user == "bob" or row.project == "fraud" for row in bob.ledger.runs(RunQuery(flow="Churn")).rows)
