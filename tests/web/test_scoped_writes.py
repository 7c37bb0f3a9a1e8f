"""Who writes what: whatever a program sends, nobody changes in another's name or what is another's."""

import msgspec
import pytest

from headwater.deployments.aliases import Aliases
from headwater.deployments.stored import record_of
from headwater.ledger.memory import MemoryLedger
from headwater.model.deployment import PendingMove
from headwater.model.errors import DeploymentRefused, NotFound, TagRefused, UserMistake, VersionConflict
from headwater.model.events import Cancel, Decide
from headwater.model.graph import Graph, Step
from headwater.model.options import StepOptions
from headwater.model.order import CodeSource
from headwater.model.ports import Commit
from headwater.model.production import Approval, ProductionOptions
from headwater.model.secret_digest import secret_digest
from headwater.model.service import DeployedVersion, ServiceDefinition, ServiceVersion
from headwater.web.problems import Refused
from tests.ledger.ledger_stories import commit, digest, finished, run_started, small_ref, started, succeeded
from tests.web.two_projects import (
    TOKEN,
    access,
    alias_state,
    as_seen,
    begin,
    deploy,
    deployment,
    planned,
    project,
    published,
    record,
    run,
)

#: Both may deploy in `fraud`; ann owns what there is.
ANN = access("ann", fraud="deployer")
BOB = access("bob", fraud="deployer")
RUNNER = access("bob", fraud="runner")
BOSS = access("boss", fraud="admin")
PLAIN = "in flows without a project"
REFUSED = (Refused, DeploymentRefused, NotFound, TagRefused, UserMistake, VersionConflict)
APPROVED = Graph(
    "Churn", "churn.py", "churn", "start", "end", {}, production=ProductionOptions(approval=Approval("admin"))
)
CHOOSY = Graph(
    "Churn", "churn.py", "churn", "start", "end", {}, production=ProductionOptions(promote_if=("f1 >= 0.7",))
)
GATED = Graph(
    "Churn",
    "churn.py",
    "churn",
    "start",
    "end",
    {"check": Step("check", "linear", "churn.py", 5, options=StepOptions(approval=Approval("admin")))},
)


@pytest.fixture
def ledger():
    ledger = MemoryLedger()
    yield ledger
    ledger.close()


def everything(ledger):
    """All that is written, but for what was only looked at."""
    return [*ledger.changes(), *(bytes(each.body) for kind in ("alias", "deployment") for each in ledger.records(kind))]


def refused(ledger, who, write, *tokens):
    """A write that is refused, and leaves everything as it was."""
    before = everything(ledger)
    with pytest.raises(REFUSED) as caught:
        write(as_seen(ledger, who, *tokens))
    assert everything(ledger) == before
    return caught.value


def start(user="bob", of="fraud", branch=None, is_production=False, **facts):
    branch = branch or f"user.{user}"
    first = run_started("Churn", user=user, project=project(of, branch, is_production=is_production), **facts)
    return lambda seen: seen.start_run(Commit([first]))


# Runs


def test_a_run_is_started_in_ones_own_name(ledger):
    _, started = start("bob", system_tags=("user:bob", "project:fraud", "project_branch:user.bob"))(
        as_seen(ledger, RUNNER)
    )

    assert started.user == "bob"


@pytest.mark.parametrize(
    "write",
    [
        start("ann"),
        start("ann", branch="test.new"),
        start("bob", of="sales"),
        start("bob", of=""),
        start("bob", branch="user.ann"),
        start("bob", branch="prod"),
        start("bob", branch="prod.new"),
        start("bob", is_production=True),
        start("bob", system_tags=("user:ann",)),
        start("bob", tags=("user:ann",)),
        start("bob", tags=("deployment:fraud@production",)),
        start("bob", system_tags=("alias:fraud.Churn@production",)),
        start("bob", system_tags=("project_branch:prod",)),
        start("bob", launch=planned().commit.events[0].launch),
        lambda seen: seen.start_run(Commit([])),
    ],
)
def test_no_run_is_started_in_anothers_name(ledger, write):
    refused(ledger, RUNNER, write)


@pytest.mark.parametrize("facts", [{"tags": ("a\nb",)}, {"tags": ("",)}, {"system_tags": ("x\x1b[2J",)}])
def test_no_run_is_started_with_tags_that_cannot_be(ledger, facts):
    with pytest.raises(TagRefused):
        start("bob", **facts)(as_seen(ledger, RUNNER))

    assert ledger.flows() == []


