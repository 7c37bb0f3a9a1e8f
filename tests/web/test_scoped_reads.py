"""What a caller does not see is not there: no row, no name, no count, and the same words as for what never was."""

import pytest

from headwater.ledger.memory import MemoryLedger
from headwater.model.errors import NotFound
from headwater.model.overviews import ArtifactQuery
from headwater.model.rows import FiringQuery, RunQuery, TaskQuery
from tests.web.two_projects import access, alias_state, as_seen, deploy, planned, published, record, run

BOB = access("bob", sales="deployer")


@pytest.fixture
def ledger():
    ledger = MemoryLedger()
    yield ledger
    ledger.close()


def test_runs_of_other_projects_are_in_no_list_and_no_count(ledger):
    mine = run(ledger, "Forecast", "sales", "bob")
    run(ledger, "Churn", "fraud", tags=("secret",))
    run(ledger, "Plain")
    seen = as_seen(ledger, BOB)

    assert [row.run for row in seen.runs(RunQuery()).rows] == [mine.run]
    assert seen.count_runs(RunQuery()) == 1
    assert seen.runs(RunQuery(projects=("fraud", "", "sales"))).rows[0].run == mine.run
    assert seen.count_runs(RunQuery(projects=("fraud",))) == 0
    assert seen.flows() == ["Forecast"]
    assert [row.flow for row in seen.flow_rows()] == ["Forecast"]
    assert seen.tag_names(RunQuery()) == []
    assert seen.user_names(RunQuery()) == ["bob"]


def test_a_hidden_run_and_one_that_never_was_are_refused_in_the_same_words(ledger):
    run(ledger, "Forecast", "sales", "bob")
    run(ledger, "Churn", "fraud")
    seen = as_seen(ledger, BOB)

    with pytest.raises(NotFound) as hidden:
        seen.find_run("Churn", 1)
    with pytest.raises(NotFound) as missing:
        seen.find_run("Churn", 999)
    assert str(hidden.value) == str(missing.value)
    assert hidden.value.choices == missing.value.choices == ("Forecast",)


def test_runs_of_a_flow_that_is_in_two_projects_are_told_apart(ledger):
    run(ledger, "Churn", "fraud")
    run(ledger, "Churn", "sales", "bob")
    run(ledger, "Churn", "fraud")
    seen = as_seen(ledger, BOB)

    with pytest.raises(NotFound) as hidden:
        seen.find_run("Churn", 3)
    assert hidden.value.choices == ("Churn/2",)
    assert seen.find_run("Churn", 2).label == 2


ABOUT_ONE_RUN = {
    "run": lambda seen, run: seen.run(run),
    "events": lambda seen, run: list(seen.events(run)),
    "requests": lambda seen, run: seen.requests(run),
    "owner": lambda seen, run: seen.owner(run),
    "tasks": lambda seen, run: seen.tasks(TaskQuery(run)),
    "step_counts": lambda seen, run: seen.step_counts(run),
    "task_spans": lambda seen, run: seen.task_spans(run),
    "parents_of": lambda seen, run: seen.parents_of(run, "start/1"),
    "attempts": lambda seen, run: seen.attempts(run, "start/1"),
    "artifacts": lambda seen, run: seen.artifacts(run, ["start/1"]),
    "visible": lambda seen, run: seen.visible(run, "start/1"),
    "tag_run": lambda seen, run: seen.tag_run(run, ["x"], []),
    "annotate": lambda seen, run: seen.annotate(run, "x"),
    "take": lambda seen, run: seen.take(run, 1.0),
}


@pytest.mark.parametrize("asked", ABOUT_ONE_RUN)
def test_nothing_is_told_of_a_hidden_run_by_its_id(ledger, asked):
    hidden = run(ledger, "Churn", "fraud")
    seen = as_seen(ledger, BOB)

    with pytest.raises(NotFound, match=f"there is no run {hidden.run}"):
        ABOUT_ONE_RUN[asked](seen, hidden.run)
    assert seen.step_statuses([hidden.run]) == {}


def test_artifacts_are_listed_of_runs_that_are_seen(ledger):
    run(ledger, "Churn", "fraud")

    assert as_seen(ledger, BOB).artifacts_named(ArtifactQuery()).rows == ()


