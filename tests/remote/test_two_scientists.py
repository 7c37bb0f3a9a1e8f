"""Two scientists on one server: whatever Bob does, Ann's things stay as they are, and what is hidden stays hidden."""

import contextlib
import time

import pytest

from headwater.model.errors import HeadwaterError
from headwater.model.overviews import ArtifactQuery
from headwater.model.rows import FiringQuery, RunQuery, TaskQuery
from headwater.web.accounts.users import Users
from tests.remote.anns_world import SECRET, World, plain
from tests.remote.attacks import ATTACKS, Bob
from tests.remote.served import ROUTES, Served

#: Bob's roles, and the project of his own runs.
BOBS = {
    "in a project of his own": ({"spam": "deployer"}, "spam"),
    "in a project of his own as its admin": ({"spam": "admin", "none": "admin"}, "spam"),
    "in hers, to run flows": ({"fraud": "runner"}, "fraud"),
    "in hers, to deploy": ({"fraud": "deployer"}, "fraud"),
    "in hers, to look": ({"fraud": "viewer", "spam": "deployer"}, "spam"),
}
#: In her own project a deployer may touch runs that are of no deployment, and speaks for production: that is the role.
OF_DEPLOYERS = {
    "cancels_her_run",
    "tags_her_run",
    "takes_her_tags_away",
    "notes_on_her_run",
    "approves_at_her_gate",
    "starts_a_production_run_of_her_project",
    "says_that_he_is_somebody_else",
    "publishes_in_her_branch",
}


@pytest.fixture(scope="module", params=list(BOBS))
def place(request, tmp_path_factory):
    """One server for all attacks in a role: each is looked at on its own, and one that left a trace fails.

    What Bob copied while a role let him stays his: the next role has a server of its own.
    """
    folder = tmp_path_factory.mktemp("place")
    served = Served(folder / "server")
    served.token("ann", fraud="deployer")
    world = World(served.home, folder / "code")
    world.role = request.param
    yield served, world
    world.lease.release()
    served.close()


@pytest.fixture(scope="module")
def bob(place):
    served, world = place
    roles, project = BOBS[world.role]
    token = served.token("bob", **roles)
    names = {"none": ""}
    _set_roles(served, {names.get(name, name): role for name, role in roles.items()})
    bob = Bob(served, token, project)
    bob.who = world.role
    yield bob
    bob.ledger.close()


def _set_roles(served, roles):
    Users(served.home.ledger).change("bob", by="root", at=time.time(), roles=roles)
    # What servers remember of an account is looked at anew within a second.
    time.sleep(0.6)


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_of_anns_changes(place, bob, name):
    _, world = place
    if bob.who == "in hers, to deploy" and name in OF_DEPLOYERS:
        pytest.skip("a deployer of the project may do this to runs that are of no deployment")
    before = world.picture()
    with contextlib.suppress(HeadwaterError):
        ATTACKS[name](bob, world)

    assert before == world.picture()
    if "fraud" not in BOBS[bob.who][0]:
        assert_hidden(bob, world)


def assert_hidden(bob, world):
    """Whatever he did gave him no way to her objects."""
    for digest in (world.secret, world.tree, world.file):
        status, body = bob.raw("GET", f"/api/v1/remote/objects/{digest}")
        assert (status, SECRET in body) == (404, False)
    assert bob.ledger.small([world.small]) == {}


def test_there_are_enough_attacks():
    assert len(ATTACKS) >= 60