def test_a_viewer_starts_nothing(ledger):
    refused(ledger, access("bob", fraud="viewer"), start("bob"))


@pytest.mark.parametrize(
    ("write", "needed", "where", "project"),
    [
        (start("bob", of="sales"), "runner", "in project sales", "sales"),
        (lambda seen: seen.start_run(Commit([run_started("Churn", user="bob")])), "runner", PLAIN, "''"),
        (lambda seen: put(*fresh("sales.Churn"))(seen), "deployer", "in project sales", "sales"),
        (lambda seen: put(*fresh("Churn"))(seen), "deployer", PLAIN, "''"),
        (lambda seen: put(version(1, "bob", None))(seen), "deployer", PLAIN, "''"),
    ],
)
def test_who_begins_something_where_they_have_no_role_is_told_so(ledger, write, needed, where, project):
    error = refused(ledger, BOB, write)

    assert (error.problem.status, error.problem.detail) == (403, f"this takes a {needed}; bob has no role {where}")
    assert f"headwater user grant bob {needed} --project {project}" in error.problem.hint


def test_only_its_owner_drives_a_run(ledger):
    stored, lease = begin(ledger, of="fraud")
    lease.release()
    for who in (RUNNER, BOB):
        refused(ledger, who, lambda seen: seen.take(stored.run, 2.0))
        refused(ledger, who, lambda seen: seen.append(lease, Commit([])))
    taken, _ = as_seen(ledger, access("ann", fraud="runner")).take(stored.run, 2.0)

    assert taken.run == stored.run


def test_nobody_drives_a_run_of_a_deployment_over_the_network(ledger):
    ledger.launch([planned()])
    queued = ledger.find_run("Churn", 1)
    refused(ledger, ANN, lambda seen: seen.take(queued.run, 2.0))


@pytest.mark.parametrize(
    "write",
    [
        lambda seen, run: seen.tag_run(run, ["x"], []),
        lambda seen, run: seen.tag_run(run, [], ["good"]),
        lambda seen, run: seen.annotate(run, "mine now"),
        lambda seen, run: seen.request(run, Cancel(2.0, "bob")),
    ],
)
def test_others_runs_are_touched_by_deployers_and_those_of_deployments_by_admins(ledger, write):
    stored, _ = begin(ledger, of="fraud", tags=("good",))
    ledger.launch([planned()])
    launched = ledger.find_run("Churn", 2)

    refused(ledger, RUNNER, lambda seen: write(seen, stored.run))
    refused(ledger, BOB, lambda seen: write(seen, launched.run))
    write(as_seen(ledger, BOB), stored.run)
    write(as_seen(ledger, access("bob", fraud="admin")), launched.run)


@pytest.mark.parametrize(
    "tag", ["user:ann", "deployment:fraud@production", "alias:x", "project:x", "project_branch:prod"]
)
def test_no_tag_says_that_a_run_is_anothers(ledger, tag):
    own = run(ledger, of="fraud", user="bob")
    refused(ledger, BOB, lambda seen: seen.tag_run(own.run, [tag], []))


def test_nobody_asks_in_anothers_name(ledger):
    stored, _ = begin(ledger, of="fraud", user="bob")
    refused(ledger, BOB, lambda seen: seen.request(stored.run, Cancel(2.0, "ann")))


def test_a_gate_is_decided_by_whoever_has_its_role(ledger):
    stored, _ = begin(ledger, of="fraud", user="bob", graph=GATED)
    decide = Decide(2.0, "bob", "check", "approved")
    refused(ledger, BOB, lambda seen: seen.request(stored.run, decide))
    as_seen(ledger, access("bob", fraud="admin")).request(stored.run, decide)

    assert len(ledger.requests(stored.run)) == 1


# Events


def test_events_are_published_where_one_may_run_flows(ledger):
    seen = as_seen(ledger, RUNNER)
    seen.publish(published("ready", "fraud.user.bob", "user:bob"))

    assert [event.scope for event in ledger.published()] == ["fraud.user.bob"]