def test_records_and_firings_are_those_of_projects_that_are_seen(ledger):
    deploy(ledger, "fraud.Churn@production")
    deploy(ledger, "sales.Forecast@production", user="bob")
    deploy(ledger, "Plain@production")
    ledger.launch([planned("fraud.Churn@production"), planned("sales.Forecast@production")])
    seen = as_seen(ledger, BOB)

    assert [each.key for each in seen.records("alias")] == ["sales.Forecast@production"]
    assert [each.key for each in seen.records("deployment", limit=1)] == ["sales.Forecast/1"]
    assert seen.record("alias", "fraud.Churn@production") is None
    assert seen.record_history("alias", "fraud.Churn@production") == []
    assert [each.target for each in seen.firings(FiringQuery()).rows] == ["sales.Forecast@production"]
    assert seen.firings(FiringQuery(target="fraud.Churn@production")).rows == ()
    assert seen.firing("fraud.Churn@production/person:1") is None
    assert seen.last_slot("fraud.Churn@production", "person") is None


def test_pages_of_firings_skip_those_of_others_and_lose_none(ledger):
    wanted = []
    for number in range(12):
        target = "sales.Forecast@production" if number % 3 == 0 else "fraud.Churn@production"
        firing = ledger.launch([planned(target, str(number))])[0]
        wanted += [firing.key] if number % 3 == 0 else []
    seen = as_seen(ledger, BOB)

    found, cursor = [], None
    while True:
        page = seen.firings(FiringQuery(limit=2, cursor=cursor))
        found += [firing.key for firing in page.rows]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == wanted[::-1]


def test_names_are_compared_whole(ledger):
    for name in ("fraud", "fraud2", "Fraud", "frau", "fraud_", "ſraud"):
        run(ledger, "Churn", name)
    seen = as_seen(ledger, access("bob", fraud="viewer"))

    assert [row.project for row in seen.runs(RunQuery()).rows] == ["fraud"]


def test_a_flow_that_is_called_like_a_project_is_in_no_project(ledger):
    ledger.write_records([record("alias", "fraud@user.x.y", alias_state("fraud@user.x.y"))])

    assert as_seen(ledger, access("bob", fraud="admin")).records("alias") == []
    assert len(as_seen(ledger, access("bob", none="viewer")).records("alias")) == 1


def test_events_are_those_told_everywhere_and_in_projects_that_are_seen(ledger):
    run(ledger, "Churn", "fraud")
    run(ledger, "Forecast", "sales", "bob")
    ledger.publish(published("everywhere"))
    ledger.publish(published("here", "sales.prod"))
    ledger.publish(published("there", "fraud.prod"))
    ledger.publish(published("from_there", run="Churn/1"))
    seen = as_seen(ledger, BOB)

    names = [(event.name, event.run) for event in seen.published()]
    assert names == [("run.finished", "Forecast/1"), ("everywhere", None), ("here", None)]
    assert [event.name for event in seen.published(limit=1)] == ["run.finished"]


def test_changes_are_those_of_projects_that_are_seen_and_none_is_missed(ledger):
    seen = as_seen(ledger, BOB)
    assert seen.changes() == []
    run(ledger, "Churn", "fraud")
    assert seen.changes() == []
    run(ledger, "Forecast", "sales", "bob")
    first = seen.changes()
    for number in (1, 2, 3):
        deploy(ledger, "fraud.Churn@user.ann", number)
        assert seen.changes(first[-1].number) == []
    deploy(ledger, "sales.Forecast@production", user="bob")
    second = seen.changes(first[-1].number)

    assert {(change.kind, change.flow) for change in first} == {("run", "Forecast"), ("published", "Forecast")}
    assert [change.record_key for change in second] == ["sales.Forecast/1", "sales.Forecast@production"]
    assert seen.changes(second[-1].number) == []


@pytest.mark.parametrize("kind", ["account", "access_token", "session", "sign_in_link", "audit", "token"])
def test_who_may_come_in_is_read_by_nobody(ledger, kind):
    ledger.write_records([record(kind, "x", {})])
    seen = as_seen(ledger, access("root", everything="admin"))

    assert seen.record(kind, "x") is None
    assert seen.records(kind) == []
    assert seen.record_history(kind, "x") == []
    assert seen.changes() == []


def test_whoever_sees_everything_sees_it_all(ledger):
    run(ledger, "Churn", "fraud")
    run(ledger, "Plain")
    deploy(ledger, "fraud.Churn@production")
    seen = as_seen(ledger, access("eve", everything="viewer"))

    assert len(seen.runs(RunQuery()).rows) == 2
    assert seen.find_run("Churn", 1).project == "fraud"
    assert len(seen.records("alias")) == 1
    assert {change.kind for change in seen.changes()} == {"run", "published", "record"}
