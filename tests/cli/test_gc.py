import json
import os
import time

import msgspec
import pytest

from headwater.model.ports import Commit
from headwater.model.records import Held, Record

LONG_AGO = 1_000_000_000


def objects(home_folder):
    return {name for _, _, names in os.walk(home_folder / "objects") for name in names if len(name) == 64}


@pytest.fixture
def orphan(story, home_folder):
    """An object that no run holds, written long ago."""
    digest = story.home.objects.put_raw([b"nobody needs this" * 1000])
    path = home_folder / "objects" / digest[:2] / digest
    os.utime(path, (LONG_AGO, LONG_AGO))
    return digest


def test_what_nothing_refers_to_is_moved_to_the_trash_and_the_rest_stays(story, orphan, call, home_folder):
    story.run(parameters={"alpha": 0.5}).whole()
    needed = objects(home_folder) - {orphan}

    spoken = call("gc", "--yes")

    assert spoken.code == 0
    assert "1 objects" in spoken.out
    assert needed == objects(home_folder)
    assert [orphan] == os.listdir(home_folder / "trash")
    assert call("fsck", "--data").code == 0


def test_a_dry_run_removes_nothing(orphan, call, home_folder):
    removal = json.loads(call("gc", "--dry-run", "--json").out)

    assert (removal["is_dry_run"], removal["objects"]) == (True, 1)
    assert removal["bytes"] > 0
    assert orphan in objects(home_folder)


def test_nothing_is_removed_unless_somebody_says_yes(orphan, call, home_folder, monkeypatch):
    spoken = call("gc")

    assert spoken.code == 2
    assert "--yes" in spoken.err
    assert orphan in objects(home_folder)


def test_purge_empties_the_trash(orphan, call, home_folder):
    call("gc", "--yes")

    removal = json.loads(call("gc", "--yes", "--purge", "--json").out)

    assert removal["freed_bytes"] > 0
    assert os.listdir(home_folder / "trash") == []


def test_what_is_newer_than_the_oldest_open_run_is_spared(story, call, home_folder):
    story.now = time.time() - 3 * 3600
    run = story.run()
    digest = story.home.objects.put_raw([b"not yet referred to" * 1000])
    two_hours_ago = time.time() - 2 * 3600
    os.utime(home_folder / "objects" / digest[:2] / digest, (two_hours_ago, two_hours_ago))

    removal = json.loads(call("gc", "--yes", "--json").out)
    run.finish()

    assert (removal["objects"], removal["spared"]) == (0, 1)
    assert digest in objects(home_folder)


def test_what_was_written_a_moment_ago_is_spared(story, call, home_folder):
    # Somebody may be packaging a deployment: it is held when all of it is there.
    digest = story.home.objects.put_raw([b"not yet held" * 1000])

    removal = json.loads(call("gc", "--yes", "--json").out)

    assert (removal["objects"], removal["spared"]) == (0, 1)
    assert digest in objects(home_folder)


def age(home_folder):
    for folder, _, names in os.walk(home_folder / "objects"):
        for name in names:
            os.utime(os.path.join(folder, name), (LONG_AGO, LONG_AGO))


def test_what_a_record_holds_stays_until_a_later_version_lets_it_go(story, call, home_folder, tmp_path):
    from headwater.store.trees import save_tree

    project = tmp_path / "project"
    project.mkdir()
    (project / "churn.py").write_text("# a flow\n")
    lock = story.home.objects.put_raw([b"a lock" * 1000])
    values = story.home.artifacts.save_many({"alpha": 0.5})
    holds = (
        Held("Churn, deployment 1: code", tree=save_tree(story.home.objects, str(project)).digest),
        Held("Churn, deployment 1: environment", object=lock),
        Held("Churn, deployment 1: alpha", ref=values["alpha"].ref),
    )
    small = {one.ref.digest: one.small for one in values.values()}
    story.home.ledger.write_records([record("Churn/1", 1, holds)], Commit([], small))
    age(home_folder)
    before = objects(home_folder)

    assert json.loads(call("gc", "--yes", "--json").out)["small_objects"] == 0
    assert len(before) == 3
    assert objects(home_folder) == before
    assert call("fsck", "--data").code == 0

    story.home.ledger.write_records([record("Churn/1", 2)])
    removal = json.loads(call("gc", "--yes", "--json").out)
    assert (removal["objects"], removal["small_objects"]) == (3, 1)
    assert objects(home_folder) == set()


def record(key, version, holds=()):
    return Record("deployment", key, version, 1.0, msgspec.Raw(b"{}"), holds)


def test_the_locks_of_a_runs_environments_stay(story, call, home_folder):
    lock = story.home.objects.put_raw([b"a lock" * 1000])
    story.run(environments={"train": lock}).finish()
    age(home_folder)

    call("gc", "--yes")

    assert objects(home_folder) == {lock}


def test_nothing_is_removed_while_what_a_record_holds_does_not_read(story, orphan, call, home_folder):
    held = Held("Churn, deployment 1: code", tree="ab" * 32)
    story.home.ledger.write_records([record("Churn/1", 1, (held,))])

    spoken = call("gc", "--yes")

    assert spoken.code == 1
    assert "Churn, deployment 1: code" in spoken.err
    assert orphan in objects(home_folder)


def test_the_buffers_of_a_large_artifact_stay(story, call, home_folder):
    import numpy

    run = story.run()
    run.task("start", values={"large": numpy.arange(300_000)})
    run.finish()
    for folder, _, names in os.walk(home_folder / "objects"):
        for name in names:
            os.utime(os.path.join(folder, name), (LONG_AGO, LONG_AGO))
    before = objects(home_folder)

    call("gc", "--yes")

    assert before
    assert objects(home_folder) == before


def test_the_code_of_a_run_stays(story, call, home_folder, tmp_path):
    from headwater.store.trees import save_tree

    project = tmp_path / "project"
    project.mkdir()
    (project / "churn.py").write_text("# a flow\n")
    tree = save_tree(story.home.objects, str(project))
    run = story.run(code_tree=tree.digest)
    run.finish()
    for folder, _, names in os.walk(home_folder / "objects"):
        for name in names:
            os.utime(os.path.join(folder, name), (LONG_AGO, LONG_AGO))
    before = objects(home_folder)

    call("gc", "--yes")

    assert len(before) > 1
    assert before == objects(home_folder)


def test_nothing_is_removed_while_the_code_of_a_run_does_not_read(story, orphan, call, home_folder):
    run = story.run(code_tree="ab" * 32)
    run.finish()

    spoken = call("gc", "--yes")

    assert spoken.code == 1
    assert "headwater fsck" in spoken.err
    assert orphan in objects(home_folder)