@pytest.mark.parametrize(
    "event",
    [
        published("ready", None, "user:bob"),
        published("ready", "sales.prod", "user:bob"),
        published("ready", "fraud.prod", "user:bob"),
        published("ready", "fraud.prod.new", "user:bob"),
        published("ready", "fraud.user.bob", "user:ann"),
        published("run.finished", "fraud.user.bob", "user:bob"),
        published("service.drifted", "fraud.user.bob", "user:bob"),
        published("ready", "fraud.user.bob", "service:Sentiment"),
        published("ready", "fraud.user.bob", "run:Churn"),
        published("ready", "fraud.user.bob", "Churn", run="Churn/1"),
        published("ready", "fraud.user.bob", "Churn", run="Churn/x"),
        published("ready", "fraud.user.bob", "Churn", run="Nothing/1"),
    ],
)
def test_no_event_is_published_in_anothers_name(ledger, event):
    run(ledger, of="fraud", user="ann")
    refused(ledger, RUNNER, lambda seen: seen.publish(event))


def test_an_id_that_is_used_up_in_one_project_blocks_no_other(ledger):
    as_seen(ledger, RUNNER).publish(published("ready", "fraud.user.bob", "user:bob", id="day-1"))
    eve = as_seen(ledger, access("eve", everything="deployer"))
    eve.publish(published("ready", "sales.prod", "user:eve", id="day-1"))

    assert [event.scope for event in ledger.published()] == ["fraud.user.bob", "sales.prod"]


def test_publishing_again_gives_what_was_kept(ledger):
    seen = as_seen(ledger, RUNNER)
    first = seen.publish(published("ready", "fraud.user.bob", "user:bob", id="day-1"))

    assert seen.publish(published("ready", "fraud.user.bob", "user:bob", id="day-1")) == first


# Deployments and aliases


def put(*records):
    return lambda seen: seen.write_records(records)


def next_alias(ledger, state, **changes):
    latest = ledger.record("alias", state.target)
    return record("alias", state.target, msgspec.structs.replace(state, **changes), latest.version + 1)


def test_a_deployer_deploys_in_their_own_name(ledger):
    made = deployment("fraud.Churn", 1, "bob")
    state = alias_state("fraud.Churn@production", 1, "bob")
    as_seen(ledger, BOB).write_records([record_of(made), record("alias", state.target, state)])

    assert Aliases(ledger).require("fraud.Churn@production").owner == "bob"


def fresh(name="fraud.Churn", alias="production", user="bob", **facts):
    made = deployment(name, 1, user, **facts.pop("made", {}))
    state = alias_state(f"{name}@{alias}", 1, user, **facts)
    return [record_of(made), record("alias", state.target, state)]


@pytest.mark.parametrize(
    "records",
    [
        fresh(user="ann"),
        fresh("sales.Churn"),
        fresh("Churn"),
        fresh(owner="ann"),
        fresh(alias="user.ann"),
        fresh(deployment="fraud.Churn-9"),
        fresh(name="fraud.Churn", made={"project": None}),
        fresh()[1:],
        [record("alias", "fraud.Churn@production", alias_state("fraud.Other@production", 1, "bob"))],
        [record("alias", "sales.Churn@production", alias_state("fraud.Churn@production", 1, "bob"))],
        [record("deployment", "fraud.Churn/2", deployment("fraud.Churn", 1, "bob"))],
        [record("alias", "fraud.Churn@production", {"nonsense": 1})],
        [record("alert", "fraud.Churn@production/failed", {"target": "fraud.Churn@production"})],
        [record("profile", "Sentiment/1", {})],
        [record("anything", "x", {})],
        [record("account", "bob", {"name": "bob", "roles": {"*": "admin"}})],
        [record("access_token", "0" * 64, {})],
        [record("session", "0" * 64, {})],
        [record("sign_in_link", "0" * 64, {})],
        [record("audit", "x", {})],
        [record("token", "x", {})],
    ],
)
def test_nothing_is_deployed_in_anothers_name_or_past_the_rules(ledger, records):
    refused(ledger, BOB, put(*records))


@pytest.mark.parametrize("kind", ["account", "access_token", "session", "sign_in_link", "audit", "token"])
def test_no_admin_writes_who_may_come_in_either(ledger, kind):
    refused(ledger, access("root", everything="admin"), put(record(kind, "x", {})))


def test_a_runner_deploys_nothing(ledger):
    refused(ledger, RUNNER, put(*fresh()))


OF_ANN = {
    "pause": {"is_paused": True, "change": "pause", "user": "bob"},
    "delete": {"deployment": None, "change": "delete", "user": "bob"},
    "take": {"owner": "bob", "change": "deploy", "user": "bob"},
    "own token": {"token_hash": secret_digest("bob"), "change": "token", "user": "bob"},
    "no token": {"token_hash": None, "change": "token", "user": "bob"},
    "in her name": {"is_paused": True, "change": "pause", "user": "ann"},
    "schedules": {"schedules_since": {"daily": 0.0}, "change": "unpause", "user": "bob"},
    "secrets": {"has_secrets": False, "change": "secrets", "user": "bob"},
    "to another": {"deployment": "fraud.Churn-2", "number": 2, "change": "promote", "user": "bob"},
}


