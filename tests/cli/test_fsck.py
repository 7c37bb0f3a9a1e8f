import json
import os

import msgspec
import pytest

from headwater.model.records import Held, Record


@pytest.fixture
def run(story):
    """A run with an artifact of its own file: `best`."""
    return story.run(parameters={"alpha": 0.5}).whole()


@pytest.fixture
def best(story, run):
    """The file that holds `best`."""
    (row,) = story.home.ledger.artifacts(run.started.run, ["join"], "best")
    return os.path.join(story.home.path, "objects", row.ref.digest[:2], row.ref.digest)


def flip(path):
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))


def test_a_sound_store_is_clean(run, call):
    for words in ((), ("--quick",), ("--data",)):
        spoken = call("fsck", *words)
        assert (spoken.code, spoken.out) == (0, "")
    assert json.loads(call("fsck", "--json").out) == {"findings": [], "repaired": []}


def test_a_missing_object_is_named_with_the_artifact_that_needs_it(run, best, call):
    os.unlink(best)

    for words in ((), ("--quick",), ("--data",)):
        spoken = call("fsck", *words)
        assert spoken.code == 1
        assert "error: missing-object: Churn/1/join/4/best: expected an object, found none;" in spoken.out


def test_what_a_record_holds_and_is_missing_is_named_with_its_holder(story, call):
    digest = "ab" * 32
    holds = (
        Held("Churn, deployment 1: code", tree=digest),
        Held("Churn, deployment 1: environment of train", object="cd" * 32),
    )
    story.home.ledger.write_records([Record("deployment", "Churn/1", 1, 1.0, msgspec.Raw(b"{}"), holds)])
    story.run(environments={"train": "ef" * 32}).finish()

    spoken = call("fsck")

    assert spoken.code == 1
    assert [line.partition(": expected")[0] for line in sorted(spoken.out.splitlines())] == [
        "error: missing-object: Churn, deployment 1: code",
        "error: missing-object: Churn, deployment 1: environment of train",
        "error: missing-object: Churn/1/_environment/train",
    ]
    assert spoken.out.count("run or deploy the same files again, which stores them anew") == 3
    assert "run the task again" not in spoken.out


def test_a_flipped_bit_is_found_with_data_and_set_aside_by_repair(story, run, best, call):
    flip(best)

    found = call("fsck", "--data", "--json")
    repaired = call("fsck", "--data", "--repair")

    assert found.code == 1
    (finding,) = json.loads(found.out)["findings"]
    assert (finding["kind"], finding["where"]) == ("damaged-object", "Churn/1/join/4/best")
    assert "repaired: " in repaired.out
    assert not os.path.exists(best)
    assert [os.path.basename(best)] == os.listdir(os.path.join(story.home.path, "quarantine"))


def test_producing_a_value_that_was_set_aside_heals_it(story, run, best, call):
    flip(best)
    call("fsck", "--data", "--repair")

    story.run().whole()

    assert call("fsck", "--data").code == 0


def test_a_damaged_small_object_is_found(story, run, call):
    import apsw

    story.home.close()
    database = apsw.Connection(os.path.join(story.home.path, "ledger.db"))
    (table,) = (
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'small%'").fetchall()
    )
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    payload = columns[-1]
    database.execute(f"UPDATE {table} SET {payload} = zeroblob(length({payload}))")
    database.close()

    spoken = call("fsck")

    assert spoken.code == 1
    assert "damaged-object: Churn/1/" in spoken.out


def test_an_interrupted_run_is_worth_knowing_and_nothing_wrong(story, call):
    run = story.run()
    run.begin("start")
    run.lease.release()

    spoken = call("fsck")

    assert spoken.code == 0
    assert "run-without-driver" in spoken.out


def test_a_store_that_cannot_be_used_ends_with_2(story, run, call):
    story.home.close()
    with open(os.path.join(story.home.path, "ledger.db"), "r+b") as file:
        file.write(b"no database at all" * 100)

    spoken = call("fsck")

    assert spoken.code == 2
    assert "ledger" in spoken.err
    assert "Traceback" not in spoken.err


def test_quick_and_data_exclude_each_other(run, call):
    assert call("fsck", "--quick", "--data").code == 2
