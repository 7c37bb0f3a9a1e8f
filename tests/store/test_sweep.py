import os
import signal
import subprocess
import sys

import pytest

from headwater.store.keys import object_key
from headwater.store.objects import ObjectStore
from headwater.store.sweep import empty_trash, plan_sweep, put_back_from_trash, sweep
from tests.store.stored_files import files_below

OLD, START, NEVER = 1000, 2000, 10**12


@pytest.fixture
def objects(place) -> ObjectStore:
    return ObjectStore(place)


@pytest.fixture
def trash(tmp_path) -> str:
    return str(tmp_path / "trash")


def put_old(objects: ObjectStore, content: bytes) -> str:
    digest = objects.put_raw([content])
    os.utime(objects.place.path(object_key(digest)), (OLD, OLD))
    return digest


def test_what_nothing_refers_to_is_listed_and_nothing_is_changed(objects, place):
    needed, orphan = put_old(objects, b"needed"), put_old(objects, b"orphan")
    files = files_below(place.root)
    plan = plan_sweep(place, [needed], START)

    assert [entry.digest for entry in plan.listing] == [orphan]
    assert (plan.bytes, plan.kept, plan.spared) == (6, 1, 0)
    assert files_below(place.root) == files


def test_what_is_newer_than_the_oldest_live_run_is_spared(objects, place):
    objects.put_raw([b"new"])
    plan = plan_sweep(place, [], START)

    assert plan.listing == ()
    assert plan.spared == 1


def test_a_sweep_moves_to_the_trash_and_keeps_the_rest(objects, place, trash):
    needed, orphan = put_old(objects, b"needed"), put_old(objects, bytes(2 << 20))
    swept = sweep(place, plan_sweep(place, [needed], START), lambda: [needed], trash)

    assert [entry.digest for entry in swept.moved] == [orphan]
    assert files_below(place.root) == [place.path(object_key(needed))]
    assert os.listdir(trash) == [orphan]
    assert place.get(object_key(needed)) == b"needed"


def test_what_was_touched_after_the_listing_stays(objects, place, trash):
    digest = put_old(objects, b"x")
    plan = plan_sweep(place, [], START)
    objects.put_raw([b"x"])
    swept = sweep(place, plan, list, trash)

    assert (swept.moved, swept.put_back) == ((), ())  # not for a moment was it away
    assert objects.is_there(digest)


def test_what_was_touched_during_the_move_is_put_back(objects, place, trash, monkeypatch):
    digest = put_old(objects, b"x")
    plan = plan_sweep(place, [], START)
    rename = os.rename

    def touched_just_before(source: str, target: str) -> None:
        os.utime(source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", touched_just_before)
    swept = sweep(place, plan, list, trash)

    assert swept.put_back == (digest,)
    assert bytes(objects.map_raw(digest)) == b"x"
    assert os.listdir(trash) == []


def test_what_is_referred_to_again_is_put_back(objects, place, trash):
    digest, other = put_old(objects, b"x"), put_old(objects, b"y")
    swept = sweep(place, plan_sweep(place, [], START), lambda: [digest], trash)

    assert swept.put_back == (digest,)
    assert [entry.digest for entry in swept.moved] == [other]
    assert objects.is_there(digest)


def test_putting_back_does_not_replace_what_was_written_anew(objects, place, trash):
    digest = put_old(objects, b"x")
    plan = plan_sweep(place, [], START)

    def write_anew() -> list[str]:
        objects.put_raw([b"x"])
        return [digest]

    sweep(place, plan, write_anew, trash)

    assert bytes(objects.map_raw(digest)) == b"x"
    assert os.listdir(trash) == []


def test_the_trash_is_emptied_after_its_grace(objects, place, trash):
    put_old(objects, b"12345")
    sweep(place, plan_sweep(place, [], START), list, trash)

    assert empty_trash(trash, older_than=START) == 0
    assert len(os.listdir(trash)) == 1
    assert empty_trash(trash, older_than=NEVER) == 5
    assert os.listdir(trash) == []


def test_no_trash_is_empty(trash):
    assert empty_trash(trash, older_than=NEVER) == 0


def test_other_files_in_the_trash_are_left_alone(trash):
    os.mkdir(trash)
    open(f"{trash}/notes.txt", "w").close()

    assert empty_trash(trash, older_than=NEVER) == 0
    assert os.listdir(trash) == ["notes.txt"]


def test_old_leftovers_go_and_new_ones_may_still_be_written(objects, place, trash):
    put_old(objects, b"x")
    folder = files_below(place.root)[0].rpartition("/")[0]
    for name, at in ((".tmp-old", OLD), (".tmp-new", START + 1)):
        with open(f"{folder}/{name}", "w") as file:
            file.write("12")
        os.utime(file.name, (at, at))
    plan = plan_sweep(place, [], START)
    swept = sweep(place, plan, list, trash)

    assert plan.bytes == 1 + 2
    assert swept.temporaries == 1
    assert [os.path.basename(path) for path in files_below(place.root)] == [".tmp-new"]


SWEEP = """
import sys
from headwater.store.place_disk import DiskPlace
from headwater.store.sweep import plan_sweep, sweep
place = DiskPlace(sys.argv[1])
sweep(place, plan_sweep(place, [], 2000), lambda: [], sys.argv[2])
"""


@pytest.mark.parametrize("point", ["before_move_to_trash:2", "after_move_to_trash:1"])
def test_a_sweep_killed_on_its_way_loses_nothing_that_is_referred_to(objects, place, trash, point):
    digests = [put_old(objects, content) for content in (b"a", b"b", b"c")]
    environment = {**os.environ, "HEADWATER_FAILPOINT": f"store.{point}"}
    died = subprocess.run([sys.executable, "-c", SWEEP, place.root, trash], env=environment, check=False)
    put_back_from_trash(place, digests, START, trash)

    assert died.returncode == -signal.SIGKILL
    assert [bytes(objects.map_raw(digest)) for digest in digests] == [b"a", b"b", b"c"]