@pytest.mark.parametrize("deed", OF_ANN)
def test_anns_alias_is_changed_by_nobody_else(ledger, deed):
    state = deploy(ledger)
    ledger.write_records([record_of(deployment("fraud.Churn", 2, "bob"))])
    refused(ledger, BOB, put(next_alias(ledger, state, **OF_ANN[deed])))
    refused(ledger, BOB, put(next_alias(ledger, state, **OF_ANN[deed])), "b" * 64)


def test_whoever_has_the_token_changes_an_alias_but_does_not_take_it(ledger):
    state = deploy(ledger)
    for deed in ("take", "own token", "no token", "in her name"):
        refused(ledger, BOB, put(next_alias(ledger, state, **OF_ANN[deed])), TOKEN)
    as_seen(ledger, BOB, TOKEN).write_records([next_alias(ledger, state, **OF_ANN["pause"])])

    assert Aliases(ledger).require(state.target).is_paused


def test_an_admin_of_the_project_changes_any_alias_in_it(ledger):
    state = deploy(ledger)
    as_seen(ledger, BOSS).write_records([next_alias(ledger, state, **{**OF_ANN["pause"], "user": "boss"})])

    assert Aliases(ledger).require(state.target).is_paused


def test_a_version_that_does_not_follow_is_refused(ledger):
    state = deploy(ledger)
    after = record("alias", state.target, msgspec.structs.replace(state, is_paused=True), 3)
    refused(ledger, ANN, put(after))


def test_deployments_never_change_and_are_deleted_by_their_owner(ledger):
    deploy(ledger)
    spare = deployment("fraud.Churn", 2, "ann")
    ledger.write_records([record_of(spare)])

    def gone(each, by):
        return record_of(msgspec.structs.replace(each, deleted_at=2.0, deleted_by=by), 2)

    refused(ledger, BOB, put(gone(spare, "bob")))
    refused(ledger, BOB, put(gone(spare, "ann")))
    refused(ledger, ANN, put(record_of(msgspec.structs.replace(spare, note="better"), 2)))
    refused(ledger, ANN, put(gone(deployment("fraud.Churn", 1, "ann"), "ann")))
    as_seen(ledger, ANN).write_records([gone(spare, "ann")])


def test_production_of_a_flow_that_asks_for_approval_is_not_moved_past_it(ledger):
    deploy(ledger, graph=APPROVED)
    state = Aliases(ledger).require("fraud.Churn@production")
    second = deployment("fraud.Churn", 2, "ann", graph=APPROVED)
    ledger.write_records([record_of(second)])
    moved = {"deployment": second.id, "number": 2, "user": "ann"}
    for change in ("deploy", "promote", "rollback"):
        refused(ledger, ANN, put(next_alias(ledger, state, change=change, **moved)))


def test_a_move_is_approved_by_whoever_has_the_role(ledger):
    state = deploy(ledger, graph=APPROVED)
    second = deployment("fraud.Churn", 2, "ann", graph=APPROVED)
    ledger.write_records([record_of(second)])
    waiting = PendingMove(second.id, 2, Approval("admin"), 1.0, "ann")
    weaker = PendingMove(second.id, 2, Approval("viewer"), 1.0, "ann")
    refused(ledger, ANN, put(next_alias(ledger, state, change="ask", pending=weaker)))
    as_seen(ledger, ANN).write_records([next_alias(ledger, state, change="ask", pending=waiting)])
    asked = Aliases(ledger).require(state.target)
    approved = {"deployment": second.id, "number": 2, "pending": None, "change": "promote"}

    refused(ledger, ANN, put(next_alias(ledger, asked, user="ann", **approved)))
    refused(ledger, BOSS, put(next_alias(ledger, asked, user="boss", **{**approved, "owner": "boss"})))
    refused(ledger, BOSS, put(next_alias(ledger, asked, user="boss", **{**approved, "deployment": "fraud.Churn-1"})))
    as_seen(ledger, BOSS).write_records([next_alias(ledger, asked, user="boss", **approved)])
    assert Aliases(ledger).require(state.target).number == 2