def questions(world):
    """Everything that can be asked of the ledger, about Ann's names."""
    run, target = world.done.run, world.target
    yield lambda ledger: ledger.flows()
    for query in (RunQuery(), RunQuery(flow="Churn"), RunQuery(tags=("gold",)), RunQuery(projects=("fraud",)),
                  RunQuery(projects=("fraud", "spam", "")), RunQuery(target=target), RunQuery(search="churn"),
                  RunQuery(user="ann"), RunQuery(status="queued")):  # fmt: skip
        yield lambda ledger, query=query: ledger.runs(query)
        yield lambda ledger, query=query: ledger.count_runs(query)
        yield lambda ledger, query=query: ledger.metric_names(query)
        yield lambda ledger, query=query: ledger.tag_names(query)
        yield lambda ledger, query=query: ledger.user_names(query)
    yield lambda ledger: ledger.flow_rows()
    yield lambda ledger: ledger.flow_rows(["fraud"])
    yield lambda ledger: ledger.find_run("Churn", 1)
    yield lambda ledger: ledger.find_run("Churn", 99)
    yield lambda ledger: ledger.run(run)
    yield lambda ledger: list(ledger.events(run))
    yield lambda ledger: ledger.requests(run)
    yield lambda ledger: ledger.owner(world.running.run)
    yield lambda ledger: ledger.step_counts(run)
    yield lambda ledger: ledger.step_statuses(world.runs)
    yield lambda ledger: ledger.task_spans(run)
    yield lambda ledger: ledger.tasks(TaskQuery(run))
    yield lambda ledger: ledger.parents_of(run, "start")
    yield lambda ledger: ledger.attempts(run, "start")
    yield lambda ledger: ledger.artifacts(run, ["start"])
    yield lambda ledger: ledger.visible(run, "start")
    yield lambda ledger: ledger.artifacts_named(ArtifactQuery())
    yield lambda ledger: ledger.artifacts_named(ArtifactQuery(name="model", projects=("fraud",)))
    yield lambda ledger: ledger.users_of(world.secret)
    yield lambda ledger: ledger.users_of(world.secret, projects=["fraud"])
    yield lambda ledger: ledger.small([world.small])
    yield lambda ledger: [change for change in ledger.changes() if change.kind != "record" or "bob" in str(change)]
    yield lambda ledger: ledger.firing(f"{target}/person:1")
    yield lambda ledger: ledger.firings(FiringQuery())
    yield lambda ledger: ledger.firings(FiringQuery(target=target))
    yield lambda ledger: ledger.last_slot(target, "schedule:daily")
    yield lambda ledger: ledger.published()
    yield lambda ledger: ledger.published(name="ready")
    for kind in ("alias", "deployment", "backfill", "service", "version", "rollout", "alert", "account", "audit"):
        yield lambda ledger, kind=kind: ledger.records(kind)
        yield lambda ledger, kind=kind: ledger.records(kind, prefix="fraud")
    yield lambda ledger: ledger.record("alias", target)
    yield lambda ledger: ledger.record("deployment", "fraud.Churn/1")
    yield lambda ledger: ledger.record_history("alias", target)
    yield lambda ledger: ledger.record_history("account", "ann")


def answer(question, ledger):
    try:
        found = question(ledger)
    except HeadwaterError as error:
        return [type(error).__name__, str(error), list(getattr(error, "choices", ()))]
    return plain(found)


@pytest.mark.parametrize("roles", [{"spam": "admin"}, {"spam": "viewer", "none": "admin"}, {"frau": "admin"}])
def test_what_is_not_bobs_to_see_is_as_if_it_were_not_there(tmp_path, roles):
    there, empty = Served(tmp_path / "there"), Served(tmp_path / "empty")
    world = World(there.home, tmp_path / "code")
    full, bare = (served.ledger(served.token("bob", **roles)) for served in (there, empty))
    answers = [(answer(question, full), answer(question, bare)) for question in questions(world)]
    bob = Bob(there, there.token("bob"), "")
    files = [
        bob.raw("GET", path)[0]
        for path in (
            f"/api/v1/remote/runs/{world.done.run}/files/1.0.log",
            f"/api/v1/remote/objects/{world.secret}",
            f"/api/v1/remote/objects/{world.secret}/size",
            f"/api/v1/remote/objects/{world.tree}",
            f"/api/v1/remote/objects/{world.file}",
            "/api/v1/runs/Churn/1",
        )
    ]
    for ledger in (full, bare, bob.ledger):
        ledger.close()
    world.lease.release()
    there.close()
    empty.close()

    for found, expected in answers:
        assert found == expected
    assert files == [404] * len(files)


def test_one_who_may_look_reads_her_objects_and_files(place):
    served, world = place
    token = served.token("eve", fraud="viewer")
    eve = Bob(served, token, "")
    found = [
        eve.raw("GET", path)
        for path in (
            f"/api/v1/remote/objects/{world.secret}",
            f"/api/v1/remote/objects/{world.tree}",
            f"/api/v1/remote/objects/{world.file}",
            f"/api/v1/remote/runs/{world.done.run}/files/1.0.log",
        )
    ]
    small = eve.ledger.small([world.small])
    eve.ledger.close()

    assert [status for status, _ in found] == [200] * 4
    assert (found[0][1], found[2][1]) == (SECRET, b"password = 'hidden'\n")
    assert list(small) == [world.small]


def test_no_route_lets_bob_change_anns_things(place, bob):
    _, world = place
    names = {
        "{flow}": "Churn", "{label}": "1", "{step}": "start", "{task}": "1", "{run}": world.done.run, "{name}": "Churn",
        "{target}": world.target, "{digest}": world.secret, "{number}": "1", "{service}": "fraud", "{user}": "ann",
    }  # fmt: skip
    before = world.picture()
    for route in ROUTES:
        path = route.path
        for part, value in names.items():
            path = path.replace(part, value)
        if route.method == "GET" or (bob.who == "in hers, to deploy" and path.startswith("/runs/")):
            continue
        for body in ({}, {"note": "x"}, {"add": ["x"], "remove": ["gold"]}, {"number": 1}, {"reason": "x"}):
            status, _ = bob.raw(route.method, "/api/v1" + path, body)
            assert status < 500 or status == 503, path

    assert before == world.picture()
