"""Records and what they hold; roles; for every ledger."""

import os

import msgspec
import pytest

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.artifact import Header, Ref
from headwater.model.errors import InternalError, VersionConflict
from headwater.model.ports import Commit
from headwater.model.records import Held
from headwater.model.rows import Reference
from tests.ledger.ledger_stories import begin, commit, digest, finished, record, small_ref, started


def test_a_record_has_versions_and_the_latest_counts(ledger):
    first, second = record("Churn@production", body='{"n":1}'), record("Churn@production", 2, body='{"n":2}')
    ledger.write_records([first])
    ledger.write_records([second, record("Churn@user.ann")])

    assert ledger.record("alias", "Churn@production") == second
    assert ledger.record_history("alias", "Churn@production") == [first, second]
    assert (ledger.record("alias", "nobody"), ledger.record_history("alias", "nobody")) == (None, [])
    assert msgspec.json.decode(ledger.record("alias", "Churn@production").body) == {"n": 2}


@pytest.mark.parametrize("version", [1, 3])
def test_a_version_that_is_not_the_next_one_is_refused_with_all_that_came_with_it(ledger, version):
    ledger.write_records([record("a")])
    with pytest.raises(VersionConflict) as refused:
        ledger.write_records([record("b"), record("a", version)], commit(texts=["x"]))

    assert (refused.value.kind, refused.value.key, refused.value.version) == ("alias", "a", 1)
    assert (ledger.record("alias", "b"), ledger.record("alias", "a").version) == (None, 1)
    assert list(ledger.small_sizes()) == []


def test_the_same_key_may_be_used_by_two_kinds(ledger):
    ledger.write_records([record("a"), record("a", kind="backfill")])

    assert [one.kind for one in ledger.records("alias") + ledger.records("backfill")] == ["alias", "backfill"]


def test_records_are_listed_by_key_in_their_latest_version(ledger):
    ledger.write_records(
        [record(key, kind="deployment") for key in ("Churn/2", "Churn/10", "Sales/1", "Churn/1", "Ä/1")]
    )
    ledger.write_records([record("Churn/2", 2, kind="deployment")])

    def keys(**query):
        return [(one.key, one.version) for one in ledger.records("deployment", **query)]

    assert keys() == [("Churn/1", 1), ("Churn/10", 1), ("Churn/2", 2), ("Sales/1", 1), ("Ä/1", 1)]
    assert keys(prefix="Churn/") == [("Churn/1", 1), ("Churn/10", 1), ("Churn/2", 2)]
    assert keys(prefix="Churn/1") == [("Churn/1", 1), ("Churn/10", 1)]
    assert keys(after="Churn/10", limit=2) == [("Churn/2", 2), ("Sales/1", 1)]


def test_records_come_with_objects_and_not_with_events(ledger):
    ledger.write_records([record("a")], commit(texts=["x"], previews=["x"]))
    with pytest.raises(InternalError, match="not with events"):
        ledger.write_records([record("b")], Commit([started("start", 1)]))

    assert ledger.small([digest("x")]) == {digest("x"): b"x"}
    assert ledger.record("alias", "b") is None


LARGE = Ref(digest("large"), "numpy/1", "numpy.ndarray", 5_000_000, (digest("buffer"),))


def test_what_the_latest_version_holds_is_referred_to(ledger):
    holds = [
        Held("Churn, deployment 3: alpha", ref=LARGE),
        Held("Churn, deployment 3: code", tree=digest("code")),
        Held("Churn, deployment 3: environment of train", object=digest("lock")),
    ]
    ledger.write_records([record("Churn/3", holds=holds), record("Churn/4", holds=holds[:1])])
    ledger.write_records([record("Churn/4", 2)])

    assert ledger.record("alias", "Churn/3").holds == tuple(holds)
    assert list(ledger.references()) == [
        Reference("", "Churn, deployment 3: alpha", ref=LARGE),
        Reference("", "Churn, deployment 3: code", tree=digest("code")),
        Reference("", "Churn, deployment 3: environment of train", object=digest("lock")),
    ]


def test_what_is_held_is_listed_whole_however_many_records_there_are(ledger):
    ledger.write_records([record(f"{number:05}", holds=[Held(str(number), ref=LARGE)]) for number in range(1300)])

    assert [reference.path for reference in ledger.references()] == [str(number) for number in range(1300)]


def test_the_environments_of_a_run_are_referred_to(ledger):
    lease, _ = begin(ledger, environments={"train": digest("lock")})

    assert list(ledger.references()) == [
        Reference(lease.run, "Churn/1/_environment/train", object=digest("lock")),
    ]


@pytest.mark.parametrize(
    "held",
    [
        Held("it", ref=small_ref("v")),
        Held("it", tree=digest("v")),
        Held("it", object=digest("v")),
        Held("it", ref=Ref(digest("root"), "numpy/1", "numpy.ndarray", 9, (digest("v"),))),
    ],
    ids=["artifact", "tree", "object", "buffer"],
)
def test_a_small_object_stays_as_long_as_a_latest_version_holds_it(ledger, held):
    ledger.write_records([record("a", holds=[held]), record("b", holds=[held])], commit(texts=["v"], previews=["v"]))

    def delete():
        return ledger.delete_small([digest("v")])

    assert delete() == []
    ledger.write_records([record("a", 2)])
    assert delete() == []
    ledger.write_records([record("b", 2, holds=[Held("it", ref=small_ref("v"))])])
    assert delete() == []
    ledger.write_records([record("b", 3)])
    assert delete() == [digest("v")]


def test_a_small_object_that_a_runs_environment_is_stays(ledger):
    lease, _ = begin(ledger, small={digest("v"): b"v"}, environments={"train": digest("v")})
    ledger.append(lease, Commit([finished()]))

    assert ledger.delete_small([digest("v")]) == []


def test_the_header_of_what_a_record_holds_stays_with_it(ledger):
    held = Held("it", ref=small_ref("v"))
    ledger.write_records([record("a", holds=[held])], commit(texts=["v"], previews=["v"]))
    ledger.delete_small([digest("v")])

    (row,) = ledger._database.rows("SELECT header FROM headers")
    assert msgspec.json.decode(row[0], type=Header) == Header(preview="v")


def test_one_process_at_a_time_has_a_role(ledger):
    assert ledger.leader("scheduler") is None
    assert (ledger.lead("scheduler"), ledger.lead("scheduler"), ledger.lead("alerter")) == (True, True, True)
    assert ledger.leader("scheduler") == os.getpid()
    ledger.resign("scheduler")
    ledger.resign("scheduler")

    assert (ledger.leader("scheduler"), ledger.leader("alerter")) == (None, os.getpid())


def test_a_second_ledger_of_one_process_has_not_the_role_of_the_first_and_cannot_give_it_up(file_ledger, home):
    second = SqliteLedger(home)
    file_ledger.lead("scheduler")

    assert not second.lead("scheduler")
    second.resign("scheduler")
    assert second.leader("scheduler") == os.getpid()
    second.close()
    assert file_ledger.leader("scheduler") == os.getpid()


def test_a_ledger_that_is_closed_gives_its_roles_up(file_ledger, home):
    second = SqliteLedger(home)
    second.lead("scheduler")
    second.close()

    assert file_ledger.lead("scheduler")