def test_conditions_of_production_hold_over_the_network_too(ledger):
    deploy(ledger)
    state = Aliases(ledger).require("fraud.Churn@production")
    second = deployment("fraud.Churn", 2, "ann", graph=CHOOSY)
    ledger.write_records([record_of(second)])
    refused(ledger, ANN, put(next_alias(ledger, state, deployment=second.id, number=2, change="promote")))


def test_a_shadow_has_secrets_by_leave_of_the_owner(ledger):
    deploy(ledger)
    made = deployment("fraud.Churn", 2, "bob")
    shadow = alias_state("fraud.Churn@shadow.2", 2, "bob", shadow_of="fraud.Churn@production")
    refused(ledger, BOB, put(record_of(made), record("alias", shadow.target, shadow)))
    without = msgspec.structs.replace(shadow, has_secrets=False)
    as_seen(ledger, BOB).write_records([record_of(made), record("alias", shadow.target, without)])

    refused(ledger, BOB, put(record("alias", shadow.target, shadow, 2)))


# Firings and backfills


def test_a_run_of_a_deployment_is_started_by_its_owner(ledger):
    deploy(ledger)
    firing = as_seen(ledger, ANN).launch([planned()])[0]

    assert firing.verdict == "started"


def of_source(source):
    made = planned()
    return msgspec.structs.replace(made, firing=msgspec.structs.replace(made.firing, source=source, slot=1.0))


FORGED = {
    "another's": (BOB, lambda: planned(user="bob")),
    "in her name": (BOB, lambda: planned(user="ann")),
    "a slot": (ANN, lambda: planned(source="schedule:daily")),
    "a slot with a person's key": (ANN, lambda: of_source("schedule:daily")),
    "a backfill": (ANN, lambda: planned(source="backfill:x")),
    "no production": (ANN, lambda: planned(is_production=False)),
    "without secrets": (ANN, lambda: planned(is_without_secrets=True)),
    "hidden": (access("ann", sales="admin"), lambda: planned()),
    "nothing there": (ANN, lambda: planned("fraud.Other@production")),
}


@pytest.mark.parametrize("kind", FORGED)
def test_no_firing_is_forged(ledger, kind):
    deploy(ledger)
    who, make = FORGED[kind]
    refused(ledger, who, lambda seen: seen.launch([make()]))


def test_no_key_of_another_deployment_is_used_up(ledger):
    deploy(ledger)
    deploy(ledger, "fraud.Other@production", user="bob")
    stolen = msgspec.structs.replace(planned().firing, target="fraud.Other@production")
    refused(ledger, BOB, lambda seen: seen.launch([msgspec.structs.replace(planned(user="bob"), firing=stolen)]))


def test_nobody_moves_the_cursors_of_the_scheduler(ledger):
    deploy(ledger)
    refused(ledger, ANN, lambda seen: seen.launch([], cursor=("scheduler", 10**9)))


def backfill(user="ann", **facts):
    known = {"id": "fraud.Churn-1", "target": "fraud.Churn@production", "user": user, "parallel": 1}
    return record("backfill", "fraud.Churn-1", known | facts)


def test_backfills_are_started_and_stopped_by_whoever_may_change_the_alias(ledger):
    deploy(ledger)
    refused(ledger, BOB, put(backfill("bob")))
    refused(ledger, BOB, put(backfill("ann")))
    refused(ledger, ANN, put(backfill("ann", id="Other-1")))
    as_seen(ledger, ANN).write_records([backfill()])

    def stopped(by):
        body = {**msgspec.json.decode(backfill().body), "cancelled_at": 2.0, "cancelled_by": by}
        return record("backfill", "fraud.Churn-1", body, 2)

    refused(ledger, BOB, put(stopped("bob")))
    refused(
        ledger,
        ANN,
        put(record("backfill", "fraud.Churn-1", {**msgspec.json.decode(backfill().body), "parallel": 9}, 2)),
    )
    as_seen(ledger, ANN).write_records([stopped("ann")])


# Services


def version(number=1, user="ann", of_run="Churn/1", name="Sentiment", **facts):
    definition = ServiceDefinition(name, "service.py", 1, "service", {})
    code = CodeSource("/project", "service.py", "service", name)
    made = ServiceVersion(definition, code, "/home", number, of_run, user=user)
    known = {"id": f"{name}-{number}", "version": made, "digest": "d", "at": 1.0, "user": user, "host": "here"}
    return record("version", f"{name}/{number}", DeployedVersion(**(known | facts)))


def service_alias(number=1, user="ann", after=0, **facts):
    state = alias_state("Sentiment@production", number, user, **facts)
    return record("service", "Sentiment@production", state, after + 1)


@pytest.fixture
def served(ledger):
    """Ann's service, which answers from a run of `fraud`."""
    run(ledger, of="fraud")
    run(ledger, of="sales", user="bob")
    as_seen(ledger, ANN).write_records([version(), service_alias()])
    return ledger


def test_a_service_is_in_the_project_of_the_run_that_it_answers_from(served):
    for kind, key in (("service", "Sentiment@production"), ("version", "Sentiment/1")):
        assert as_seen(served, ANN).record(kind, key) is not None
        assert as_seen(served, access("eve", sales="admin", none="admin")).record(kind, key) is None
        assert as_seen(served, access("eve", everything="viewer")).record(kind, key) is not None


SERVICE_DEEDS = {
    "live version": lambda: [service_alias(1, "bob", 1, is_paused=True, owner="ann", change="pause")],
    "taken over": lambda: [service_alias(1, "bob", 1)],
    "another version": lambda: [version(2, "bob")],
    "in her name": lambda: [version(2, "ann")],
    "of no run": lambda: [version(2, "bob", None)],
    "of my run": lambda: [version(2, "bob", "Churn/2")],
    "changed": lambda: [version(1, "ann", note="better")],
    "another name": lambda: [record("version", "Other/1", {"nonsense": 1})],
    "rollout": lambda: [record("rollout", "Sentiment/1", {"service": "Sentiment", "number": 1, "user": "bob"})],
    "profile": lambda: [record("profile", "Sentiment/1", {})],
}


@pytest.mark.parametrize("deed", SERVICE_DEEDS)
@pytest.mark.parametrize("who", [BOB, access("bob", sales="admin", none="admin")], ids=["same", "other"])
def test_anns_service_is_changed_by_nobody_else(served, deed, who):
    error = refused(served, who, put(*SERVICE_DEEDS[deed]()))

    assert who is BOB or "belongs to ann" not in str(error)


def test_a_service_is_changed_by_its_owner_by_whoever_has_its_token_and_by_admins(served):
    as_seen(served, ANN).write_records([version(2)])
    as_seen(served, BOB, TOKEN).write_records([service_alias(2, "bob", 1, owner="ann", change="promote")])
    as_seen(served, BOSS).write_records([service_alias(1, "boss", 2, owner="ann", change="rollback")])

    assert Aliases(served, "service").require("Sentiment@production").number == 1


def test_a_service_names_a_version_that_is_there(served):
    refused(served, ANN, put(service_alias(7, "ann", 1)))


def test_a_page_of_a_flow_is_written_by_those_who_run_it_in_their_own_name(ledger):
    refused(ledger, RUNNER, put(record("flow_page", "sales.Churn", {"user": "bob"})))
    refused(ledger, RUNNER, put(record("flow_page", "Churn", {"user": "bob"})))
    refused(ledger, RUNNER, put(record("flow_page", "fraud.Churn", {"user": "ann"})))
    as_seen(ledger, RUNNER).write_records([record("flow_page", "fraud.Churn", {"user": "bob"})])


# The store itself


@pytest.mark.parametrize(
    "ask",
    [
        lambda seen: seen.delete_small(["0" * 64]),
        lambda seen: list(seen.small_sizes()),
        lambda seen: list(seen.references()),
        lambda seen: list(seen.check()),
        lambda seen: seen.lead("scheduler"),
    ],
)
def test_the_store_as_a_whole_is_looked_after_by_admins(ledger, ask):
    with pytest.raises((Refused, UserMistake)):
        ask(as_seen(ledger, access("bob", fraud="admin", sales="admin")))


def test_small_objects_are_those_that_something_visible_holds(ledger):
    for of, text in (("fraud", "theirs"), ("sales", "ours")):
        _, lease = begin(ledger, of=of)
        ended = succeeded("start/1", artifacts={"x": small_ref(text)})
        ledger.append(lease, commit(started("start/1", 1), ended, finished(), texts=(text,)))
    seen = as_seen(ledger, access("bob", sales="viewer"))

    assert seen.small([digest("theirs"), digest("ours"), "nonsense", "0" * 64]) == {digest("ours"): b"ours"}


def test_a_firing_that_contradicts_its_run_is_the_callers_mistake_whoever_it_is(ledger):
    deploy(ledger)
    without_run = msgspec.structs.replace(planned(), commit=None)

    with pytest.raises(UserMistake, match="comes with no run"):
        as_seen(ledger, access("boss", **{"*": "admin"})).launch([without_run])
